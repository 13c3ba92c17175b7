## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## Z = back_series (OUTPUT, BASE, SPREAD, LEVEL): what networks say, H x N x steps, on the transformed
## scale.

function z = back_series (output, base, spread, level)

  z = __bptt__ ("rnnar_back", "output", output, "base", base, "spread", spread, "level", level);

endfunction
