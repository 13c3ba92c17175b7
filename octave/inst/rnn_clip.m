## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {[@var{grad}, @var{grad_norm}] =} rnn_clip (@var{grad})
## @deftypefnx {} {[@var{grad}, @var{grad_norm}] =} rnn_clip (@var{grad}, @var{norm})
## @deftypefnx {} {[@var{grad}, @var{grad_norm}] =} rnn_clip (@var{grad}, @var{norm}, @var{value})
## @deftypefnx {} {[@var{grad}, @var{grad_norm}] =} rnn_clip (@var{grad}, @var{name}, @var{value}, @dots{})
## Limit a gradient.
##
## @var{grad} is a struct of real arrays, as @code{rnn_bptt} returns it; the
## names are of no matter.  First every element is limited to
## @w{[-@var{value}, @var{value}]}, then, if the norm of all elements together
## exceeds @var{norm}, all are scaled to that norm (Pascanu et al.@: 2013).  Both
## limits are positive and @code{Inf}, no limit, by default; they may also be
## given by name, as @qcode{"norm"} and @qcode{"value"}.
##
## @var{grad_norm} is the norm before either.
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what
## does not fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## [grad, grad_norm] = rnn_clip (struct ("a", [3, 0], "b", -4), 1)
##      @result{} grad =
##           scalar structure containing the fields:
##             a =
##                0.6000        0
##             b = -0.8000
##         grad_norm = 5
## @end group
## @end example
##
## Reference: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training
## recurrent neural networks", ICML, 2013.
##
## @seealso{rnn_bptt}
## @end deftypefn

function [grad, grad_norm] = rnn_clip (grad, varargin)

  if (nargin < 1)
    print_usage ();
  endif

  limits = varargin;
  if (nargin > 1 && ! ischar (varargin{1}))
    if (nargin > 3)
      print_usage ();
    endif
    limits = [{"norm", "value"}(1:nargin-1); varargin];
  endif

  [grad, grad_norm] = __bptt__ ("rnn_clip", "grad", grad, limits{:});

endfunction

%!shared grad
%! grad = struct ("a", [3, 0], "b", -4);

%!test
%! [g, n] = rnn_clip (grad);
%! assert (g, grad);
%! assert (n, 5);

%!test # the example of the help text
%! [g, n] = rnn_clip (grad, 1);
%! assert (g, struct ("a", [0.6, 0], "b", -0.8), 1e-15);
%! assert (n, 5);

%!test # below the limits nothing changes
%! assert (rnn_clip (grad, 5), grad);
%! assert (rnn_clip (grad, 6, 4), grad);

%!test # by value first
%! [g, n] = rnn_clip (grad, Inf, 3.5);
%! assert (g, struct ("a", [3, 0], "b", -3.5));
%! assert (n, 5);
%! [g, n] = rnn_clip (grad, 1, 3);
%! assert (g, struct ("a", [1, 0] / sqrt (2), "b", -1 / sqrt (2)), 1e-15);
%! assert (n, 5);

%!test # by name
%! assert (rnn_clip (grad, "norm", 2), rnn_clip (grad, 2));
%! assert (rnn_clip (grad, "value", 2), rnn_clip (grad, Inf, 2));
%! assert (rnn_clip (grad, "value", 2, "norm", 1), rnn_clip (grad, 1, 2));
%! assert (rnn_clip (grad, [], 2), rnn_clip (grad, Inf, 2));

%!test # dims and classes stay, sums do not overflow
%! g = rnn_clip (struct ("c", ones (2, 3, 2), "d", 1), 1);
%! assert (size (g.c), [2, 3, 2]);
%! assert (class (rnn_clip (struct ("c", single (1)), 0.5).c), "single");
%! [g, n] = rnn_clip (struct ("c", [3e200, 4e200]), 1);
%! assert (n, 5e200, -1e-14);
%! assert (g.c, [0.6, 0.8], 1e-15);

%!error <Invalid call> rnn_clip ()
%!error <Invalid call> rnn_clip (grad, 1, 2, 3)
%!error id=bptt:invalidInput rnn_clip (1)
%!error id=bptt:invalidInput rnn_clip (struct ("a", "b"))
%!error id=bptt:invalidInput rnn_clip (struct ("a", {1, 2}))
%!error id=bptt:invalidInput rnn_clip (grad, 0)
%!error id=bptt:invalidInput rnn_clip (grad, -1)
%!error id=bptt:invalidInput rnn_clip (grad, NaN)
%!error id=bptt:invalidInput rnn_clip (grad, [1, 2])
%!error id=bptt:invalidInput rnn_clip (grad, 1, 0)
%!error id=bptt:invalidInput rnn_clip (grad, "norms", 1)
