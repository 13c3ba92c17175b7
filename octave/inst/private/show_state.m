## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## show_state (STATE, REPEATS): the line that shows how far a training of so many networks is.  It
## takes the place of the one before.

function show_state (state, repeats)

  what = sprintf ("epoch %d/%d", state.epoch, state.epochs);
  if (! isempty (repeats) && repeats > 1)
    what = sprintf ("network %d/%d, %s", state.repeat, repeats, what);
  endif
  left = "";
  if (isfinite (state.time_left))
    left = sprintf (", %s left", duration_of (state.time_left));
  endif
  show_line ([what, left, numbers_of(state)]);

endfunction

## h:mm:ss
function text = duration_of (seconds)

  parts = fix ([seconds / 3600, mod(seconds / 60, 60), mod(seconds, 60)]);
  if (parts(1) > 0)
    text = sprintf ("%d:%02d:%02d", parts);
  else
    text = sprintf ("%d:%02d", parts(2:3));
  endif

endfunction
