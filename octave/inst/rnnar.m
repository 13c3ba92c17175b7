## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{m} =} rnnar (@var{y})
## @deftypefnx {} {@var{m} =} rnnar (@var{y}, @var{name}, @var{value}, @dots{})
## Fit a forecasting model of time series.
##
## Recurrent networks learn to forecast a time series, or many at once;
## @code{rnn_forecast} gives their forecasts with intervals.
##
## @var{y} is a vector, one series; a matrix, with a series in each column; or a
## cell array of vectors, series of unequal length.  Many series are learnt by the
## same networks; where they have more than a million values in all, the last of each
## are taken, with the warning @code{bptt:longSeries}.  NaN is a missing value: for the inputs it is filled in, by
## interpolation of what is left without the seasons, and it does not count as a
## target.
##
## Each step of a series is shown to the networks as a window: the last values,
## measured from the present one in units of the mean absolute change @math{v}, with
## @math{log (v)} and whether the value is missing.  The target is the next
## @code{horizon} values, measured in the same way, all at once (Hewamalage,
## Bergmeir & Bandara 2021).
##
## Of @code{repeats} networks each leaves out a fifth of the targets: of the series
## where there are ten or more, else of the time.  What a network says of targets it
## has not seen gives the errors that intervals are made from.  The forecast is the
## mean of all.
##
## The same @code{seed} gives the same bits as @code{rnnar} of the R package.
##
## @var{m} is a struct of plain data, which @code{save} and @code{load} keep; but not
## with @code{-hdf5}, which sorts fields, and the order of parameters counts.  Among its
## fields are
##
## @table @code
## @item fitted
## A cell array with a column vector for each series: forecasts, one step ahead, of
## the steps 2 to the last.  The residuals of one series are
## @code{@var{y}(2:end) - @var{m}.fitted@{1@}} where @var{y} is a column vector.
##
## @item networks
## The trained networks: @code{@var{m}.networks@{v@}@{k@}} is network @var{k} of the kind
## @var{v}; see @code{season}.
##
## @item history
## What @code{rnn_train} tells of their training, @code{@var{m}.history@{v@}@{k@}}.
##
## @item errors
## What intervals are made from: @code{pool}, with a column of @code{horizon} errors
## for each step forecast from, and @code{ratio}, the size of each series' errors.  Of
## a model of distributions there are none.
##
## @item seed
## The seed, also where it was drawn.
## @end table
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @subsubheading Data
##
## @table @asis
## @item @qcode{"period"}
## Steps of a season, say 12, or a vector of several periods.  Default: 1, none.
##
## @item @qcode{"season"}
## What is done about seasons.  @qcode{"stl"} takes them out (Cleveland et al.@:
## 1990; of several periods in turn); @qcode{"difference"} forecasts the difference to
## the same season of the last period; @qcode{"fourier"} has sines and cosines of the
## season among the inputs; @qcode{"none"} does nothing.  @qcode{"auto"} (default) trains
## three kinds of networks and takes the mean of what they forecast: those of
## @qcode{"stl"} (or @qcode{"none"}, where there is no period), those of
## @qcode{"difference"}, and, if @code{lambda} is @qcode{"auto"}, a linear kind, which sees
## what @qcode{"stl"} leaves, but not its logarithm, and so goes on more carefully where
## there was growth.  @qcode{"stl"} then is for those series whose autocorrelation at the
## period is beyond what one series in ten without a season has.
##
## @item @qcode{"trend"}
## What windows and forecasts are measured from: @qcode{"level"} (default), the last
## value; @qcode{"drift"}, that too, but forecasts go on from it along the mean change of
## the series; or @qcode{"none"}, the mean, for series that return to it.
##
## @item @qcode{"scale_inputs"}
## Whether values are measured in units of the mean absolute change, and covariates are
## standardized (default: true).  With false values still are measured from a level, see
## @code{trend}, and the series is transformed, see @code{lambda}: what is no logarithm
## is in units of its mean size.
##
## @item @qcode{"lambda"}
## The Box-Cox transformation, a number from -5 to 5; 1 is none.  @qcode{"auto"}
## (default) takes logarithms where the series has no negative value; where there are
## zeros half of the smallest positive number is added before.
##
## @item @qcode{"xreg"}
## Covariates: a matrix with a row for each value of @var{y} and a column for each
## covariate, or a vector; for many series a cell array of them.  The networks see
## those of the steps to be forecast, which @code{rnn_forecast} then needs, each
## standardized with its mean and standard deviation over all steps that the model was
## fitted on.
##
## @item @qcode{"subset"}
## Which values of one series are targets: positions, or logical values.  Default: all.
##
## @item @qcode{"p"}
## The last values that are inputs.  Default: two periods, or, for the kinds that see
## no season (@qcode{"stl"} and the linear one), one period and one value; at least 10.
## Periods above 60 do not count.
##
## @item @qcode{"P"}
## Values of the same season, in the last @code{P} periods, that are inputs besides.
## Default: 1.
##
## @item @qcode{"horizon"}
## Steps that are forecast at once.  Default: two periods, or 10 where there is none;
## periods above 60 do not count.  With 1 forecasts are recursive: each is taken for a
## value, and the next made from it; as are those beyond @code{horizon}.  At most
## half of the longest series, so that all of it can be learnt.
##
## @item @qcode{"model"}
## A model that @code{rnnar} has returned: its networks are taken as they are, and
## @var{y} is new.  Of the other options only @code{xreg} can be given.
## @end table
##
## @subsubheading Networks
##
## @table @asis
## @item @qcode{"repeats"}
## Networks of each kind.  Default: 20.  With 1 there are no errors of targets that it
## has not seen, and intervals are made from those it has.
##
## @item @qcode{"hidden"}, @qcode{"size"}
## Hidden units of each layer; both names mean the same.  Default: 32.
##
## @item @qcode{"cell"}
## As in @code{rnn_net}.  Default: @qcode{"lstm"}.
##
## @item @qcode{"loss"}
## @qcode{"mae"} (default), @qcode{"mse"} or @qcode{"huber"}; or a distribution,
## @qcode{"gaussian"}, @qcode{"student_t"} or, for counts, @qcode{"negative_binomial"}: see below.
##
## @item @qcode{"learn_rate"}, @qcode{"epochs"}, @qcode{"batch_size"}
## As in @code{rnn_train}; the rate goes down as a cosine, and a batch is of so many
## series.  Default: 0.007; so many epochs as make a step of the optimizer for each value,
## from 50 steps to 500, but at least 30, up to 1500 steps; 32.
##
## @item @qcode{"seed"}
## A whole number from 0 on for the weights and all that is random.  Default: drawn
## with @code{rand}, so that @code{rand ("state", 1)} decides.
##
## @item @qcode{"threads"}
## Threads to train with, by default @code{bptt_threads ()}.
##
## @item @qcode{"verbose"}
## Whether to show how far the training is, as in @code{rnn_train}.
## @end table
##
## Ctrl-C ends the training.  The model then has the networks that are trained by then,
## of each kind as many, and the warning @code{bptt:interrupted} says how many; intervals
## are made from errors of these.  Where one kind has none yet, it is an interrupt as any
## other.
##
## @subsubheading Distributions
##
## With the loss @qcode{"gaussian"} or @qcode{"student_t"} each network forecasts a
## distribution for each of the @code{horizon} steps, of the series as it is
## transformed.  What is forecast is the mixture of those of all networks, of all
## kinds: intervals can widen and narrow with what lies behind, and, of Student's t
## distribution, have heavy tails.  As a distribution that follows the series ever more
## closely becomes too narrow, the weights of each network are those with the lowest
## loss on the targets that it leaves out.  With @code{repeats} 1 there are none, and
## intervals are too narrow.
##
## @qcode{"negative_binomial"} is for counts, those of rare events or of a shop's
## sales (Salinas et al.@: 2020): whole numbers from 0 on, whose forecasts are such, too.
## The targets are the counts themselves, @code{lambda} is for the inputs alone, among
## which the level is.  Counts that grow beyond all before are better forecast by the
## others.
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what does not
## fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## t = (1:120)';
## y = 100 + t + 20 * sin (2 * pi * t / 12) + 3 * sin (t .^ 2);
## m = rnnar (y(1:108), "period", 12, "repeats", 5, "seed", 1);
## fc = rnn_forecast (m, 12);
## rnn_metrics (y(109:120), fc, "insample", y(1:108), "period", 12).mase < 1
##      @result{} 1
## @end group
## @end example
##
## References:
##
## R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning, "STL: a
## seasonal-trend decomposition procedure based on loess", Journal of Official
## Statistics 6(1), 1990.
##
## H. Hewamalage, C. Bergmeir, K. Bandara, "Recurrent neural networks for time series
## forecasting: current status and future directions", International Journal of
## Forecasting 37(1), 2021.
##
## D. Salinas, V. Flunkert, J. Gasthaus, T. Januschowski, "DeepAR: probabilistic
## forecasting with autoregressive recurrent networks", International Journal of
## Forecasting 36(3), 2020.
##
## @seealso{rnn_forecast, rnn_backtest, rnn_metrics, rnn_net, rnn_train}
## @end deftypefn

