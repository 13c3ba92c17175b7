## Threads do not change a bit.

%!function results = run (net, x, target, varargin)
%!  [results.y, results.state, results.h] = rnn_forward (net, x, varargin{:});
%!  [results.loss, results.grad, results.info] = rnn_bptt (net, x, target, varargin{:});
%!  [results.short, results.short_grad] = rnn_bptt (net, x, target, "truncate", [7, 12], ...
%!                                                  varargin{:});
%!endfunction

%!function compare (net, x, target, varargin)
%!  one = run (net, x, target, varargin{:}, "threads", 1);
%!  for threads = [2, 3]
%!    assert (run (net, x, target, varargin{:}, "threads", threads), one);
%!  endfor
%!endfunction

%!test # batches, in both precisions, whole and of unequal lengths
%! x = reshape (sin (1:3*7*150), 3, 7, 150);
%! target = reshape (cos (1:2*7*150), 2, 7, 150);
%! for cell = {"rnn", "gru", "lstm"}
%!   net = rnn_net (3, 64, 2, cell{1}, "seed", 1);
%!   compare (net, x, target);
%!   compare (net, single (x), target);
%!   compare (net, x, target, "lengths", [150, 149, 3, 1, 77, 150, 60]);
%! endfor

%!test # one sequence, whose units are shared out
%! x = reshape (sin (1:3*40), 3, 40);
%! for cell = {"rnn", "gru", "lstm"}
%!   net = rnn_net (3, 300, 1, cell{1}, "seed", 1);
%!   compare (net, x, cos (1:40));
%!   compare (net, single (x), cos (1:40));
%! endfor

%!test # the default is that of bptt_threads
%! net = rnn_net (3, 64, 1, "lstm", "seed", 1);
%! x = reshape (sin (1:3*7*150), 3, 7, 150);
%! target = reshape (cos (1:7*150), 1, 7, 150);
%! one = run (net, x, target);
%! f = rnn_objective (net, x, target);
%! old = bptt_threads (2);
%! unwind_protect
%!   assert (run (net, x, target), one);
%!   assert (run (net, x, target, "threads", []), one);
%!   assert (f (rnn_pack (net)), one.loss);
%! unwind_protect_cleanup
%!   bptt_threads (old);
%! end_unwind_protect

%!test # threads end with the file that started them, and come again
%! net = rnn_net (3, 64, 1, "lstm", "seed", 1);
%! x = reshape (sin (1:3*7*150), 3, 7, 150);
%! y = rnn_forward (net, x, "threads", 2);
%! clear -all;
%! net = rnn_net (3, 64, 1, "lstm", "seed", 1);
%! x = reshape (sin (1:3*7*150), 3, 7, 150);
%! assert (rnn_forward (net, x, "threads", 2), rnn_forward (net, x, "threads", 1));
