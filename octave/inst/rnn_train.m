## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {[@var{net}, @var{info}] =} rnn_train (@var{net}, @var{x}, @var{target})
## @deftypefnx {} {[@var{net}, @var{info}] =} rnn_train (@dots{}, @var{name}, @var{value}, @dots{})
## Train a recurrent network.
##
## @var{net} is a network as @code{rnn_net} makes it; its parameters are the
## first weights.  @var{x} are the sequences and @var{target} what the outputs
## should be, as in @code{rnn_bptt}.  The result is the trained network and what
## happened on the way.  Parameters that were single are so again.
##
## An @emph{epoch} goes through all sequences once, @code{batch_size} of them at a
## time, in an order that is drawn for every epoch anew; after each batch the
## weights take a step.  The same @code{seed} gives the same bits for any number
## of threads, in the R package too, and whether or not the training was
## interrupted and resumed.
##
## @var{info} is a struct with the fields
##
## @table @code
## @item history
## A struct of column vectors, a row for each epoch: @code{epoch}; @code{loss}, the
## mean over the epoch, during which the weights change; @code{validation_loss}
## after it, NaN where there is none; @code{learn_rate} of its last step;
## @code{grad_norm}, the mean norm of the gradient before any clipping;
## @code{clipped}, the share of the steps whose gradient was clipped;
## @code{seconds} since the training began.
##
## @item stopped
## Why it ended: @qcode{"epochs"}, @qcode{"patience"}, @qcode{"max_time"},
## @qcode{"callback"}, @qcode{"interrupt"}, @qcode{"diverged"}, or
## @qcode{"converged"} (of the optimizer lbfgs).
##
## @item best_epoch
## The epoch after which @var{net} had its weights.
##
## @item seed
## The seed, also where it was drawn.
##
## @item clip_norm
## The largest norm of a gradient, which @code{rnn_plot (@var{info})} shows.
## @end table
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @subsubheading Loss
##
## @table @asis
## @item @qcode{"loss"}, @qcode{"delta"}, @qcode{"levels"}, @qcode{"class_weights"}, @qcode{"weights"}, @qcode{"reduction"}, @qcode{"truncate"}, @qcode{"memory"}, @qcode{"lengths"}, @qcode{"format"}
## As in @code{rnn_bptt}, where @code{loss} is not a function.  The loss of a batch
## is the mean over its elements that count, and the loss of an epoch the mean over
## all of them.
## @end table
##
## @subsubheading Optimizer
##
## @table @asis
## @item @qcode{"optimizer"}
## @qcode{"adam"} (default), @qcode{"adamw"}, @qcode{"sgd"}, @qcode{"rmsprop"},
## @qcode{"adagrad"} or @qcode{"lbfgs"}; see below.
##
## @item @qcode{"learn_rate"}
## Length of the steps.  Default: 0.01, of lbfgs 1.
##
## @item @qcode{"momentum"}, @qcode{"nesterov"}
## Of sgd and rmsprop the share of the last step that is made again (default: 0);
## of sgd whether it looks ahead (default: false).
##
## @item @qcode{"beta1"}, @qcode{"beta2"}
## Of adam and adamw: the shares of the mean gradient and of the mean square that
## are kept.  Default: 0.9 and 0.999.
##
## @item @qcode{"alpha"}
## Of rmsprop: the share of the mean square that is kept.  Default: 0.99.
##
## @item @qcode{"epsilon"}
## What is added where a step is divided.  Default: 1e-8, of adagrad 1e-10.
##
## @item @qcode{"weight_decay"}
## Penalty on large weights.  Default: 0.
##
## @item @qcode{"lbfgs_pairs"}
## Of lbfgs: steps that it remembers.  Default: 10.
##
## @item @qcode{"clip_value"}, @qcode{"clip_norm"}
## Limits of the gradient's elements and then of its norm, as @code{rnn_clip}
## sets them.  Default: @code{Inf} and 1.  Not for lbfgs.
##
## @item @qcode{"noise"}
## Variance @math{v} of normal noise that is added to the clipped gradient: at step
## @math{t}, counted from 0, it is @math{v / (1 + t)^0.55} (Neelakantan et al.@:
## 2015).  Default: 0.
##
## @item @qcode{"average"}
## Whether to validate and return the exponential mean of the weights in place of
## the last ones (default: false).  After step @math{t}, counted from 1, the mean is
## @math{k} times itself plus @math{1 - k} times the weights, @math{k = min (0.999,
## (1 + t) / (10 + t))} (Polyak & Juditsky 1992).
##
## @item @qcode{"schedule"}
## How the learning rate changes over time: @qcode{"constant"} (default),
## @qcode{"step"}, @qcode{"cosine"}, @qcode{"one_cycle"} or @qcode{"plateau"}; see
## below.
##
## @item @qcode{"schedule_epochs"}, @qcode{"schedule_factor"}
## Of step and plateau: epochs before the rate drops, and what it is then multiplied
## by.  Default: 10 and 0.1.
##
## @item @qcode{"warmup"}
## Epochs, or a part of one, in which the rate rises from 0 at first: a step that
## ends after @math{e} of @math{w} epochs has @math{e / w} of it (Goyal et al.@:
## 2017).  Default: 0.
## @end table
##
## @subsubheading Data
##
## @table @asis
## @item @qcode{"batch_size"}
## Sequences, or windows, to a step.  Default: 32.  lbfgs takes all at once.
##
## @item @qcode{"shuffle"}
## Whether they come in another order in every epoch (default: true).  All in one
## batch stay as they are.
##
## @item @qcode{"window"}, @qcode{"stride"}
## Cut every sequence into windows of so many steps.  The last one ends where the
## sequence does, the others every @code{stride} (default: 1) steps before; the
## oldest steps that do not fill a window are left out.  A shorter sequence is one
## window.  Where the network has outputs at the last step alone, the target is
## given for every step, and that of each window's last one counts.
##
## @item @qcode{"stateful"}
## With true, the windows of a sequence follow each other from its first step on,
## and each begins with the state that the one before ended with: truncated
## backpropagation with a step of the optimizer after each window.  Not for
## bidirectional networks, nor for those with outputs at the last step alone.
## Default: false.
##
## @item @qcode{"validation"}
## Data to find the validation loss with after every epoch, without dropout; then
## the weights of the epoch with the lowest one are kept.  A share, say 0.2: the
## last part in time of each sequence.  The network runs through the whole sequence,
## and only the targets of that part count; of windows, those count that end in it.
## For a network with outputs at the last step alone, and no @code{window}, it is
## the last sequences.  Or a struct with the fields @code{x}, @code{target}, and, if
## need be, @code{weights} and @code{lengths}.  Default: none.
##
## @item @qcode{"validation_by"}
## @qcode{"time"} or @qcode{"sequence"}: which of both a share is.
## @end table
##
## @subsubheading When to stop
##
## @table @asis
## @item @qcode{"epochs"}
## At most so many.  Default: 100.
##
## @item @qcode{"patience"}
## Stop after so many epochs without a lower validation loss.  Default: @code{Inf}.
##
## @item @qcode{"max_time"}
## Stop after so many seconds.  Default: @code{Inf}.
##
## @item @qcode{"callback"}
## A function handle, called as @code{stop = f (state)} after every epoch;
## true stops the training, and it need not return anything.  @code{state} has the
## fields @code{repeat}, @code{epoch}, @code{epochs}, those of the history for this
## epoch, @code{time_left} in seconds, and @code{net}, the network as it is.
## @end table
##
## Ctrl-C ends the training, too: the network and the history are what there is by
## then, with the warning @code{bptt:interrupted}, and what follows the call goes
## on.  An error in @code{callback} ends it without a result.
##
## When a loss, a gradient or a step is not finite the training ends with the
## warning @code{bptt:nonFinite}, which says where; @var{net} has the last weights
## that are finite, or the best ones where there is validation.
##
## @subsubheading Checkpoints
##
## @table @asis
## @item @qcode{"checkpoint"}
## Name of a file that the state of the training is kept in.  It is written under
## another name and renamed, so that whenever the process is killed there is a whole
## one.  Default: none.
##
## @item @qcode{"checkpoint_every"}, @qcode{"checkpoint_minutes"}
## Write it after so many epochs (default: 1), and as soon as so many minutes have
## passed (default: @code{Inf}); at the start and at the end in any case.  If that
## fails later on, there is the warning @code{bptt:unsaved} at the end.
##
## @item @qcode{"resume"}
## Name of a checkpoint to go on from, to the same bits as without a break.  Data and
## options must be what they were, but for @code{epochs}, @code{patience},
## @code{max_time}, @code{checkpoint} and what belongs to it, @code{repeats},
## @code{threads}, @code{memory}, @code{callback} and @code{verbose}.  The seed is
## that of the file.
## @end table
##
## @subsubheading The rest
##
## @table @asis
## @item @qcode{"repeats"}
## Train so many networks: the first from the weights of @var{net}, the others from
## weights drawn with the seeds @code{seed + 1}, @code{seed + 2}, @dots{}  Then
## @var{net}, @code{history} and @code{stopped} are cells with an item for each, and
## @code{best_epoch} is a vector.  They are trained side by side on the
## @code{threads}, with a @code{callback} one after the other.  Checkpoints are
## @file{file}, @file{file.2}, @dots{}  Default: 1.
##
## @item @qcode{"init"}, @qcode{"recurrent_init"}, @qcode{"forget_bias"}, @qcode{"chrono"}
## How these weights are drawn, as in @code{rnn_net}.
##
## @item @qcode{"seed"}
## A whole number from 0 to 2^53 for all that is random: the order of the batches,
## dropout, noise, and those weights.  Default: drawn with @code{rand}, so that
## @code{rand ("state", 1)} decides.
##
## @item @qcode{"threads"}
## As in @code{rnn_forward}.
##
## @item @qcode{"verbose"}
## Whether to show a line that tells how far the training is, and that is
## overwritten at most ten times a second.  Default: true in an interactive session,
## false in a script that Octave was started with.
## @end table
##
## @subsubheading Optimizers
##
## With gradient @math{g}, learning rate @math{r} and weight decay @math{d}, the
## weight @math{w} becomes @math{w'} at step @math{t}, counted from 1.  All but adamw
## have @math{g + d w} in place of @math{g}.  What they keep is 0 at first.  The
## steps are those of PyTorch.
##
## @table @code
## @item sgd
## @math{b' = mu b + g}, @math{w' = w - r b'} with momentum @math{mu}; nesterov:
## @math{w' = w - r (g + mu b')} (Robbins & Monro 1951, Polyak 1964, Sutskever et
## al.@: 2013)
##
## @item adam
## @math{m' = beta1 m + (1 - beta1) g}, @math{v' = beta2 v + (1 - beta2) g^2},
## @math{w' = w - r (m' / (1 - beta1^t)) / (sqrt (v' / (1 - beta2^t)) + epsilon)}
## (Kingma & Ba 2015)
##
## @item adamw
## the same after @math{w := (1 - r d) w} (Loshchilov & Hutter 2019)
##
## @item rmsprop
## @math{v' = alpha v + (1 - alpha) g^2}, @math{b' = mu b + g / (sqrt (v') +
## epsilon)}, @math{w' = w - r b'} (Tieleman & Hinton 2012)
##
## @item adagrad
## @math{v' = v + g^2}, @math{w' = w - r g / (sqrt (v') + epsilon)} (Duchi, Hazan &
## Singer 2011)
##
## @item lbfgs
## an epoch is an iteration over all data, with a line search for the strong Wolfe
## conditions (Nocedal & Wright 2006, algorithms 7.5 and 3.5); the loss has @math{d
## / 2} times the sum of squares of the weights added to it
## @end table
##
## @subsubheading Schedules
##
## The rate of a step that begins after @math{e} of @math{E} epochs, a fraction within
## one, is @code{learn_rate} times
##
## @table @code
## @item step
## @math{factor^floor (e / schedule_epochs)}
##
## @item cosine
## @math{(1 + cos (pi e / E)) / 2} (Loshchilov & Hutter 2017)
##
## @item one_cycle
## with half a cosine from 1/25 to 1 over the first 0.3 of the epochs, then with
## half a cosine to 1/250000 (Smith & Topin 2018)
##
## @item plateau
## @math{factor^drops}: it drops after more than @code{schedule_epochs} epochs
## without a loss that is better by a ten thousandth, where there is validation a
## validation loss
## @end table
##
## Arguments that are wrong, a checkpoint that cannot be written at the start and a
## file that is none give the error @code{bptt:invalidInput}, what does not fit into
## memory @code{bptt:outOfMemory}.
##
## @example
## @group
## y = sin ((1:300) / 5) + 0.3 * sin ((1:300) / 2.3);
## net = rnn_net (1, 8, 1, "gru", "seed", 1);
## [net, info] = rnn_train (net, y(1:end-1), y(2:end), "epochs", 300, ...
##                          "validation", 0.2, "patience", 50, "seed", 1);
## min (info.history.validation_loss) < 0.01
##      @result{} 1
## rnn_plot (info)
## @end group
## @end example
##
## Other ways:
##
## @example
## @group
## rnn_train (net, y(1:end-1), y(2:end), "window", 30, "stride", 10);
## rnn_train (net, y(1:end-1), y(2:end), "window", 30, "stateful", true);
## rnn_train (net, y(1:end-1), y(2:end), "optimizer", "lbfgs", "epochs", 20);
## rnn_train (net, @{y(1:99), y(101:239)@}, @{y(2:100), y(102:240)@}, ...
##            "schedule", "one_cycle", "learn_rate", 0.05);
## rnn_train (net, y(1:end-1), y(2:end), ...
##            "callback", @@(state) state.loss < 0.1);
##
## file = tempname ();   # half of it today, the rest tomorrow
## rnn_train (net, y(1:end-1), y(2:end), "epochs", 50, "checkpoint", file);
## rnn_train (net, y(1:end-1), y(2:end), "epochs", 100, "resume", file);
## unlink (file);
## @end group
## @end example
##
## References:
##
## J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning
## and stochastic optimization", Journal of Machine Learning Research 12, 2011.
##
## P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour",
## arXiv:1706.02677, 2017.
##
## D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR, 2015.
##
## I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
## ICLR, 2017; "Decoupled weight decay regularization", ICLR, 2019.
##
## A. Neelakantan et al., "Adding gradient noise improves learning for very deep
## networks", arXiv:1511.06807, 2015.
##
## J. Nocedal, S. Wright, "Numerical optimization", 2nd edition, Springer, 2006.
##
## B. Polyak, "Some methods of speeding up the convergence of iteration methods",
## USSR Computational Mathematics and Mathematical Physics 4(5), 1964.
##
## B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging",
## SIAM Journal on Control and Optimization 30(4), 1992.
##
## H. Robbins, S. Monro, "A stochastic approximation method", Annals of Mathematical
## Statistics 22, 1951.
##
## L. Smith, N. Topin, "Super-convergence: very fast training of neural networks
## using large learning rates", arXiv:1708.07120, 2018.
##
## I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization
## and momentum in deep learning", ICML, 2013.
##
## T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", Coursera: Neural networks for
## machine learning, 2012.
##
## @seealso{rnn_net, rnn_bptt, rnn_plot, rnn_predict, rnn_objective}
## @end deftypefn

