// bptt_threads.cc -- the default of the option "threads".
//
// Copyright (C) 2026 bptt developers
// SPDX-License-Identifier: MIT

// PKG_ADD: autoload ("bptt_threads", "__bptt__.oct");
// PKG_DEL: autoload ("bptt_threads", "__bptt__.oct", "remove");

#include "gateway.h"

namespace
{
  // The core's error where the functions would not take N.
  void check_threads (const octave_value& n)
  {
    const octave_value_list net = gateway ("rnn_net", { "input", "hidden", "output", "seed" },
                                           ovl (1, 1, 1, 1), 1);
    gateway ("rnn_predict", { "net", "x", "threads" }, ovl (net(0), 0, n), 1);
  }
}

DEFUN_DLD (bptt_threads, args, nargout, R"(-*- texinfo -*-
@deftypefn  {} {@var{n} =} bptt_threads ()
@deftypefnx {} {} bptt_threads (@var{new})
@deftypefnx {} {@var{old} =} bptt_threads (@var{new})
How many threads to compute with where a call does not say.

The functions that run a network have the option @qcode{"threads"}, a whole
number from 1 to 1024.  @code{bptt_threads} returns its default, and sets it to
@var{new}.  It is 1 until it is set; the empty matrix, @code{clear all}
and @code{clear functions} make it 1 again.

At most as many threads are used as there is work for; more than one pay for
wide networks and for batches.  The results are the same to the last bit for
any number.

Threads are started when they are first needed and kept, asleep, for later
calls.

@example
@group
old = bptt_threads (2);
bptt_threads ()
     @result{} 2
bptt_threads (old);
@end group
@end example

@seealso{rnn_bptt, rnn_forward, bptt_info}
@end deftypefn)")
{
  if (args.length () > 1)
    print_usage ();
  const int old = default_threads;
  if (args.length () == 1)
    {
      check_threads (args(0));
      default_threads = (args(0).isempty () ? 1 : args(0).int_value ());
    }
  return (args.length () == 0 || nargout > 0 ? ovl (old) : ovl ());
}

/*
%!test
%! old = bptt_threads (3);
%! unwind_protect
%!   assert (bptt_threads (), 3);
%!   assert (bptt_threads (2), 3);
%!   bptt_threads (int8 (5));
%!   assert (bptt_threads ([]), 5);
%!   assert (bptt_threads (), 1);
%! unwind_protect_cleanup
%!   bptt_threads (old);
%! end_unwind_protect
%! assert (bptt_threads (), old);

%!test # an error changes nothing
%! old = bptt_threads ();
%! for wrong = {0, -1, 1.5, NaN, Inf, 1025, [1, 2], "two", {2}}
%!   try
%!     bptt_threads (wrong{1});
%!     error ("no error");
%!   catch err
%!   end_try_catch
%!   assert (err.identifier, "bptt:invalidInput");
%!   assert (strncmp (err.message, "`threads` is ", 13));
%!   assert (bptt_threads (), old);
%! endfor

%!error <.threads. is 0; expected one whole number from 1 to 1024> bptt_threads (0)
%!error <Invalid call> bptt_threads (1, 2)
*/
