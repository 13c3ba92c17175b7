## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{b} =} rnn_backtest (@var{y}, @var{h})
## @deftypefnx {} {@var{b} =} rnn_backtest (@var{y}, @var{h}, @var{name}, @var{value}, @dots{})
## @deftypefnx {} {[@var{b}, @var{s}] =} rnn_backtest (@dots{})
## Back-test of a forecasting model.
##
## How good forecasts of @code{rnnar} would have been: from one origin after the
## other they are made with what was known then, and compared with what came true
## (a rolling origin: Tashman 2000).  @var{y} is a series or many, as for
## @code{rnnar}; up to @var{h} steps are forecast from each origin, as many as there
## are values to compare them with.
##
## An origin is the number of values that are known.  The first is @code{initial},
## the next are @code{step} further, up to the last that has a value behind it.
## Many series have their origins side by side, each its own k-th; they are counted
## in values, not in dates.
##
## @var{b} is a struct of columns with a row for each number that was forecast:
##
## @table @code
## @item series, origin, horizon, time
## Which series, from where, how many steps ahead; their sum is the time.
##
## @item actual, forecast
## What came true, NaN where it is missing, and what was forecast.
##
## @item lo, hi
## The ends of the intervals, a column for each level.
## @end table
##
## @noindent
## and @code{level}, the levels in ascending order, and @code{seed}.
##
## @var{s} is a struct of scores: @code{all}, over all numbers, and @code{horizon},
## a column with a row for each horizon in every field.  With y what came true, f
## the forecast, l and u the ends of the interval:
##
## @table @code
## @item n
## The count of the numbers that are not missing.
##
## @item mae, rmse
## mean |y - f| and sqrt (mean ((y - f)^2)), over all numbers.
##
## @item smape
## 100 mean 2|f - y| / (|f| + |y|) of each series, then the mean over series.
##
## @item mase
## mean |y - f| / s of each series, then the mean over series.  The scale s is the
## mean of |z(t) - z(t-m)| of the values z before the first origin, m being the
## (first) period, or 1 where one of the series has not more than m of them.  It is
## the same for all origins.
##
## @item coverage, width
## The share of numbers with l <= y <= u, and mean (u - l); a column for each level.
## @end table
##
## @noindent
## They are those of @code{rnn_metrics}, where their sources are.  @code{level} are the
## levels again; @code{rnn_plot (@var{s})} shows it all.
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @table @asis
## @item @qcode{"initial"}
## The first origin: one number, or one for each series.  Default: two thirds of the
## series, or three periods if that is more and leaves @var{h} values.
##
## @item @qcode{"step"}
## Steps from one origin to the next.  Default: @var{h}.
##
## @item @qcode{"refit"}
## With false (default) the networks are trained once, on what is before the first
## origins.  At later ones the recurrent state is carried through the longer series;
## seasons, transformation and scale are estimated from what is known then, as
## @code{rnnar (@var{y}(1:origin), "model", m)} does.  With true they are trained anew
## at each origin, with a number k at each k-th.
##
## @item @qcode{"level"}
## Levels of the intervals in per cent.  Default: @code{[80, 95]}.
##
## @item @qcode{"xreg"}
## Covariates, as for @code{rnnar}.  They are taken to be known ahead; where there
## are fewer rows behind an origin than are needed, the last one stands for the rest.
##
## @item @qcode{"seed"}
## That of every training.  Default: @code{rand} draws it.
##
## @item @qcode{"workers"}
## With more than 1, trainings are shared out to as many processes, each with the
## origins that follow it, by @code{parcellfun} of package parallel, which has to be
## loaded.  The result is the same for any number.  Default: 1.
## @end table
##
## All others are options of @code{rnnar}, such as @qcode{"period"},
## @qcode{"repeats"}; or @qcode{"model"}, and with it none but @qcode{"xreg"} and
## @qcode{"period"}, which then is for @code{initial} and the scores; by default it
## is that of the model.  And @qcode{"npaths"}, @qcode{"nonnegative"}, @qcode{"integer"} and
## @qcode{"bootstrap"} of @code{rnn_forecast}.
##
## @example
## @group
## t = (1:96)';
## y = 100 + t + 20 * sin (2 * pi * t / 12) + 3 * sin (t .^ 2);
## [b, s] = rnn_backtest (y, 12, "period", 12, "repeats", 2, "epochs", 20, "seed", 1);
## rnn_plot (s)
## @end group
## @end example
##
## Reference: L. J. Tashman, "Out-of-sample tests of forecasting accuracy: an
## analysis and review", International Journal of Forecasting 16, 2000.
##
## @seealso{rnnar, rnn_forecast, rnn_metrics, rnn_plot, rnn_tune}
## @end deftypefn

