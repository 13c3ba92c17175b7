## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{net} =} rnn_net (@var{input}, @var{hidden}, @var{output})
## @deftypefnx {} {@var{net} =} rnn_net (@var{input}, @var{hidden}, @var{output}, @var{cell})
## @deftypefnx {} {@var{net} =} rnn_net (@dots{}, @var{name}, @var{value}, @dots{})
## Make a recurrent network with freshly drawn weights.
##
## The network reads sequences of @var{input} features, has a recurrent layer
## of @var{hidden} units, and a linear readout of @var{output} features.  If
## @var{hidden} is a vector, there is a layer of each size, from the first to
## the topmost.  With input @math{x_t}, state @math{h_t} and output @math{y_t} at step
## @math{t}, the three kinds of @var{cell} are
##
## @table @asis
## @item @qcode{"rnn"} (default)
## @code{h_t = f (W_xh * x_t + W_hh * h_(t-1) + b_h)}
##
## @item @qcode{"lstm"}
## With @code{a = W_xh * x_t + W_hh * h_(t-1) + b_h} cut into four blocks of
## @var{hidden} rows for the gates @code{i}, @code{f}, @code{g}, @code{o}, and
## @code{s} the logistic function,
## @code{c_t = s (a_f) .* c_(t-1) + s (a_i) .* tanh (a_g)} and
## @code{h_t = s (a_o) .* tanh (c_t)} (Hochreiter & Schmidhuber 1997; Gers et
## al.@: 2000).
##
## @item @qcode{"gru"}
## Blocks @code{r}, @code{z}, @code{n}: @code{r} and @code{z} are logistic,
## @code{n = tanh (W_xn * x_t + b_n + r .* (W_hn * h_(t-1) + b_hn))} and
## @code{h_t = (1 - z) .* n + z .* h_(t-1)}.  With @code{reset} @qcode{"before"}
## (Cho et al.@: 2014) it is
## @code{n = tanh (W_xn * x_t + b_n + W_hn * (r .* h_(t-1)))}.
## @end table
##
## @noindent
## and in all of them @code{y_t = W_hy * h_t + b_y}.
##
## In a stack of layers the first one reads @math{x_t}, each one above it the
## state @math{h_t} of the layer below in place of @math{x_t}, and the readout
## that of the topmost layer.
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @table @asis
## @item @qcode{"cell"}
## As the fourth argument.
##
## @item @qcode{"activation"}
## The function @code{f} of the cell @qcode{"rnn"}: @qcode{"tanh"} (default),
## @qcode{"relu"}, @qcode{"sigmoid"} or @qcode{"identity"}.  The other cells have
## theirs built in: for them anything but the default is an error.
##
## @item @qcode{"reset"}
## Where the cell @qcode{"gru"} resets: @qcode{"after"} the product (default)
## or @qcode{"before"} it.  For the other cells anything but the default is an
## error.
##
## @item @qcode{"bidirectional"}
## If true, each layer has a second set of units with parameters of its own,
## which runs from each sequence's last step to its first (Schuster & Paliwal
## 1997): its state at step @math{t} follows from @math{x_t} and its state at
## step @math{t+1}.  The layer above and the readout are shown
## @code{[h_t; h_rev_t]}.  Default: false.
##
## @item @qcode{"output_mode"}
## @qcode{"sequence"} (default): outputs at every step.  @qcode{"last"}: at the
## last step of each sequence alone, the same that @qcode{"sequence"} gives
## there; @code{rnn_forward} tells their form.
##
## @item @qcode{"dropout"}
## Share @math{p} of the units of each layer but the topmost that the layer
## above is not shown while the network is trained, drawn at each step anew; the
## others are scaled by @code{1 / (1 - p)} (Srivastava et al.@: 2014).  What
## goes from step to step within a layer is left alone (Zaremba et al.@: 2014),
## and so are the input and the readout; PyTorch has dropout in the same place.
## @code{rnn_predict} uses all units.  From 0 (default) to below 1; for one
## layer anything but 0 is an error.
##
## @item @qcode{"init"}
## How @code{W_xh} is drawn, gate by gate: @qcode{"glorot"} (default: uniform
## within @code{sqrt (6 / (rows + columns))} of 0; Glorot & Bengio 2010),
## @qcode{"he"} (uniform within @code{sqrt (6 / columns)} of 0; He et al.@: 2015)
## or @qcode{"orthogonal"} (orthonormal columns or, of a wide block, rows; Saxe
## et al.@: 2014).
##
## @item @qcode{"recurrent_init"}
## How @code{W_hh} is: @qcode{"orthogonal"} (default), @qcode{"glorot"},
## @qcode{"he"} or @qcode{"identity"} (the identity matrix, for the activation
## @qcode{"relu"}; Le et al.@: 2015).
##
## @item @qcode{"forget_bias"}
## Bias of the forget gate of @qcode{"lstm"}, 1 by default.  For the other cells
## anything else is an error.
##
## @item @qcode{"chrono"}
## Steps over which the longest dependencies reach, a number @math{T} above 2:
## the gates are to keep their state over times up to @math{T} (Tallec & Ollivier
## 2018).  With @code{u} uniform between 1 and @math{T - 1}, unit by unit,
## @qcode{"lstm"} has @code{b_f = log (u)} and @code{b_i = -log (u)}, @qcode{"gru"}
## @code{b_z = log (u)}.  An error for @qcode{"rnn"}, which has no gates, and
## together with another forget bias than 1.
##
## @item @qcode{"param"}
## A struct of some of the parameters, to take in place of those drawn.  The
## others are what they would have been.
##
## @item @qcode{"seed"}
## A whole number from 0 to 2^53 that decides the weights: the same seed gives
## the same weights everywhere, in the R package too.  By default it is drawn
## with @code{rand}, so that @code{rand ("state", 1)} decides.
## @end table
##
## @var{net} is plain data, a struct with the fields @code{cell}, @code{input},
## @code{hidden} (a row with the sizes of the layers), @code{output},
## @code{activation}, @code{reset}, @code{bidirectional}, @code{output_mode},
## @code{dropout} and @code{param}.  @code{@var{net}.param} has the fields (@math{D} inputs,
## @math{H} units, @math{O} outputs; @math{G} is 1 for @qcode{"rnn"}, 3 for
## @qcode{"gru"}, 4 for @qcode{"lstm"})
##
## @multitable @columnfractions .15 .15 .6
## @item @code{W_xh} @tab @math{GH x D} @tab as @qcode{"init"} says, in each
## block
## @item @code{W_hh} @tab @math{GH x H} @tab as @qcode{"recurrent_init"} says, in
## each block
## @item @code{b_h} @tab @math{GH x 1} @tab zero; for the forget gate of
## @qcode{"lstm"} @code{forget_bias} (1: Jozefowicz et al.@: 2015)
## @item @code{b_hn} @tab @math{H x 1} @tab zero; only @qcode{"gru"} with reset
## @qcode{"after"}
## @item @code{W_hy} @tab @math{O x H} @tab as @qcode{"glorot"}
## @item @code{b_y} @tab @math{O x 1} @tab zero
## @end multitable
##
## Parameters of the reverse direction have the suffix @code{_rev}, those of
## layer 2 @code{_l2} and @code{_l2_rev}, and so on: @code{W_hh},
## @code{W_hh_rev}, @code{W_hh_l2}, @code{W_hh_l2_rev}.  @math{H} is the size of
## the layer, and @math{D} in @code{W_xh_l2} the number of units of layer 1, of
## both directions if there are two; so is @math{H} in @code{W_hy}.  They come
## layer by layer, in each the forward direction first, the readout last.  This order
## counts: keep networks with @code{rnn_save}, or with @code{save} in any format but
## @code{-hdf5}, which sorts fields.
##
## In a cell that has no such choice, the fields @code{activation} and
## @code{reset} hold the defaults; another of the values above is ignored there.
##
## There is no option @code{precision}: the class of the numbers decides.  To
## compute in single precision, make the parameters single:
## @code{net.param = structfun (@@single, net.param, "UniformOutput", false)}.
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what
## does not fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## net = rnn_net (2, 3, 1, "lstm", "seed", 1);
## size (net.param.W_xh)
##      @result{} 12 2
## net.param.b_h'
##      @result{} 0   0   0   1   1   1   0   0   0   0   0   0
## net = rnn_net (2, [4, 3], 1, "gru", "bidirectional", true);
## size (net.param.W_xh_l2)
##      @result{} 9 8
## rnn_net (2, 3, 1, "activation", "relu", "init", "he");
## rnn_net (1, 2, 1, "lstm", "forget_bias", 2);
## rnn_net (1, 2, 1, "gru", "chrono", 100);
## @end group
## @end example
##
## References:
##
## K. Cho et al., "Learning phrase representations using RNN encoder-decoder
## for statistical machine translation", EMNLP, 2014.
##
## F. Gers, J. Schmidhuber, F. Cummins, "Learning to forget: continual
## prediction with LSTM", Neural Computation 12, 2000.
##
## X. Glorot, Y. Bengio, "Understanding the difficulty of training deep
## feedforward neural networks", AISTATS, 2010.
##
## K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers: surpassing
## human-level performance on ImageNet classification", ICCV, 2015.
##
## S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation
## 9, 1997.
##
## R. Jozefowicz, W. Zaremba, I. Sutskever, "An empirical exploration of
## recurrent network architectures", ICML, 2015.
##
## Q. Le, N. Jaitly, G. Hinton, "A simple way to initialize recurrent networks of
## rectified linear units", arXiv:1504.00941, 2015.
##
## A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear
## dynamics of learning in deep linear neural networks", ICLR, 2014.
##
## M. Schuster, K. Paliwal, "Bidirectional recurrent neural networks", IEEE
## Transactions on Signal Processing 45, 1997.
##
## N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov,
## "Dropout: a simple way to prevent neural networks from overfitting", Journal
## of Machine Learning Research 15, 2014.
##
## W. Zaremba, I. Sutskever, O. Vinyals, "Recurrent neural network
## regularization", arXiv:1409.2329, 2014.
##
## C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR, 2018.
##
## @seealso{rnn_forward, rnn_bptt, rnn_pack, rnn_save}
## @end deftypefn

