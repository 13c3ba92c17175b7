## rnn_gradcheck over cells, losses and truncations.

%!function [net, x, target] = problem (cell, option, loss)
%!  net = rnn_net (2, 3, 4, cell, option{:}, "seed", 21);
%!  x = reshape (sin (1:36), 2, 3, 6);
%!  if (strcmp (loss, "mse"))
%!    target = reshape (cos (1:72), 4, 3, 6);
%!  else
%!    target = reshape (mod ((1:18) .^ 2, 4) + 1, 3, 6);
%!  endif
%!  target(5) = NaN;
%!endfunction

%!test # all of them
%! models = {{"rnn", {"activation", "tanh"}}, {"rnn", {"activation", "sigmoid"}}, ...
%!           {"rnn", {"activation", "identity"}}, {"lstm", {}}, {"gru", {}}, ...
%!           {"gru", {"reset", "before"}}};
%! for m = models
%!   [cell, option] = m{1}{:};
%!   for loss = {"mse", "cross_entropy"}
%!     [net, x, target] = problem (cell, option, loss{1});
%!     for reduction = {"mean", "sum"}
%!       for truncate = {Inf, 1, 2, 4, [2, 3], [3, 5], [1, Inf]}
%!         max_error = rnn_gradcheck (net, x, target, "loss", loss{1}, ...
%!                                    "reduction", reduction{1}, ...
%!                                    "truncate", truncate{1}, ...
%!                                    "wrt", {"param", "x", "state"});
%!         assert (max_error < 1e-7);
%!       endfor
%!     endfor
%!   endfor
%! endfor

%!test # relu, away from its kink
%! [net, x, target] = problem ("rnn", {"activation", "relu"}, "mse");
%! net.param.b_h = [2; 3; -4];
%! assert (rnn_gradcheck (net, x, target) < 1e-7);

%!test # lengths, a state, a format
%! [net, x, target] = problem ("lstm", {}, "mse");
%! state = struct ("h", reshape (1:9, 3, 3) / 10, "c", reshape (9:-1:1, 3, 3) / 10);
%! max_error = rnn_gradcheck (net, permute (x, [3, 2, 1]), permute (target, [3, 2, 1]), ...
%!                            "lengths", [6, 1, 3], "state", state, "format", "TBC", ...
%!                            "wrt", {"param", "x", "state"});
%! assert (max_error < 1e-7);

%!test # a mistake in any parameter is found
%! for cell = {"rnn", "gru", "lstm"}
%!   [net, x, target] = problem (cell{1}, {}, "mse");
%!   [~, grad] = rnn_bptt (net, x, target);
%!   for name = fieldnames (grad)'
%!     wrong = grad;
%!     wrong.(name{1})(end) *= 1.01;
%!     [max_error, info] = rnn_gradcheck (net, x, target, "grad", wrong);
%!     [~, k] = max (info.error);
%!     assert (max_error > 1e-6);
%!     assert (info.name{k}, name{1});
%!     assert (info.index(k), numel (grad.(name{1})));
%!   endfor
%! endfor

%!test # full gradients are not those of a truncated loss
%! [net, x, target] = problem ("gru", {}, "mse");
%! [~, grad] = rnn_bptt (net, x, target);
%! assert (rnn_gradcheck (net, x, target, "truncate", 2, "grad", grad) > 1e-4);
