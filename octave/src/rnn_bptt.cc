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
@deftypefnx {} {[@dots{}] =} rnn_bptt (@var{net}, @var{x}, "dy", @var{dy}, @var{name}, @var{value}, @dots{})
Loss of a recurrent network and its gradient, by backpropagation through
time (Werbos 1990).

@var{net} is a network as @code{rnn_net} makes it, with @math{D} inputs,
@math{H} units and @math{O} outputs.  @var{x} are the sequences, in any of
the forms that @code{rnn_forward} takes, say @math{D x B x T}.  @var{target}
has the same form with @math{O} features, or fewer where the loss takes
several outputs for each.  For one feature, and for classes,
it may leave their dim out (@math{B x T} to @math{D x B x T}), and for one
sequence of one target feature a row or a column vector of @math{T} numbers
will do.  A target that is NaN does not count.  For a network whose
@code{output_mode} is @qcode{"last"} it has the form of the outputs, as
@code{rnn_forward} tells; for one feature or one sequence any vector will do.

@var{loss} is a number.  @var{grad} has the fields and dims of
@code{@var{net}.param}.  @var{info} has the fields

@table @code
@item grad_norm
The norm of the gradient of all parameters, before any clipping.

@item y
The outputs, as @code{rnn_forward} returns them.

@item state
The state after the last step, a struct with @code{h}, @math{H x B}, and for
the cell @qcode{"lstm"} also @code{c}, and so on, as @code{rnn_forward} tells.

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
@qcode{"mse"} (default), @qcode{"mae"}, @qcode{"huber"},
@qcode{"cross_entropy"}, @qcode{"binary_cross_entropy"}, @qcode{"quantile"},
@qcode{"gaussian"}, @qcode{"student_t"}, @qcode{"negative_binomial"}, or a
function handle; see below.

@item @qcode{"delta"}
Of the loss @qcode{"huber"}: the difference beyond which it is linear.
Default: 1.

@item @qcode{"levels"}
Of the loss @qcode{"quantile"}: the levels, rising, between 0 and 1.  Default:
@code{[0.1, 0.5, 0.9]}.

@item @qcode{"class_weights"}
Of the loss @qcode{"cross_entropy"}: a number of at least 0 for each class.
Default: 1.

@item @qcode{"weights"}
A number of at least 0 for each step of each sequence, in the form of a target
of one feature, @math{B x T} for an array and a cell for a cell; one for each
sequence where the network has outputs at the last step alone.  Default: 1.

@item @qcode{"dy"}
The gradient of a loss with respect to the outputs, in their form, in place of
@var{target} and @qcode{"loss"}.  The gradients are then those of
@code{sum ((dy .* y)(:))}, and @var{loss} is that sum.  @qcode{"reduction"} does not
apply.

@item @qcode{"reduction"}
@qcode{"mean"} (default) over the elements of @var{target} that count, or
@qcode{"sum"}.  With weights, the mean divides by the sum of the weights, class
weights included, of the elements that count.

@item @qcode{"truncate"}
How far to go back (Williams & Peng 1990).  @code{Inf} (default): to the
start.  A whole number @code{k}: the sequence is cut into chunks of @code{k}
steps; the state is carried from chunk to chunk, the gradient is not.
@code{[k1, k2]} with @code{k2 >= k1}: every @code{k1} steps, and at the end,
the loss of the last @code{k1} steps goes back @code{k2} steps.  The loss is
always that of the whole sequence.  A bidirectional network takes one number
alone: in the reverse direction, too, the gradient does not cross the border of
a chunk.

@item @qcode{"clip_value"}, @qcode{"clip_norm"}
Limits of the gradient's elements and then of its norm, as @code{rnn_clip}
sets them.  Default: @code{Inf}, no limit.

@item @qcode{"memory"}
@qcode{"store"} (default) keeps what each step computed for the way back.
@qcode{"recompute"} keeps the state of every so many steps and computes the rest
again from there (Chen et al.@: 2016): the same results to the last bit, in more
time, with memory that grows with the square root of the number of steps.  Not
for a bidirectional network.

@item @qcode{"seed"}
Seed of the dropout between layers, a whole number from 0 to 2^53.  The same
seed leaves out the same units for any number of threads, in the R package too.
Default: drawn with @code{rand} if the network has dropout, so that @code{rand
("state", 1)} decides.