function net = rnn_net (input, hidden, output, varargin)

  if (nargin < 3)
    print_usage ();
  endif

  ## An odd number of further arguments: the first is the cell.  It is, too, where the last option
  ## has no value.
  if (mod (numel (varargin), 2) == 1
      || (! isempty (varargin) && any (strcmp (varargin{1}, {"rnn", "gru", "lstm"}))))
    varargin = [{"cell"}, varargin];
  endif

  options = add_seed (varargin);
  net = __bptt__ ("rnn_net", "input", input, "hidden", hidden, ...
                  "output", output, options{:});

endfunction

%!test # the fields, their order, and the sizes of the parameters
%! net = rnn_net (2, 3, 4);
%! assert (fieldnames (net), {"cell"; "input"; "hidden"; "output"; ...
%!                            "activation"; "reset"; "bidirectional"; ...
%!                            "output_mode"; "dropout"; "param"});
%! assert (net.bidirectional, false);
%! assert (net.output_mode, "sequence");
%! assert (net.dropout, 0);
%! assert ({net.cell, net.activation, net.reset}, {"rnn", "tanh", "after"});
%! assert ([net.input, net.hidden, net.output], [2, 3, 4]);
%! assert (fieldnames (net.param), {"W_xh"; "W_hh"; "b_h"; "W_hy"; "b_y"});
%! assert (structfun (@(p) {size(p)}, net.param),
%!         {[3, 2]; [3, 3]; [3, 1]; [4, 3]; [4, 1]});

