## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## bytes = file_content (file): what is in the file, or FILE as it is when that cannot be had; the
## core then says so.

function bytes = file_content (file)

  if (iscellstr (file) && isscalar (file))
    file = file{1};
  endif
  bytes = file;
  if (! (ischar (file) && isrow (file)) || isfolder (tilde_expand (file)))
    return;
  endif
  fid = fopen (tilde_expand (file), "rb");
  if (fid >= 0)
    bytes = fread (fid, Inf, "uint8=>uint8");
    fclose (fid);
  endif

endfunction
