## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## put_content (bytes, file): write a file.  Under another name at first, so that a file that cannot
## be finished leaves the old one.

function put_content (bytes, file)

  path = make_absolute_filename (tilde_expand (file));
  folder = fileparts (path);
  done = false;
  if (isfolder (folder))   # tempname would take another one
    part = tempname (folder, "bptt-");
    fid = fopen (part, "wb");
    if (fid >= 0)
      done = (fwrite (fid, bytes, "uint8") == numel (bytes));
      done = (fclose (fid) == 0 && done);
      done = (done && rename (part, path) == 0);
      if (! done)
        unlink (part);
      endif
    endif
  endif
  if (! done)
    error ("bptt:invalidInput",
           '`file` is "%s"; expected the name of a file that can be written', file);
  endif

endfunction
