## What an analyst does around the functions: optimize, save and load, set seeds, stop.

%!test # fminunc and rnn_objective, with every cell
%! x = sin ((1:80) / 3);
%! for cell = {"rnn", "gru", "lstm"}
%!   net = rnn_net (1, 5, 1, cell{1}, "seed", 4);
%!   [f, theta0] = rnn_objective (net, x(1:79), x(2:80));
%!   [theta, loss] = fminunc (f, theta0, optimset ("GradObj", "on", "MaxIter", 40));
%!   assert (loss < f (theta0) / 20);
%!   net.param = rnn_unpack (theta, net);
%!   assert (rnn_bptt (net, x(1:79), x(2:80)), loss);
%! endfor

%!test # save and load, in every form that is exact
%! for cell = {"rnn", "gru", "lstm"}
%!   net = rnn_net (2, 3, 1, cell{1}, "seed", 2);
%!   for format = {"-text", "-binary", "-v7"}
%!     file = tempname ();
%!     unwind_protect
%!       save (format{1}, file, "net");
%!       loaded = load (file).net;
%!     unwind_protect_cleanup
%!       unlink (file);
%!     end_unwind_protect
%!     assert (loaded, net);
%!     x = reshape (sin (1:20), 2, 10);
%!     [loss, grad] = rnn_bptt (net, x, cos (1:10));
%!     [loss2, grad2] = rnn_bptt (loaded, x, cos (1:10));
%!     assert (loss2, loss);
%!     assert (grad2, grad);
%!   endfor
%! endfor

%!test # rand ("state", 1) decides the weights, and only when no seed is given
%! state = rand ("state");
%! unwind_protect
%!   rand ("state", 1);
%!   first = {rnn_net(1, 4, 1), rnn_net(1, 4, 1)};
%!   rand ("state", 1);
%!   again = {rnn_net(1, 4, 1), rnn_net(1, 4, 1)};
%!   rand ("state", 1);
%!   rnn_net (1, 4, 1, "seed", 5);
%!   after_seed = rnn_net (1, 4, 1);
%! unwind_protect_cleanup
%!   rand ("state", state);
%! end_unwind_protect
%! assert (first, again);
%! assert (! isequal (first{1}, first{2}));
%! assert (after_seed, first{1});

%!test # the same call gives the same bits
%! net = rnn_net (3, 20, 2, "lstm", "seed", 1);
%! x = reshape (sin (1:360), 3, 4, 30);
%! [loss, grad, info] = rnn_bptt (net, x, zeros (2, 4, 30));
%! rnn_forward (net, x(:,1:2,1:7));
%! [loss2, grad2, info2] = rnn_bptt (net, x, zeros (2, 4, 30));
%! assert ({loss2, grad2, info2}, {loss, grad, info});

%!test # an error names its argument, and leaves the next call alone
%! net = rnn_net (2, 3, 1, "seed", 1);
%! want = rnn_forward (net, ones (2, 4));
%! try
%!   rnn_forward (net, ones (3, 4));
%! catch err
%! end_try_catch
%! assert (err.identifier, "bptt:invalidInput");
%! assert (! isempty (strfind (err.message, "`x`")));
%! assert (isempty (strfind (err.message, "__bptt__")));
%! assert (rnn_forward (net, ones (2, 4)), want);

%!test # warnings can be made errors
%! warning ("error", "bptt:nonFinite", "local");
%! net = rnn_net (1, 1, 1, "activation", "identity");
%! net.param.W_hh = 1e200;
%! try
%!   rnn_forward (net, ones (1, 5));
%!   failed = false;
%! catch err
%!   failed = strcmp (err.identifier, "bptt:nonFinite");
%! end_try_catch
%! assert (failed);

## Values of every class and form reach the core, or are told apart.

%!test
%! net = rnn_net (2, 3, 1, "seed", 1);
%! what = {@sin, "`x` is a function handle"; {1, @sin}, "item 2 of `x` is a function handle"; ...
%!         sparse(1), "`x` is a sparse matrix"; 1i, "`x` is a complex number"; ...
%!         single(1i) * [1, 1], "`x` is a complex array"; containers.Map(), "`x` is an object"; ...
%!         {containers.Map()}, "item 1 of `x` is an object"; ...
%!         struct("a", {1, 2}), "`x` is a struct array"; "abc", "`x` is \"abc\""; ...
%!         repmat("a", [2, 2, 2]), "`x` is a character array"; ...
%!         {"a", "b"}, "`x` is a cell array of strings"; [], "`x` is empty (0 x 0)"; ...
%!         zeros(0, 3), "`x` is empty (0 x 3)"; {}, "`x` is an empty cell array"};
%! for k = 1:rows (what)
%!   try
%!     rnn_forward (net, what{k,1});
%!     error ("no error");
%!   catch err
%!   end_try_catch
%!   assert (err.identifier, "bptt:invalidInput");
%!   assert (! isempty (strfind (err.message, what{k,2})), "%s: %s", what{k,2}, err.message);
%! endfor

%!test # ranges, diagonal and permutation matrices are matrices
%! net = rnn_net (3, 3, 1, "seed", 1);
%! assert (rnn_forward (net, eye (3)), rnn_forward (net, full (eye (3))));
%! [~, ~, P] = lu (magic (3));
%! assert (rnn_forward (net, P), rnn_forward (net, full (P)));
%! assert (rnn_forward (net, {eye(3), P}), rnn_forward (net, {full(eye (3)), full(P)}));
