## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## [SERIES, MANY] = read_series (Y): a cell array of column vectors, and whether they were given as
## many: in a cell array, or in the columns of a matrix.

function [series, many] = read_series (y)

  many = iscell (y) || ! (isvector (y) || isempty (y));
  if (iscell (y))
    series = y(:)';
  elseif (many && ndims (y) == 2)
    series = num2cell (y, 1);
  else
    series = {y};
  endif
  if (isempty (series))
    error ("bptt:invalidInput", "`y` is an empty cell array; expected time series");
  endif
  for i = 1:numel (series)
    one = series{i};
    what = "`y`";
    if (many)
      what = sprintf ("item %d of `y`", i);
    endif
    if (! (isnumeric (one) || islogical (one)))
      error ("bptt:invalidInput", "%s is of class `%s`; expected a time series", what, class (one));
    endif
    if (! isreal (one))
      error ("bptt:invalidInput", "%s is complex; expected a time series", what);
    endif
    if (! (isvector (one) || isempty (one)))
      error ("bptt:invalidInput", "%s is of size %s; expected a time series", what, ...
             strjoin (cellstr (num2str (size (one)')), " x "));
    endif
    series{i} = double (full (one(:)));
  endfor

endfunction
