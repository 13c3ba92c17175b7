// rnn_bptt.cc -- the loss of a network and its gradient.
//
// Copyright (C) 2026 bptt developers
// SPDX-License-Identifier: MIT

// PKG_ADD: autoload ("rnn_bptt", "__bptt__.oct");
// PKG_DEL: autoload ("rnn_bptt", "__bptt__.oct", "remove");

#include "gateway.h"

DEFUN_DLD (rnn_bptt, args, nargout, R"(-*- texinfo -*-
@deftypefn  {} {@var{loss} =} rnn_bptt (@var{net}, @var{x}, @var{target})
@deftypefnx {} {[@var{loss}, @var{grad}, @var{info}] =} rnn_bptt (@dots{})
@deftypefnx {} {[@dots{}] =} rnn_bptt (@var{net}, @var{x}, @var{target}, @var{name}, @var{value}, @dots{})
Loss of a recurrent network and its gradient, by backpropagation through
time (Werbos 1990).

@var{net} is a network as @code{rnn_net} makes it, with @math{D} inputs,
@math{H} units and @math{O} outputs.  @var{x} are the sequences, in any of
the forms that @code{rnn_forward} takes, say @math{D x B x T}.  @var{target}
has the same form with @math{O} features.  For one feature, and for classes,
it may leave their dim out (@math{B x T} to @math{D x B x T}), and for one
sequence of one target feature a row or a column vector of @math{T} numbers
will do.  A target that is NaN does not count.

@var{loss} is a number.  @var{grad} has the fields and dims of
@code{@var{net}.param}.  @var{info} has the fields

@table @code
@item grad_norm
The norm of the gradient of all parameters, before any clipping.

@item y
The outputs, as @code{rnn_forward} returns them.

@item state
The state after the last step, a struct with @code{h}, @math{H x B}, and for
the cell @qcode{"lstm"} also @code{c}.

@item dx
The gradient with respect to @var{x}, in the form of @var{x}; 0 beyond a
sequence's length.

@item dstate
The gradient with respect to the initial state, as @code{state}.
@end table

What is not asked for is not computed: there is no backward pass for
@var{loss} alone.  If @var{x} or a parameter of @var{net} is single, all is
computed in single and returned so.  There is no option @code{precision}, as
the R package has it.

Options are pairs of a name and a value; the empty matrix stands for the
default.

@table @asis
@item @qcode{"loss"}
@qcode{"mse"} (default), the squared error, or @qcode{"cross_entropy"}: the
outputs are logits, their softmax the probabilities of the classes 1 to
@math{O}, and @var{target} holds the classes.

@item @qcode{"reduction"}
@qcode{"mean"} (default) over the elements of @var{target} that count, or
@qcode{"sum"}.

@item @qcode{"truncate"}
How far to go back (Williams & Peng 1990).  @code{Inf} (default): to the
start.  A whole number @code{k}: the sequence is cut into chunks of @code{k}
steps; the state is carried from chunk to chunk, the gradient is not.
@code{[k1, k2]} with @code{k2 >= k1}: every @code{k1} steps, and at the end,
the loss of the last @code{k1} steps goes back @code{k2} steps.  The loss is
always that of the whole sequence.

@item @qcode{"clip_value"}, @qcode{"clip_norm"}
Limits of the gradient's elements and then of its norm, as @code{rnn_clip}
sets them.  Default: @code{Inf}, no limit.

@item @qcode{"wrt"}
With respect to what: @qcode{"param"}, @qcode{"x"}, @qcode{"state"} or a cell
of these.  Default: all three.  What is left out is absent from @var{info};
without @qcode{"param"}, @var{grad} is empty and there is no
@code{grad_norm}.

@item @qcode{"state"}, @qcode{"lengths"}, @qcode{"format"}, @qcode{"threads"}
As in @code{rnn_forward}.  @code{format} is that of @var{target}, too.
@end table

Arguments that are wrong give the error @code{bptt:invalidInput}, what
does not fit into memory @code{bptt:outOfMemory}.  A loss or a gradient
that is not finite is returned as it is, with the warning
@code{bptt:nonFinite} that says where it began.

@example
@group
net = rnn_net (1, 1, 1, "activation", "identity");
net.param.W_xh = 0.5;
net.param.W_hh = 1.5;
net.param.W_hy = 1;
[loss, grad] = rnn_bptt (net, [1, 2], [2, 5], "reduction", "sum");
printf ("%g ", loss, grad.W_xh, grad.W_hh, grad.W_hy)
     @print{} 12.8125 -25.75 -3.25 -12.875
@end group
@end example

References:

P. Werbos, "Backpropagation through time: what it does and how to do it",
Proceedings of the IEEE 78, 1990.

R. Williams, J. Peng, "An efficient gradient-based algorithm for on-line
training of recurrent network trajectories", Neural Computation 2, 1990.

@seealso{rnn_net, rnn_forward, rnn_objective, rnn_gradcheck, rnn_clip}
@end deftypefn)")
{
  // A target stands before the options, which are pairs; none is a string.
  const octave_idx_type more = args.length () - 2;
  if (more == 0 || (more > 0 && more % 2 == 0 && args(2).is_string ()))
    return gateway ("rnn_bptt", { "net", "x" }, args, nargout);
  return gateway ("rnn_bptt", { "net", "x", "target" }, args, nargout);
}

