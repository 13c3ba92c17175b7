## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## check_whole (N, NAME, LEAST, MOST): an error, in which N is called NAME, unless it is one whole
## number from LEAST to MOST.

function check_whole (n, name, least, most)

  is_number = isnumeric (n) && isscalar (n) && isreal (n);
  if (is_number && n >= least && n <= most && n == round (n))
    return;
  endif
  is = sprintf ("of class `%s` and size %s", class (n), ...
                strjoin (cellstr (num2str (size (n)')), " x "));
  if (is_number)
    is = num2str (n);
  endif
  error ("bptt:invalidInput", "`%s` is %s; expected a whole number of at least %d", name, is, ...
         least);

endfunction