function [net, info] = rnn_train (net, x, varargin)

  if (nargin < 2)
    print_usage ();
  endif

  [options, verbose] = take_verbose (name_target (varargin));
  options = expand_names (options);
  if (isempty (option_value (options, "resume")))
    options = add_seed (options);
  endif
  repeats = option_value (options, "repeats");
  if (verbose)
    options(end+1:end+2) = {"progress", @(state) show_state(state, repeats)};
  endif

  first = net;
  [net, info] = __bptt__ ("rnn_train", "net", net, "x", x, options{:});
  net = as_first (net, first);
  info.clip_norm = clip_norm_of (options);
  if (verbose)
    show_end (info);
  endif

endfunction

## What the last pair of this name has; [] if there is none.
function value = option_value (options, name)

  at = 2 * find (strcmp (options(1:2:end), name), 1, "last");
  value = [];
  if (at <= numel (options))
    value = options{at};
  endif

endfunction

## The core does not know the option "verbose".
function [options, verbose] = take_verbose (options)

  verbose = option_value (options, "verbose");
  at = 2 * find (strcmp (options(1:2:end), "verbose")) - 1;
  if (any (at == numel (options)))
    error ("bptt:invalidInput", "the option `verbose` has no value");
  endif
  options([at, at + 1]) = [];
  verbose = is_verbose (verbose);

