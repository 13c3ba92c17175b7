## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{flow} =} rnn_gradflow (@var{net}, @var{x}, @var{target})
## @deftypefnx {} {@var{flow} =} rnn_gradflow (@dots{}, @var{name}, @var{value}, @dots{})
## Show how the gradient flows back through time.
##
## The gradient of a loss goes back through time as in @code{rnn_bptt}.
## @var{flow} tells how large it is at every step and by what factor it grows or
## shrinks from step to step: whether it vanishes or explodes (Bengio et al.@:
## 1994; Pascanu et al.@: 2013).  It is a struct with the fields
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
## state.  NaN where there is no gradient.
##
## @item growth
## The geometric mean of @code{gain} where it is a number, without row 1; 0 where
## nothing is left.
##
## @item reach
## The steps after which the gradient is a hundredth, or a hundredfold, of what
## it was, or nothing.
##
## @item spectral_radius, singular_value
## Of each gate's block of each @code{W_hh} the largest magnitude of an
## eigenvalue, and the largest singular value.  The rows are the gates: one of
## the cell @qcode{"rnn"}, r, z, n of @qcode{"gru"}, i, f, g, o of @qcode{"lstm"}.
##
## @item verdict
## A cell with a sentence for each column.
## @end table
##
## @code{dh} and @code{dc} are those of the loss as it is: where there is a loss at
## every step, each adds to them.  @code{gain} is relative to the sum of all that
## has set out by then: with a loss at every step it is of a mixture, and how the
## losses' gradients add up decides through which units it goes.  For one gradient
## on its way give a @code{dy} that is 0 at all steps but one, or a network whose
## @code{output_mode} is @qcode{"last"}.
##
## The verdict goes by the product of @code{gain} over the steps that the gradient
## crosses.  It vanishes when less than a hundredth of it is left, or nothing at
## all; it explodes when it becomes more than a hundredfold, or when the loss or a
## norm is not finite.
##
## In a network of the cell @qcode{"rnn"} whose activation is the identity,
## @code{growth} tends to the spectral radius of @code{W_hh}; tanh and sigmoid make
## it smaller.  If the largest singular value is below 1 (tanh) or 4 (sigmoid), the
## gradient of such a network must vanish (Pascanu et al.@: 2013, section 2.1).
##
## Options are pairs of a name and a value, as in @code{rnn_bptt}: @code{loss},
## @code{delta}, @code{levels}, @code{class_weights}, @code{weights}, @code{dy}
## (and no @var{target}), @code{reduction}, @code{state}, @code{lengths},
## @code{format}, @code{seed}, @code{threads}.
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

%!test # a gradient that is cut to exactly 0
%! net = rnn_net (1, 8, 1, "activation", "relu", "recurrent_init", "identity", ...
%!                "output_mode", "last", "seed", 1);
%! net.param.W_xh(:) = 1;
%! x = 0.1 * ones (1, 40);
%! x(20:21) = [-1e3, 1e3];
%! flow = rnn_gradflow (net, x, 0);
%! assert (flow.dh(1:19), zeros (19, 1));
%! assert (flow.verdict, {"vanishing: nothing is left after 21 steps"});
%! assert ([flow.growth, flow.reach], [0, 21]);
%! flow = rnn_gradflow (identity_net (0), sin (1:30), 0);
%! assert (flow.verdict, {"vanishing: nothing is left after 1 step"});

%!test # numbers that overflow, forward and on the way back
%! warning ("off", "bptt:nonFinite", "local");
%! flow = rnn_gradflow (identity_net (1.5), 1e-3 * sin (1:2000), 0);
%! assert (flow.verdict, {"exploding: not finite from step 1769 on"});
%! flow = rnn_gradflow (identity_net (1.5), zeros (1, 2000), 1);
%! k = find (! isfinite (flow.dh), 1, "last");
%! assert (flow.verdict, {sprintf("exploding: not finite from step %d back", k)});
%! net = rnn_net (1, 4, 1, "activation", "identity", "bidirectional", true, "seed", 1);
%! net.param.W_hh_rev *= 1.5;
%! dy = [1, zeros(1, 1999)];
%! flow = rnn_gradflow (net, zeros (1, 2000), "dy", fliplr (dy));
%! assert (flow.verdict, {"healthy: times 1 a step, over 2000 steps"; ...
%!                        "no gradient goes back"});
%! flow = rnn_gradflow (net, zeros (1, 2000), "dy", dy);
%! k = find (! isfinite (flow.dh(:,2)), 1);
%! assert (flow.verdict, {"no gradient goes back"; ...
%!                        sprintf("exploding: not finite from step %d on", k)});

%!test # it counts the steps that the gradient crosses
%! net = identity_net (0.9);
%! flow = rnn_gradflow (net, sin (1:300), 0, "lengths", 20);
%! assert (flow.verdict, {"healthy: times 0.9 a step, over 20 steps"});
%! assert (isnan (flow.gain), (1:300)' > 20);
%! net.output_mode = "sequence";
%! flow = rnn_gradflow (net, sin (1:300), "dy", [zeros(1, 19), 1, zeros(1, 280)]);
%! assert (flow.verdict, {"healthy: times 0.9 a step, over 20 steps"});
%! assert (flow.dh(21:300), zeros (280, 1));
%! flow = rnn_gradflow (net, sin (1:300), 0 * (1:300), "lengths", 60);
%! assert (flow.verdict, {"vanishing: times 0.9 a step, a hundredth after 44 of 60 steps"});

%!test # one step
%! flow = rnn_gradflow (identity_net (1), 1, 0);
%! assert (flow.verdict, {"one step: there is nothing to compare"});
%! flow = rnn_gradflow (identity_net (1), 1:3, 0, "lengths", 1);
%! assert (flow.verdict, {"one step: there is nothing to compare"});

%!test # weights of any class
%! net = rnn_net (1, 4, 1, "recurrent_init", "identity", "seed", 1);
%! for class = {@int8, @logical, @single}
%!   net.param.W_hh = class{1} (eye (4));
%!   flow = rnn_gradflow (net, 1:3, 1:3);
%!   assert ([flow.spectral_radius, flow.singular_value], [1, 1]);
%! endfor

%!test # threads do not change the results
%! net = rnn_net (2, [40, 30], 2, "lstm", "bidirectional", true, "seed", 1);
%! x = cos ((1:2)' .* reshape (1:160, 1, 8, 20));
%! flow = rnn_gradflow (net, x, sin (x));
%! assert (rnn_gradflow (net, x, sin (x), "threads", 2), flow);

%!error <Invalid call> rnn_gradflow (1)
%!error <the option .dy. has no value> rnn_gradflow (rnn_net (1, 2, 1), 1:3, "dy")
%!error id=bptt:invalidInput rnn_gradflow (rnn_net (1, 2, 1), 1:3)
%!error id=bptt:invalidInput rnn_gradflow (rnn_net (1, 2, 1), 1:3, 1:3, "truncate", 1)
