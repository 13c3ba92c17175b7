## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## Q = drawn_numbers (X, P): the P-quantiles of each row: numbers of it, so that those of counts are
## counts.

function q = drawn_numbers (x, p)

  q = sort (x, 2)(:,max (1, ceil (columns (x) * p)));

endfunction
