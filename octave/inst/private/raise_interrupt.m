## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## raise_interrupt (): an interrupt that has ended a training, as if it had not been caught.

function raise_interrupt ()

  kill (getpid (), SIG ().INT);
  pause (1);   # it comes within

endfunction
