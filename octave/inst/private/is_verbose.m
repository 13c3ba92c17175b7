## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## YES = is_verbose (VERBOSE): whether to show how far a training is; [] leaves it to whether
## somebody looks.

function verbose = is_verbose (verbose)

  if (isempty (verbose))
    verbose = isguirunning () || __bptt_interactive__ ();
  elseif (! (isscalar (verbose) && (islogical (verbose) || isnumeric (verbose))
             && any (verbose == [0, 1])))
    error ("bptt:invalidInput", ...
           "`verbose` is of class %s and size %s; expected true or false", ...
           class (verbose), strjoin (cellstr (num2str (size (verbose)')), " x "));
  endif

endfunction
