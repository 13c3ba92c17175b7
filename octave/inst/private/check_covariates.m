## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## check_covariates (XREG, KNOWN): an error unless XREG is what a model with the covariates KNOWN
## takes: none, or as many of them.

function check_covariates (xreg, known)

  if (isempty (known) && ! isempty (xreg))
    error ("bptt:invalidInput", "`xreg` is given; expected none, as the model has none");
  endif
  if (! isempty (known) && isempty (xreg))
    error ("bptt:invalidInput", ...
           "`xreg` is missing; expected covariates, as the model has some");
  endif
  for i = 1:numel (xreg)
    if (columns (xreg{i}) != columns (known{1}))
      error ("bptt:invalidInput", ...
             "item %d of `xreg` has %d columns; expected %d, as the model has", ...
             i, columns (xreg{i}), columns (known{1}));
    endif
  endfor

endfunction
