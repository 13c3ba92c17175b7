## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## lines = plot_backtest (s): draw the scores of rnn_backtest into the current figure, the error
## above, the coverage below: the lines of the error and of the coverage of each level.

function lines = plot_backtest (s)

  horizon = s.horizon.horizon;
  clf ();
  ax = subplot (2, 1, 1);
  lines = plot (ax, horizon, s.horizon.mase, "k.-");
  set (ax, "ylim", [0, max(1.05 * [s.horizon.mase; eps])]);
  ylabel (ax, "MASE");
  ax = subplot (2, 1, 2);
  covered = plot (ax, horizon, 100 * s.horizon.coverage, ".-");
  hold (ax, "on");
  ends = get (ax, "xlim");
  for k = 1:numel (s.level)
    plot (ax, ends, s.level([k, k]), "--", "color", get (covered(k), "color"));
  endfor
  hold (ax, "off");
  set (ax, "ylim", [0, 105]);
  xlabel (ax, "horizon");
  ylabel (ax, "coverage (%)");
  legend (covered, arrayfun (@(level) sprintf ("%g %%", level), s.level, "UniformOutput", false), ...
          "location", "northoutside", "orientation", "horizontal");
  lines = [lines; covered];

endfunction
