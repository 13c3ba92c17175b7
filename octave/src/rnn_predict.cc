// rnn_predict.cc -- what a network predicts.
//
// Copyright (C) 2026 bptt developers
// SPDX-License-Identifier: MIT

// PKG_ADD: autoload ("rnn_predict", "__bptt__.oct");
// PKG_DEL: autoload ("rnn_predict", "__bptt__.oct", "remove");

#include "gateway.h"

DEFUN_DLD (rnn_predict, args, nargout, R"(-*- texinfo -*-
@deftypefn  {} {[@var{y}, @var{state}] =} rnn_predict (@var{net}, @var{x})
@deftypefnx {} {[@var{y}, @var{state}] =} rnn_predict (@var{net}, @var{x}, @var{name}, @var{value}, @dots{})
Outputs, probabilities or classes that a recurrent network predicts.

@var{net} is a network as @code{rnn_net} makes it, or a cell array of
networks, and @var{x} the sequences, in any of the forms that
@code{rnn_forward} takes.  The predictions @var{y}
have the form of @var{x}, or of its last step, as the outputs of
@code{rnn_forward}; beyond a sequence's length they are NaN.  There is no
dropout.
@var{state} is the state after the last step, to go on from.  The class of
the numbers decides the precision, as in @code{rnn_forward}.

Options are pairs of a name and a value; the empty matrix stands for the
default.

@table @asis
@item @qcode{"type"}
@qcode{"response"} (default): the outputs.  @qcode{"prob"}: their softmax
over the features, the probabilities of classes.  @qcode{"class"}: the class,
1 to the number of outputs, with the largest output, the first of equals.  A
network of one output tells two classes apart: then @qcode{"prob"} is the
logistic function of it, the probability of class 1, and @qcode{"class"} is 1
where it is above 0 and 0 elsewhere.

@item @qcode{"combine"}
What to make of the predictions of several networks: their @qcode{"mean"}
(default), their @qcode{"median"}, or @qcode{"all"}, a cell array of the
predictions of each.

@item @qcode{"state"}, @qcode{"lengths"}, @qcode{"format"}, @qcode{"threads"}
As in @code{rnn_forward}.
@end table

Several networks may be of any cells and sizes, but have the same input and
output features and the same @qcode{"output_mode"}.  For @qcode{"response"} it
is the outputs that are combined, number by number, for @qcode{"prob"} the
probabilities.  The median of an even number is the mean of the middle two.
Medians of the probabilities of several classes need not sum to 1: they are
divided by their sum (where all of them are 0, the mean takes their place).
For @qcode{"class"} it is the class with the largest combined probability, the
first of equals; of networks of one output 1 where the combined probability is
above 0.5.  A single network, in a cell array or not, is what it is by itself.
What is combined is single if the predictions of any network are.  With a cell
array of networks, @var{state} and the option @qcode{"state"} are cell arrays
with a state for each.

Arguments that are wrong give the error @code{bptt:invalidInput}, what
does not fit into memory @code{bptt:outOfMemory}.

@example
@group
net = rnn_net (1, 1, 2, "activation", "identity");
net.param.W_xh = 1;
net.param.W_hh = 0;
net.param.W_hy = [1; -1];
rnn_predict (net, [-1, 0, 2], "type", "prob")
     @result{} 0.119203   0.500000   0.982014
        0.880797   0.500000   0.017986
rnn_predict (net, [-1, 0, 2], "type", "class")
     @result{} 2   1   1
other = net;
other.param.W_hy = [3; -1];
rnn_predict (@{net, other@}, [-1, 0, 2])
     @result{} -2   0   4
        1   0  -2
@end group
@end example

@seealso{rnn_forward, rnn_bptt}
@end deftypefn)")
{
  return gateway ("rnn_predict", { "net", "x" }, args, nargout);
}

