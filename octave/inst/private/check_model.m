## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## check_model (M, NAME): an error, in which M is called NAME, unless rnnar has returned it.

function check_model (m, name)

  fields = {"series", "many", "xreg", "options", "networks", "errors"};
  if (! (isstruct (m) && isscalar (m) && all (isfield (m, fields))))
    error ("bptt:invalidInput", "`%s` is of class `%s` and no model; expected what rnnar returned",
           name, class (m));
  endif

endfunction