function [b, s] = rnn_backtest (y, h, varargin)

  if (nargin < 2)
    print_usage ();
  endif
  [own, options, forecast] = own_options (varargin);
  h = check_whole (h, "h", 1, 1e5);
  own.workers = check_whole (own.workers, "workers", 1, 1e4);
  check_parallel (own.workers);
  if (isempty (own.step))
    own.step = h;
  endif
  own.step = check_whole (own.step, "step", 1, 1e9);
  own.period = check_period (period_of (own));
  plan.series = read_series (y);
  plan.h = h;
  plan.level = check_level (own.level);
  n = cellfun ("numel", plan.series);
  plan.xreg = check_covariates (own.xreg, n);
  plan.subset = own.subset;
  plan.model = own.model;
  plan.forecast = forecast;
  plan.origins = origins_of (n, h, own);
  rounds = rows (plan.origins);
  if (! isempty (plan.model))
    refuse_beside_model ([options, {"subset", own.subset}]);
  endif
  if (! any (strcmp (options(1:2:end), "verbose")))
    options(end+1:end+2) = {"verbose", false};
  endif
  own.seed = check_whole (add_seed ({"seed", own.seed}){2}, "seed", 0, 2^52);
  plan.options = [options, {"seed", own.seed, "period", own.period}];
  every = trainings_every (own.refit, rounds);
  if (! isempty (plan.model) && ! isequal (own.refit, false))
    refuse_beside_model ({"refit", own.refit});
  endif
  blocks = arrayfun (@(first) first:min (first + every - 1, rounds), 1:every:rounds, ...
                     "UniformOutput", false);
  one = @(block) __rnn_backtest_block__ (plan, block);
  if (own.workers > 1)
    parts = parcellfun (own.workers, one, blocks, "UniformOutput", false, "VerboseLevel", 0);
  else
    parts = cellfun (one, blocks, "UniformOutput", false);
  endif
  b = columns_of (sortrows (vertcat (parts{:}), 1:3), plan.level);
  b.seed = own.seed;
  if (nargout > 1)
    s = summarize (b, plan, own.period);
  endif

endfunction

## ------------------------------------------------------------------------------ arguments

## The options that are looked at here, those of rnn_forecast, and the rest.
function [own, rest, forecast] = own_options (pairs)

  own = struct ("initial", [], "step", [], "refit", false, "level", [80, 95], "workers", 1, ...
                "xreg", [], "subset", [], "model", [], "period", [], "seed", []);
  rest = forecast = {};
  for k = 1:2:numel (pairs)
    pair = pairs(k:min (k + 1, end));
    is_own = ischar (pair{1}) && isrow (pair{1}) && isfield (own, pair{1});
    if (ischar (pair{1}) && numel (pair) < 2)
      error ("bptt:invalidInput", "the option `%s` has no value", pair{1});
    elseif (any (strcmp (pair{1}, {"npaths", "nonnegative", "integer", "bootstrap"})))
      forecast = [forecast, pair];
    elseif (! is_own)
      rest = [rest, pair];   # rnnar says what is wrong with them
    elseif (! isequal (pair{2}, []))
      own.(pair{1}) = pair{2};
    endif
  endfor

endfunction

## Default: that of the model, where there is one.
function period = period_of (own)

  period = own.period;
  if (isempty (period))
    period = 1;
    if (! isempty (own.model))
      check_model (own.model, "model");
      period = own.model.options.period;
    endif
  endif

endfunction