/*
%!demo
%! ## Fit a noisy oscillation, then let the network run on its own output.
%! randn ("state", 1);
%! series = sin ((1:160) / 6) + 0.1 * randn (1, 160);
%! net = rnn_net (1, 16, 1, "gru", "seed", 1);
%! [f, theta] = rnn_objective (net, series(1:119), series(2:120));
%! theta = fminunc (f, theta, optimset ("GradObj", "on", "MaxIter", 60));
%! net.param = rnn_unpack (theta, net);
%! [y, state] = rnn_predict (net, series(1:120));
%! forecast = y(end);
%! for t = 2:40
%!   [forecast(t), state] = rnn_predict (net, forecast(t-1), "state", state);
%! endfor
%! plot (1:160, series, "k", 121:160, forecast, "r");
%! legend ({"series", "forecast"}, "location", "southwest");
%! xlim ([0, 160]);
%! title ("40 steps ahead");

%!shared net, x
%! net = rnn_net (2, 3, 4, "lstm", "seed", 9);
%! x = reshape (3 * sin (1:30), 2, 3, 5);

%!test
%! [y, state] = rnn_forward (net, x);
%! [p, s] = rnn_predict (net, x);
%! assert (p, y);
%! assert (s, state);
%! assert (rnn_predict (net, x, "type", "response"), y);

%!test
%! y = rnn_forward (net, x);
%! prob = rnn_predict (net, x, "type", "prob");
%! assert (size (prob), [4, 3, 5]);
%! assert (prob, exp (y) ./ sum (exp (y), 1), 1e-15);

%!test
%! [~, class] = max (rnn_forward (net, x), [], 1);
%! assert (rnn_predict (net, x, "type", "class"), class);
%! order = permute (x, [2, 3, 1]);
%! assert (rnn_predict (net, order, "type", "class", "format", "BTC"),
%!         permute (class, [2, 3, 1]));

%!test # the first of equals
%! flat = net;
%! flat.param.W_hy(:) = 0;
%! flat.param.b_y = [0; 1; 1; 0];
%! assert (rnn_predict (flat, x, "type", "class"), 2 * ones (1, 3, 5));

%!test # one output
%! one = rnn_net (2, 3, 1, "seed", 9);
%! y = rnn_forward (one, x);
%! assert (rnn_predict (one, x, "type", "prob"), 1 ./ (1 + exp (-y)), 1e-15);
%! class = rnn_predict (one, x, "type", "class");
%! assert (class, double (y > 0));
%! assert (any (class(:)) && ! all (class(:)));

%!test # at the last step alone, and without dropout
%! last = rnn_net (2, [3, 3], 4, "output_mode", "last", "dropout", 0.5,
%!                 "seed", 9);
%! y = rnn_forward (last, x);
%! assert (rnn_predict (last, x), y);
%! assert (rnn_predict (last, x, "type", "prob"), exp (y) ./ sum (exp (y)),
%!         1e-15);
%! [~, class] = max (y);
%! assert (rnn_predict (last, x, "type", "class"), class);

%!test # large outputs do not overflow
%! large = net;
%! large.param.b_y = [0; 1e4; -1e4; 1e4 + 1];
%! prob = rnn_predict (large, x, "type", "prob");
%! assert (all (isfinite (prob(:))));
%! assert (sum (prob, 1), ones (1, 3, 5), 1e-14);

%!test # lengths and cells
%! p = rnn_predict (net, x, "type", "prob", "lengths", [5, 2, 4]);
%! assert (all (isnan (p(:,2,3:5))(:)));
%! k = rnn_predict (net, x, "type", "class", "lengths", [5, 2, 4]);
%! assert (all (isnan (k(:,2,3:5))(:)));
%! c = rnn_predict (net, {squeeze(x(:,1,:)), squeeze(x(:,2,1:2))},
%!                  "type", "class");
%! assert (c, {squeeze(k(1,1,:))', squeeze(k(1,2,1:2))'});

%!test # single
%! assert (class (rnn_predict (net, single (x), "type", "prob")), "single");

%!test # the example of the help text
%! two = rnn_net (1, 1, 2, "activation", "identity");
%! two.param.W_xh = 1;
%! two.param.W_hh = 0;
%! two.param.W_hy = [1; -1];
%! assert (rnn_predict (two, [-1, 0, 2], "type", "prob"),
%!         [0.119203, 0.5, 0.982014; 0.880797, 0.5, 0.017986], 5e-7);
%! assert (rnn_predict (two, [-1, 0, 2], "type", "class"), [2, 1, 1]);
%! other = two;
%! other.param.W_hy = [3; -1];
%! assert (rnn_predict ({two, other}, [-1, 0, 2]), [-2, 0, 4; 1, 0, -2]);

%!function nets = networks (count, varargin)
%!  cells = {"rnn", "gru", "lstm"};
%!  for k = 1:count
%!    nets{k} = rnn_net (2, 2 + k, 4, cells{1+mod(k, 3)}, varargin{:}, "seed", k);
%!  endfor
%!endfunction

%!test # several networks: each, mean and median
%! for count = 2:5
%!   nets = networks (count);
%!   y = cellfun (@(n) rnn_predict (n, x), nets, "UniformOutput", false);
%!   assert (rnn_predict (nets, x, "combine", "all"), y);
%!   y = cat (4, y{:});
%!   assert (rnn_predict (nets, x), mean (y, 4), 1e-15);
%!   assert (rnn_predict (nets, x, "combine", "median"), median (y, 4));
%!   p = exp (y) ./ sum (exp (y), 1);
%!   prob = rnn_predict (nets, x, "type", "prob");
%!   assert (prob, mean (p, 4), 1e-15);
%!   middle = median (p, 4);
%!   medians = rnn_predict (nets, x, "type", "prob", "combine", "median");
%!   assert (medians, middle ./ sum (middle, 1), 1e-15);
%!   [~, class] = max (prob, [], 1);
%!   assert (rnn_predict (nets, x, "type", "class"), class);
%!   [~, class] = max (medians, [], 1);
%!   assert (rnn_predict (nets, x, "type", "class", "combine", "median"), class);
%! endfor

%!test # a single network, in a cell array or not
%! for type = {"response", "prob", "class"}
%!   y = rnn_predict (net, x, "type", type{1});
%!   for combine = {"mean", "median"}
%!     options = {"type", type{1}, "combine", combine{1}};
%!     assert (rnn_predict (net, x, options{:}), y);
%!     assert (rnn_predict ({net}, x, options{:}), y);
%!   endfor
%!   [all, state] = rnn_predict (net, x, "type", type{1}, "combine", "all");
%!   assert (all, {y});
%!   assert (isstruct (state));
%! endfor

%!test # states, the shape of the cell array, single
%! nets = networks (3)';
%! [y, state] = rnn_predict (nets, x(:,:,1:3), "combine", "all");
%! assert (size (y), [3, 1]);
%! assert (size (state), [3, 1]);
%! [~, own] = rnn_forward (nets{2}, x(:,:,1:3));
%! assert (state{2}, own);
%! rest = rnn_predict (nets, x(:,:,4:5), "state", state);
%! assert (rest, rnn_predict (nets, x)(:,:,4:5), 1e-15);
%! [~, again] = rnn_predict (nets, x(:,:,1:3));
%! assert (again, state);
%! assert (class (rnn_predict (nets, single (x))), "single");
%! nets{3}.param.W_hy = single (nets{3}.param.W_hy);
%! assert (class (rnn_predict (nets, x)), "single");
%! c = rnn_predict (nets, {squeeze(x(:,1,:)), squeeze(x(:,2,1:2))}, "combine", "all");
%! assert (cellfun (@size, c{1}, "UniformOutput", false), {[4, 5], [4, 2]});
%! assert (class (c{1}{1}), "double");
%! assert (class (c{3}{2}), "single");

%!error <Invalid call> rnn_predict ()
%!error <Invalid call> rnn_predict (net)
%!error id=bptt:invalidInput rnn_predict (net, x, "type", "logit")
%!error id=bptt:invalidInput rnn_predict (net, x, "type", 1)
%!error id=bptt:invalidInput rnn_predict (net, x, "typ", "prob")
%!error id=bptt:invalidInput rnn_predict (net, NaN (2, 3))
*/