/*
%!demo
%! ## Learn to square the input by plain gradient descent.
%! t = (0:99) / 8;
%! net = rnn_net (1, 12, 1, "gru", "seed", 1);
%! loss = zeros (1, 300);
%! for k = 1:300
%!   [loss(k), grad] = rnn_bptt (net, sin (t), sin (t) .^ 2, "clip_norm", 1);
%!   theta = rnn_pack (net) - 0.1 * rnn_pack (grad);
%!   net.param = rnn_unpack (theta, net);
%! endfor
%! semilogy (loss);
%! xlabel ("step");
%! ylabel ("mean squared error");
%! title ("gradient descent");

%!function net = check_net ()
%!  net = rnn_net (1, 1, 1, "activation", "identity");
%!  net.param.W_xh = 0.5;
%!  net.param.W_hh = 1.5;
%!  net.param.W_hy = 1;
%!endfunction

%!test # worked out by hand
%! [loss, grad, info] = rnn_bptt (check_net (), [1, 2], [2, 5],
%!                                "reduction", "sum");
%! assert (loss, 12.8125, 1e-14);
%! assert (grad.W_hy, -12.875, 1e-14);
%! assert (grad.W_hh, -3.25, 1e-14);
%! assert (grad.W_xh, -25.75, 1e-14);
%! assert (grad.b_h, -12.75 - 6.5, 1e-14);
%! assert (grad.b_y, -3 - 6.5, 1e-14);
%! assert (info.dx, 0.5 * [-12.75, -6.5], 1e-14);    # dL/dh_1 = -12.75
%! assert (info.dstate.h, 1.5 * -12.75, 1e-14);
%! assert (info.y, [0.5, 1.75], 1e-14);
%! assert (info.state.h, 1.75, 1e-14);
%! assert (info.grad_norm, norm (rnn_pack (grad)), -1e-14);

%!test # the example of the help text
%! [loss, grad] = rnn_bptt (check_net (), [1, 2], [2, 5], "reduction", "sum");
%! assert (sprintf ("%g ", loss, grad.W_xh, grad.W_hh, grad.W_hy),
%!         "12.8125 -25.75 -3.25 -12.875 ");

%!test # names, order and dims of the results
%! for cell = {"rnn", "gru", "lstm"}
%!   net = rnn_net (2, 3, 4, cell{1}, "seed", 1);
%!   x = reshape (sin (1:30), 2, 3, 5);
%!   [loss, grad, info] = rnn_bptt (net, x, zeros (4, 3, 5));
%!   assert (size (loss), [1, 1]);
%!   assert (fieldnames (grad), fieldnames (net.param));
%!   assert (structfun (@(p) {size(p)}, grad),
%!           structfun (@(p) {size(p)}, net.param));
%!   assert (fieldnames (info), {"grad_norm"; "y"; "state"; "dx"; "dstate"});
%!   [y, state] = rnn_forward (net, x);
%!   assert (info.y, y);
%!   assert (info.state, state);
%!   assert (size (info.dx), size (x));
%!   assert (fieldnames (info.dstate), fieldnames (state));
%!   assert (size (info.dstate.h), [3, 3]);
%!   assert (rnn_bptt (net, x, zeros (4, 3, 5)), loss);
%!   assert (loss, mean (y(:) .^ 2), -1e-14);
%! endfor

%!shared net, x, target, y
%! net = rnn_net (2, 3, 1, "gru", "seed", 5);
%! x = reshape (cos (1:30), 2, 3, 5);
%! target = reshape (sin (1:15), 1, 3, 5);
%! y = rnn_forward (net, x);

## Losses and reductions.

%!assert (rnn_bptt (net, x, target), mean ((y(:) - target(:)) .^ 2), -1e-14)
%!assert (rnn_bptt (net, x, target, "reduction", "sum"),
%!        sumsq (y(:) - target(:)), -1e-14)

%!test # classes, with and without a dim of their own
%! four = rnn_net (2, 3, 4, "seed", 5);
%! classes = reshape (mod (1:15, 4) + 1, 3, 5);
%! logits = reshape (rnn_forward (four, x), 4, 15);
%! p = exp (logits) ./ sum (exp (logits));
%! want = -mean (log (p(sub2ind ([4, 15], classes(:)', 1:15))));
%! loss = rnn_bptt (four, x, classes, "loss", "cross_entropy");
%! assert (loss, want, -1e-14);
%! assert (rnn_bptt (four, x, reshape (classes, 1, 3, 5),
%!                   "loss", "cross_entropy"), loss);
%! assert (rnn_bptt (four, x, int8 (classes), "loss", "cross_entropy"), loss);

%!test # what is missing does not count
%! part = target;
%! part([2, 7, 15]) = NaN;
%! [loss, grad, info] = rnn_bptt (net, x, part);
%! d = y(:) - part(:);
%! assert (loss, mean (d(! isnan (d)) .^ 2), -1e-14);
%! assert (all (isfinite (rnn_pack (grad))));
%! assert (all (isfinite (info.dx(:))));
%! assert (rnn_bptt (net, x, NaN (3, 5), "reduction", "sum"), 0);

## Forms.

%!test # a target of one feature may leave it out
%! loss = rnn_bptt (net, x, target);
%! assert (rnn_bptt (net, x, squeeze (target)), loss);
%! assert (rnn_bptt (net, permute (x, [3, 2, 1]), squeeze (target)',
%!                   "format", "TBC"), loss);
%! assert (rnn_bptt (net, permute (x, [3, 2, 1]), permute (target, [3, 2, 1]),
%!                   "format", "TBC"), loss);

%!test # for one sequence any vector will do
%! x1 = squeeze (x(:,1,:));
%! t1 = squeeze (target(1,1,:));
%! [loss, ~, info] = rnn_bptt (net, x1, t1);
%! assert (rnn_bptt (net, x1, t1'), loss);
%! assert (rnn_bptt (net, x1', t1, "format", "TC"), loss);
%! assert (rnn_bptt (net, x1', t1', "format", "TC"), loss);
%! assert (size (info.dx), [2, 5]);

%!test # cells
%! series = {squeeze(x(:,1,:)), squeeze(x(:,2,1:3))};
%! targets = {target(1,1,:)(:)', target(1,2,1:3)(:)'};
%! [loss, grad, info] = rnn_bptt (net, series, targets);
%! [want, want_grad, want_info] = rnn_bptt (net, x(:,1:2,:), target(:,1:2,:),
%!                                          "lengths", [5, 3]);
%! assert (loss, want);
%! assert (grad, want_grad);
%! assert (info.dx{1}, squeeze (want_info.dx(:,1,:)));
%! assert (info.dx{2}, squeeze (want_info.dx(:,2,1:3)));
%! assert (info.y{2}, squeeze (want_info.y(:,2,1:3))');
%! assert (want_info.dx(:,2,4:5), zeros (2, 1, 2));
%! assert (size (info.dx), size (series));

## Options.

%!test # truncation: chunks, the state carried by hand
%! [loss, grad] = rnn_bptt (net, x, target, "truncate", 2, "reduction", "sum");
%! sum_loss = 0;
%! sum_grad = 0;
%! state = [];
%! for chunk = {1:2, 3:4, 5}
%!   [l, g, info] = rnn_bptt (net, x(:,:,chunk{1}), target(:,:,chunk{1}),
%!                            "format", "CBT", "reduction", "sum",
%!                            "state", state);
%!   state = info.state;
%!   sum_loss += l;
%!   sum_grad += rnn_pack (g);
%! endfor
%! assert (loss, sum_loss, -1e-14);
%! assert (rnn_pack (grad), sum_grad, 1e-14 * max (abs (sum_grad)));

%!test # going back to the start is no truncation
%! [~, full] = rnn_bptt (net, x, target);
%! for k = {5, 17, Inf, [1, Inf], [3, Inf], [2, 100]}
%!   [~, grad] = rnn_bptt (net, x, target, "truncate", k{1});
%!   assert (rnn_pack (grad), rnn_pack (full), 1e-14);
%! endfor
%! [~, two] = rnn_bptt (net, x, target, "truncate", 2);
%! [~, same] = rnn_bptt (net, x, target, "truncate", [2, 2]);
%! assert (two, same);
%! assert (norm (rnn_pack (two) - rnn_pack (full)) > 1e-6);

%!test # clipping is that of rnn_clip
%! [~, raw, info] = rnn_bptt (net, x, target);
%! [loss, grad, clipped] = rnn_bptt (net, x, target, "clip_norm", 0.2,
%!                                   "clip_value", 0.1);
%! [want, before] = rnn_clip (raw, 0.2, 0.1);
%! assert (grad, want);
%! assert (clipped.grad_norm, info.grad_norm);
%! assert (before, info.grad_norm);
%! assert (clipped.dx, info.dx);

%!test # wrt
%! [~, grad, info] = rnn_bptt (net, x, target);
%! [~, g, i] = rnn_bptt (net, x, target, "wrt", "param");
%! assert (g, grad);
%! assert (fieldnames (i), {"grad_norm"; "y"; "state"});
%! [~, g, i] = rnn_bptt (net, x, target, "wrt", {"x", "state"});
%! assert (g, []);
%! assert (fieldnames (i), {"y"; "state"; "dx"; "dstate"});
%! assert (i.dx, info.dx);
%! assert (i.dstate, info.dstate);

%!test # state and its gradient
%! state = struct ("h", reshape (1:9, 3, 3) / 10);
%! [~, ~, info] = rnn_bptt (net, x, target, "state", state);
%! step = 1e-6;
%! more = less = state;
%! more.h(2,3) += step;
%! less.h(2,3) -= step;
%! slope = (rnn_bptt (net, x, target, "state", more)
%!          - rnn_bptt (net, x, target, "state", less)) / (2 * step);
%! assert (info.dstate.h(2,3), slope, 1e-8);

%!test # [] is the default
%! assert (rnn_bptt (net, x, target, "loss", [], "reduction", [],
%!                   "truncate", [], "clip_norm", [], "clip_value", [],
%!                   "state", [], "lengths", [], "format", [], "wrt", []),
%!         rnn_bptt (net, x, target));

## Classes.

%!test
%! [loss, grad, info] = rnn_bptt (net, single (x), target);
%! all_single = @(s) all (strcmp (struct2cell (structfun (@class, s,
%!                                             "UniformOutput", false)),
%!                                "single"));
%! assert (class (loss), "single");
%! assert (all_single (grad));
%! assert (all_single (info.state));
%! assert (all_single (info.dstate));
%! assert ({class(info.y), class(info.dx), class(info.grad_norm)},
%!         {"single", "single", "single"});
%! [~, want] = rnn_bptt (net, x, target);
%! assert (double (rnn_pack (grad)), rnn_pack (want), 1e-5);

%!test # it is the class of x and of the parameters that decides
%! assert (class (rnn_bptt (net, x, single (target))), "double");
%! mixed = net;
%! mixed.param.W_hh = single (net.param.W_hh);
%! assert (class (rnn_bptt (mixed, x, target)), "single");

## What is not finite is said and returned.

%!warning <loss is not finite> rnn_bptt (net, x, target * 1e200);
%!warning <loss is not finite> # it does not fit into single
%! one = rnn_net (1, 4, 1);
%! one.param.b_y = single (1e25);
%! rnn_bptt (one, 1:3, 1:3);
%!warning id=bptt:nonFinite rnn_bptt (net, x, target * 1e200);

%!test
%! warning ("off", "bptt:nonFinite", "local");
%! assert (rnn_bptt (net, x, target * 1e200), Inf);

%!error <Invalid call> rnn_bptt ()
%!error <Invalid call> rnn_bptt (net, x)
%!error <called with too many outputs> [a, b, c, d] = rnn_bptt (net, x, target);
%!error <did you mean .truncate.> rnn_bptt (net, x, target, "truncat", 2)
%!error <.W_hh. of .net. is 2 x 2; expected 9 x 3>
%! wrong = net;
%! wrong.param.W_hh = ones (2);
%! rnn_bptt (wrong, x, target);
%!error id=bptt:invalidInput rnn_bptt (net, x, [])
%!error id=bptt:invalidInput rnn_bptt (net, x, ones (1, 3, 4))
%!error id=bptt:invalidInput rnn_bptt (net, x, Inf (1, 3, 5))
%!error id=bptt:invalidInput rnn_bptt (net, x, NaN (1, 3, 5))
%!error id=bptt:invalidInput rnn_bptt (net, x, {1})
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "loss", "mes")
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "loss", 1)
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "loss", "cross_entropy")
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "reduction", "none")
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "truncate", 0)
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "truncate", 1.5)
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "truncate", [3, 2])
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "truncate", [1, 2, 3])
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "clip_norm", 0)
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "clip_value", NaN)
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "wrt", "y")
%!error id=bptt:invalidInput rnn_bptt (net, x, target, "loss")
%!error id=bptt:invalidInput rnn_bptt (net, x, target, {}, 1)
*/
