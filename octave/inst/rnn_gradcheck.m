## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {[@var{max_error}, @var{info}] =} rnn_gradcheck (@var{net}, @var{x}, @var{target})
## @deftypefnx {} {[@var{max_error}, @var{info}] =} rnn_gradcheck (@dots{}, @var{name}, @var{value}, @dots{})
## Check a gradient against finite differences.
##
## @var{net}, @var{x} and @var{target} are those of @code{rnn_bptt}, whose
## gradient is compared with differences of the loss: a central formula on five
## points, always in double.  Every element is tried, so keep the network and
## the sequences small.
##
## @var{max_error} is the largest error, relative to the largest element of the
## array it is in: @code{max (abs (a - n)) / max (abs ([a; n]))} for an array
## of analytic values @code{a} and numeric ones @code{n}.  An array whose
## gradient nearly vanishes beside the others' or beside the loss is measured by
## those, as what differs then is only the rounding of the loss.  If
## @var{max_error} is below 1e-7, the gradient is right; if it is above 1e-5, it
## is wrong; in between it is doubtful: try other parameters and inputs.
##
## The rule is for losses that are smooth.  The activation @qcode{"relu"} has a
## kink at 0, the losses @qcode{"mae"} and @qcode{"quantile"} have one where an
## output meets its target: very close to it the differences step across, and the
## error can be large though the gradient is right.  Try other values then, too.
##
## A loss of your own is checked in two parts: its gradient at some outputs, which
## is yours, and what becomes of it, by giving it as @qcode{"dy"}.  A function
## handle as @qcode{"loss"} is not taken.
##
## @var{info} is a struct whose fields have one row for each array:
##
## @table @code
## @item name
## A cell of their names.
##
## @item error
## The error of each.
##
## @item analytic, numeric
## The two values where they differ most.
##
## @item index
## The linear index of that element.
## @end table
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @table @asis
## @item @qcode{"grad"}
## A gradient of your own to check, a struct as @code{@var{net}.param}.
## Default: that of @code{rnn_bptt}.
##
## @item @qcode{"wrt"}
## What to check: @qcode{"param"} (default), @qcode{"x"}, @qcode{"state"} or a
## cell of these.
##
## @item @qcode{"loss"}, @qcode{"delta"}, @qcode{"levels"}
## @itemx @qcode{"class_weights"}, @qcode{"weights"}, @qcode{"dy"}
## @itemx @qcode{"reduction"}, @qcode{"truncate"}, @qcode{"state"}
## @itemx @qcode{"lengths"}, @qcode{"format"}, @qcode{"seed"}
## @itemx @qcode{"threads"}
## As in @code{rnn_bptt}.  With truncation the differences are those of the loss
## of each window with the states that come into it from outside held fixed.
## @end table
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what
## does not fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## net = rnn_net (2, 3, 1, "lstm", "seed", 1);
## x = [0, 1, 0; 1, 0, 1];
## rnn_gradcheck (net, x, [1, 0, 1]) < 1e-7
##      @result{} 1
## @end group
## @end example
##
## @seealso{rnn_bptt}
## @end deftypefn

function [max_error, info] = rnn_gradcheck (net, x, varargin)

  if (nargin < 2)
    print_usage ();
  endif

  args = add_seed (name_target (varargin), net);
  [max_error, info] = __bptt__ ("rnn_gradcheck", "net", net, "x", x, args{:});
  if (nargout > 1)
    info.name = cellstr (info.name);   # one name comes as a string
  endif

endfunction

%!demo
%! ## Where a gradient with a small mistake in it goes wrong.
%! net = rnn_net (2, 6, 1, "gru", "seed", 1);
%! x = sin ((1:2)' * (1:10));
%! target = cos (1:10);
%! [~, grad] = rnn_bptt (net, x, target);
%! grad.W_hh(4, 2) *= 1.001;
%! [~, info] = rnn_gradcheck (net, x, target, "grad", grad);
%! semilogy (info.error, "o", "markerfacecolor", "b");
%! set (gca, "xtick", 1:6, "xticklabel", strrep (info.name, "_", "\\_"));
%! xlim ([0.5, 6.5]);
%! ylabel ("relative error");
%! title ("one element of the gradient is off by 0.1 %");

%!shared net, x, target
%! net = rnn_net (2, 3, 1, "gru", "seed", 5);
%! x = reshape (cos (1:30), 2, 3, 5);
%! target = reshape (sin (1:15), 1, 3, 5);

%!test
%! [max_error, info] = rnn_gradcheck (net, x, target);
%! assert (max_error < 1e-9);
%! assert (fieldnames (info),
%!         {"name"; "error"; "analytic"; "numeric"; "index"});
%! assert (info.name, fieldnames (net.param));
%! assert (max (info.error), max_error);
%! assert (info.analytic, info.numeric, 1e-9);
%! assert (size (info.index), [6, 1]);

%!test # x and the state
%! [max_error, info] = rnn_gradcheck (net, x, target, "wrt", {"x", "state"});
%! assert (max_error < 1e-9);
%! assert (info.name, {"x"; "h"});
%! [~, info] = rnn_gradcheck (net, x, target, "wrt", "x");
%! assert (info.name, {"x"});

%!test # layers, directions, dropout, the last step
%! for both = [false, true]
%!   deep = rnn_net (2, [3, 2], 1, "lstm", "bidirectional", both, ...
%!                   "dropout", 0.3, "seed", 5);
%!   options = {"wrt", {"param", "x", "state"}, "seed", 1, ...
%!              "lengths", [5, 2, 4]};
%!   [max_error, info] = rnn_gradcheck (deep, x, target, options{:}, ...
%!                                      "truncate", 2);
%!   assert (max_error < 1e-8);
%!   [~, state] = rnn_forward (deep, x);
%!   assert (info.name, [fieldnames(deep.param); "x"; fieldnames(state)]);
%!   deep.output_mode = "last";
%!   assert (rnn_gradcheck (deep, x, [1, 2, 3], options{:}) < 1e-8);
%! endfor

%!test # a gradient that is wrong is found, and where
%! [~, grad] = rnn_bptt (net, x, target);
%! grad.W_hh(4,2) += 1e-3;
%! [max_error, info] = rnn_gradcheck (net, x, target, "grad", grad);
%! assert (max_error > 1e-4);
%! [~, worst] = max (info.error);
%! assert (info.name{worst}, "W_hh");
%! assert (info.index(worst), sub2ind ([9, 3], 4, 2));
%! assert (info.analytic(worst) - info.numeric(worst), 1e-3, 1e-9);

%!test # single data are checked in double
%! assert (rnn_gradcheck (net, single (x), target) < 1e-9);

%!test # the example of the help text
%! small = rnn_net (2, 3, 1, "lstm", "seed", 1);
%! assert (rnn_gradcheck (small, [0, 1, 0; 1, 0, 1], [1, 0, 1]) < 1e-7);

%!error <Invalid call> rnn_gradcheck ()
%!error <Invalid call> rnn_gradcheck (net)
%!error <.target. is missing> rnn_gradcheck (net, x)
%!error id=bptt:invalidInput rnn_gradcheck (net, x, target, "grad", 1)
%!error id=bptt:invalidInput rnn_gradcheck (net, x, target, "wrt", "y")
%!error id=bptt:invalidInput rnn_gradcheck (net, x, target, "clip_norm", 1)
