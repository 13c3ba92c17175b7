## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## Z = draw_steps (M, SAID, OF, SEED): a column for each of OF, drawn from the distribution of that
## column of what networks said, transformed.

function z = draw_steps (m, said, of, seed)

  z = __bptt__ ("rnnar_sample", "output", [said.output], "base", [said.base], ...
                "spread", [said.spread], "level", [said.level], "of", of, "seed", seed, ...
                "loss", m.training.loss);

endfunction
