## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## put_content (bytes, file): write a file.  Under another name at first, so that a file that cannot
## be finished leaves the old one, whose permissions it takes; a symbolic link stays.

function put_content (bytes, file)

  file = cellstr (file){1};
  path = make_absolute_filename (tilde_expand (file));
  if (exist (path, "file") == 2)
    done = replace (bytes, canonicalize_file_name (path));
  else
    done = write_new (bytes, path);
  endif
  if (! done)
    error ("bptt:invalidInput",
           '`file` is "%s"; expected the name of a file that can be written', file);
  endif

endfunction

function done = replace (bytes, path)

  closed = bitxor (bitand (stat (path).mode, 511), 511);   # 511: all nine bits
  mask = umask (str2double (dec2base (closed, 8)));
  unwind_protect
    done = write_new (bytes, path);
  unwind_protect_cleanup
    umask (mask);
  end_unwind_protect

endfunction

function done = write_new (bytes, path)

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

endfunction