endfunction

## The core takes the names of files as they are.
function options = expand_names (options)

  for at = 2:2:numel (options)
    if (any (strcmp (options{at-1}, {"checkpoint", "resume"})) && ischar (options{at}))
      options{at} = tilde_expand (options{at});
    endif
  endfor

endfunction

## The core trains weights that are double; those that were single are so again.
function net = as_first (net, first)

  if (iscell (net))
    net = cellfun (@(one) as_first (one, first), net, "UniformOutput", false);
    return;
  endif
  for name = fieldnames (net.param)'
    net.param.(name{1}) = cast (net.param.(name{1}), class (first.param.(name{1})));
  endfor

endfunction

function clip_norm = clip_norm_of (options)

  clip_norm = option_value (options, "clip_norm");
  if (strcmp (option_value (options, "optimizer"), "lbfgs"))
    clip_norm = Inf;
  elseif (isempty (clip_norm))
    clip_norm = 1;
  endif

endfunction

## -------------------------------------------------------------------------------------
## The line that shows how far the training is.  It takes the place of the one before.

function show_end (info)

  history = info.history;
  what = "";
  if (iscell (history))
    what = sprintf ("network %d, ", numel (history));
    history = history{end};
  endif
  epochs = numel (history.epoch);
  last = "";
  if (epochs > 0)
    last = numbers_of (structfun (@(column) column(end), history, "UniformOutput", false));
  endif
  stopped = cellstr (info.stopped){end};
  show_line (sprintf ("%sepoch %d (%s)%s", what, epochs, stopped, last));
  printf ("\n");

endfunction

%!demo
%! ## The weights of the best epoch are kept.
%! y = sin ((1:300) / 5) + 0.3 * sin ((1:300) / 2.3);
%! net = rnn_net (1, 8, 1, "gru", "seed", 1);
%! [net, info] = rnn_train (net, y(1:end-1), y(2:end), "epochs", 300, ...
%!                          "validation", 0.2, "patience", 50, "seed", 1);
%! rnn_plot (info);

%!shared y, x, target, net, opts
%! y = sin ((1:61) / 5) + 0.3 * sin ((1:61) / 2.3);
%! x = y(1:60);
%! target = y(2:61);
%! net = rnn_net (1, 4, 1, "gru", "seed", 1);
%! opts = {"optimizer", "sgd", "learn_rate", 0.1, "clip_norm", Inf, "seed", 1};

