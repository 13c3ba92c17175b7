## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn {} {@var{theta} =} rnn_pack (@var{param})
## Write parameters or a gradient as one column vector.
##
## @var{param} is a struct of real arrays, as the field @code{param} of a
## network or a gradient of @code{rnn_bptt}, or a whole network.  @var{theta}
## holds the elements of one array after the other, each in column-major order.
## @code{rnn_unpack} goes the other way.
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what
## does not fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## theta = rnn_pack (struct ("W", [1, 3; 2, 4], "b", [5; 6]));
## theta'
##      @result{} 1   2   3   4   5   6
## @end group
## @end example
##
## @seealso{rnn_unpack, rnn_objective}
## @end deftypefn

function theta = rnn_pack (param)

  if (nargin < 1)
    print_usage ();
  endif

  theta = __bptt__ ("rnn_pack", "param", param);

endfunction

%!test # the example of the help text
%! theta = rnn_pack (struct ("W", [1, 3; 2, 4], "b", [5; 6]));
%! assert (theta', 1:6);

%!test
%! net = rnn_net (2, 3, 4, "gru", "seed", 1);
%! theta = rnn_pack (net);
%! p = net.param;
%! assert (theta, [p.W_xh(:); p.W_hh(:); p.b_h; p.b_hn; p.W_hy(:); p.b_y]);
%! assert (rnn_pack (p), theta);
%! [~, grad] = rnn_bptt (net, ones (2, 5), ones (4, 5));
%! assert (size (rnn_pack (grad)), size (theta));

%!assert (class (rnn_pack (struct ("a", single (1)))), "single")

%!error <Invalid call> rnn_pack ()
%!error id=bptt:invalidInput rnn_pack (1)
%!error id=bptt:invalidInput rnn_pack ({})
%!error <.param. is a cell array; expected a struct of parameters> rnn_pack ({1})
%!error id=bptt:invalidInput rnn_pack (struct ("a", "b"))
