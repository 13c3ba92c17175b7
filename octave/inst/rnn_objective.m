## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {[@var{f}, @var{theta0}] =} rnn_objective (@var{net}, @var{x}, @var{target})
## @deftypefnx {} {[@var{f}, @var{theta0}] =} rnn_objective (@dots{}, @var{name}, @var{value}, @dots{})
## Make the function that an optimizer is to minimize.
##
## @var{net}, @var{x}, @var{target} and the options are those of
## @code{rnn_bptt}, except for the option @code{wrt}.  @code{[loss, grad] =
## @var{f} (theta)} is the loss, and its gradient as a column vector, of the
## network with the parameters @code{theta}, a vector as @code{rnn_pack} makes
## it.  @var{theta0} are the parameters of @var{net}, to start from.  To put the
## result into a network, use @code{rnn_unpack}.
##
## A network with dropout leaves out the same units at every evaluation, so that
## @var{f} is a function: the option @code{seed}, or a number drawn with
## @code{rand} once, decides which.
##
## Arguments that are wrong give the error @code{bptt:invalidInput} here, not
## when @var{f} is called.
##
## @example
## @group
## net = rnn_net (1, 4, 1, "seed", 1);
## x = sin (1:40);
## [f, theta0] = rnn_objective (net, x(1:39), x(2:40));
## opts = optimset ("GradObj", "on", "MaxIter", 100);
## [theta, loss] = fminunc (f, theta0, opts);
## net.param = rnn_unpack (theta, net);
## loss < 1e-2
##      @result{} 1
## @end group
## @end example
##
## @seealso{rnn_bptt, rnn_pack, rnn_unpack, fminunc}
## @end deftypefn

function [f, theta0] = rnn_objective (net, x, varargin)

  if (nargin < 2)
    print_usage ();
  endif

  data = [{"x", x}, add_seed(name_target (varargin), net)];
  __bptt__ ("rnn_objective", "net", net, data{:});   # says what is wrong now

  f = @(theta) objective (theta, net, data);
  theta0 = rnn_pack (net);

endfunction

## The gateway itself is called: rnn_unpack and rnn_pack would double the cost
## of a small network's evaluation.
function [loss, grad] = objective (theta, net, data)

  net.param = __bptt__ ("rnn_unpack", "theta", theta, "net", net);
  if (nargout > 1)
    [loss, grad] = __bptt__ ("rnn_objective", "net", net, data{:});
    grad = __bptt__ ("rnn_pack", "param", grad);
  else
    loss = __bptt__ ("rnn_objective", "net", net, data{:});
  endif

endfunction

%!demo
%! ## Fit a sum of two oscillations.
%! t = 0:200;
%! series = sin (t / 5) + 0.5 * sin (t / 2.3);
%! net = rnn_net (1, 12, 1, "lstm", "seed", 1);
%! [f, theta0] = rnn_objective (net, series(1:end-1), series(2:end));
%! opts = optimset ("GradObj", "on", "MaxIter", 60);
%! theta = fminunc (f, theta0, opts);
%! net.param = rnn_unpack (theta, net);
%! plot (t(2:end), series(2:end), "k",
%!       t(2:end), rnn_predict (net, series(1:end-1)), "r--");
%! legend ({"series", "one step ahead"}, "location", "southwest");
%! title (sprintf ("mean squared error from %.3g to %.3g",
%!                 f (theta0), f (theta)));

%!shared net, x, target
%! net = rnn_net (2, 3, 1, "gru", "seed", 5);
%! x = reshape (cos (1:30), 2, 3, 5);
%! target = reshape (sin (1:15), 1, 3, 5);

%!test
%! [f, theta0] = rnn_objective (net, x, target);
%! assert (theta0, rnn_pack (net));
%! [loss, grad] = f (theta0);
%! [want, want_grad] = rnn_bptt (net, x, target);
%! assert (loss, want);
%! assert (grad, rnn_pack (want_grad));
%! assert (f (theta0), want);
%! assert (f (theta0'), want);

%!test # at other parameters
%! [f, theta0] = rnn_objective (net, x, target);
%! other = net;
%! other.param = rnn_unpack (2 * theta0, net);
%! assert (f (2 * theta0), rnn_bptt (other, x, target));

%!test # options pass through
%! options = {"reduction", "sum", "truncate", 2, "clip_norm", 0.1, ...
%!            "lengths", [5, 2, 4], "state", struct("h", ones (3))};
%! f = rnn_objective (net, x, target, options{:});
%! [loss, grad] = f (rnn_pack (net));
%! [want, want_grad] = rnn_bptt (net, x, target, options{:});
%! assert (loss, want);
%! assert (grad, rnn_pack (want_grad));

%!test # dropout is the same at every evaluation
%! deep = rnn_net (2, [3, 2], 1, "gru", "dropout", 0.5, "seed", 5);
%! state = rand ("state");
%! unwind_protect
%!   rand ("state", 1);
%!   [f, theta0] = rnn_objective (deep, x, target);
%!   rand ("state", 1);
%!   assert (f (theta0), rnn_bptt (deep, x, target));
%!   assert (f (theta0), f (theta0));
%!   g = rnn_objective (deep, x, target);
%!   assert (g (theta0) != f (theta0));
%! unwind_protect_cleanup
%!   rand ("state", state);
%! end_unwind_protect
%! f = rnn_objective (deep, x, target, "seed", 3, "memory", "recompute");
%! assert (f (theta0), rnn_bptt (deep, x, target, "seed", 3));

%!test # the example of the help text
%! small = rnn_net (1, 4, 1, "seed", 1);
%! series = sin (1:40);
%! [f, theta0] = rnn_objective (small, series(1:39), series(2:40));
%! opts = optimset ("GradObj", "on", "MaxIter", 100);
%! [theta, loss] = fminunc (f, theta0, opts);
%! small.param = rnn_unpack (theta, small);
%! assert (loss < 1e-2);
%! assert (rnn_bptt (small, series(1:39), series(2:40)), loss);

%!error <Invalid call> rnn_objective ()
%!error <Invalid call> rnn_objective (net)
%!error <.target. is missing> rnn_objective (net, x)
%!error id=bptt:invalidInput rnn_objective (1, x, target)
%!error id=bptt:invalidInput rnn_objective (net, x, ones (1, 3, 4))
%!error id=bptt:invalidInput rnn_objective (net, x, target, "truncat", 3)
%!error id=bptt:invalidInput rnn_objective (net, x, target, "wrt", "x")
%!error id=bptt:invalidInput
%! f = rnn_objective (net, x, target);
%! f (1:3);