## A step of plain gradient descent, and the loss before it.
%!function [net, loss] = step (net, rate, varargin)
%!  [loss, grad] = rnn_bptt (net, varargin{:});
%!  net.param = rnn_unpack (rnn_pack (net) - rate * rnn_pack (grad), net);
%!endfunction

%!function assert_close (net, want)
%!  assert (rnn_pack (net), rnn_pack (want), 1e-14);
%!endfunction

%!function info = without_seconds (info)
%!  info.history = rmfield (info.history, "seconds");
%!endfunction

%!test # the example of the help text
%! z = sin ((1:300) / 5) + 0.3 * sin ((1:300) / 2.3);
%! first = rnn_net (1, 8, 1, "gru", "seed", 1);
%! [fit, info] = rnn_train (first, z(1:end-1), z(2:end), "epochs", 300, ...
%!                          "validation", 0.2, "patience", 50, "seed", 1);
%! assert (min (info.history.validation_loss) < 0.01);
%! rnn_train (first, z(1:end-1), z(2:end), "window", 30, "stride", 10);
%! rnn_train (first, z(1:end-1), z(2:end), "window", 30, "stateful", true);
%! rnn_train (first, z(1:end-1), z(2:end), "optimizer", "lbfgs", "epochs", 20);
%! rnn_train (first, {z(1:99), z(101:239)}, {z(2:100), z(102:240)}, ...
%!            "schedule", "one_cycle", "learn_rate", 0.05);
%! rnn_train (first, z(1:end-1), z(2:end), ...
%!            "callback", @(state) state.loss < 0.1);
%! file = tempname ();
%! unwind_protect
%!   rnn_train (first, z(1:end-1), z(2:end), "epochs", 50, "checkpoint", file);
%!   rnn_train (first, z(1:end-1), z(2:end), "epochs", 100, "resume", file);
%! unwind_protect_cleanup
%!   unlink (file);
%! end_unwind_protect

