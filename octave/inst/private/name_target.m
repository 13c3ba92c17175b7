## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## The arguments after x as pairs of a name and a value: a target stands before
## the others, which are; it is no string.

function args = name_target (args)

  pairs = isempty (args) || (numel (args) > 1 && ischar (args{1}));
  if (! pairs)
    args = [{"target"}, args];
  endif

endfunction
