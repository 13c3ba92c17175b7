## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{flow} =} rnn_gradflow (@var{net}, @var{x}, @var{target})
## @deftypefnx {} {@var{flow} =} rnn_gradflow (@dots{}, @var{name}, @var{value}, @dots{})
## Show how the gradient flows back through time.
##
## The gradient of a loss goes back through time as in @code{rnn_bptt}.
## @var{flow} tells how large it is at every step and by what factor it grows or
## shrinks from step to step: whether it vanishes or explodes.  It is a struct
## with the fields
##
## @table @code
## @item loss
## A number.
##
## @item name
## A cell of the states that the columns of what follows speak of:
## @qcode{"h"}, @qcode{"h_rev"}, @qcode{"h_l2"}, @dots{}
##
## @item dh
## One row for each step of @var{x}: the norm, over units and sequences, of the
## gradient of the loss for the state of a layer after the step.
##
## @item dc
## The same for the cell state; with the cell @qcode{"lstm"} only.
##
## @item gain
## The norm of what of the gradient for the state (@math{h}, and @math{c} of an
## lstm) goes on to the step before, relative to the norm of all of it; in the
## direction's own order of steps, so that row 1 is what reaches the initial
## state.
##
## @item growth
## The geometric mean of @code{gain} without row 1.
##
## @item reach
## The steps after which the gradient is a hundredth, or a hundredfold, of what
## it was.
##
## @item spectral_radius, singular_value
## Of each gate's block (rows) of each @code{W_hh} the largest magnitude of an
## eigenvalue, and the largest singular value.
##
## @item verdict
## A cell with a sentence for each column.
## @end table
##
## Where there is a loss at every step, each adds to @code{dh}, and a gradient
## that vanishes is hidden by the next one that sets out.  @code{gain} is not
## affected by that, and the verdict goes by @code{growth}: the gradient is said
## to vanish when what is left of it after all steps is less than a hundredth,
## to explode when it is more than a hundredfold.
##
## Options are pairs of a name and a value, as in @code{rnn_bptt}: @code{loss},
## @code{delta}, @code{levels}, @code{class_weights}, @code{weights}, @code{dy}
## (and no @var{target}), @code{reduction}, @code{state}, @code{lengths},
## @code{format}, @code{seed}.
##
## @code{rnn_plot (@var{flow})} draws the norms.
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what
## does not fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## net = rnn_net (1, 8, 1, "activation", "identity", ...
##                "output_mode", "last", "seed", 1);
## net.param.W_hh *= 0.5;
## flow = rnn_gradflow (net, sin (1:30), 0);
## flow.verdict
##      @result{} @{
##        [1,1] = vanishing: times 0.5 a step, a hundredth after 7 of 30 steps
##      @}
## @end group
## @end example
##
## References:
##
## Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with
## gradient descent is difficult", IEEE Transactions on Neural Networks 5, 1994.
##
## R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent
## neural networks", ICML, 2013.
##
## @seealso{rnn_plot, rnn_bptt, rnn_net}
## @end deftypefn

function flow = rnn_gradflow (net, x, varargin)

  if (nargin < 2)
    print_usage ();
  endif

  args = add_seed (name_target (varargin), net);
  flow = __bptt__ ("rnn_gradflow", "net", net, "x", x, args{:});
  flow.name = cellstr (flow.name);   # one name comes as a string
  verdict = cellstr (flow.verdict);
  flow = rmfield (flow, "verdict");   # it is to be the last field
  W_hh = cellfun (@(name) double (net.param.(strrep (name, "h", "W_hh"))), flow.name, ...
                  "UniformOutput", false);
  flow.spectral_radius = of_gates (W_hh, @(W) max (abs (eig (W))));
  flow.singular_value = of_gates (W_hh, @(W) max (svd (W)));
  flow.verdict = verdict;

endfunction

## f of each gate's block of rows, one column for each matrix.
function values = of_gates (W_hh, f)

  H = cellfun (@columns, W_hh);
  gates = rows (W_hh{1}) / H(1);
  values = zeros (gates, numel (W_hh));
  for j = 1:numel (W_hh)
    for k = 1:gates
      values(k,j) = f (W_hh{j}((k - 1) * H(j) + (1:H(j)),:));
    endfor
  endfor

