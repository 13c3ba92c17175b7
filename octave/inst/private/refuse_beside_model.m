## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## refuse_beside_model (PAIRS): an error if the options PAIRS, given beside a model, have one that
## would change it.

function refuse_beside_model (pairs)

  for k = 1:2:numel (pairs)
    has_default = k < numel (pairs) && isequal (pairs{k+1}, []);
    if (! (has_default || any (strcmp (pairs{k}, {"model", "xreg"}))))
      error ("bptt:invalidInput", "`%s` is given with `model`; expected none but `xreg`", pairs{k});
    endif
  endfor

endfunction