@item @qcode{"wrt"}
With respect to what: @qcode{"param"}, @qcode{"x"}, @qcode{"state"} or a cell
of these.  Default: all three.  What is left out is absent from @var{info};
without @qcode{"param"}, @var{grad} is empty and there is no
@code{grad_norm}.

@item @qcode{"state"}, @qcode{"lengths"}, @qcode{"format"}, @qcode{"threads"}
As in @code{rnn_forward}.  @code{format} is that of @var{target}, too.
@end table

The losses of an element @math{t} of @var{target}, with one output @math{y}
for each:

@table @asis
@item @qcode{"mse"}
@math{(y - t)^2}

@item @qcode{"mae"}
@math{|y - t|}; its gradient at 0 is 0

@item @qcode{"huber"}
@math{(y - t)^2 / 2} where @math{|y - t|} is at most @code{delta}, and
@math{delta (|y - t| - delta / 2)} beyond (Huber 1964)

@item @qcode{"binary_cross_entropy"}
@math{-t log (p) - (1 - t) log (1 - p)} with @math{p = 1 / (1 + exp (-y))};
@math{t} is from 0 to 1
@end table

@noindent
With @math{O} outputs to a class from 1 to @math{O}:

@table @asis
@item @qcode{"cross_entropy"}
@math{-log (p(t))}, @math{p} the softmax of the outputs
@end table

@noindent
With several outputs for each element, @math{O} is a multiple of the features
@math{F} of the target: the first @math{F} outputs are the first of each feature,
the next @math{F} the second, and so on.

@table @asis
@item @qcode{"quantile"}
an output @math{y_q} for each of the @code{levels} @math{q}, and the sum over
them of @math{max (q (t - y_q), (q - 1) (t - y_q))} (Koenker & Bassett 1978);
the mean divides by the number of pairs of an element and a level

@item @qcode{"gaussian"}
minus the log-density of a normal distribution, @math{log (2 pi) / 2 + log (s) +
z^2 / 2}, @math{z = (t - m) / s}; outputs: the mean @math{m} and @math{log (s)},
the logarithm of the standard deviation

@item @qcode{"student_t"}
minus the log-density of @math{m + s T}, @math{T} of Student's t distribution
with @math{n} degrees of freedom, @math{log (s) + log (n pi) / 2 + lgamma (n / 2) -
lgamma ((n + 1) / 2) + (n + 1) / 2 log (1 + z^2 / n)}, @math{z = (t - m) / s};
outputs: @math{m}, @math{log (s)}, and @math{a} with @math{n = 2 + log (1 + exp
(a))}, so that there is a variance (as in GluonTS, Alexandrov et al. 2020)

@item @qcode{"negative_binomial"}
minus the log-probability of a count with mean @math{mu} and variance
@math{mu + alpha mu^2} (Hilbe 2011; Salinas et al. 2020), @math{lgamma (t + 1) +
lgamma (r) - lgamma (t + r) + r log (1 + alpha mu) + t log (1 + 1 / (alpha mu))},
@math{r = 1 / alpha}; outputs: @math{log (mu)} and @math{log (alpha)}; @math{t} is
a whole number of at least 0
@end table

A function handle is called as @code{[loss, dy] = f (y, target)}, with the
outputs as @code{rnn_forward} returns them and @var{target} as it is, or
@code{[]}.  It returns the loss, one number, and its gradient with respect to
@code{y}, in the form of @code{y}.  Whether it is a mean, what is missing, and
weights are its own affair; beyond a sequence's length @code{y} is NaN, and the
gradient is not looked at.  The forward pass is run twice.

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

Other losses:

@example
@group
x = sin (1:20);
net = rnn_net (1, 5, 1, "gru", "seed", 1);
rnn_bptt (net, x, 2 * x, "loss", "mae");
rnn_bptt (net, x, 2 * x, "loss", "huber", "delta", 0.5);
rnn_bptt (net, x, x > 0, "loss", "binary_cross_entropy");
rnn_bptt (net, x, 2 * x, "weights", 0.9 .^ (20:-1:1));
[~, ~, info] = rnn_bptt (net, x, "dy", [zeros(1, 19), 1]);

log_cosh = @@(y, t) deal (mean (log (cosh (y - t))), ...
                         tanh (y - t) / numel (y));
