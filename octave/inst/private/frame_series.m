## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## FRAME = frame_series (M, SERIES, XREG, APPENDED): what the networks of the model M see of series.
## The last APPENDED values are forecasts, which nothing is estimated from.

function frame = frame_series (m, series, xreg, appended)

  as_rows = @(list) cellfun (@(one) one.', list, "UniformOutput", false);
  given = {};
  if (! isempty (xreg))
    given = {"xreg", as_rows(xreg)};
  endif
  options = [fieldnames(m.options), struct2cell(m.options)]';
  frame = __bptt__ ("rnnar_frame", "y", as_rows (series), given{:}, "appended", appended, ...
                    options{:});

endfunction
