## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn {} {@var{param} =} rnn_unpack (@var{theta}, @var{net})
## Cut a vector into the parameters of a network.
##
## @var{theta} is a vector of as many numbers as @var{net} has parameters, in
## the order of @code{rnn_pack}.  @var{param} has the fields and dims of
## @code{@var{net}.param}, so that @code{@var{net}.param = rnn_unpack
## (@var{theta}, @var{net})} puts them into the network.
##
## Arguments that are wrong give the error @code{bptt:invalidInput}.
##
## @example
## @group
## net = rnn_net (1, 1, 1);
## net.param = rnn_unpack (1:5, net);
## [net.param.W_xh, net.param.W_hh, net.param.b_h]
##      @result{} 1   2   3
## [net.param.W_hy, net.param.b_y]
##      @result{} 4   5
## @end group
## @end example
##
## @seealso{rnn_pack, rnn_objective}
## @end deftypefn

function param = rnn_unpack (theta, net)

  if (nargin < 2)
    print_usage ();
  endif

  param = __bptt__ ("rnn_unpack", "theta", theta, "net", net);

endfunction

%!test # the example of the help text
%! net = rnn_net (1, 1, 1);
%! net.param = rnn_unpack (1:5, net);
%! assert (struct2cell (net.param)', {1, 2, 3, 4, 5});

%!test # there and back
%! for cell = {"rnn", "gru", "lstm"}
%!   net = rnn_net (2, 3, 4, cell{1});
%!   theta = rnn_pack (net);
%!   assert (rnn_unpack (theta, net), net.param);
%!   assert (rnn_unpack (theta', net), net.param);
%! endfor

%!error <Invalid call> rnn_unpack ()
%!error <Invalid call> rnn_unpack (1)
%!error id=bptt:invalidInput rnn_unpack (1:4, rnn_net (1, 1, 1))
%!error id=bptt:invalidInput rnn_unpack (1:6, rnn_net (1, 1, 1))
%!error id=bptt:invalidInput rnn_unpack ("abcde", rnn_net (1, 1, 1))
%!error id=bptt:invalidInput rnn_unpack ({}, rnn_net (1, 1, 1))
%!error id=bptt:invalidInput rnn_unpack (1:5, 1)
