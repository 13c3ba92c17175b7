## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{net} =} rnn_import (@var{file})
## @deftypefnx {} {@var{net} =} rnn_import (@var{file}, @var{naming})
## @deftypefnx {} {@var{net} =} rnn_import (@dots{}, @var{name}, @var{value}, @dots{})
## Make a network of a safetensors file with the parameters of one of PyTorch,
## Keras or MATLAB.
##
## @var{naming} is @qcode{"torch"}, @qcode{"keras"} or @qcode{"matlab"}; without
## it the names in the file decide.  Names, shapes and the order of gates are in
## the help of @code{rnn_export}.  All tensors must be parts of recurrent layers of
## one kind or of one readout, the only layer without recurrent weights.  Names may
## begin with anything, but those of the layers differ in numbers alone, and are in
## their order: @code{lstm_2} before @code{lstm_10}.  In Keras, names are the last
## pieces of a variable's @code{path}.  Of two biases, one of the input and one recurrent, the sum is
## taken, but of the one that the reset gate multiplies (@code{b_hn}); a file
## without biases has them 0.  Numbers of the types @code{F64}, @code{F32},
## @code{F16} and @code{BF16} are read, and are double in the network.
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @table @asis
## @item @qcode{"naming"}
## As the second argument.
##
## @item @qcode{"activation"}, @qcode{"output_mode"}, @qcode{"dropout"}
## As in @code{rnn_net}.  By default what @code{rnn_export} has written into the
## file; in one of others, which does not say, @qcode{"tanh"},
## @qcode{"sequence"} and 0.
##
## @item @qcode{"reset"}
## Whether the cell @qcode{"gru"} resets @qcode{"after"} or @qcode{"before"} the
## product.  By default it is what @code{rnn_export} has written, else what the
## biases show (those of PyTorch and Keras always do), else @qcode{"after"}.
## @end table
##
## Two things are computed differently elsewhere: with the output mode
## @qcode{"last"} in both directions, the reverse direction of Keras and of MATLAB
## gives its state at the first step; and gates with other functions than the
## logistic one and tanh, which Keras and MATLAB can be told to use, are not known
## here.
##
## A file that cannot be read or that is damaged in any way; tensors that are
## missing, of the wrong dims, not finite, or of no use give the error
## @code{bptt:invalidInput}.
##
## @example
## @group
## file = [tempname(), ".safetensors"];
## rnn_export (rnn_net (2, 3, 1, "lstm", "seed", 1), file);
## rnn_import (file).cell
##      @result{} lstm
## rnn_import (file, "torch", "output_mode", "last").output_mode
##      @result{} last
## @end group
## @end example
##
## @seealso{rnn_export, rnn_load, rnn_net}
## @end deftypefn

function net = rnn_import (file, varargin)

  if (nargin < 1)
    print_usage ();
  endif

  ## An odd number of further arguments: the first is the naming.
  if (mod (numel (varargin), 2) == 1)
    varargin = [{"naming"}, varargin];
  endif

  net = __bptt__ ("rnn_import", "file", file_content (file), varargin{:});

endfunction

%!test # the example of the help text
%! file = [tempname(), ".safetensors"];
%! unwind_protect
%!   rnn_export (rnn_net (2, 3, 1, "lstm", "seed", 1), file);
%!   assert (rnn_import (file).cell, "lstm");
%!   assert (rnn_import (file, "torch", "output_mode", "last").output_mode, "last");
%!   fail ('rnn_import (file, "keras")', "by the names of Keras");
%!   fail ('rnn_import (file, "reset", "before")', "`reset` is");
%!   fail ("rnn_load (file)", "was not written by rnn_save");
%! unwind_protect_cleanup
%!   unlink (file);
%! end_unwind_protect

%!error <Invalid call> rnn_import ()
%!error id=bptt:invalidInput rnn_import (tempname ())
%!error id=bptt:invalidInput rnn_import (tempname (), "naming")