endfunction

%!function net = identity_net (radius)
%!  net = rnn_net (1, 8, 1, "activation", "identity", "output_mode", "last", ...
%!                 "seed", 1);
%!  net.param.W_hh *= radius;
%!endfunction

%!test # an orthogonal recurrence times .5, 1, 1.5: every step does just that
%! said = {"vanishing", "healthy", "exploding"};
%! radius = [.5, 1, 1.5];
%! for k = 1:3
%!   net = identity_net (radius(k));
%!   flow = rnn_gradflow (net, sin (1:30), 0);
%!   assert (flow.growth, radius(k), 1e-13);
%!   assert (flow.gain, repmat (radius(k), 30, 1), 1e-13);
%!   assert (flow.dh(1:29) ./ flow.dh(2:30), repmat (radius(k), 29, 1), 1e-13);
%!   assert (flow.spectral_radius, radius(k), 1e-13);
%!   assert (flow.singular_value, radius(k), 1e-13);
%!   assert (strncmp (flow.verdict{1}, said{k}, 5));
%! endfor
%! assert (flow.reach, log (100) / log (1.5), 1e-10);

%!test # by hand: dL/dh_1 = -12.75, dL/dh_2 = -6.5
%! net = rnn_net (1, 1, 1, "activation", "identity");
%! net.param = struct ("W_xh", .5, "W_hh", 1.5, "b_h", 0, "W_hy", 1, "b_y", 0);
%! flow = rnn_gradflow (net, [1, 2], [2, 5], "reduction", "sum");
%! assert (flow.loss, 12.8125);
%! assert (flow.dh, [12.75; 6.5]);

%!test # fields and their sizes, two layers in two directions
%! net = rnn_net (2, [3, 4], 2, "lstm", "bidirectional", true, "seed", 1);
%! flow = rnn_gradflow (net, cos ((1:2)' * (1:6)), sin ((1:2)' * (1:6)));
%! assert (fieldnames (flow), {"loss"; "name"; "dh"; "dc"; "gain"; "growth"; ...
%!                             "reach"; "spectral_radius"; "singular_value"; ...
%!                             "verdict"});
%! assert (flow.name, {"h"; "h_rev"; "h_l2"; "h_l2_rev"});
%! assert ({size(flow.dh), size(flow.dc), size(flow.gain)}, {[6 4], [6 4], [6 4]});
%! assert (size (flow.spectral_radius), [4, 4]);
%! assert (size (flow.verdict), [4, 1]);
%! assert (flow.dh > 0);

%!test # norms of the gradient for the state are those of rnn_bptt
%! net = rnn_net (2, 5, 2, "lstm", "seed", 2);
%! x = cos ((1:2)' * (1:6));
%! flow = rnn_gradflow (net, x, x);
%! [~, ~, info] = rnn_bptt (net, x, x);
%! arrived = sqrt (sumsq ([info.dstate.h; info.dstate.c]));
%! [y, state] = rnn_forward (net, x(:,1), "format", "CT");
%! [~, ~, rest] = rnn_bptt (net, x(:,2:6), x(:,2:6), "state", state, ...
%!                          "reduction", "sum");
%! own = net.param.W_hy' * 2 * (y - x(:,1));
%! assert (flow.dh(1), norm (rest.dstate.h + own) / 12, 1e-14);
%! total = norm ([rest.dstate.h + own; rest.dstate.c]) / 12;
%! assert (flow.gain(1), arrived / total, 1e-13);

%!test # nothing goes back from a target that does not count
%! net = rnn_net (1, 2, 1, "seed", 1);
%! flow = rnn_gradflow (net, 1:3, [NaN, NaN, NaN], "reduction", "sum");
%! assert (flow.verdict, {"no gradient goes back"});

%!error <Invalid call> rnn_gradflow (1)
%!error id=bptt:invalidInput rnn_gradflow (rnn_net (1, 2, 1), 1:3)
%!error id=bptt:invalidInput rnn_gradflow (rnn_net (1, 2, 1), 1:3, 1:3, "truncate", 1)
