## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## N = outputs_of (LOSS): outputs of a network for each step that it forecasts; more than one where
## they are the parameters of a distribution.

function n = outputs_of (loss)

  n = 1 + 2 * strcmp (loss, "student_t") + any (strcmp (loss, {"gaussian", "negative_binomial"}));

endfunction