%!test # what comes out
%! [fit, info] = rnn_train (net, x, target, "epochs", 7, "seed", 3);
%! assert (fieldnames (fit), fieldnames (net));
%! assert (rmfield (fit, "param"), rmfield (net, "param"));
%! assert (structfun (@(p) {size(p)}, fit.param), structfun (@(p) {size(p)}, net.param));
%! assert (fieldnames (info), {"history"; "stopped"; "best_epoch"; "seed"; "clip_norm"});
%! assert (fieldnames (info.history), {"epoch"; "loss"; "validation_loss"; "learn_rate"; ...
%!                                     "grad_norm"; "clipped"; "seconds"});
%! assert (structfun (@(column) size (column), info.history, "UniformOutput", false), ...
%!         structfun (@(column) [7, 1], info.history, "UniformOutput", false));
%! assert ({info.stopped, info.best_epoch, info.seed, info.clip_norm}, {"epochs", 7, 3, 1});
%! assert (info.history.epoch, (1:7)');
%! assert (isnan (info.history.validation_loss));
%! assert (diff (info.history.loss) < 0);
%! assert (diff (info.history.seconds) > 0);
%! [loss, ~, first] = rnn_bptt (net, x, target);
%! assert (info.history.loss(1), loss);
%! assert (info.history.grad_norm(1), first.grad_norm, 1e-14);

%!test # a step is what rnn_bptt says, whatever the loss and the data
%! deep = rnn_net (2, [3, 4], 3, "lstm", "bidirectional", true, "seed", 1);
%! many = rnn_net (2, 4, 3, "gru", "output_mode", "last", "seed", 1);
%! u = reshape (sin (1:2*5*9), 2, 5, 9);
%! v = reshape (cos (1:3*5*9), 3, 5, 9);
%! classes = 1 + mod (reshape (1:45, 5, 9), 3);
%! series = {u(:,:,1), u(:,1:3,2)};
%! calls = {deep, u, v, {"loss", "huber", "delta", 0.1}; ...
%!          deep, u, v, {"weights", reshape(mod (1:45, 4), 5, 9), "lengths", [9, 1, 4, 9, 2]}; ...
%!          deep, u, classes, {"loss", "cross_entropy", "class_weights", [1, 2, 0.5]}; ...
%!          deep, u, v(1,:,:), {"loss", "quantile"}; ...
%!          deep, u, v, {"reduction", "sum", "truncate", 3}; ...
%!          deep, series, {v(:,:,1), v(:,1:3,2)}, {"weights", {ones(1, 5), 2 * ones(1, 3)}}; ...
%!          many, u, v(:,:,1), {"weights", 1:5}; ...
%!          many, series, v(:,1:2,1), {}; ...
%!          many, u, classes(:,1), {"loss", "cross_entropy"}; ...
%!          deep, permute(u, [2, 3, 1]), permute(v, [2, 3, 1]), {"format", "BTC"}};
%! for call = calls'
%!   [first, a, b, more] = call{:};
%!   [fit, info] = rnn_train (first, a, b, more{:}, "epochs", 2, opts{:});
%!   [want, loss] = step (first, 0.1, a, b, more{:});
%!   [want, loss(2,1)] = step (want, 0.1, a, b, more{:});
%!   assert (info.history.loss, loss, -1e-14);
%!   assert_close (fit, want);
%! endfor

%!test # a missing target does not count, nor does a batch without any
%! gaps = target;
%! gaps([1:20, 33]) = NaN;
%! [fit, info] = rnn_train (net, x, gaps, "epochs", 1, opts{:});
%! assert_close (fit, step (net, 0.1, x, gaps));
%! [fit, info] = rnn_train (net, {x(1:20), x}, {gaps(1:20), gaps}, "epochs", 1, ...
%!                          "batch_size", 1, opts{:});
%! assert_close (fit, step (net, 0.1, x, gaps));

%!test # windows are those that one would cut by hand
%! ends = 60:-7:9;
%! last = fliplr (ends);
%! u = v = zeros (1, numel (last), 9);
%! for k = 1:numel (last)
%!   u(1,k,:) = x(last(k) + (-8:0));
%!   v(1,k,:) = target(last(k) + (-8:0));
%! endfor
%! more = {"epochs", 4, "batch_size", 3, "seed", 5};
%! [fit, info] = rnn_train (net, x, target, "window", 9, "stride", 7, more{:});
%! [want, hand] = rnn_train (net, u, v, more{:});
%! assert (fit, want);
%! assert (without_seconds (info), without_seconds (hand));
%! ## Of outputs at the last step those of each window.
%! last_net = rnn_net (1, 4, 1, "lstm", "output_mode", "last", "seed", 1);
%! fit = rnn_train (last_net, x, target, "window", 9, "stride", 7, more{:});
%! assert (fit, rnn_train (last_net, u, v(:,:,9), more{:}));

%!test # a sequence that is shorter than a window is one
%! fit = rnn_train (net, {x(1:12), x(20:24)}, {target(1:12), target(20:24)}, ...
%!                  "window", 6, "stride", 6, "epochs", 3, "seed", 2);
%! want = rnn_train (net, {x(1:6), x(7:12), x(20:24)}, ...
%!                   {target(1:6), target(7:12), target(20:24)}, "epochs", 3, "seed", 2);
%! assert (fit, want);

%!test # stateful: a hand loop
%! u = reshape (sin (1:22), 1, 2, 11);
%! v = reshape (cos (1:22), 1, 2, 11);
%! for cell = {"rnn", "gru", "lstm"}
%!   want = first = rnn_net (1, 3, 1, cell{1}, "seed", 2);
%!   [fit, info] = rnn_train (first, u, v, "window", 4, "stateful", true, "epochs", 2, ...
%!                            "lengths", [11, 7], opts{:});
%!   for epoch = 1:2
%!     state = [];
%!     for from = 1:4:11
%!       at = from:min (from + 3, 11);
%!       lengths = min ([11, 7] - from + 1, numel (at));
%!       on = find (lengths > 0);
%!       if (isstruct (state))
%!         state = structfun (@(s) s(:,on), state, "UniformOutput", false);
%!       endif
%!       args = {u(:,on,at), v(:,on,at), "lengths", lengths(on), "state", state};
%!       [~, state] = rnn_forward (want, u(:,on,at), args{3:end});
%!       want = step (want, 0.1, args{:});
%!     endfor
%!   endfor
%!   assert_close (fit, want);
%! endfor

%!test # validation: the last part in time, after a run through all of it
%! [fit, info] = rnn_train (net, x, target, "validation", 0.25, "epochs", 3, opts{:});
%! want = net;
%! masked = target;
%! masked(1:45) = NaN;
%! for epoch = 1:3
%!   [want, loss] = step (want, 0.1, x(1:45), target(1:45));
%!   assert (info.history.loss(epoch), loss, 1e-14);
%!   assert (info.history.validation_loss(epoch), rnn_bptt (want, x, masked), 1e-14);
%! endfor
%! assert_close (fit, want);

%!test # validation: windows count that end in it
%! [~, info] = rnn_train (net, x, target, "validation", 0.25, "window", 10, "stride", 4, ...
%!                        "epochs", 1, opts{:});
%! want = rnn_train (net, x(1:45), target(1:45), "window", 10, "stride", 4, "epochs", 1, ...
%!                   opts{:});
%! u = v = {};
%! for last = 48:4:60
%!   u{end+1} = x(last + (-9:0));
%!   v{end+1} = target(last + (-9:0));
%!   v{end}(last + (-9:0) <= 45) = NaN;
%! endfor
%! assert (info.history.validation_loss, rnn_bptt (want, u, v), 1e-14);

%!test # validation: the last sequences, and data
%! u = reshape (sin (1:70), 1, 10, 7);
%! v = cos (1:10);
%! last_net = rnn_net (1, 4, 1, "lstm", "output_mode", "last", "seed", 1);
%! [fit, info] = rnn_train (last_net, u, v, "validation", 0.3, "epochs", 4, "seed", 1);
%! held = struct ("x", u(:,8:10,:), "target", v(8:10));
%! [want, hand] = rnn_train (last_net, u(:,1:7,:), v(1:7), "validation", held, ...
%!                           "epochs", 4, "seed", 1);
%! assert (fit, want);
%! assert (without_seconds (info), without_seconds (hand));
%! assert (info.history.validation_loss(end), rnn_bptt (fit, held.x, held.target), 1e-14);
%! w = reshape (cos (1:70), 10, 7);
%! [~, info] = rnn_train (net, u, w, "validation", 0.3, "validation_by", "sequence", ...
%!                        "epochs", 1, opts{:});
%! want = step (net, 0.1, u(:,1:7,:), w(1:7,:));
%! assert (info.history.validation_loss, rnn_bptt (want, u(:,8:10,:), w(8:10,:)), 1e-14);
%! series = struct ("x", {{x(1:9), x(20:40)}}, "target", {{target(1:9), target(20:40)}}, ...
%!                  "weights", {{ones(1, 9), 2 * ones(1, 21)}});
%! [~, info] = rnn_train (net, x, target, "validation", series, "epochs", 1, opts{:});
%! want = step (net, 0.1, x, target);
%! assert (info.history.validation_loss, ...
%!         rnn_bptt (want, series.x, series.target, "weights", series.weights), 1e-14);

%!test # patience stops, and the best weights are kept
%! kept = {};
%! [fit, info] = rnn_train (net, x, target, "validation", 0.3, "patience", 4, ...
%!                          "learn_rate", 0.3, "epochs", 1000, "seed", 1);
%! h = info.history;
%! assert (info.stopped, "patience");
%! [best, at] = min (h.validation_loss);
%! assert (info.best_epoch, at);
%! assert (numel (h.epoch), at + 4);
%! masked = target;
%! masked(1:42) = NaN;
%! assert (rnn_bptt (fit, x, masked), best, 1e-14);

%!function keep (state)
%!  assignin ("base", "rnn_train_states", [evalin("base", "rnn_train_states"), {state}]);
%!endfunction

%!test # a callback is shown every epoch
%! assignin ("base", "rnn_train_states", {});
%! unwind_protect
%!   [fit, info] = rnn_train (net, x, target, "epochs", 3, "validation", 0.2, ...
%!                            "callback", @keep, "seed", 1);
%!   states = evalin ("base", "rnn_train_states");
%! unwind_protect_cleanup
%!   evalin ("base", "clear rnn_train_states");
%! end_unwind_protect
%! states = [states{:}];
%! assert (fieldnames (states), {"repeat"; "epoch"; "epochs"; "loss"; "validation_loss"; ...
%!                               "learn_rate"; "grad_norm"; "clipped"; "seconds"; ...
%!                               "time_left"; "net"});
%! for name = {"epoch", "loss", "validation_loss", "learn_rate", "grad_norm", "clipped"}
%!   assert ([states.(name{1})]', info.history.(name{1}));
%! endfor
%! assert ({[states.repeat], [states.epochs]}, {[1, 1, 1], [3, 3, 3]});
%! assert (states(3).net, fit);
%! assert (rnn_bptt (states(1).net, x(1:48), target(1:48)), info.history.loss(2), 1e-14);
%! assert (states(3).time_left, 0);

%!test # a callback stops, by true or 1 and by nothing else
%! for stop = {@(s) s.epoch == 3, @(s) double(s.epoch == 3)}
%!   [~, info] = rnn_train (net, x, target, "epochs", 9, "callback", stop{1});
%!   assert (info.stopped, "callback");
%!   assert (info.history.epoch, (1:3)');
%! endfor
%! for go_on = {@(s) false, @(s) [], @(s) "1", @(s) [true, true], @(s) {true}, @(s) NaN, ...
%!              @(s) isempty([])(zeros (1, 0)), @(s) struct()}
%!   [~, info] = rnn_train (net, x, target, "epochs", 2, "callback", go_on{1});
%!   assert (info.stopped, "epochs");
%! endfor

%!test # an error in a callback comes through, and the next call is as ever
%! [~, want] = rnn_train (net, x, target, "epochs", 2, "seed", 1);
%! try
%!   rnn_train (net, x, target, "callback", @(s) error ("mine:id", "epoch %d", s.epoch));
%! catch err
%! end_try_catch
%! assert ({err.identifier, err.message}, {"mine:id", "epoch 1"});
%! [~, info] = rnn_train (net, x, target, "epochs", 2, "seed", 1);
%! assert (without_seconds (info), without_seconds (want));

%!test # a callback may train
%! inner = @(s) rnn_train (s.net, x, target, "epochs", 1, "callback", @(s) false).output == 2;
%! [fit, info] = rnn_train (net, x, target, "epochs", 3, "callback", inner, "seed", 1);
%! assert (fit, rnn_train (net, x, target, "epochs", 3, "seed", 1));

%!test # what diverges keeps finite weights, and says so
%! wild = rnn_net (1, 3, 1, "activation", "identity", "seed", 1);
%! args = {wild, x, target, "optimizer", "sgd", "learn_rate", 1e3, "clip_norm", Inf, ...
%!         "seed", 1};
%! warning ("error", "bptt:nonFinite", "local");
%! fail ("rnn_train (args{:})", "training stopped in epoch");
%! warning ("off", "bptt:nonFinite", "local");
%! [fit, info] = rnn_train (args{:});
%! assert (info.stopped, "diverged");
%! assert (isfinite (rnn_pack (fit)));
%! assert (isfinite (info.history.loss));
%! [fit, info] = rnn_train (args{:}, "validation", 0.2);
%! assert (isfinite (rnn_pack (fit)));
%! many = rnn_train (args{:}, "repeats", 3);
%! assert (cellfun (@(one) all (isfinite (rnn_pack (one))), many));

%!test # resumed to the same bits
%! deep = rnn_net (1, [3, 4], 1, "lstm", "dropout", 0.3, "seed", 2);
%! args = {deep, x, target, "window", 8, "batch_size", 7, "noise", 0.01, "average", true, ...
%!         "validation", 0.2, "schedule", "plateau", "schedule_epochs", 1};
%! for optimizer = {{"adam"}, {"rmsprop", "momentum", 0.5}, {"adagrad"}, ...
%!                  {"sgd", "momentum", 0.5, "nesterov", true}, {"adamw", "weight_decay", 0.1}}
%!   more = [args, {"optimizer"}, optimizer{1}];
%!   [want, whole] = rnn_train (more{:}, "epochs", 6, "seed", 3);
%!   file = tempname ();
%!   unwind_protect
%!     rnn_train (more{:}, "epochs", 2, "seed", 3, "checkpoint", file);
%!     [~, half] = rnn_train (more{:}, "epochs", 4, "resume", file, "checkpoint", file);
%!     [fit, info] = rnn_train (more{:}, "epochs", 6, "resume", file);
%!     fail ('rnn_train (more{:}, "epochs", 3, "resume", file)', "`epochs` is 3");
%!     fail ('rnn_train (more{:}, "epochs", 9, "resume", file, "beta1", .5)', "`beta1`");
%!     fail ('rnn_train (more{:}, "epochs", 9, "resume", file, "seed", 4)', "`seed`");
%!   unwind_protect_cleanup
%!     unlink (file);
%!   end_unwind_protect
%!   assert (fit, want);
%!   assert (without_seconds (info), without_seconds (whole));
%!   assert (info.seed, 3);
%!   assert (half.history.loss, whole.history.loss(1:4));
%! endfor

%!test # lbfgs and stateful training, too; and after a callback's error
%! file = tempname ();
%! for more = {{"optimizer", "lbfgs", "weight_decay", 1e-3}, {"window", 7, "stateful", true}}
%!   args = [{net, x, target, "seed", 1}, more{1}];
%!   [want, whole] = rnn_train (args{:}, "epochs", 8);
%!   unwind_protect
%!     stop = @(s) assert (s.epoch < 3);
%!     fail ('rnn_train (args{:}, "epochs", 8, "checkpoint", file, "callback", stop)', "failed");
%!     [fit, info] = rnn_train (args{:}, "epochs", 8, "resume", file);
%!   unwind_protect_cleanup
%!     unlink (file);
%!   end_unwind_protect
%!   assert (fit, want);
%!   assert (without_seconds (info), without_seconds (whole));
%! endfor

%!test # names of files
%! home = getenv ("HOME");
%! folder = tempname ();
%! mkdir (folder);
%! unwind_protect
%!   setenv ("HOME", folder);
%!   rnn_train (net, x, target, "epochs", 1, "repeats", 2, "checkpoint", "~/a b", "seed", 1);
%!   assert ({dir(folder).name}, {".", "..", "a b", "a b.2"});
%!   [~, info] = rnn_train (net, x, target, "epochs", 2, "repeats", 2, "resume", "~/a b");
%!   [~, want] = rnn_train (net, x, target, "epochs", 2, "repeats", 2, "seed", 1);
%!   assert (info.history{2}.loss, want.history{2}.loss);
%!   fail ('rnn_train (net, x, target, "resume", "~/none")', "none");
%!   fail ('rnn_train (net, x, target, "checkpoint", "~/no/such/folder")', ...
%!         "which cannot be written");
%! unwind_protect_cleanup
%!   setenv ("HOME", home);
%!   confirm_recursive_rmdir (false, "local");
%!   rmdir (folder, "s");
%! end_unwind_protect

%!test # several networks are separate trainings
%! args = {x, target, "window", 20, "epochs", 3, "validation", 0.2, "batch_size", 4};
%! [nets, info] = rnn_train (net, args{:}, "repeats", 3, "init", "he", "seed", 7);
%! assert ({size(nets), size(info.history), size(info.stopped), size(info.best_epoch)}, ...
%!         {[1, 3], [1, 3], [3, 1], [3, 1]});
%! assert (info.seed, 7);
%! for k = 1:3
%!   first = net;
%!   if (k > 1)
%!     first = rnn_net (1, 4, 1, "gru", "init", "he", "seed", 6 + k);
%!   endif
%!   [want, alone] = rnn_train (first, args{:}, "seed", 6 + k);
%!   assert (nets{k}, want);
%!   assert (info.history{k}.validation_loss, alone.history.validation_loss);
%!   assert ({info.stopped{k}, info.best_epoch(k)}, {alone.stopped, alone.best_epoch});
%! endfor
%! assert (rnn_train (net, args{:}, "repeats", 3, "init", "he", "seed", 7, "threads", 2), nets);
%! ## With a callback one after the other; it ends the one that it is called for.
%! [nets, info] = rnn_train (net, args{:}, "repeats", 3, "seed", 7, ...
%!                           "callback", @(s) s.repeat == 2);
%! assert (cellfun (@(h) numel (h.epoch), info.history), [3, 1, 3]);

%!test # by default samples are shuffled; all in one batch they are not
%! args = {net, x, target, "window", 20, "stride", 4, "epochs", 2, "seed", 1, "batch_size"};
%! assert (rnn_train (args{:}, 3), rnn_train (args{:}, 3, "shuffle", true));
%! assert (! isequal (rnn_train (args{:}, 3), rnn_train (args{:}, 3, "shuffle", false)));
%! assert (rnn_train (args{:}, 99), rnn_train (args{:}, 99, "shuffle", false));

%!test # the same seed gives the same bits; rand ("state", 1) decides where there is none
%! deep = rnn_net (1, [9, 8], 1, "lstm", "dropout", 0.3, "seed", 2);
%! args = {deep, x, target, "window", 10, "epochs", 2, "batch_size", 5, "noise", 0.1};
%! fit = rnn_train (args{:}, "seed", 4);
%! assert (rnn_train (args{:}, "seed", 4), fit);
%! assert (rnn_train (args{:}, "seed", 4, "threads", 2), fit);
%! assert (rnn_train (args{:}, "seed", 4, "memory", "recompute"), fit);
%! assert (! isequal (rnn_train (args{:}, "seed", 5), fit));
%! state = rand ("state");
%! unwind_protect
%!   rand ("state", 1);
%!   [fit, info] = rnn_train (args{:});
%!   rand ("state", 1);
%!   [again, info_again] = rnn_train (args{:}, "seed", []);
%! unwind_protect_cleanup
%!   rand ("state", state);
%! end_unwind_protect
%! assert (again, fit);
%! assert (info_again.seed, info.seed);
%! assert (rnn_train (args{:}, "seed", info.seed), fit);
%! assert (! isequal (rnn_train (args{:}), fit));

%!test # a cell of series is what an array with lengths is
%! u = reshape (sin (1:20), 1, 2, 10);
%! v = reshape (cos (1:20), 1, 2, 10);
%! cells = {u(1,1,:)(:)', u(1,2,1:6)(:)'};
%! targets = {v(1,1,:)(:)', v(1,2,1:6)(:)'};
%! more = {"epochs", 3, "batch_size", 1, "window", 4, "stride", 2, "seed", 1};
%! assert (rnn_train (net, cells, targets, more{:}), ...
%!         rnn_train (net, u, v, "lengths", [10, 6], more{:}));

%!test # single data are trained with in single; the weights keep their class
%! [fit, info] = rnn_train (net, single (x), target, "epochs", 1, opts{:});
%! assert (class (fit.param.W_hh), "double");
%! [loss, grad] = rnn_bptt (net, single (x), target);
%! assert (info.history.loss, double (loss), 1e-7);
%! assert (rnn_pack (fit), ...
%!         double (single (rnn_pack (net))) - 0.1 * double (rnn_pack (grad)), 1e-16);
%! many = rnn_train (net, single (x), target, "epochs", 3, "repeats", 2, "seed", 1);
%! assert (many{2}, rnn_train (rnn_net (1, 4, 1, "gru", "seed", 2), single (x), target, ...
%!                             "epochs", 3, "seed", 2));
%! small = net;
%! small.param = structfun (@single, net.param, "UniformOutput", false);
%! fit = rnn_train (small, x, target, "epochs", 2, "repeats", 2, "seed", 1);
%! assert (structfun (@class, fit{1}.param, "UniformOutput", false), ...
%!         structfun (@(p) "single", net.param, "UniformOutput", false));
%! assert (class (fit{2}.param.b_y), "single");

%!test # the learning rate over time
%! n = (0:19)';
%! rates = {{"constant"}, ones(20, 1); ...
%!          {"step", "schedule_epochs", 6, "schedule_factor", .5}, .5 .^ floor(n / 6); ...
%!          {"cosine"}, (1 + cos (pi * n / 20)) / 2; ...
%!          {"one_cycle"}, [1 - .96 * (1 + cos(pi * n(1:6) / 6)) / 2; ...
%!                          4e-6 + (1 - 4e-6) * (1 + cos(pi * (n(7:20) - 6) / 14)) / 2]; ...
%!          {"constant", "warmup", 4}, min(1, (n + 1) / 4)};
%! for rate = rates'
%!   [~, info] = rnn_train (net, x, target, "epochs", 20, "schedule", rate{1}{:}, ...
%!                          "learn_rate", 0.02);
%!   assert (info.history.learn_rate, 0.02 * rate{2}, 1e-15);
%! endfor
%! ## Within an epoch: it is that of the last of its four steps.
%! [~, info] = rnn_train (net, x, target, "window", 15, "stride", 15, "batch_size", 1, ...
%!                        "epochs", 5, "schedule", "cosine", "learn_rate", 2);
%! assert (info.history.learn_rate, 1 + cos (pi * ((0:4)' + 0.75) / 5), 1e-14);
%! ## Nothing is learnt from zeros: the loss of the first epoch stays the best.
%! still = rnn_net (1, 4, 1, "seed", 1);
%! still.param = structfun (@(p) 0 * p, still.param, "UniformOutput", false);
%! [~, info] = rnn_train (still, x, 0 * x, "epochs", 9, "schedule", "plateau", ...
%!                        "schedule_epochs", 2, "schedule_factor", 0.5);
%! assert (info.history.learn_rate, 0.01 * 0.5 .^ [0 0 0 0 1 1 1 2 2]', 1e-15);

%!test # the mean of the weights
%! weights = rnn_pack (net);
%! mean_weights = weights;
%! for t = 1:5
%!   weights = rnn_pack (rnn_train (net, x, target, "epochs", t, "seed", 1));
%!   kept = (1 + t) / (10 + t);
%!   mean_weights = kept * mean_weights + (1 - kept) * weights;
%! endfor
%! fit = rnn_train (net, x, target, "epochs", 5, "average", true, "seed", 1);
%! assert (rnn_pack (fit), mean_weights, 1e-14);

%!test # noise: its variance
%! still = rnn_net (1, 60, 1, "seed", 1);
%! still.param = structfun (@(p) 0 * p, still.param, "UniformOutput", false);
%! fit = rnn_train (still, x, 0 * x, "epochs", 1, "noise", 4, opts{:});
%! g = rnn_pack (fit) / 0.1;
%! assert (mean (g .^ 2), 4, 0.3);
%! assert (mean (g), 0, 0.15);

%!test # lbfgs converges where there is a minimum to be had
%! linear = rnn_net (1, 1, 1, "activation", "identity", "seed", 1);
%! [fit, info] = rnn_train (linear, x, 0.5 * x + 0.1, "optimizer", "lbfgs", "epochs", 500);
%! assert (info.stopped, "converged");
%! assert (info.history.loss(end) < 1e-6);

%!test # no time
%! [fit, info] = rnn_train (net, x, target, "max_time", 0);
%! assert (info.stopped, "max_time");
%! assert (fit, net);
%! assert (size (info.history.loss), [0, 1]);
%! assert (info.best_epoch, 0);
%! tic;
%! [~, info] = rnn_train (net, x, target, "max_time", 0.2, "epochs", 1e6);
%! assert (info.stopped, "max_time");
%! assert (toc < 3);

%!test # the line that shows how far it is
%! assert (evalc ('rnn_train (net, x, target, "epochs", 3, "verbose", false);'), "");
%! text = evalc ('rnn_train (net, x, target, "epochs", 3, "verbose", true);');
%! assert (regexp (text, ['^\repoch 3 \(epochs\): loss \S+, gradient \S+, clipped \d+%'...
%!                        ' *\n$']), 1);
%! text = evalc (['rnn_train (net, x, target, "epochs", 1e6, "max_time", 0.5, ', ...
%!                '"validation", 0.1, "repeats", 2, "verbose", 1);']);
%! lines = strsplit (text, "\r");
%! assert (numel (lines) > 3);
%! assert (regexp (lines{3}, ['^network 1/2, epoch \d+/1000000, 0:00 left: loss \S+, ', ...
%!                            'valid \S+']), 1);
%! assert (regexp (lines{end}, '^network 2, epoch \d+ \(max_time\): loss .*\n$'), 1);
%! assert (all (cellfun (@numel, lines(2:end-1)) == terminal_size ()(2) - 1));
%! assert (evalc ('rnn_train (net, x, target, "max_time", 0, "verbose", true);')(1:20), ...
%!         "\repoch 0 (max_time) ");

%!test # what is wrong is named, and without a line of progress
%! bad = {{"optimizer", "adan"}, '`optimizer` is "adan"'; ...
%!        {"epochs", 0}, "`epochs` is 0"; {"epochs"}, "the option `epochs` has no value"; ...
%!        {"verbose"}, "the option `verbose` has no value"; ...
%!        {"verbose", 2}, "`verbose` is of class double and size 1 x 1; expected true or false"; ...
%!        {"verbose", "yes"}, "`verbose` is of class char and size 1 x 3"; ...
%!        {"patience", 3}, "`patience` is 3; expected Inf without `validation`"; ...
%!        {"validation", 1}, "`validation` is 1"; {"validation", struct()}, "`validation` has no `x`"; ...
%!        {"validation", struct("x", 1, "y", 2)}, "`validation` has an item `y`"; ...
%!        {"callback", "disp"}, "`callback` is \"disp\"; expected a function"; ...
%!        {"checkpoint", 3}, "`checkpoint` is 3; expected the name of a file"; ...
%!        {"resume", {}}, "`resume` is a cell array"; ...
%!        {"stride", 2}, "`stride`"; {"stateful", true}, "`window` is missing"; ...
%!        {"window", 0}, "`window` is 0"; {"loss", @(y, t) deal (0, y)}, ...
%!        "`loss` is a function handle"; {"nesterov", true}, "`nesterov`"; ...
%!        {"momentum", 0.9}, "`momentum` is 0.9"; {"precision", "single"}, "precision"; ...
%!        {"optimizer", "lbfgs", "noise", 1}, "`noise` is 1"; {"no_such", 1}, "no_such"};
%! for k = 1:rows (bad)
%!   said = "";
%!   text = evalc ('try, rnn_train (net, x, target, bad{k,1}{:}); catch err, said = err; end');
%!   assert (said.identifier, "bptt:invalidInput");
%!   assert (! isempty (strfind (said.message, bad{k,2})), "%s: %s", bad{k,2}, said.message);
%!   assert (text, "");
%! endfor

%!error <Invalid call> rnn_train (net)
%!error <.target. is missing; rnn_train needs it$> rnn_train (net, x)
%!error id=bptt:invalidInput rnn_train (1, x, target)
%!error id=bptt:invalidInput rnn_train (net, x, target(1:9))