function m = rnnar (y, varargin)

  if (nargin < 1)
    print_usage ();
  endif
  defaults = struct ("p", [], "P", 1, "size", [], "repeats", 20, "xreg", [], "lambda", "auto", ...
                     "model", [], "subset", [], "hidden", [], "cell", "lstm", ...
                     "season", "auto", "period", 1, "horizon", [], "loss", "mae", ...
                     "learn_rate", 0.007, "epochs", [], "batch_size", 32, "seed", [], ...
                     "trend", "level", "scale_inputs", true, "threads", [], "verbose", []);
  given = read_options ("rnnar", defaults, varargin);
  [m.series, m.many] = read_series (y);
  if (! isempty (given.model))
    check_model (given.model, "model");
    refuse_beside_model (varargin);
    xreg = read_covariates (given.xreg, given.model.xreg);
    check_covariates (xreg, given.model.xreg);
    m = apply_model (given.model, m, xreg);
    return;
  endif

  check_loss (given.loss);
  given.period = check_period (given.period);
  [m.series, m.xreg] = keep_last (m.series, read_covariates (given.xreg), given);
  m.options = struct ("period", given.period, "horizon", given.horizon, "p", given.p, ...
                      "P", given.P, "season", given.season, "lambda", given.lambda, ...
                      "trend", given.trend, "scale_inputs", given.scale_inputs, ...
                      "counts", strcmp (given.loss, "negative_binomial"));
  given.repeats = check_whole (given.repeats, "repeats", 1, 10000);
  if (! (isempty (given.size) || isempty (given.hidden)
         || isequal (given.size(:), given.hidden(:))))
    error ("bptt:invalidInput", ["`size` and `hidden` are given and differ; expected one, as ", ...
                                 "they mean the same"]);
  endif
  given.verbose = is_verbose (given.verbose);
  m.repeats = given.repeats;
  frame = frame_series (m, m.series, m.xreg);
  most = max (1, floor (max (cellfun ("numel", m.series)) / 2));
  if (rows (frame.view{1}.base) > most)
    m.options.horizon = most;
    frame = frame_series (m, m.series, m.xreg);
  endif
  if (! isempty (m.xreg))   # for other data, too
    m.options.xreg_mean = frame.xreg_mean;
    m.options.xreg_sd = frame.xreg_sd;
  endif
  m.seed = add_seed ({"seed", given.seed}){2};
  m.seed = check_whole (m.seed, "seed", 0, 2^52);
  m.training = struct ("hidden", first_given (given.hidden, given.size, 32), ...
                       "cell", given.cell, "loss", given.loss, ...
                       "learn_rate", given.learn_rate, "batch_size", given.batch_size, ...
                       "threads", given.threads, "epochs", given.epochs);

  lengths = cellfun ("numel", m.series);
  folds = folds_of (frame, lengths, m.repeats);
  targets = cellfun (@(view) leave_out_subset (view.target, given.subset, lengths), frame.view, ...
                     "UniformOutput", false);
  m = train_networks (m, frame, targets, folds, lengths, given.verbose);
  m = finish_model (m, frame, targets{1}, folds);
  warn_of_divergence (m);

