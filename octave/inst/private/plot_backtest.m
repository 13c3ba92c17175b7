## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## lines = plot_backtest (s): draw the scores of rnn_backtest into the current figure, the error
## above, the coverage below: the lines of the error and of the coverage of each level.

function lines = plot_backtest (s)

  horizon = s.horizon.horizon;
  clf ();
  ax = axes ("position", [0.13, 0.56, 0.74, 0.37]);
  lines = plot (ax, horizon, s.horizon.mase, "k.-");
  set (ax, "ylim", [0, max(1.05 * [s.horizon.mase; eps])]);
  ylabel (ax, "MASE");
  ax = axes ("position", [0.13, 0.11, 0.74, 0.37]);
  covered = plot (ax, horizon, 100 * s.horizon.coverage, ".-");
  hold (ax, "on");
  ends = get (ax, "xlim");
  count = numel (s.level);
  for k = 1:count   # names beside the axes: a legend there would move them
    color = get (covered(k), "color");
    plot (ax, ends, s.level([k, k]), "--", "color", color);
    text (ax, 1.02, 1 - (count - k + 0.5) * min (0.13, 1 / count), sprintf ("%g %%", s.level(k)), ...
          "units", "normalized", "color", color);
  endfor
  hold (ax, "off");
  set (ax, "ylim", [0, 105]);
  xlabel (ax, "horizon");
  ylabel (ax, "coverage (%)");
  lines = [lines; covered];

endfunction
