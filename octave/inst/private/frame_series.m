## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## FRAME = frame_series (M, SERIES, XREG, NAME, VALUE, ...): what the networks of the model M see of
## series.  "ahead": forecasts that follow them, a column for each series, or for each path of one;
## "last": how many steps at the end.

function frame = frame_series (m, series, xreg, varargin)

  as_rows = @(list) cellfun (@(one) one.', list, "UniformOutput", false);
  given = {};
  if (! isempty (xreg))
    given = {"xreg", as_rows(xreg)};
  endif
  options = [fieldnames(m.options), struct2cell(m.options)]';
  frame = __bptt__ ("rnnar_frame", "y", as_rows (series), given{:}, varargin{:}, options{:});

endfunction