endfunction

## ------------------------------------------------------------------------------ arguments

## Of many series that have more than a million values in all, the last of each, so that memory and
## time are enough: as many as share them equally, but four periods and two horizons at least.
function [series, xreg] = keep_last (series, xreg, given)

  most = 1e6;
  n = cellfun ("numel", series);
  if (numel (n) == 1 || sum (n) <= most)
    return;
  endif
  period = max (given.period(:));
  keep = max (floor (most / numel (n)), 4 * period + 2 * max ([given.horizon, 2 * period]));
  if (any (n > keep))
    warning ("bptt:longSeries", "`y` has %d values; of each series the last %d are taken", ...
             sum (n), keep);
  endif
  for i = 1:numel (series)
    from = max (1, n(i) - keep + 1);
    series{i} = series{i}(from:end);
    if (numel (xreg) == numel (n))
      xreg{i} = xreg{i}(from:end,:);
    endif
  endfor

endfunction

function check_loss (loss)

  known = {"mae", "mse", "huber", "gaussian", "student_t", "negative_binomial"};
  if (! (ischar (loss) && any (strcmp (loss, known))))
    said = sprintf ("of class `%s`", class (loss));
    if (ischar (loss))
      said = ['"', loss(:)', '"'];
    endif
    error ("bptt:invalidInput", ['`loss` is %s; expected "mae", "mse", "huber", "gaussian", ', ...
                                 '"student_t" or "negative_binomial"'], said);
  endif

endfunction

function value = first_given (varargin)

  value = varargin{find (! cellfun ("isempty", varargin), 1)};

endfunction

## ------------------------------------------------------------------------------- training

## For each target, H x N x T, the fold that it is left out in; []: none.
function folds = folds_of (frame, lengths, repeats)

  count = min (5, repeats);
  [H, N, T] = size (frame.view{1}.target);
  if (count < 2)
    folds = [];
  elseif (N >= 2 * count)
    folds = repmat (mod (0:N-1, count) + 1, [H, 1, T]);
  else
    time = min ((1:H)' + reshape (1:T, 1, 1, T), lengths);
    folds = ceil (count * time ./ lengths);
  endif

endfunction

function target = leave_out_subset (target, subset, lengths)

  if (isequal (size (subset), [0, 0]))
    return;
  endif
  if (numel (lengths) > 1)
    error ("bptt:invalidInput", ...
           "`subset` is given; expected none, as there are several series");
  endif
  taken = false (1, lengths);
  if (islogical (subset) && numel (subset) == lengths)
    taken = subset(:)';
  elseif (isnumeric (subset) && all (subset(:) == fix (subset(:)) & subset(:) >= 1
                                     & subset(:) <= lengths))
    taken(subset) = true;
  else
    error ("bptt:invalidInput", ["`subset` is of class `%s` and %d elements; expected positions ", ...
                                 "from 1 to %d, or so many logical values"], ...
           class (subset), numel (subset), lengths);
  endif
  [H, ~, T] = size (target);
  time = min ((1:H)' + reshape (1:T, 1, 1, T), lengths);
  target(! taken(time)) = NaN;
  if (all (isnan (target(:))))
    error ("bptt:invalidInput", ...
           "`subset` leaves no value of `y` that could be a target; expected some");
  endif

endfunction

## How long each network is trained: as many steps of the optimizer as there are values, from 50 to
## 500, but at least 30 epochs, up to 1500 steps.
function epochs = epochs_of (m)

  epochs = m.training.epochs;
  if (isempty (epochs))
    batches = ceil (numel (m.series) / m.training.batch_size);
    values = min (max (sum (cellfun ("numel", m.series)), 50), 500);
    epochs = max (2, ceil (min (max (values, 30 * batches), 1500) / batches));
  endif

endfunction

## The networks of each view, those of fold j without its targets.  It goes fold by fold, and in each
## view by view, so that there are about as many of each view when it is interrupted.  Then those are
## kept that there are of all views.
function m = train_networks (m, frame, targets, folds, lengths, verbose)

  m.fold = zeros (1, m.repeats);
  if (! isempty (folds))
    m.fold = mod (0:m.repeats-1, max (folds(:))) + 1;
  endif
  views = numel (frame.view);
  m.networks = m.history = repmat ({cell(1, m.repeats)}, 1, views);
  epochs = epochs_of (m);
  all_networks = views * m.repeats;
  begin = tic ();
  interrupted = false;
  jobs = [repelem(unique (m.fold), 1, views); repmat(1:views, 1, numel (unique (m.fold)))];
  for job = jobs
    j = job(1);
    v = job(2);
    own = find (m.fold == j);
    seen = targets{v};
    if (! isempty (folds))
      seen(folds == j) = NaN;
    endif
    if (all (isnan (seen(:))))
      seen = targets{v};   # the series is too short to leave anything out
    endif
    options = {"epochs", epochs, "repeats", numel(own), "seed", m.seed + 1000 * v + 10 * j, ...
               validation_of(frame.view{v}.x, targets{v}, seen, lengths, m.training.loss){:}};
    if (verbose)
      done = sum (cellfun (@(nets) sum (! cellfun ("isempty", nets)), m.networks));
      options(end+1:end+2) = {"progress", @(state) show_among(state, done, all_networks, begin)};
    endif
    [nets, history, interrupted] = train_some (m, frame.view{v}.x, seen, lengths, options);
    own = own(1:numel (nets));
    m.networks{v}(own) = nets;
    m.history{v}(own) = history;
    if (interrupted)
      break;
    endif
  endfor
  there = cellfun (@(nets) ! cellfun ("isempty", nets), m.networks, "UniformOutput", false);
  kept = all (vertcat (there{:}), 1);
  if (verbose)
    show_line (sprintf ("%d of %d networks trained in %.0f s", views * sum (kept), all_networks, ...
                        toc (begin)));
    printf ("\n");
  endif
  if (! interrupted)
    return;
  endif
  if (! any (kept))
    raise_interrupt ();
  endif
  m.fold = m.fold(kept);
  for v = 1:views
    m.networks{v} = m.networks{v}(kept);
    m.history{v} = m.history{v}(kept);
  endfor
  warn_interrupted ([m.history{:}], all_networks, epochs);

endfunction

## Networks that have seen some epoch, their histories, and whether they would have seen more.
function [nets, history, interrupted] = train_some (m, x, target, lengths, options)

  warning ("off", "bptt:interrupted", "local");   # what is interrupted counts
  training = m.training;
  if (! isempty (training.threads))
    options(end+1:end+2) = {"threads", training.threads};
  endif
  x = single (x);   # networks are trained in single precision
  seed = options{2 * find (strcmp (options(1:2:end), "seed"))};
  output = rows (target) * outputs_of (training.loss);
  net = rnn_net (rows (x), training.hidden, output, training.cell, "seed", seed);
  [nets, info] = rnn_train (net, x, single (target), "lengths", lengths, "loss", training.loss, ...
                            "learn_rate", training.learn_rate, "schedule", "cosine", ...
                            "batch_size", training.batch_size, "verbose", false, options{:});
  history = info.history;
  if (! iscell (nets))
    nets = {nets};
    history = {history};
  endif
  ## Without what is another time's, or nothing here: equal seeds give equal models.
  gone = {"seconds", "validation_loss"}(1:2-(outputs_of (m.training.loss) > 1));
  history = cellfun (@(h) rmfield (h, gone), history, "UniformOutput", false);
  begun = ! cellfun (@(h) isempty (h.epoch), history);
  if (any (! begun(:) & strcmp (cellstr (info.stopped), "diverged")(:)))
    error ("bptt:invalidInput", ["`learn_rate` is %g, with which the training diverges in its ", ...
                                 "first epoch; expected less"], training.learn_rate);
  endif
  nets = nets(begun);
  history = history(begun);
  interrupted = any (strcmp (cellstr (info.stopped), "interrupt"));

endfunction

## The targets that are left out, which tell when a network is best: a distribution that follows
## those seen ever more closely becomes too narrow.  {}: there are none, or it forecasts no
## distribution.
function option = validation_of (x, target, seen, lengths, loss)

  target(! isnan (seen)) = NaN;
  option = {};
  if (outputs_of (loss) > 1 && ! all (isnan (target(:))))
    option = {"validation", struct("x", single (x), "target", single (target), "lengths", lengths)};
  endif

endfunction

## Of one of several trainings, when DONE of all networks are trained.
function show_among (state, done, all_networks, begin)

  state.repeat += done;
  so_far = state.repeat - 1 + state.epoch / state.epochs;
  state.time_left = toc (begin) * (all_networks - so_far) / so_far;
  show_state (state, all_networks);

endfunction

function warn_interrupted (histories, all_networks, epochs)

  least = min (cellfun (@(h) numel (h.epoch), histories));
  last = "";
  if (least < epochs)
    last = sprintf (", the last for %d of %d epochs", least, epochs);
  endif
  warning ("bptt:interrupted", "the training was interrupted: %d of %d networks are trained%s", ...
           numel (histories), all_networks, last);

endfunction

## ----------------------------------------------------- what the networks say of the past

## What the networks forecast from each step, on the transformed scale: H x N x T.  SAID takes part
## of them, by default all.
function total = mean_forecast (frame, networks, lengths, said)

  total = 0;
  for v = 1:numel (frame.view)
    view = frame.view{v};
    nets = networks{v};
    if (nargin < 4)
      said = true (1, numel (nets));
    endif
    weight = said / sum (said);
    out = 0;
    for k = find (said)
      out = out + weight(k) * rnn_predict (nets{k}, view.x, "lengths", lengths);
    endfor
    total = total + back_series (out, view.base, view.spread, view.level);
  endfor
  total = total / numel (frame.view);

endfunction

## Adds to a model what intervals are made from, and what it says of the past.
function m = finish_model (m, frame, target, folds)

  lengths = cellfun ("numel", m.series);
  if (outputs_of (m.training.loss) > 1)
    m.errors = struct ("pool", []);   # they are in the distribution
    m.fitted = arrayfun (@(i) ahead_medians (m, frame, i), 1:numel (lengths), ...
                         "UniformOutput", false);
    return;
  endif
  view = frame.view{1};
  every = mean_forecast (frame, m.networks, lengths);
  unseen = every;
  if (! isempty (folds))
    for j = 1:max (folds(:))
      said = NaN (size (every));
      if (any (m.fold == j))
        said = mean_forecast (frame, m.networks, lengths, m.fold == j);
      endif
      unseen(folds == j) = said(folds == j);
    endfor
  endif
  spread = view.spread(:)';
  truth = view.base + target .* spread;
  if (all (isnan ((truth - unseen)(:))))
    unseen = every;
  endif
  m.errors = error_pool ((truth - unseen) ./ spread);
  m.errors.ratio = m.errors.ratio .* what_is_to_come (m.series, m.options);
  m.fitted = cell (1, numel (lengths));
  for i = 1:numel (lengths)
    ahead = every(1,i,1:lengths(i)-1);
    m.fitted{i} = invert_series (ahead(:), frame, i);
  endfor

endfunction

## The medians of what is forecast one step ahead from each step of series i, where that is a
## distribution: the mixture of those of all networks, of all kinds.
function medians = ahead_medians (m, frame, i)

  draws = 1000;
  n = numel (m.series{i});
  origins = n - 1;
  nets = [m.networks{:}];
  K = numel (nets);
  each = outputs_of (m.training.loss);
  for k = 1:K
    view = frame.view{ceil (k / numel (m.networks{1}))};
    out = rnn_predict (nets{k}, view.x(:,i,:), "lengths", n);
    said(k).output = reshape (out(1:rows (view.base):end,1,1:origins), each, []);
    said(k).base = reshape (view.base(1,i,1:origins), 1, []);
    said(k).spread = repmat (view.spread(i), 1, origins);
    said(k).level = view.level(i,1:origins);
  endfor
  net = __bptt__ ("rnnar_draw", "n", K, "draws", draws, "seed", m.seed);
  of = origins * (net(:)' - 1) + (1:origins)';
  z = draw_steps (m, said, of, m.seed);
  medians = invert_series (drawn_numbers (reshape (z, origins, []), 0.5), frame, i);

endfunction

## How much larger the errors of each series are in what is to come than in what its level, its
## spread and its seasons, if clear, were taken from.  With n values, and as many means as a season
## has steps, p, it is what the residuals of a regression say:
##
##   sqrt (n / (n - p)),  p the longest period that the series has twice and that windows span, or 1
function factor = what_is_to_come (series, options)

  longest = 60;
  period = options.period(options.period <= longest & ! strcmp (options.season, "none"));
  factor = ones (1, numel (series));
  for i = 1:numel (series)
    n = sum (! isnan (series{i}(:)));
    p = max ([1, period(2 * period <= numel (series{i}))(:)']);
    if (n > 1)
      factor(i) = sqrt (n / (n - min (p, n / 2)));
    endif
  endfor

endfunction

## Errors in units of the spread and of each series' `ratio`, here the size of its own errors over
## that of all, drawn to 1 where it has few: H x origins.  At most 2000 origins, evenly taken.
function errors = error_pool (error)

  prior = 10;
  most = 2000;
  [H, N, ~] = size (error);
  all_size = mean_size (error);
  own_size = arrayfun (@(i) mean_size (error(:,i,:)), 1:N);
  own_size(isnan (own_size)) = all_size;
  origins = sum (! isnan (error(1,:,:)), 3);
  ratio = (origins .* own_size + prior * all_size) ./ ((origins + prior) * all_size);
  pool = whole_errors (reshape (error ./ ratio, H, []));
  n = columns (pool);
  if (n > most)
    pool = pool(:,floor (1.5 + (0:most-1) * (n - 1) / (most - 1)));
  endif
  errors = struct ("ratio", ratio, "pool", pool);

endfunction

## The columns that lack nothing.  Where they are few, as of a series of few steps, all that have a
## first error: in them what is not known is the last one that is, grown as the errors of a random
## walk are; and each with its opposite, as few errors do not say to which side they lie.
function pool = whole_errors (error)

  few = 20;
  pool = error(:,! any (isnan (error), 1));
  if (columns (pool) >= few)
    return;
  endif
  pool = error(:,! isnan (error(1,:)));
  step = (1:rows (pool))';
  for column = 1:columns (pool)
    known = cummax (step .* ! isnan (pool(:,column)));
    pool(:,column) = pool(known,column) .* sqrt (step ./ known);
  endfor
  pool = [pool, -pool];

endfunction

## The mean absolute value of what is not missing; NaN where all is.  The core adds up, so that it is
## the same everywhere.
function mean = mean_size (error)

  mean = NaN;
  if (! all (isnan (error(:))))
    mean = rnn_metrics (error, zeros (size (error))).mae;
  endif

endfunction

## A training may have diverged though all its numbers were finite: what it says of the past then is
## ten times as far off, in the mean, as the series is wide, or not finite itself.
function warn_of_divergence (m)

  off = cell (1, numel (m.series));
  for i = 1:numel (m.series)
    y = m.series{i}(:);
    wide = max (y) - min (y) + 1e-3 * max (abs (y));
    if (wide == 0)
      wide = 1;
    endif
    off{i} = abs (y(2:end) - m.fitted{i}) / wide;
    off{i}(! isfinite (m.fitted{i})) = Inf;
  endfor
  off = vertcat (off{:});
  if (mean (off(! isnan (off))) > 10)
    warning ("bptt:nonFinite", ["the training diverged: what the networks say of the past is of ", ...
                                "no use; expected a `learn_rate` below %g"], m.training.learn_rate);
  endif

endfunction

## The networks of a model on series that are new.
function m = apply_model (m, new, xreg)

  m.series = new.series;
  m.many = new.many;
  m.xreg = xreg;
  pool = m.errors.pool;
  frame = frame_series (m, m.series, m.xreg);
  m = finish_model (m, frame, frame.view{1}.target, []);
  m.errors.pool = pool;

endfunction

%!demo
%! ## Two series of unequal length, learnt by the same networks, and what these say of the past.
%! t = 1:90;
%! y = {50 + t + 10 * sin(t * pi / 6) + 3 * sin(t .^ 2), ...
%!      80 - t(1:60) / 3 + 6 * cos(t(1:60) * pi / 6) + 2 * cos(t(1:60) .^ 2)};
%! m = rnnar (y, "period", 12, "repeats", 5, "seed", 1);
%! fc = rnn_forecast (m, 12);
%! clf ();
%! for i = 1:2
%!   n = numel (y{i});
%!   subplot (2, 1, i);
%!   plot (1:n, y{i}, "k", 2:n, m.fitted{i}, "b", n + (1:12), fc(:,i), "r");
%!   title (sprintf ("series %d", i));
%! endfor
%! legend ({"series", "one step ahead", "forecast"}, "location", "southoutside", ...
%!         "orientation", "horizontal");

%!shared quick, y
%! quick = {"repeats", 2, "epochs", 3, "hidden", 4, "seed", 1};
%! y = 60 + (1:60) + 20 * sin ((1:60) * pi / 6) + 5 * cos ((1:60) .^ 2);

%!function check_sane (m, h)
%!  [fc, lo, hi] = rnn_forecast (m, h, "npaths", 20);
%!  assert (all (isfinite ([fc(:); lo(:); hi(:)])));
%!  assert (all ((lo <= hi)(:)));
%!endfunction

%!test # the example of the help text
%! t = (1:120)';
%! z = 100 + t + 20 * sin (2 * pi * t / 12) + 3 * sin (t .^ 2);
%! m = rnnar (z(1:108), "period", 12, "repeats", 5, "seed", 1);
%! fc = rnn_forecast (m, 12);
%! assert (rnn_metrics (z(109:120), fc, "insample", z(1:108), "period", 12).mase < 1);

%!test # the model: plain, the same for the same seed, kept by save and load
%! m = rnnar (y, quick{:}, "period", 12);
%! assert (isequal (m, rnnar (y', quick{:}, "period", 12)));
%! other = rnnar (y, quick{1:end-2}, "seed", 2, "period", 12);
%! assert (! isequal (m.networks, other.networks));
%! file = tempname ();
%! save ("-binary", file, "m");
%! again = load (file).m;
%! unlink (file);
%! assert (isequal (again, m));
%! assert (isequal (rnn_forecast (again, 30), rnn_forecast (m, 30)));
%! assert (numel (m.networks), 3);
%! assert (size (m.networks{1}), [1, 2]);
%! assert (m.networks{1}{1}.hidden, 4);
%! assert (size (m.fitted{1}), [59, 1]);
%! assert (rows (m.errors.pool), 24);
%! assert (numel (m.history{2}{1}.loss), 3);

%!error <`size` and `hidden` are given and differ> rnnar (y, quick{:}, "size", 3)

%!test # a training that diverged says so
%! warning ("error", "bptt:nonFinite", "local");
%! wild = {"repeats", 2, "epochs", 100, "seed", 1};
%! fail ('rnnar (y, wild{:}, "learn_rate", 1e4)', "the training diverged: .* `learn_rate` below 10000");
%! rnnar (y, quick{:});
%! rnnar (zeros (1, 20), quick{:});
%! warning ("off", "bptt:nonFinite", "local");
%! fail ('rnnar (y, quick{:}, "learn_rate", 1e40)', "`learn_rate` is 1e\\+40, with which");

%!test # rand decides where there is no seed
%! rand ("state", 5);
%! a = rnnar (y, quick{1:end-2});
%! rand ("state", 5);
%! b = rnnar (y, quick{1:end-2});
%! assert (isequal (a, b));
%! c = rnnar (y, quick{1:end-2});
%! assert (! isequal (a.networks, c.networks));
%! assert (isequal (rnnar (y, quick{1:end-2}, "seed", c.seed), c));

%!test # options that mean the same, and what is a default
%! m = rnnar (y, quick{:});
%! assert (isequal (rnnar (y, "repeats", 2, "epochs", 3, "size", 4, "seed", 1), m));
%! assert (isequal (rnnar (y, quick{:}, "period", [], "p", [], "cell", "lstm", "xreg", []), m));
%! assert (isequal (rnnar (y, quick{:}, "period", 1, "season", "auto", "lambda", "auto"), m));
%! same = rnnar (y, quick{:}, "subset", 1:60, "threads", 2);
%! assert (isequal (same.networks, m.networks));
%! gru = rnnar (y, quick{:}, "hidden", [3, 2], "cell", "gru", "loss", "huber", "p", 3);
%! assert (gru.networks{1}{1}.cell, "gru");
%! assert (gru.networks{1}{1}.hidden(:)', [3, 2]);

%!test # numbers of any class are what they are as doubles
%! m = rnnar (y, quick{:}, "repeats", 7, "seed", 100, "period", 12, "horizon", 3);
%! as = {@single, @int8, @uint8, @int32};
%! for k = 1:4
%!   of = as{k};
%!   same = rnnar (y, "repeats", of (7), "epochs", of (3), "hidden", of (4), "seed", of (100), ...
%!                 "period", of (12), "horizon", of (3));
%!   assert (isequal (same, m));
%!   assert (class (same.seed), "double");
%! endfor

%!test # short series, and a single network
%! check_sane (rnnar (1:12, quick{:}), 3);
%! check_sane (rnnar (1:3, quick{:}), 3);
%! check_sane (rnnar (y(1:20), quick{:}, "period", 12), 12);
%! check_sane (rnnar (y(1:30), quick{:}, "period", 12), 30);
%! check_sane (rnnar (y(1:20), quick{:}, "period", 12, "horizon", 6), 30);
%! check_sane (rnnar (y(1:5), quick{:}, "horizon", 1), 3);
%! check_sane (rnnar (y, quick{:}, "repeats", 1), 3);

%!test # missing values: anywhere, at the end, too
%! z = y;
%! z([1, 2, 20, 33:36, 59, 60]) = NaN;
%! m = rnnar (z, quick{:}, "period", 12, "horizon", 12);
%! check_sane (m, 30);
%! assert (! any (isnan (m.fitted{1})));
%! assert (size (m.fitted{1}), [59, 1]);
%! check_sane (rnnar ({z, y, [NaN, 3, NaN, 4, 5]}, quick{:}, "period", 12), 30);

%!test # constant, all zeros, counts, below 0
%! for value = [0, 5, -5]
%!   m = rnnar (value * ones (1, 40), quick{:}, "period", 12);
%!   check_sane (m, 30);
%!   assert (rnn_forecast (m, 30), value * ones (30, 1), 1e-3);
%! endfor
%! check_sane (rnnar (mod (1:50, 4), quick{:}, "period", 4), 12);
%! check_sane (rnnar (logical (mod (1:50, 2)), quick{:}), 12);
%! check_sane (rnnar (uint8 (mod (1:50, 3)), quick{:}), 12);
%! check_sane (rnnar (y - 100, quick{:}, "period", 12), 12);

%!test # what windows and forecasts are measured from: of networks that have learnt nothing
%! z = [3, -1, 4, 1, -5, 9, 2, 6];
%! want = {6 * ones(3, 1), 6 + 3 / 7 * (1:3)', mean(z) * ones(3, 1)};
%! trends = {"level", "drift", "none"};
%! for k = 1:3
%!   m = rnnar (z, quick{:}, "lambda", 1, "trend", trends{k}, "horizon", 3);
%!   for i = 1:2
%!     m.networks{1}{i}.param = structfun (@(w) 0 * w, m.networks{1}{i}.param, ...
%!                                         "UniformOutput", false);
%!   endfor
%!   assert (rnn_forecast (m, 3), want{k}, 1e-12);
%!   check_sane (rnnar (y, quick{:}, "period", 12, "trend", trends{k}), 30);
%! endfor

%!test # covariates keep the units of the fit, over all series
%! x = [(1:60)' .^ 2, sin(1:60)'];
%! m = rnnar ({y, y(1:40)}, quick{:}, "xreg", {x, 5 * x(1:40,:)});
%! every = [x; 5 * x(1:40,:)];
%! assert (m.options.xreg_mean(:)', mean (every), 1e-10);
%! assert (m.options.xreg_sd(:)', std (every, 1), 1e-10);
%! assert (isequal (rnnar (y(1:30), "model", m, "xreg", x).options, m.options));
%! m = rnnar (y, quick{:}, "xreg", x, "scale_inputs", false);
%! assert ({m.options.xreg_mean(:)', m.options.xreg_sd(:)'}, {[0, 0], [1, 1]});
%! assert (size (rnn_forecast (m, 5, "xreg", x)), [5, 1]);

%!test # numbers whose sum is infinite
%! z = sin ((1:60) .^ 2);
%! fc = rnn_forecast (rnnar (1e307 * z, quick{:}), 5);
%! assert (fc / 1e307, rnn_forecast (rnnar (z, quick{:}), 5), 1e-3);

%!test # all ways with seasons
%! for season = {"auto", "stl", "fourier", "difference", "none"}
%!   m = rnnar (y, quick{:}, "period", [4, 12], "season", season{1});
%!   check_sane (m, 3);
%!   assert (numel (m.networks), 1 + 2 * strcmp (season{1}, "auto"));
%! endfor

%!test # many series: cell or matrix; of unequal length; so many that folds are of series
%! z = [y; 2 * y; 90 - y / 2]';
%! a = rnnar (z, quick{:});
%! b = rnnar ({z(:,1), z(:,2)', z(:,3)}, quick{:});
%! assert (isequal (a, b));
%! check_sane (rnnar ({y, y(1:33), y(20:60)}, quick{:}, "period", 12), 30);
%! m = rnnar (arrayfun (@(i) y(i:end) + i, 1:9, "UniformOutput", false), quick{:});
%! check_sane (m, 3);
%! assert (size (m.errors.ratio), [1, 9]);
%! assert (cellfun (@numel, m.fitted), 59:-1:51);

%!test # errors of what is to come are larger, as the residuals of a regression say
%! ratio = @(z, period, varargin) rnnar (z, quick{:}, "period", period, varargin{:}).errors.ratio;
%! assert (ratio (y, 12, "season", "none"), sqrt (60 / (60 - 1)), 1e-12);
%! z = y;
%! z([2, 30, 60]) = NaN;
%! assert (ratio (y, 12), sqrt (60 / (60 - 12)), 1e-12);
%! assert (ratio (z, 12), sqrt (57 / (57 - 12)), 1e-12);
%! assert (ratio (y, 1), sqrt (60 / (60 - 1)), 1e-12);
%! assert (ratio (y(1:23), 12), sqrt (23 / 22), 1e-12);   # it has no period twice
%! assert (ratio (z(1:24), 12), sqrt (2), 1e-12);   # it has, with gaps
%! assert (ratio ([y, y, y], [4, 72]), sqrt (180 / (180 - 4)), 1e-12);

%!test # recursive forecasts
%! m = rnnar (y, quick{:}, "horizon", 1);
%! check_sane (m, 5);
%! next = rnnar ([y, rnn_forecast(m, 1)], "model", m);
%! assert (rows (m.errors.pool), 1);

%!test # distributions
%! for loss = {"gaussian", "student_t", "negative_binomial"}
%!   count = 1 + 2 * strcmp (loss{1}, "student_t") + ! strcmp (loss{1}, "student_t");
%!   z = {floor(y), floor(y(1:40) / 9), [3, NaN, 0, 0, 1]};
%!   m = rnnar (z, quick{:}, "period", 12, "loss", loss{1});
%!   check_sane (m, 30);
%!   assert (m.networks{2}{1}.output, 24 * count);
%!   assert (cellfun (@numel, m.fitted), [59, 39, 4]);
%!   assert (all (isfinite (vertcat (m.fitted{:}))));
%!   assert (all (isfinite (m.history{1}{1}.validation_loss)));
%!   again = rnnar (z, quick{:}, "period", 12, "loss", loss{1});
%!   assert (isequal ({again.networks, again.fitted}, {m.networks, m.fitted}));
%!   alone = rnnar (z{2}, "model", m);
%!   assert (rnn_forecast (alone, 12), rnn_forecast (m, 12)(:,2));
%! endfor
%! assert (all (vertcat (m.fitted{:}) == round (vertcat (m.fitted{:}))));
%! check_sane (rnnar (y, quick{:}, "repeats", 1, "loss", "gaussian"), 3);

%!test # a model on new data: the networks stay
%! m = rnnar (y, quick{:}, "period", 12);
%! same = rnnar (y, "model", m);
%! assert (isequal (rnn_forecast (same, 24), rnn_forecast (m, 24)));
%! assert (isequal (same.fitted, m.fitted));
%! new = rnnar ({3 * y, y(1:30)}, "model", m);
%! assert (isequal (new.networks, m.networks));
%! assert (isequal (new.errors.pool, m.errors.pool));
%! check_sane (new, 30);
%! check_sane (rnnar (y(1:8), "model", m), 3);

%!test # what is said of a step rests on those before it
%! z = y;
%! z(60) = z(41);
%! turned = z;
%! turned(41:60) = fliplr (z(41:60));   # level and spread stay
%! m = rnnar (z, quick{:}, "lambda", 1);
%! other = rnnar (turned, "model", m);
%! assert (other.fitted{1}(1:40), m.fitted{1}(1:40), 1e-9);
%! assert (any (abs (other.fitted{1}(42:59) - m.fitted{1}(42:59)) > 1));

%!test # of a million values and more, the last of each series
%! long = zeros (500001, 1) + mod ((1:500001)', 7);
%! warning ("error", "bptt:longSeries", "local");
%! small = {"hidden", 1, "p", 2, "horizon", 1, "repeats", 1, "epochs", 1, "seed", 1};
%! fail ("rnnar ({long, long}, small{:})", "has 1000002 values; of each series the last 500000");
%! warning ("off", "bptt:longSeries", "local");
%! m = rnnar ({long, long}, small{:}, "xreg", {long, 1 - long});
%! assert ([m.series{:}], repmat (long(2:end), 1, 2));
%! assert ([m.xreg{:}], [long, 1 - long](2:end,:));

%!test # targets that do not count
%! m = rnnar (y, quick{:}, "subset", 1:45);
%! assert (isequal (m, rnnar (y, quick{:}, "subset", (1:60) < 46)));
%! assert (columns (m.errors.pool) < 45);
%! check_sane (m, 3);

%!test # how far it is
%! shown = evalc ('rnnar (y, quick{:}, "verbose", true);');
%! assert (! isempty (strfind (shown, "4 of 4 networks trained in")));
%! assert (isempty (evalc ('rnnar (y, quick{:});')));

%!error <Invalid call> rnnar ()
%!error <`y` is an empty cell array; expected time series> rnnar ({})
%!error <item 1 of `y` is empty> rnnar ([])
%!error <item 2 of `y` is empty> rnnar ({y, []})
%!error <`y` is of class `char`; expected a time series> rnnar ("series")
%!error <item 2 of `y` is of class `cell`> rnnar ({y, {1}})
%!error <item 2 of `y` is of size 3 x 3> rnnar ({y, eye(3)})
%!error <`y` is complex> rnnar ([1, 2, 3i])
%!error <item 1 of `y` has 2 values that are not missing> rnnar ([1, NaN, 3])
%!error <expected a finite number> rnnar ([y, Inf])
%!error <`season` is "winter"; expected "auto", "stl"> rnnar (y, "season", "winter")
%!error <`period` is -1> rnnar (y, "period", -1)
%!error <`horizon` is 0> rnnar (y, "horizon", 0)
%!error <`trend` is "up"; expected "level", "drift" or "none"> rnnar (y, "trend", "up")
%!error <`scale_inputs` is 2; expected true or false> rnnar (y, "scale_inputs", 2)
%!error <`lambda` is 9> rnnar (y, "lambda", 9)
%!error <`perod` is not an option of rnnar; did you mean `period`\?> rnnar (y, "perod", 12)
%!error <`weather` is not an option of rnnar$> rnnar (y, "weather", 12)
%!error <`period` is of class `cell` and size 1 x 1; expected the steps> rnnar (y, "period", {12})
%!error <the option `period` has no value> rnnar (y, "period")
%!error <a name is not a string> rnnar (y, 12)
%!error <`repeats` is 0; expected a whole number of at least 1> rnnar (y, "repeats", 0)
%!error <`repeats` is of class `char`> rnnar (y, "repeats", "many")
%!error <`repeats` is 20000; expected a whole number of at most 10000> rnnar (y, "repeats", 2e4)
%!error <`hidden` is -1> rnnar (y, "hidden", -1)
%!error <`cell` is "lstn"> rnnar (y, "cell", "lstn")
%!error <`loss` is "cross_entropy"; expected "mae"> rnnar (y, "loss", "cross_entropy")
%!error <`loss` is "x"; expected .* "student_t" or "negative_binomial"> rnnar (y, "loss", "x")
%!error <`y` is 0.5 at step 2; expected a count: a whole number of at least 0>
%! rnnar ([1, 0.5, 3, 4], "loss", "negative_binomial");
%!error <`y` is -1 at step 2 of series 2; expected a count>
%! rnnar ({1:9, [1, -1, 3, 4]}, "loss", "negative_binomial");
%!error <`seed` is -1; expected a whole number of at least 0> rnnar (y, "seed", -1)
%!error <`verbose` is of class double and size 1 x 2> rnnar (y, "verbose", [1, 0])
%!error <`batch_size` is 0> rnnar (y, "batch_size", 0)
%!error <`epochs` is 0> rnnar (y, "epochs", 0)
%!error <`subset` is of class `double` and 1 elements> rnnar (y, "subset", 61)
%!error <`subset` leaves no value of `y`> rnnar (y, "subset", false (1, 60))
%!error <`subset` leaves no value of `y`> rnnar (y, "subset", zeros (1, 0))
%!error <`subset` is given; expected none> rnnar ({y, y}, "subset", 1:60)
%!error <item 1 of `xreg` has 5 steps; expected at least the 60> rnnar (y, "xreg", 1:5)
%!error <`xreg` is of 1 series; expected 2> rnnar ({y, y}, "xreg", y)
%!error <`xreg` is of class `char` and size 1 x 3> rnnar (y, "xreg", "abc")
%!error <`xreg` is NaN> rnnar (y, "xreg", NaN (60, 1))
%!error <`model` is of class `double` and no model> rnnar (y, "model", 3)
%!error <`p` is given with `model`; expected none but `xreg`>
%! rnnar (y, "model", rnnar (y, quick{:}), "xreg", [], "hidden", [], "p", 5);
%!error <`xreg` is given; expected none> rnnar (y, "model", rnnar (y, quick{:}), "xreg", y)
%!error <`xreg` is missing> rnnar (y, "model", rnnar (y, quick{:}, "xreg", y))
%!error id=bptt:invalidInput rnnar (y, "repeats", 0)
