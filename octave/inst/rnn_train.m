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
## The rate of a step that begins after @math{e} epochs, with the part of this one
## that is done, of @math{E} is @code{learn_rate} times
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
  if (isempty (verbose))
    verbose = isguirunning () || __bptt_interactive__ ();
  elseif (! (isscalar (verbose) && (islogical (verbose) || isnumeric (verbose))
             && any (verbose == [0, 1])))
    error ("bptt:invalidInput", ...
           "`verbose` is of class %s and size %s; expected true or false", ...
           class (verbose), strjoin (cellstr (num2str (size (verbose)')), " x "));
  endif

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

function show_state (state, repeats)

  what = sprintf ("epoch %d/%d", state.epoch, state.epochs);
  if (! isempty (repeats) && repeats > 1)
    what = sprintf ("network %d/%d, %s", state.repeat, repeats, what);
  endif
  left = "";
  if (isfinite (state.time_left))
    left = sprintf (", %s left", duration_of (state.time_left));
  endif
  show_line ([what, left, numbers_of(state)]);

endfunction

function show_end (info)

  history = info.history;
  what = "";
  if (iscell (history))
    what = sprintf ("network %d, ", numel (history));
    history = history{end};
  endif
  last = structfun (@(column) column(end,:), history, "UniformOutput", false);
  stopped = cellstr (info.stopped){end};
  show_line (sprintf ("%sepoch %d (%s)%s", what, max ([0, last.epoch]), stopped, ...
                      numbers_of (last)));
  printf ("\n");

endfunction

## h:mm:ss
function text = duration_of (seconds)

  parts = fix ([seconds / 3600, mod(seconds / 60, 60), mod(seconds, 60)]);
  if (parts(1) > 0)
    text = sprintf ("%d:%02d:%02d", parts);
  else
    text = sprintf ("%d:%02d", parts(2:3));
  endif

endfunction

## Those that there are by now.
function text = numbers_of (state)

  text = "";
  between = ":";
  for what = {"loss", "validation_loss", "grad_norm", "clipped"; ...
              "loss %.3g", "valid %.3g", "gradient %.2g", "clipped %.0f%%"; ...
              1, 1, 1, 100}
    number = state.(what{1}) * what{3};
    if (! isempty (number) && ! isnan (number))
      text = sprintf (["%s%s ", what{2}], text, between, number);
      between = ",";
    endif
  endfor

endfunction

function show_line (text)

  width = terminal_size ()(2) - 1;
  printf ("\r%-*s", width, text(1:min (end, width)));
  fflush (stdout);

endfunction