rnn_bptt (net, x, 2 * x, "loss", log_cosh);
@end group
@group
net = rnn_net (1, 5, 2, "gru", "seed", 1);
rnn_bptt (net, x, 2 * x, "loss", "gaussian");
rnn_bptt (net, x, round (2 + x), "loss", "negative_binomial");
rnn_bptt (net, x, 2 * x, "loss", "quantile", "levels", [0.05, 0.95]);
rnn_bptt (net, x, 1 + (x > 0), "loss", "cross_entropy", ...
          "class_weights", [1, 3]);
net = rnn_net (1, 5, 3, "gru", "seed", 1);
rnn_bptt (net, x, 2 * x, "loss", "student_t");
@end group
@end example

The input and the initial state that lead to a target, by gradient descent; a
long series in little memory:

@example
@group
net = rnn_net (1, 5, 1, "gru", "seed", 1);
x = zeros (1, 10);
state.h = zeros (5, 1);
for step = 1:100
  [loss, ~, info] = rnn_bptt (net, x, 0.5 * ones (1, 10), ...
                              "state", state, "wrt", @{"x", "state"@});
  x -= 0.5 * info.dx;
  state.h -= 0.5 * info.dstate.h;
endfor
@end group
@group
x = sin ((1:1e4) / 10);
[loss, grad] = rnn_bptt (net, x, 2 * x, "memory", "recompute");
@end group
@end example

References:

A. Alexandrov et al., "GluonTS: probabilistic and neural time series modeling in
Python", Journal of Machine Learning Research 21(116), 2020.

C. Bishop, "Pattern recognition and machine learning", Springer, 2006 (sections
1.2.4, 4.3 and 5.2: the losses without a source).

T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training deep nets with sublinear
memory cost", arXiv:1604.06174, 2016.

T. Hastie, R. Tibshirani, J. Friedman, "The elements of statistical learning", 2nd
edition, Springer, 2009 (section 10.6: mae).

J. Hilbe, "Negative binomial regression", 2nd edition, Cambridge University
Press, 2011.

P. Huber, "Robust estimation of a location parameter", Annals of Mathematical
Statistics 35, 1964.

R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46, 1978.

D. Salinas, V. Flunkert, J. Gasthaus, T. Januschowski, "DeepAR: probabilistic
forecasting with autoregressive recurrent networks", International Journal of
Forecasting 36, 2020.

P. Werbos, "Backpropagation through time: what it does and how to do it",
Proceedings of the IEEE 78, 1990.

R. Williams, J. Peng, "An efficient gradient-based algorithm for on-line
training of recurrent network trajectories", Neural Computation 2, 1990.

