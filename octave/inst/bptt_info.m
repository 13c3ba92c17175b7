## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn {} {@var{info} =} bptt_info ()
## Facts about the build that is running.
##
## @var{info} is a struct with the fields
##
## @table @code
## @item version
## The version of the core.
##
## @item isa
## The instruction set in use, picked for this machine when the package is
## loaded: @qcode{"avx512"}, @qcode{"avx2"}, @qcode{"neon"} or
## @qcode{"portable"}.  The environment variable @env{BPTT_ISA}, set before, can
## ask for less.
## @end table
##
## @example
## @group
## bptt_info ().version
##      @result{} 0.1.0
## @end group
## @end example
##
## @seealso{rnn_bptt, bptt_threads}
## @end deftypefn

function info = bptt_info ()

  info = __bptt__ ("bptt_info");

endfunction

%!test
%! info = bptt_info ();
%! assert (fieldnames (info)(1:2), {"version"; "isa"});
%! assert (any (strcmp (info.isa, {"avx512", "avx2", "neon", "portable"})));

%!test # one version number everywhere
%! list = pkg ("list", "bptt");
%! if (! isempty (list))
%!   assert (bptt_info ().version, list{1}.version);
%! endif

%!error bptt_info (1)
