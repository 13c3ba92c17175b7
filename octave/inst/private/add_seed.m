## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## OPTIONS = add_seed (OPTIONS): pairs of a name and a value, with a seed that
## rand has drawn where they give none, so that rand ("state", 1) decides.
## OPTIONS = add_seed (OPTIONS, NET): only where the network NET has dropout.

function options = add_seed (options, net)

  if (nargin > 1 && ! has_dropout (net))
    return;
  endif
  if (mod (numel (options), 2))   # the core says so
    return;
  endif
  is_seed = strcmp (options(1:2:end), "seed");
  if (! any (is_seed))
    options(end+1:end+2) = {"seed", random_seed()};
  elseif (isempty (options{2 * find (is_seed, 1)}))
    options{2 * find (is_seed, 1)} = random_seed ();
  endif

endfunction

## What is no network the core will speak of.
function yes = has_dropout (net)

  yes = isstruct (net) && isscalar (net) && isfield (net, "dropout") ...
        && isnumeric (net.dropout) && isscalar (net.dropout) && net.dropout > 0;

endfunction

function seed = random_seed ()

  seed = floor (rand () * 2147483647) + 1;

endfunction