@seealso{rnn_net, rnn_forward, rnn_objective, rnn_gradcheck, rnn_clip}
@end deftypefn)")
{
  // A target stands before the options, which are pairs; none is a string.
  const octave_idx_type more = args.length () - 2;
  if (more == 0 || (more > 1 && args(2).is_string ()))
    return gateway ("rnn_bptt", { "net", "x" }, with_seed (args), nargout);
  return gateway ("rnn_bptt", { "net", "x", "target" }, with_seed (args), nargout);
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

## Layers, directions, the last step, dropout.

%!test
%! deep = rnn_net (2, [3, 2], 1, "lstm", "bidirectional", true, "seed", 5);
%! [loss, grad, info] = rnn_bptt (deep, x, target, "truncate", 2);
%! assert (fieldnames (grad), fieldnames (deep.param));
%! assert (structfun (@(p) {size(p)}, grad),
%!         structfun (@(p) {size(p)}, deep.param));
%! assert (fieldnames (info.dstate), {"h"; "c"; "h_rev"; "c_rev"; "h_l2"; ...
%!                                    "c_l2"; "h_l2_rev"; "c_l2_rev"});
%! assert (fieldnames (info.state), fieldnames (info.dstate));
%! assert (size (info.dstate.c_l2_rev), [2, 3]);

%!test
%! last = rnn_net (2, [3, 2], 2, "gru", "output_mode", "last", "seed", 5);
%! every = setfield (last, "output_mode", "sequence");
%! want = NaN (2, 3, 5);
%! short = cos ([1, 2, 3; 4, 5, 6]);
%! lengths = [5, 2, 4];
%! for b = 1:3
%!   want(:,b,lengths(b)) = short(:,b);
%! endfor
%! [loss, grad] = rnn_bptt (last, x, short, "lengths", lengths);
%! [loss2, grad2] = rnn_bptt (every, x, want, "lengths", lengths);
%! assert (loss, loss2, 1e-15);
%! assert (rnn_pack (grad), rnn_pack (grad2), 1e-15);
%! loss = rnn_bptt (last, x, [1, 2, NaN], "loss", "cross_entropy");
%! assert (rnn_bptt (last, x, [1; 2; NaN], "loss", "cross_entropy"), loss);
%! p = rnn_predict (last, x, "type", "prob");
%! assert (loss, -mean (log ([p(1,1), p(2,2)])), 1e-15);

%!test # the seed decides, and rand where there is none
%! deep = rnn_net (2, [3, 2], 1, "gru", "dropout", 0.5, "seed", 5);
%! [~, ~, info] = rnn_bptt (deep, x, target, "seed", 1);
%! assert (rnn_forward (deep, x, "seed", 1), info.y);
%! state = rand ("state");
%! unwind_protect
%!   rand ("state", 1);
%!   a = rnn_bptt (deep, x, target);
%!   b = rnn_bptt (deep, x, target, "seed", []);
%!   c = rnn_gradcheck (deep, x, target);
%!   rand ("state", 1);
%!   assert (rnn_bptt (deep, x, target), a);
%!   assert (rnn_bptt (deep, x, target), b);
%!   assert (rnn_gradcheck (deep, x, target), c);
%!   assert (a != b);
%!   rand ("state", 1);
%!   seed = floor (rand () * 2147483647) + 1;
%!   assert (rnn_bptt (deep, x, target, "seed", seed), a);
%!   before = rand ("state");
%!   rnn_bptt (deep, x, target, "seed", 1);
%!   rnn_bptt (net, x, target);
%!   assert (rand ("state"), before);
%! unwind_protect_cleanup
%!   rand ("state", state);
%! end_unwind_protect

%!test # recomputing changes nothing
%! deep = rnn_net (2, [3, 2], 1, "gru", "dropout", 0.5, "seed", 5);
%! long = reshape (cos (1:1200), 2, 3, 200);
%! goal = reshape (sin (1:600), 1, 3, 200);
%! [~, ~, all] = rnn_bptt (deep, long, goal, "seed", 1);
%! [~, ~, again] = rnn_bptt (deep, long, goal, "seed", 1, "memory", "recompute");
%! assert (again, all);

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

## The other losses: formulas, and central differences.

%!function each = loss_of (loss, y, t)
%!  F = rows (t);
%!  part = @(k) y((k-1)*F+1:k*F,:,:);
%!  d = part (1) - t;
%!  switch (loss)
%!    case "mae"
%!      each = abs (d);
%!    case "huber"
%!      each = merge (abs (d) <= 1, d .^ 2 / 2, abs (d) - 0.5);
%!    case "binary_cross_entropy"
%!      p = 1 ./ (1 + exp (-y));
%!      each = -t .* log (p) - (1 - t) .* log (1 - p);
%!    case "quantile"
%!      q = [0.1, 0.5, 0.9];
%!      each = 0;
%!      for k = 1:3
%!        d = t - part (k);
%!        each += max (q(k) * d, (q(k) - 1) * d) / 3;
%!      endfor
%!    case "gaussian"
%!      s = exp (part (2));
%!      each = 0.5 * log (2 * pi) + log (s) + (d ./ s) .^ 2 / 2;
%!    case "student_t"
%!      s = exp (part (2));
%!      n = 2 + log1p (exp (part (3)));
%!      each = log (s) + log (n * pi) / 2 + gammaln (n / 2) ...
%!             - gammaln ((n + 1) / 2) + (n + 1) / 2 .* log1p ((d ./ s) .^ 2 ./ n);
%!    case "negative_binomial"
%!      mu = exp (part (1));
%!      r = exp (-part (2));
%!      each = gammaln (t + 1) + gammaln (r) - gammaln (t + r) ...
%!             - r .* log (r ./ (r + mu)) - t .* log (mu ./ (r + mu));
%!  endswitch
%!endfunction

%!test
%! series = reshape (cos (1:30), 2, 3, 5);
%! wave = reshape (sin (1:30), 2, 3, 5);
%! w = reshape (1 + sin (1:15), 1, 3, 5);
%! outputs = struct ("mae", 1, "huber", 1, "binary_cross_entropy", 1, "quantile", 3, ...
%!                   "gaussian", 2, "student_t", 3, "negative_binomial", 2);
%! for [n, loss] = outputs
%!   many = rnn_net (2, 3, 2 * n, "gru", "seed", 5);
%!   t = wave;
%!   if (strcmp (loss, "binary_cross_entropy"))
%!     t = (1 + wave) / 2;
%!   elseif (strcmp (loss, "negative_binomial"))
%!     t = floor (exp (2 + 2 * wave));
%!   endif
%!   t([1, 4]) = NaN;
%!   each = loss_of (loss, rnn_forward (many, series), t);
%!   all_w = repmat (w, 2, 1, 1);
%!   counts = ! isnan (t);
%!   per = 1 + 2 * strcmp (loss, "quantile");
%!   assert (rnn_bptt (many, series, t, "loss", loss), mean (each(counts)), -1e-13);
%!   assert (rnn_bptt (many, series, t, "loss", loss, "reduction", "sum"),
%!           per * sum (each(counts)), -1e-13);
%!   assert (rnn_bptt (many, series, t, "loss", loss, "weights", squeeze (w)),
%!           sum ((all_w .* each)(counts)) / sum (all_w(counts)), -1e-13);
%!   assert (rnn_gradcheck (many, series, t, "loss", loss, "weights", w,
%!                          "wrt", {"param", "x", "state"}) < 1e-7);
%! endfor

%!test # options of theirs
%! d = abs (y - target);
%! assert (rnn_bptt (net, x, target, "loss", "huber", "delta", 0.25),
%!         mean (merge (d <= 0.25, d .^ 2 / 2, 0.25 * (d - 0.125))(:)), -1e-14);
%! d = target - y;
%! assert (rnn_bptt (net, x, target, "loss", "quantile", "levels", 0.75),
%!         mean (max (0.75 * d, -0.25 * d)(:)), -1e-14);

%!test # class weights
%! four = rnn_net (2, 3, 4, "seed", 5);
%! classes = reshape (mod (1:15, 4) + 1, 3, 5);
%! logits = reshape (rnn_forward (four, x), 4, 15);
%! p = exp (logits) ./ sum (exp (logits));
%! each = -log (p(sub2ind ([4, 15], classes(:)', 1:15)));
%! w = [1, 0, 2, 0.5];
%! loss = rnn_bptt (four, x, classes, "loss", "cross_entropy",
%!                  "class_weights", w);
%! assert (loss, sum (w(classes(:)) .* each) / sum (w(classes(:))), -1e-14);

%!test # the example of the help text
%! log_cosh = @(y, t) deal (mean (log (cosh (y - t))), tanh (y - t) / numel (y));
%! t = sin (1:20);
%! small = rnn_net (1, 5, 1, "gru", "seed", 1);
%! d = rnn_forward (small, t) - 2 * t;
%! assert (rnn_bptt (small, t, 2 * t, "loss", log_cosh), mean (log (cosh (d))));

%!test # a function does what the built-in loss does
%! mse = @(y, t) deal (mean ((y - t)(:) .^ 2), 2 * (y - t) / numel (y));
%! for options = {{}, {"truncate", 2, "clip_norm", 0.1}, {"wrt", "x"}, ...
%!                {"state", struct("h", ones (3))}}
%!   [loss, grad, info] = rnn_bptt (net, x, target, "loss", mse, options{1}{:});
%!   [want, want_grad, want_info] = rnn_bptt (net, x, target, options{1}{:});
%!   assert (loss, want, -1e-15);
%!   assert (info.y, want_info.y);
%!   assert (fieldnames (info), fieldnames (want_info));
%!   if (isstruct (grad))
%!     assert (rnn_pack (grad), rnn_pack (want_grad), 1e-15);
%!   else
%!     assert (info.dx, want_info.dx, 1e-15);
%!   endif
%! endfor
%! loss = rnn_bptt (net, single (x), target, "loss", mse);
%! assert (class (loss), "single");
%! [f, theta] = rnn_objective (net, x, target, "loss", mse);
%! [want, grad] = rnn_objective (net, x, target)(theta / 2);
%! [got, got_grad] = f (theta / 2);
%! assert (got, want, -1e-15);
%! assert (got_grad, grad, 1e-15);

%!test # it gets outputs and target in the caller's form
%! series = {squeeze(x(:,1,:)), squeeze(x(:,2,1:3))};
%! ys = rnn_forward (net, series);
%! f = @(y, t) deal (sum ([y{:}]) + t, {2 * ones(1, 5), ones(1, 3)});
%! [loss, grad] = rnn_bptt (net, series, 7, "loss", f);
%! assert (loss, sum ([ys{:}]) + 7, -1e-15);
%! [~, want] = rnn_bptt (net, series, "dy", {2 * ones(1, 5), ones(1, 3)});
%! assert (grad, want);
%! assert (rnn_bptt (net, x, "loss", @(y, t) deal (isempty (t), y)), 1);

%!test # both passes of a network with dropout leave out the same
%! deep = rnn_net (2, [4, 3], 1, "dropout", 0.5, "seed", 1);
%! f = @(y, t) deal (sum (y(:)), ones (size (y)));
%! [loss, ~, info] = rnn_bptt (deep, x, [], "loss", f);
%! assert (loss, sum (info.y(:)), -1e-14);
%! [loss, ~, info] = rnn_bptt (deep, x, [], "loss", f, "seed", 3);
%! assert (info.y, rnn_forward (deep, x, "seed", 3));

%!warning <^the loss is not finite$>
%! rnn_bptt (net, x, target, "loss", @(y, t) deal (Inf, 0 * y));
%!warning <the gradient of .W_xh. is not finite>
%! [~, grad] = rnn_bptt (net, x, target, "loss", @(y, t) deal (1, NaN * y));
%!error <a mistake of mine>
%! rnn_bptt (net, x, target, "loss", @(y, t) error ("a mistake of mine"));

%!test # dy
%! dy = cos (target);
%! [loss, grad, info] = rnn_bptt (net, x, "dy", dy);
%! assert (loss, sum ((dy .* y)(:)), -1e-14);
%! assert (rnn_gradcheck (net, x, "dy", dy, "truncate", [2, 3]) < 1e-7);
%! [~, want, want_info] = rnn_bptt (net, x, target, "reduction", "sum");
%! [~, grad, info] = rnn_bptt (net, x, "dy", 2 * (y - target), "wrt", {"param", "x"});
%! assert (rnn_pack (grad), rnn_pack (want), 1e-14);
%! assert (info.dx, want_info.dx, 1e-14);
%! assert (rnn_bptt (net, x, [], "dy", dy), loss);
%! assert (rnn_objective (net, x, "dy", dy)(rnn_pack (net)), loss);

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

%!test # the example of the help text: x and the initial state are optimised
%! small = rnn_net (1, 5, 1, "gru", "seed", 1);
%! input = zeros (1, 10);
%! first = struct ("h", zeros (5, 1));
%! before = rnn_bptt (small, input, 0.5 * ones (1, 10));
%! for step = 1:100
%!   [loss, ~, info] = rnn_bptt (small, input, 0.5 * ones (1, 10), "state", first, ...
%!                               "wrt", {"x", "state"});
%!   input -= 0.5 * info.dx;
%!   first.h -= 0.5 * info.dstate.h;
%! endfor
%! assert (loss < before / 3);

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
%!error <Invalid call> rnn_bptt (net)
%!error <.target. is missing; rnn_bptt needs it, or .dy.> rnn_bptt (net, x)
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
%!error <the option .loss. has no value> rnn_bptt (net, x, target, "loss")
%!error <the option .dy. has no value> rnn_bptt (net, x, "dy")
%!error <the option .seed. has no value> rnn_bptt (net, x, "dy", target, "seed")
%!error <the option .seed. has no value>
%! rnn_bptt (rnn_net (2, [2, 2], 1, "dropout", 0.5), x, "seed");
%!error <.target. is "up"> rnn_bptt (net, x, "up")
%!function loss = only_loss (y, target)
%!  loss = 0;
%!endfunction
%!error <the function .loss. does not return two values, \[loss, dy\]>
%! rnn_bptt (net, x, target, "loss", @only_loss);
%!error <the function .loss. does not return two values, \[loss, dy\]>
%! rnn_bptt (net, x, target, "loss", @(y, t) mean ((y - t)(:) .^ 2));
%!error <of its own> rnn_bptt (net, x, target, "loss", @(y, t) error ("of its own"))
%!error id=bptt:invalidInput rnn_bptt (net, x, target, {}, 1)
*/
