## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {} rnn_export (@var{net}, @var{file})
## @deftypefnx {} {} rnn_export (@var{net}, @var{file}, @var{naming})
## Write the parameters of a network under the names, in the shapes and in the
## order of gates of other software.
##
## The file is in the format safetensors; @var{naming} is @qcode{"torch"}
## (default), @qcode{"keras"} or @qcode{"matlab"}.  With @math{D} inputs, @math{H}
## units, @math{O} outputs, and @math{G} gates (1 for @qcode{"rnn"}, 3 for
## @qcode{"gru"}, 4 for @qcode{"lstm"}), it holds for each layer and the readout
##
## @table @asis
## @item PyTorch: @code{torch.nn.RNN}, @code{GRU}, @code{LSTM}, @code{Linear}
## @code{rnn.weight_ih_l0} @math{GH x D}, @code{rnn.weight_hh_l0} @math{GH x H},
## @code{rnn.bias_ih_l0} and @code{rnn.bias_hh_l0} @math{GH}, then @code{_l1} and
## so on, @code{_reverse}; @code{fc.weight} @math{O x H}, @code{fc.bias} @math{O}.
## Layers of different sizes are in modules of their own: @code{rnn1.},
## @code{rnn2.}, @dots{}
##
## @item Keras: @code{SimpleRNN}, @code{GRU}, @code{LSTM}, @code{Dense}
## @code{lstm/lstm_cell/kernel} @math{D x GH}, @code{recurrent_kernel}
## @math{H x GH}, @code{bias} @math{GH} (@code{GRU} with @code{reset_after}:
## @math{2 x GH}), then @code{lstm_1/@dots{}}; in both directions
## @code{bidirectional/forward_lstm/@dots{}} and @code{backward_lstm};
## @code{dense/kernel} @math{H x O}, @code{dense/bias} @math{O}
##
## @item MATLAB: @code{gruLayer}, @code{lstmLayer}, @code{bilstmLayer}, @code{fullyConnectedLayer}
## @code{lstm_1/InputWeights} @math{GH x D}, @code{RecurrentWeights}
## @math{GH x H}, @code{Bias} @math{GH} (@code{gruLayer} with
## @code{ResetGateMode} @qcode{"recurrent-bias-after-multiplication"}:
## @math{2GH}), then @code{lstm_2/@dots{}}; of @code{bilstmLayer} all of them have
## twice the rows, forward on top; @code{fc/Weights} @math{O x H}, @code{fc/Bias}
## @math{O}
## @end table
##
## The gates are stacked as here (i, f, g, o and r, z, n), but in the @code{GRU}
## of Keras: z, r, n.  In all of them, as here, z is the share of the old state.
##
## Numbers are double, or single when all parameters are.  What is no parameter
## (activation, reset, output mode and dropout) is in the metadata of the file,
## where @code{rnn_import} finds it; the other software does not read it there.
##
## PyTorch has no activations but @qcode{"tanh"} and @qcode{"relu"}, and no GRU
## that resets before the product; MATLAB has no layer of cell @qcode{"rnn"}, and
## no @qcode{"gru"} in both directions: an error, as are other wrong arguments and
## a file that cannot be written (@code{bptt:invalidInput}).
##
## @example
## @group
## net = rnn_net (2, 3, 1, "gru", "seed", 1);
## file = [tempname(), ".safetensors"];
## rnn_export (net, file, "keras");
## isequal (rnn_import (file), net)
##      @result{} 1
## rnn_export (net, file);             # PyTorch
## rnn_export (net, file, "matlab");
## @end group
## @end example
##
## References: PyTorch documentation, @emph{torch.nn.RNN}, @emph{torch.nn.GRU},
## @emph{torch.nn.LSTM}; Keras 3 API documentation, @emph{SimpleRNN layer},
## @emph{GRU layer}, @emph{LSTM layer}; MATLAB Deep Learning Toolbox
## documentation, @emph{lstmLayer}, @emph{bilstmLayer}, @emph{gruLayer}.
##
## @seealso{rnn_import, rnn_save}
## @end deftypefn

function rnn_export (net, file, naming = [])

  if (nargin < 2)
    print_usage ();
  endif

  put_content (__bptt__ ("rnn_export", "net", net, "file", file, "naming", naming), file);

endfunction

%!function same = turn_around (net, naming, varargin)
%!  file = tempname ();
%!  unwind_protect
%!    rnn_export (net, file, naming);
%!    same = rnn_import (file, [], varargin{:});
%!  unwind_protect_cleanup
%!    unlink (file);
%!  end_unwind_protect
%!endfunction

%!test # the example of the help text, and what else comes back as it was
%! net = rnn_net (2, 3, 1, "gru", "seed", 1);
%! net.param.b_hn(:) = 1:3;
%! net.param.b_h(:) = 1:9;
%! for naming = {"torch", "keras", "matlab"}
%!   assert (turn_around (net, naming{1}), net);
%! endfor
%! net = rnn_net (2, [3, 4], 2, "lstm", "bidirectional", true, "seed", 1);
%! for naming = {"torch", "keras", "matlab"}
%!   assert (turn_around (net, naming{1}), net);
%! endfor
%! net = rnn_net (2, [4, 4], 2, "rnn", "activation", "relu", "dropout", 0.5);
%! assert (turn_around (net, "torch"), net);
%! assert (turn_around (net, "torch", "activation", "tanh").activation, "tanh");
%! net = rnn_net (2, 3, 2, "gru", "reset", "before", "output_mode", "last");
%! assert (turn_around (net, "matlab"), net);

%!error <Invalid call> rnn_export (rnn_net (1, 2, 1))
%!error id=bptt:invalidInput rnn_export (rnn_net (1, 2, 1), tempname (), "onnx")
%!error id=bptt:invalidInput rnn_export (rnn_net (1, 2, 1), tempname (), "matlab")
%!error id=bptt:invalidInput rnn_export (rnn_net (1, 2, 1), 1)