%!test
%! net = rnn_net (2, 3, 4, "lstm");
%! assert (net.cell, "lstm");
%! assert (structfun (@(p) {size(p)}, net.param),
%!         {[12, 2]; [12, 3]; [12, 1]; [4, 3]; [4, 1]});
%! assert (net.param.b_h, [zeros(3, 1); ones(3, 1); zeros(6, 1)]);

%!test
%! net = rnn_net (2, 3, 4, "cell", "gru");
%! assert (fieldnames (net.param),
%!         {"W_xh"; "W_hh"; "b_h"; "b_hn"; "W_hy"; "b_y"});
%! assert (size (net.param.b_hn), [3, 1]);
%! net = rnn_net (2, 3, 4, "gru", "reset", "before");
%! assert (net.reset, "before");
%! assert (fieldnames (net.param), {"W_xh"; "W_hh"; "b_h"; "W_hy"; "b_y"});

%!test # layers and directions
%! net = rnn_net (2, [4, 3], 5, "lstm", "bidirectional", true, ...
%!                "output_mode", "last", "dropout", 0.25, "seed", 1);
%! assert (net.hidden, [4, 3]);
%! assert (net.bidirectional, true);
%! assert (net.output_mode, "last");
%! assert (net.dropout, 0.25);
%! assert (fieldnames (net.param), ...
%!         {"W_xh"; "W_hh"; "b_h"; "W_xh_rev"; "W_hh_rev"; "b_h_rev"; ...
%!          "W_xh_l2"; "W_hh_l2"; "b_h_l2"; "W_xh_l2_rev"; "W_hh_l2_rev"; ...
%!          "b_h_l2_rev"; "W_hy"; "b_y"});
%! assert (structfun (@(p) {size(p)}, net.param), ...
%!         {[16, 2]; [16, 4]; [16, 1]; [16, 2]; [16, 4]; [16, 1]; [12, 8]; ...
%!          [12, 3]; [12, 1]; [12, 8]; [12, 3]; [12, 1]; [5, 6]; [5, 1]});
%! assert (net.param.b_h_l2_rev, [zeros(3, 1); ones(3, 1); zeros(6, 1)]);
%! assert (! isequal (net.param.W_hh, net.param.W_hh_rev));
%! assert (rnn_net (2, [4; 3], 1, "seed", 1), rnn_net (2, [4, 3], 1, "seed", 1));
%! net = rnn_net (2, [4, 3, 2], 1, "gru");
%! assert (size (net.param.b_hn_l3), [2, 1]);

