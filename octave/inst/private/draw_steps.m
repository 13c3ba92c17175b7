## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## Z = draw_steps (M, OUTPUTS, BASE, SPREAD, OF, SEED): a column for each of OF, drawn from the
## distribution of that column of OUTPUTS, transformed.

function z = draw_steps (m, outputs, base, spread, of, seed)

  z = __bptt__ ("rnnar_sample", "outputs", outputs, "base", base, "spread", spread, "of", of, ...
                "seed", seed, "loss", m.training.loss);

endfunction
