## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## check_parallel (WORKERS): an error if there are to be several, but no parcellfun for them.

function check_parallel (workers)

  if (workers > 1 && ! exist ("parcellfun"))
    error ("bptt:invalidInput", ["`workers` is %d, which needs package parallel; expected 1, or ", ...
                                 "`pkg load parallel` before (`pkg install -forge parallel` ", ...
                                 "installs it)"], workers);
  endif

endfunction
