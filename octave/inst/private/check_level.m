## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## LEVEL = check_level (LEVEL): levels in per cent, ascending; shares below 1 are made per cent.

function level = check_level (level)

  if (! (isnumeric (level) && isreal (level) && all (isfinite (level(:)))))
    error ("bptt:invalidInput", "`level` is no vector of numbers; expected levels in per cent");
  endif
  level = double (level(:)');
  if (all (level > 0 & level < 1))
    level = 100 * level;
  endif
  if (any (level <= 0 | level >= 100))
    error ("bptt:invalidInput", ...
           "`level` has a level outside (0, 100); expected levels in per cent");
  endif
  level = unique (level);

endfunction
