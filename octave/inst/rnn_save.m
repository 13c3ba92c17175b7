## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn {} {} rnn_save (@var{net}, @var{file})
## Write a network to a file that @code{rnn_load} reads, in Octave or in R, with
## every bit of it.
##
## The file is in the format @emph{safetensors}
## (@url{https://github.com/huggingface/safetensors}): a header in JSON, then
## plain numbers; reading it never runs code.  Every parameter is a tensor under
## its own name, @code{W_xh} to @code{b_y}, with its own dims, so that PyTorch and
## others read them, too.  Parameters are of type @code{F64}, those that are single
## of type @code{F32}.  All other fields are in the metadata, together with
## @code{bptt}, the version of this layout: @qcode{"1"}.
##
## To hand a network to PyTorch, Keras or MATLAB under the names that they use,
## see @code{rnn_export}.
##
## @var{file} is the name of the file; @file{.safetensors} is usual at its end.
## A file that exists is replaced, and only once the new one is complete.  The new
## one has its permissions to read and write; a symbolic link is followed.  Fields
## that @code{rnn_net} does not make are not saved.
##
## Arguments that are wrong and a file that cannot be written give the error
## @code{bptt:invalidInput}.
##
## @example
## @group
## net = rnn_net (2, 3, 1, "lstm", "seed", 1);
## file = [tempname(), ".safetensors"];
## rnn_save (net, file);
## isequal (rnn_load (file), net)
##      @result{} 1
## @end group
## @end example
##
## @seealso{rnn_load, rnn_export}
## @end deftypefn

function rnn_save (net, file)

  if (nargin < 2)
    print_usage ();
  endif

  put_content (__bptt__ ("rnn_save", "net", net, "file", file), file);

endfunction

%!function kept = turn_around (net)
%!  file = tempname ();
%!  unwind_protect
%!    rnn_save (net, file);
%!    kept = rnn_load (file);
%!  unwind_protect_cleanup
%!    unlink (file);
%!  end_unwind_protect
%!endfunction

%!test # the example of the help text, and every other kind of network
%! net = rnn_net (2, 3, 1, "lstm", "seed", 1);
%! assert (turn_around (net), net);
%! net = rnn_net (2, 3, 1, "rnn", "activation", "sigmoid");
%! assert (turn_around (net), net);
%! net = rnn_net (2, [4, 3], 2, "gru", "bidirectional", true, "dropout", 0.1,
%!                "output_mode", "last", "reset", "before");
%! assert (turn_around (net), net);

%!test # single stays single, bit by bit
%! net = rnn_net (2, 3, 1, "gru");
%! net.param.W_hh = single (net.param.W_hh);
%! kept = turn_around (net);
%! assert (class (kept.param.W_hh), "single");
%! assert (class (kept.param.W_xh), "double");
%! assert (kept, net);

%!test # what cannot be written leaves the old file
%! folder = tempname ();
%! mkdir (folder);
%! unwind_protect
%!   file = fullfile (folder, "net");
%!   rnn_save (rnn_net (1, 2, 1), file);
%!   assert (numel (dir (folder)), 3);   # . and .. and the file
%!   fail ('rnn_save (rnn_net (1, 2, 1), "")', "name of a file to write");
%!   fail ('rnn_save (rnn_net (1, 2, 1), fullfile (tempname (), "a"))', "can be written");
%!   try
%!     rnn_save (rnn_net (1, 2, 1), folder);
%!     assert (false);
%!   catch err
%!     assert (err.identifier, "bptt:invalidInput");
%!     assert (err.message,
%!             ['`file` is "' folder '"; expected the name of a file that can be written']);
%!   end_try_catch
%!   assert (numel (dir (folder)), 3);
%! unwind_protect_cleanup
%!   confirm_recursive_rmdir (false, "local");
%!   rmdir (folder, "s");
%! end_unwind_protect

%!test # the new file has the permissions of the old one, and a link stays a link
%! if (isunix ())
%!   folder = tempname ();
%!   mkdir (folder);
%!   unwind_protect
%!     file = fullfile (folder, "net");
%!     link = fullfile (folder, "link");
%!     mask = umask (77);
%!     rnn_save (rnn_net (1, 2, 1), file);
%!     umask (22);
%!     symlink (file, link);
%!     net = rnn_net (1, 3, 1);
%!     rnn_save (net, link);
%!     assert (umask (mask), 22);
%!     assert (strtrim (stat (file).modestr), "-rw-------");
%!     assert (lstat (link).modestr(1), "l");
%!     assert (rnn_load (file), net);
%!   unwind_protect_cleanup
%!     umask (mask);
%!     confirm_recursive_rmdir (false, "local");
%!     rmdir (folder, "s");
%!   end_unwind_protect
%! endif

%!test # a name in a cell
%! file = tempname ();
%! net = rnn_net (1, 2, 1);
%! unwind_protect
%!   rnn_save (net, {file});
%!   assert (rnn_load ({file}), net);
%!   rnn_export (net, {file});
%!   assert (rnn_import ({file}), net);
%! unwind_protect_cleanup
%!   unlink (file);
%! end_unwind_protect

%!error id=bptt:invalidInput rnn_save (rnn_net (1, 2, 1), {"a", "b"})
%!error id=bptt:invalidInput rnn_save (rnn_net (1, 2, 1), {})
%!error <Invalid call> rnn_save (rnn_net (1, 2, 1))
%!error id=bptt:invalidInput rnn_save (1, tempname ())
%!error id=bptt:invalidInput rnn_save (rnn_net (1, 2, 1), 3)
