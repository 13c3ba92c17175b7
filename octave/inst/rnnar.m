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
## same networks.  NaN is a missing value: for the inputs it is filled in, by
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
## @var{m} is a struct of plain data, which @code{save} and @code{load} keep.  Among
## its fields are
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
## for each step forecast from, and @code{ratio}, the size of each series' errors.
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
## two kinds of networks, those of @qcode{"stl"} and of @qcode{"difference"}, and takes the
## mean of what they forecast; @qcode{"stl"} then is for those series whose
## autocorrelation at the period is beyond what one series in ten without a season
## has.
##
## @item @qcode{"lambda"}
## The Box-Cox transformation, a number from -5 to 5; 1 is none.  @qcode{"auto"}
## (default) takes logarithms where the series has no negative value; where there are
## zeros half of the smallest positive number is added before.
##
## @item @qcode{"xreg"}
## Covariates: a matrix with a row for each value of @var{y} and a column for each
## covariate, or a vector; for many series a cell array of them.  The networks see
## those of the steps to be forecast, which @code{rnn_forecast} then needs.
##
## @item @qcode{"subset"}
## Which values of one series are targets: positions, or logical values.  Default: all.
##
## @item @qcode{"p"}
## The last values that are inputs.  Default: two periods, at least 10.
##
## @item @qcode{"P"}
## Values of the same season, in the last @code{P} periods, that are inputs besides.
## Default: 1.
##
## @item @qcode{"horizon"}
## Steps that are forecast at once.  Default: two periods, or 10.  With 1 forecasts
## are recursive: each is taken for a value, and the next made from it; as are those
## beyond @code{horizon}.
##
## @item @qcode{"model"}
## A model that @code{rnnar} has returned: its networks are taken as they are, and
## @var{y} is new.  Of the other options @code{xreg} alone counts.
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
## @qcode{"mae"} (default), @qcode{"mse"} or @qcode{"huber"}.
##
## @item @qcode{"learn_rate"}, @qcode{"epochs"}, @qcode{"batch_size"}
## As in @code{rnn_train}; the rate goes down as a cosine, and a batch is of so many
## series.  Default: 0.007; 30 epochs, but at least so many as make 500 steps of the optimizer, and at
## most 1500; 32.
##
## @item @qcode{"seed"}
## A whole number from 0 on for the weights and all that is random.  Default: drawn
## with @code{rand}, so that @code{rand ("state", 1)} decides.
##
## @item @qcode{"threads"}
## Threads to train with, by default @code{bptt_threads ()}.
## @end table
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
## @seealso{rnn_forecast, rnn_metrics, rnn_net, rnn_train}
## @end deftypefn

function m = rnnar (y, varargin)

  if (nargin < 1)
    print_usage ();
  endif
  defaults = struct ("p", [], "P", 1, "size", [], "repeats", 20, "xreg", [], "lambda", "auto", ...
                     "model", [], "subset", [], "hidden", [], "cell", "lstm", ...
                     "season", "auto", "period", 1, "horizon", [], "loss", "mae", ...
                     "learn_rate", 0.007, "epochs", [], "batch_size", 32, "seed", [], ...
                     "threads", []);
  given = read_options ("rnnar", defaults, varargin);
  [m.series, m.many] = read_series (y);
  if (! isempty (given.model))
    check_model (given.model, "model");
    m = apply_model (given.model, m, read_covariates (given.xreg, given.model.xreg));
    return;
  endif

  m.xreg = read_covariates (given.xreg);
  m.options = struct ("period", given.period, "horizon", given.horizon, "p", given.p, ...
                      "P", given.P, "season", given.season, "lambda", given.lambda);
  m.repeats = check_repeats (given.repeats);
  frame = frame_series (m, m.series, m.xreg, 0);
  m.seed = add_seed ({"seed", given.seed}){2};
  m.training = struct ("hidden", first_given (given.hidden, given.size, 32), ...
                       "cell", given.cell, "loss", given.loss, ...
                       "learn_rate", given.learn_rate, "batch_size", given.batch_size, ...
                       "threads", given.threads, "epochs", given.epochs);

  lengths = cellfun ("numel", m.series);
  folds = folds_of (frame, lengths, m.repeats);
  m.networks = m.history = targets = cell (1, numel (frame.view));
  for v = 1:numel (frame.view)
    view = frame.view{v};
    targets{v} = leave_out_subset (view.target, given.subset, lengths);
    [m.networks{v}, m.fold, m.history{v}] ...
      = train_view (view, targets{v}, folds, lengths, m, m.seed + 1000 * v);
  endfor
  m = finish_model (m, frame, targets{1}, folds);

