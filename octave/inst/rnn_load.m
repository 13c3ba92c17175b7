## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn {} {@var{net} =} rnn_load (@var{file})
## Read a network that @code{rnn_save} has written, in Octave or in R.
##
## @var{file} is the name of the file.  A file that cannot be read, that is
## damaged in any way, was written by others, or holds numbers that are not
## finite gives the error @code{bptt:invalidInput}.
##
## @example
## @group
## file = [tempname(), ".safetensors"];
## rnn_save (rnn_net (2, 3, 1, "lstm", "seed", 1), file);
## net = rnn_load (file);
## net.cell
##      @result{} lstm
## @end group
## @end example
##
## @seealso{rnn_save, rnn_import}
## @end deftypefn

function net = rnn_load (file)

  if (nargin < 1)
    print_usage ();
  endif

  net = __bptt__ ("rnn_load", "file", file_content (file));

endfunction

%!test # the example of the help text
%! file = [tempname(), ".safetensors"];
%! unwind_protect
%!   rnn_save (rnn_net (2, 3, 1, "lstm", "seed", 1), file);
%!   net = rnn_load (file);
%! unwind_protect_cleanup
%!   unlink (file);
%! end_unwind_protect
%! assert (net.cell, "lstm");

%!test # the end of the file is missing
%! file = tempname ();
%! unwind_protect
%!   rnn_save (rnn_net (2, 3, 1, "lstm", "seed", 1), file);
%!   fid = fopen (file, "r+");
%!   bytes = fread (fid, Inf, "uint8=>uint8");
%!   fclose (fid);
%!   fid = fopen (file, "w");
%!   fwrite (fid, bytes(1:end-1));
%!   fclose (fid);
%!   fail ("rnn_load (file)", "`b_y` of `file` is at bytes");
%! unwind_protect_cleanup
%!   unlink (file);
%! end_unwind_protect

%!error <Invalid call> rnn_load ()
%!error id=bptt:invalidInput rnn_load (tempname ())
%!error id=bptt:invalidInput rnn_load (tempdir ())
%!error id=bptt:invalidInput rnn_load (1)
