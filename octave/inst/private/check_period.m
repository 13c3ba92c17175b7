## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## PERIOD = check_period (PERIOD): the steps of seasons as doubles; an error unless they are such.

function period = check_period (period)

  if (isnumeric (period) && isreal (period) && ! isempty (period) && all (period(:) >= 1))
    period = double (period);
    return;
  endif
  is = sprintf ("of class `%s` and size %s", class (period), ...
                strjoin (cellstr (num2str (size (period)')), " x "));
  if (isnumeric (period) && isscalar (period))
    is = num2str (period);
  elseif (ischar (period) && isrow (period))
    is = ['"', period, '"'];
  endif
  error ("bptt:invalidInput", ["`period` is %s; expected the steps of a season: one number of ", ...
                               "at least 1, or up to 6 of them"], is);

endfunction