endfunction

## ------------------------------------------------------------------------------ arguments

function repeats = check_repeats (repeats)

  if (! (isnumeric (repeats) && isscalar (repeats) && repeats >= 1 && repeats == fix (repeats)))
    error ("bptt:invalidInput", "`repeats` is %s; expected a whole number of at least 1", ...
           disp (repeats)(1:end-1));
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

  if (isempty (subset))
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

endfunction

## The networks of one view, those of fold j without its targets.
function [nets, fold, history] = train_view (view, target, folds, lengths, m, seed)

  fold = zeros (1, m.repeats);
  if (! isempty (folds))
    fold = mod (0:m.repeats-1, max (folds(:))) + 1;
  endif
  training = m.training;
  epochs = training.epochs;
  if (isempty (epochs))
    batches = ceil (numel (lengths) / training.batch_size);
    epochs = max (2, ceil (min (max (500, 30 * batches), 1500) / batches));
  endif
  threads = {};
  if (! isempty (training.threads))
    threads = {"threads", training.threads};
  endif
  nets = cell (1, m.repeats);
  history = {};
  x = single (view.x);   # networks are trained in single precision
  for j = unique (fold)
    own = fold == j;
    seen = target;
    if (! isempty (folds))
      seen(folds == j) = NaN;
    endif
    if (all (isnan (seen(:))))
      seen = target;   # the series is too short to leave anything out
    endif
    net = rnn_net (rows (x), training.hidden, rows (target), training.cell, "seed", seed + 10 * j);
    [trained, info] ...
      = rnn_train (net, x, single (seen), "lengths", lengths, "loss", training.loss, ...
                   "learn_rate", training.learn_rate, "schedule", "cosine", "epochs", epochs, ...
                   "batch_size", training.batch_size, "repeats", sum (own), ...
                   "seed", seed + 10 * j, "verbose", false, threads{:});
    if (! iscell (trained))
      trained = {trained};
      info.history = {info.history};
    endif
    nets(own) = trained;
    history(own) = info.history;
  endfor
  ## Without what is another time's, or nothing here: equal seeds give equal models.
  history = cellfun (@(h) rmfield (h, {"seconds", "validation_loss"}), history, ...
                     "UniformOutput", false);

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
    total = total + (view.base + out .* view.spread(:)');
  endfor
  total = total / numel (frame.view);

endfunction

## Adds to a model what intervals are made from, and what it says of the past.
function m = finish_model (m, frame, target, folds)

  lengths = cellfun ("numel", m.series);
  view = frame.view{1};
  every = mean_forecast (frame, m.networks, lengths);
  unseen = every;
  if (! isempty (folds))
    for j = 1:max (folds(:))
      said = mean_forecast (frame, m.networks, lengths, m.fold == j);
      unseen(folds == j) = said(folds == j);
    endfor
  endif
  spread = view.spread(:)';
  truth = view.base + target .* spread;
  m.errors = error_pool ((truth - unseen) ./ spread);
  m.fitted = cell (1, numel (lengths));
  for i = 1:numel (lengths)
    ahead = every(1,i,1:lengths(i)-1);
    m.fitted{i} = invert_series (ahead(:), frame, i);
  endfor

endfunction

## Errors in units of the spread and of each series' `ratio`, the size of its own errors over that
## of all, drawn to 1 where it has few: H x origins.  At most 2000 origins, evenly taken.
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

## The networks of a model on series that are new.
function m = apply_model (m, new, xreg)

  m.series = new.series;
  m.many = new.many;
  m.xreg = xreg;
  pool = m.errors.pool;
  frame = frame_series (m, m.series, m.xreg, 0);
  m = finish_model (m, frame, frame.view{1}.target, []);
  m.errors.pool = pool;

endfunction