%!test # blocks of W_hh are orthogonal, the others stay within their limits
%! net = rnn_net (5, 8, 2, "lstm", "seed", 3);
%! for k = 0:3
%!   Q = net.param.W_hh(8*k + (1:8), :);
%!   assert (Q' * Q, eye (8), 1e-14);
%! endfor
%! assert (max (abs (net.param.W_xh(:))) < sqrt (6 / 13));
%! assert (max (abs (net.param.W_hy(:))) < sqrt (6 / 10));
%! assert (numel (unique (net.param.W_xh)), 160);

%!test # ways to draw the weights
%! net = rnn_net (5, 8, 2, "gru", "init", "orthogonal", "recurrent_init", "he",
%!                "seed", 3);
%! W = net.param.W_xh(9:16,:);
%! assert (W' * W, eye (5), 1e-14);
%! assert (max (abs (net.param.W_hh(:))) < sqrt (6 / 8));
%! assert (max (abs (net.param.W_hh(:))) > 0.9 * sqrt (6 / 8));
%! W = rnn_net (12, 8, 2, "init", "orthogonal").param.W_xh;
%! assert (W * W', eye (8), 1e-14);
%! net = rnn_net (2, 3, 1, "lstm", "recurrent_init", "identity");
%! assert (net.param.W_hh, repmat (eye (3), 4, 1));

%!test # biases of the gates
%! net = rnn_net (1, 200, 1, "lstm", "forget_bias", -2);
%! assert (net.param.b_h, [zeros(200, 1); -2 * ones(200, 1); zeros(400, 1)]);
%! b = rnn_net (1, 200, 1, "lstm", "chrono", 50, "seed", 1).param.b_h;
%! assert (b(1:200), -b(201:400));
%! assert (b(401:800), zeros (400, 1));
%! u = exp (b(201:400));
%! assert (min (u) >= 1 && max (u) <= 49 && abs (mean (u) - 25) < 3);
%! b = rnn_net (1, 200, 1, "gru", "chrono", 50).param.b_h;
%! assert (min (b(201:400)) >= 0 && max (b(201:400)) <= log (49));
%! assert (b([1:200, 401:600]), zeros (400, 1));

%!test # parameters of one's own; the others stay as they are
%! net = rnn_net (2, 3, 1, "seed", 4);
%! own = rnn_net (2, 3, 1, "seed", 4, "param", struct ("b_h", 1:3, "W_xh", ones (3, 2)));
%! assert (own.param.b_h, [1; 2; 3]);
%! assert (own.param.W_xh, ones (3, 2));
%! assert (own.param.W_hh, net.param.W_hh);

%!test # seeds
%! assert (rnn_net (2, 3, 1, "seed", 7), rnn_net (2, 3, 1, "seed", 7));
%! assert (! isequal (rnn_net (2, 3, 1, "seed", 7),
%!                    rnn_net (2, 3, 1, "seed", 8)));
%! assert (rnn_net (2, 3, 1, "seed", 2^53).input, 2);

%!test # without one rand decides
%! state = rand ("state");
%! unwind_protect
%!   rand ("state", 1);
%!   a = rnn_net (2, 3, 1);
%!   b = rnn_net (2, 3, 1, "gru", "seed", []);
%!   rand ("state", 1);
%!   c = rnn_net (2, 3, 1);
%!   d = rnn_net (2, 3, 1, "gru");
%! unwind_protect_cleanup
%!   rand ("state", state);
%! end_unwind_protect
%! assert (a, c);
%! assert (b, d);
%! assert (! isequal (a.param.W_hy, b.param.W_hy));

%!test # and with one it is left alone
%! state = rand ("state");
%! rnn_net (2, 3, 1, "seed", 1);
%! assert (rand ("state"), state);

%!test # [] is the default
%! assert (rnn_net (1, 2, 1, [], "activation", [], "seed", 1),
%!         rnn_net (1, 2, 1, "seed", 1));

%!test # the example of the help text
%! net = rnn_net (2, 3, 1, "lstm", "seed", 1);
%! assert (size (net.param.W_xh), [12, 2]);
%! assert (net.param.b_h', [0 0 0 1 1 1 0 0 0 0 0 0]);
%! net = rnn_net (2, [4, 3], 1, "gru", "bidirectional", true);
%! assert (size (net.param.W_xh_l2), [9, 8]);

%!test # plain data: save, load and isequal
%! net = rnn_net (2, [4, 3], 2, "gru", "bidirectional", true, "dropout", 0.1, ...
%!                "seed", 1);
%! x = reshape (sin (1:24), 2, 3, 4);
%! y = rnn_forward (net, x);
%! file = tempname ();
%! unwind_protect
%!   for form = {"-binary", "-v7", "-text"}
%!     save (form{1}, file, "net");
%!     back = load (file).net;
%!     assert (fieldnames (back), fieldnames (net));
%!     if (strcmp (form{1}, "-text"))   # which does not keep every digit
%!       assert (rnn_forward (back, x), y, 1e-12);
%!     else
%!       assert (isequal (back, net));
%!       assert (isequal (rnn_forward (back, x), y));
%!     endif
%!   endfor
%! unwind_protect_cleanup
%!   unlink (file);
%! end_unwind_protect

%!error <Invalid call> rnn_net ()
%!error <Invalid call> rnn_net (1, 2)
%!error id=bptt:invalidInput rnn_net (0, 2, 1)
%!error id=bptt:invalidInput rnn_net (1, 2.5, 1)
%!error id=bptt:invalidInput rnn_net (1, [3 0], 1)
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "bidirectional", "yes")
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "output_mode", "all")
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "dropout", 0.5)
%!error id=bptt:invalidInput rnn_net (1, [2 2], 1, "dropout", 1)
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "elman")
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "lstm", "activation", "relu")
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "rnn", "reset", "before")
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "seed", -1)
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "seed", 0.5)
%!error id=bptt:invalidInput rnn_net (1, 2, 1, "bias", false)
%!error <the option .seed. has no value> rnn_net (1, 2, 1, "lstm", "seed")
%!error id=bptt:invalidInput rnn_net (1e5, 1e5, 1)
