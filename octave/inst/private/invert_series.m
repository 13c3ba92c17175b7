## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## Y = invert_series (Z, FRAME, I): from the transformed scale back; all columns of Z belong to
## series I of the frame.

function y = invert_series (z, frame, i)

  y = __bptt__ ("rnnar_invert", "z", z, "lambda", frame.lambda(i), "offset", frame.offset(i), ...
                "scale", frame.scale(i));

endfunction
