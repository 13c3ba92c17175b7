## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## TEXT = say_meant (TYPED, KNOWN): which of the names KNOWN was meant; "" if none is near.

function text = say_meant (typed, known)

  text = "";
  [least, which] = min (cellfun (@(name) edit_distance (typed, name), known));
  if (least <= max (1, floor (numel (typed) / 3)))
    text = sprintf ("; did you mean `%s`?", known{which});
  endif

endfunction

## Letters to insert, drop or replace (Levenshtein).
function d = edit_distance (a, b)

  d = 0:numel (b);
  for i = 1:numel (a)
    before = d;
    d(1) = i;
    for j = 1:numel (b)
      d(j+1) = min ([before(j) + (a(i) != b(j)), before(j+1) + 1, d(j) + 1]);
    endfor
  endfor
  d = d(end);

endfunction