function xreg = check_covariates (xreg, n)

  xreg = read_covariates (xreg);
  if (isempty (xreg))
    return;
  endif
  if (numel (xreg) != numel (n))
    error ("bptt:invalidInput", "`xreg` is of %d series; expected %d, as `y` is", ...
           numel (xreg), numel (n));
  endif
  short = find (cellfun ("rows", xreg) < n, 1);
  if (! isempty (short))
    error ("bptt:invalidInput", "`xreg` has %d rows; expected at least the %d of %s", ...
           rows (xreg{short}), n(short), series_word (short, n));
  endif

endfunction

function word = series_word (i, n)

  word = "`y`";
  if (numel (n) > 1)
    word = sprintf ("series %d", i);
  endif

endfunction

## A matrix: the origins of each series in a column.  What is not below its length is none.
function origins = origins_of (n, h, own)

  first = first_origins (n, h, own);
  if (h > max (n - first))
    error ("bptt:invalidInput", ...
           "`h` is %d; expected at most %d, the values behind the first origin", h, ...
           max ([n - first, 0]));
  endif
  origins = (0:max (ceil ((n - first) / own.step))-1)' * own.step + first;

endfunction

function first = first_origins (n, h, own)

  first = own.initial;
  if (isempty (first))
    season = floor (max (own.period(:)) + 0.5);
    first = max (ceil (2 * n / 3), min (3 * season, n - h));
    return;
  endif
  whole = isnumeric (first) && all (isfinite (first(:)) & first(:) >= 1
                                    & first(:) == fix (first(:)));
  if (! (whole && any (numel (first) == [1, numel(n)])))
    error ("bptt:invalidInput", ["`initial` is of class %s and %d elements; expected a whole ", ...
                                 "number of at least 1, or one for each series"], ...
           class (first), numel (first));
  endif
  first = double (first(:)') .* ones (1, numel (n));
  late = find (first >= n, 1);
  if (! isempty (late))
    error ("bptt:invalidInput", "`initial` is %d; expected less than the %d values of %s", ...
           first(late), n(late), series_word (late, n));
  endif

endfunction

## How many origins each training is for.
function every = trainings_every (refit, origins)

  if (isscalar (refit) && islogical (refit))
    every = 1;
    if (! refit)
      every = origins;
    endif
  elseif (isscalar (refit) && isnumeric (refit) && refit >= 1 && refit == fix (refit))
    every = double (refit);
  else
    error ("bptt:invalidInput", ["`refit` is of class %s and no choice; expected true, false or ", ...
                                 "a whole number of at least 1"], class (refit));
  endif

endfunction

## -------------------------------------------------------------------------------- results

## A struct of the columns that __rnn_backtest_block__ returns.
function b = columns_of (table, level)

  k = numel (level);
  b = struct ("series", table(:,1), "origin", table(:,2), "horizon", table(:,3), ...
              "time", table(:,2) + table(:,3), "actual", table(:,4), "forecast", table(:,5), ...
              "lo", table(:,5+(1:k)), "hi", table(:,5+k+(1:k)), "level", level);

endfunction

function s = summarize (b, plan, period)

  training = cellfun (@(z, n) z(1:n), plan.series, num2cell (plan.origins(1,:)), ...
                      "UniformOutput", false);
  season = floor (period(1) + 0.5);
  if (min (cellfun ("numel", training)) <= season)
    season = 1;
  endif
  s.level = b.level;
  s.all = scores_of (b, true (size (b.series)), training, season);
  horizons = unique (b.horizon);
  each = arrayfun (@(k) scores_of (b, b.horizon == k, training, season), horizons);
  s.horizon.horizon = horizons;
  for name = fieldnames (each)'
    s.horizon.(name{1}) = vertcat (each.(name{1}));
  endfor

endfunction

## Of these rows.
function s = scores_of (b, taken, training, period)

  taken &= ! isnan (b.actual);
  missing = NaN (1, numel (b.level));
  s = struct ("n", sum (taken), "mae", NaN, "rmse", NaN, "smape", NaN, "mase", NaN, ...
              "coverage", missing, "width", missing);
  if (s.n == 0)
    return;
  endif
  series = unique (b.series(taken))';
  each = @(column) arrayfun (@(i) column(taken & b.series == i), series, "UniformOutput", false);
  for k = 1:numel (b.level)
    m = rnn_metrics (each (b.actual), each (b.forecast), "lower", each (b.lo(:,k)), ...
                     "upper", each (b.hi(:,k)), "level", b.level(k), ...
                     "insample", training(series), "period", period);
    for name = {"mae", "rmse", "smape", "mase"}
      s.(name{1}) = m.(name{1});
    endfor
    s.coverage(k) = m.coverage;
    s.width(k) = m.width;
  endfor

endfunction

%!demo
%! ## Forecasts of up to a year, from one origin every half year.
%! t = (1:144)';
%! noise = sin (t .^ 2) + sin (3 * t .^ 2);
%! y = (100 + 2 * t) .* (1 + 0.2 * sin (2 * pi * t / 12)) .* (1 + 0.03 * noise);
%! [b, s] = rnn_backtest (y, 12, "initial", 96, "step", 6, "period", 12, "repeats", 5, "seed", 1);
%! rnn_plot (s);

%!shared t, y, small, backtest, forecasts
%! t = (1:80)';
%! y = 100 + t + 20 * sin (2 * pi * t / 12) + 3 * sin (t .^ 2);
%! small = {"repeats", 2, "epochs", 3, "hidden", 4, "period", 12, "horizon", 6, "seed", 1};
%! backtest = @(varargin) rnn_backtest (varargin{:}, small{:});
%! forecasts = @(b, taken) [b.forecast(taken), b.lo(taken,:), b.hi(taken,:)];

%!function expected = by_hand (m, h, varargin)
%!  [fc, lo, hi] = rnn_forecast (m, h, varargin{:});
%!  expected = [fc, lo, hi];
%!endfunction

%!test # origins
%! b = backtest (y, 6, "initial", 60, "step", 5);
%! assert (unique (b.origin), [60; 65; 70; 75]);
%! assert (b.horizon, [1:6, 1:6, 1:6, 1:5]');
%! assert (b.time, b.origin + b.horizon);
%! assert (b.actual, y(b.time));
%! assert ({size(b.lo), b.level, b.seed}, {[23, 2], [80, 95], 1});
%! assert (all (b.lo(:,2) <= b.lo(:,1) & b.hi(:,1) <= b.hi(:,2)));
%! ## Two thirds, or three periods; steps of h.
%! assert (unique (backtest (y, 20).origin), [54; 74]);
%! assert (unique (backtest (y(1:48), 6).origin), [36; 42]);
%! assert (unique (backtest (y(1:40), 6, "level", 80).origin), 34);

%!test # trained once
%! b = backtest (y, 6, "initial", 60, "step", 7);
%! m = rnnar (y(1:60), small{:});
%! assert (isequal (forecasts (b, b.origin == 60), by_hand (m, 6)));
%! for origin = [67, 74]
%!   later = rnnar (y(1:origin), "model", m);
%!   assert (isequal (forecasts (b, b.origin == origin), by_hand (later, 6)));
%! endfor
%! own = rnn_backtest (y, 6, "initial", 67, "step", 7, "model", m);
%! assert (isequal (forecasts (own, own.origin == 74), by_hand (later, 6)));
%! said = "";
%! try
%!   rnn_backtest (y, 6, "model", m, "period", 12, "seed", 1, "repeats", 3);
%! catch problem
%!   said = problem.message;
%! end_try_catch
%! assert (said, "`repeats` is given with `model`; expected none but `xreg`");

%!test # options of rnn_forecast
%! m = rnnar (y(1:60), small{:});
%! options = {"bootstrap", true, "npaths", 50, "integer", true};
%! b = rnn_backtest (y, 6, "initial", 60, "step", 7, "model", m, options{:});
%! assert (isequal (forecasts (b, b.origin == 60), by_hand (m, 6, options{:})));
%! fail ('rnn_backtest (y, 6, "model", m, "refit", true)', "`refit` is given with `model`");
%! fail ('rnn_backtest (y, 6, "model", m, "refit", 2)', "`refit` is given with `model`");
%! rnn_backtest (y, 6, "initial", 74, "model", m, "refit", false);

%!test # trained anew
%! b = backtest (y, 6, "initial", 60, "step", 7, "refit", true);
%! for origin = [60, 67, 74]
%!   m = rnnar (y(1:origin), small{:});
%!   assert (isequal (forecasts (b, b.origin == origin), by_hand (m, 6)));
%! endfor
%! second = backtest (y, 6, "initial", 60, "step", 7, "refit", 2);
%! assert (isequal (forecasts (second, b.origin == 74), forecasts (b, b.origin == 74)));
%! assert (! isequal (forecasts (second, b.origin == 67), forecasts (b, b.origin == 67)));

%!test # what is behind an origin changes no forecast from it
%! series = {y, flipud(y) + 5, y .^ 1.1};
%! later = series;
%! for i = 1:3
%!   later{i}(71:80) = [9999; NaN; 0.01; (50:56)'];
%! endfor
%! for refit = [false, true]
%!   b = backtest (series, 6, "initial", 60, "step", 5, "refit", refit);
%!   changed = backtest (later, 6, "initial", 60, "step", 5, "refit", refit);
%!   known = b.origin <= 70;
%!   assert (isequal (forecasts (changed, known), forecasts (b, known)));
%!   assert (! isequal (forecasts (changed, ! known), forecasts (b, ! known)));
%! endfor

%!test # many series side by side; one that is over takes part in trainings
%! series = {y, y(1:50) + 3};
%! b = backtest (series, 4, "initial", [70, 40]);
%! assert (unique ([b.series, b.origin], "rows"), ...
%!         [1, 70; 1, 74; 1, 78; 2, 40; 2, 44; 2, 48]);
%! b = backtest (series, 4, "initial", [70, 46], "refit", true);
%! [fc, lo] = rnn_forecast (rnnar ({y(1:74), series{2}}, small{:}), 4);
%! taken = b.series == 1 & b.origin == 74;
%! assert (isequal (b.forecast(taken), fc(:,1)));
%! assert (isequal (b.lo(taken,:), reshape (lo(:,1,:), 4, 2)));

%!test # covariates; the last row stands for what is missing; subset
%! x = [sin(t), mod(t, 5)];
%! b = backtest (y, 6, "initial", 60, "step", 7, "xreg", x, "refit", true);
%! m = rnnar (y(1:67), small{:}, "xreg", x(1:67,:));
%! assert (isequal (forecasts (b, b.origin == 67), by_hand (m, 6, "xreg", x(68:73,:))));
%! last = backtest (y, 6, "initial", 74, "step", 4, "xreg", x);
%! longer = backtest (y, 6, "initial", 74, "step", 4, "xreg", x([1:80, 80, 80, 80, 80],:));
%! assert (isequal (last, longer));
%! b = backtest (y, 6, "initial", 60, "subset", t > 20);
%! m = rnnar (y(1:60), small{:}, "subset", 21:60);
%! assert (isequal (forecasts (b, b.origin == 60), by_hand (m, 6)));
%! assert (isequal (b, backtest (y, 6, "initial", 60, "subset", 21:80)));

%!test # scores
%! gap = y;
%! gap([30, 66]) = NaN;
%! [b, s] = backtest ({gap, y .^ 1.2}, 5, "initial", 60, "step", 6);
%! e = b.actual - b.forecast;
%! known = ! isnan (e);
%! assert (s.all.n, sum (known));
%! assert (s.all.mae, mean (abs (e(known))), 1e-12);
%! assert (s.all.rmse, sqrt (mean (e(known) .^ 2)), 1e-12);
%! change = abs (gap(13:60) - gap(1:48));
%! scale = [mean(change(! isnan (change))), mean(abs (y(13:60) .^ 1.2 - y(1:48) .^ 1.2))];
%! ratio = @(i) mean (abs (e(known & b.series == i))) / scale(i);
%! assert (s.all.mase, (ratio (1) + ratio (2)) / 2, 1e-12);
%! inside = b.lo(known,1) <= b.actual(known) & b.actual(known) <= b.hi(known,1);
%! assert (s.all.coverage(1), mean (inside), 1e-12);
%! assert (s.all.width(2), mean (b.hi(known,2) - b.lo(known,2)), 1e-10);
%! assert (s.horizon.horizon, (1:5)');
%! assert (size (s.horizon.coverage), [5, 2]);
%! assert (s.horizon.n, accumarray (b.horizon(known), 1));
%! assert (s.horizon.mae, accumarray (b.horizon(known), abs (e(known)), [], @mean), 1e-12);

%!test # numbers of any class
%! common = {"initial", 60, "level", [80, 95], small{:}};
%! [b, s] = rnn_backtest (y, 6, "step", 7, common{:}, "refit", 2, "period", 12, "seed", 100);
%! for of = {@single, @int8, @int32}
%!   as = of{1};
%!   [b2, s2] = rnn_backtest (y, as (6), "step", as (7), common{:}, "refit", as (2), ...
%!                            "period", as (12), "seed", as (100));
%!   assert (isequal ({b2, s2}, {b, s}));
%!   assert (class (b2.seed), "double");
%! endfor

%!test # of the targets none is known at the first origin
%! fail ('backtest (y, 6, "initial", 60, "subset", 70)', "`subset` leaves no value");

%!test # the period is that of the model
%! m = rnnar (y, small{:});
%! [b, s] = rnn_backtest (y, 6, "model", m);
%! [b2, s2] = rnn_backtest (y, 6, "model", m, "period", 12, "seed", b.seed);
%! assert (isequal ({b2, s2}, {b, s}));
%! [~, other] = rnn_backtest (y, 6, "model", m, "period", 1);
%! assert (other.all.mase != s.all.mase);
%! assert (min (rnn_backtest (y(1:42), 6, "model", m).origin), 36);   # three periods

%!test # the same seed, drawn by rand
%! rand ("state", 3);
%! b = rnn_backtest (y, 6, "initial", 70, small{1:end-2});
%! rand ("state", 3);
%! assert (isequal (rnn_backtest (y, 6, "initial", 70, small{1:end-2}), b));

%!testif ; exist ("parcellfun") || ! isempty (pkg ("list", "parallel"))
%! pkg load parallel
%! alone = backtest (y, 6, "initial", 60, "step", 6, "refit", 2);
%! together = backtest (y, 6, "initial", 60, "step", 6, "refit", 2, "workers", 2);
%! parcellfun_set_nproc (0);   # at the end of the session it would do so too late
%! assert (isequal (together, alone));

%!error <Invalid call> rnn_backtest (y)
%!error <`h` is 0; expected a whole number> backtest (y, 0)
%!error <`h` is 30; expected at most 26, the values behind> backtest (y, 30)
%!error <`initial` is 80; expected less than the 80 values of `y`> backtest (y, 6, "initial", 80)
%!error <less than the 40 values of series 2> backtest ({y, y(1:40)}, 6, "initial", 60)
%!error <`initial` is of class double and 2 elements> backtest (y, 6, "initial", [60, 61])
%!error <`initial` is of class double and 1 elements> backtest (y, 6, "initial", 2.5)
%!error <`h` is 200000; expected a whole number of at most 100000> backtest (y, 2e5)
%!error <`step` is 0> backtest (y, 6, "step", 0)
%!error <the option `step` has no value> rnn_backtest (y, 6, small{:}, "step")
%!error <the option `npaths` has no value> rnn_backtest (y, 6, small{:}, "npaths")
%!error <the option `hidden` has no value> rnn_backtest (y, 6, "hidden")
%!error <`period` is of class `cell`> rnn_backtest (y, 6, "period", {12})
%!error <`period` is NaN; expected the steps> rnn_backtest (y, 6, "period", NaN)
%!error <`model` is of class `double` and no model> rnn_backtest (y, 6, "model", 3)
%!error <`workers` is 0> backtest (y, 6, "workers", 0)
%!error <`refit` is of class char> backtest (y, 6, "refit", "no")
%!error <`refit` is of class double> backtest (y, 6, "refit", 0)
%!error <`level` has a level outside> backtest (y, 6, "level", 100)
%!error <`epoch` is not an option of rnnar; did you mean `epochs`\?> rnn_backtest (y, 6, "epoch", 3)
%!error <`xreg` has 70 rows; expected at least the 80 of `y`> backtest (y, 6, "xreg", t(1:70))
%!error <`xreg` is of 1 series; expected 2> backtest ([y, y], 6, "xreg", t)
%!error id=bptt:invalidInput backtest ("abc", 6)
%!error <`subset`> backtest (y, 6, "subset", true (1, 79))
%!error <`subset`> backtest ([y, y], 6, "subset", 1:20)
