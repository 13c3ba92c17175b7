## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## show_line (TEXT): in the place of the line that was shown before.

function show_line (text)

  width = terminal_size ()(2) - 1;
  printf ("\r%-*s", width, text(1:min (end, width)));
  fflush (stdout);

endfunction
