## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## N = check_whole (N, NAME, LEAST, MOST): N as a double; an error, in which it is called NAME, unless
## it is one whole number from LEAST to MOST.  As an integer class it would round what is computed
## with it.

function n = check_whole (n, name, least, most)

  is_number = isnumeric (n) && isscalar (n) && isreal (n);
  if (is_number && n >= least && n <= most && n == round (n))
    n = double (n);
    return;
  endif
  is = sprintf ("of class `%s` and size %s", class (n), ...
                strjoin (cellstr (num2str (size (n)')), " x "));
  bound = sprintf ("at least %d", least);
  if (is_number)
    is = num2str (n);
    if (n > most)
      bound = sprintf ("at most %.0f", most);
    endif
  endif
  error ("bptt:invalidInput", "`%s` is %s; expected a whole number of %s", name, is, bound);

endfunction
