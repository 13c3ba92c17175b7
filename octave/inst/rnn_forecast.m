## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {[@var{fc}, @var{lo}, @var{hi}, @var{paths}] =} rnn_forecast (@var{m})
## @deftypefnx {} {[@dots{}] =} rnn_forecast (@var{m}, @var{h})
## @deftypefnx {} {[@dots{}] =} rnn_forecast (@dots{}, @var{name}, @var{value}, @dots{})
## Forecasts of a model of time series, with intervals.
##
## @var{m} is a model as @code{rnnar} returns it, @var{h} the steps to forecast.
## Default: the rows of @code{xreg}, or two periods, or 10.
##
## @var{fc} are the forecasts, a column for each series: the mean of what the networks
## forecast on the transformed scale, turned back; where errors are symmetric on that
## scale it is the median.  @var{lo} and @var{hi} are the ends of the intervals: of one
## series @var{h} x levels, of many @var{h} x series x levels; the levels ascend.  With
## the same @code{seed} all of them are, bit for bit, what the R package forecasts.
##
## @var{paths} are ways that the future may take, @var{h} x @code{npaths}, of many
## series @var{h} x @code{npaths} x series: a forecast and errors that the model has
## made together, and so with their dependence from step to step.  Of a model of
## distributions each path is of one of its networks, drawn among all, and each step is
## drawn from what this network forecasts.
##
## Intervals up to the model's @code{horizon} are cross-conformal (Vovk 2015): each of
## their ends is the forecast and a quantile of the errors that the networks made, as many
## steps ahead, on targets that were left out when they were trained.  Level, spread
## and seasons of a series were taken from its past as a whole, so the errors are made
## larger by @code{sqrt (n / (n - p))}, as the residuals of a regression on a season's
## means are, with n values that are not missing and the longest period p that the series
## has twice (60 at most; 1 where there is none, or @code{season} is @qcode{"none"}).
##
## Beyond @code{horizon}, and with @code{bootstrap} at all steps, intervals are quantiles
## of the paths, of which each block of @code{horizon} steps has errors of that kind added,
## drawn anew, and the next is forecast from it.  Where the errors lie to one side @var{fc}
## may be outside an interval, whose end is then drawn to it.
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @table @asis
## @item @qcode{"level"}
## Levels of the intervals in per cent.  Default: @code{[80, 95]}.
##
## @item @qcode{"fan"}
## Whether the levels are 51, 54, @dots{}, 99.  Default: false.
##
## @item @qcode{"bootstrap"}
## Whether intervals are quantiles of the paths at all steps; not for models of
## distributions, whose intervals always are.  Default: false.
##
## @item @qcode{"xreg"}
## Covariates of the steps to be forecast, as many as the model has, a row for each
## step; for many series a cell array of them.  All rows count, also those beyond
## @var{h}: the networks see the covariates of as many steps as the model's @code{horizon}
## at once, and where there are fewer rows their means over the past (zeros where
## @code{scale_inputs} is false) stand for the rest.
## So the forecast of a step may depend on how many rows are given.
##
## @item @qcode{"npaths"}
## How many paths.  Default: 1000.  All forecasts of a model of distributions (see
## @code{loss} in @code{rnnar}) are made from them: their medians and quantiles.
##
## @item @qcode{"nonnegative"}
## Whether what is below 0 is made 0.  Default: where the series has no negative value.
##
## @item @qcode{"integer"}
## Whether forecasts, the ends of intervals and paths are rounded to the nearest whole
## numbers; no whole number that was within an interval is then outside.  Default: where
## the series is of counts with zeros, that is of whole numbers, none below 0 and some 0.
##
## @item @qcode{"seed"}
## Seed of the paths, a whole number from 0 on.  Default: 1.
## @end table
##
## Arguments that are wrong give the error @code{bptt:invalidInput}, what does not
## fit into memory @code{bptt:outOfMemory}.
##
## @example
## @group
## t = (1:96)';
## y = 100 + t + 20 * sin (2 * pi * t / 12) + 3 * sin (t .^ 2);
## m = rnnar (y, "period", 12, "repeats", 5, "seed", 1);
## [fc, lo, hi] = rnn_forecast (m, 24);
## plot (t, y, "k", 97:120, fc, "r", 97:120, [lo(:,2), hi(:,2)], "r--")
## @end group
## @end example
##
## What is likely to be the sum of the next year, from the paths:
##
## @example
## [~, ~, ~, paths] = rnn_forecast (m, 12);
## quantile (sum (paths), [0.1, 0.5, 0.9])
## @end example
##
## Reference: V. Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial
## Intelligence 74, 2015.
##
## @seealso{rnnar, rnn_backtest, rnn_metrics}
## @end deftypefn

function [fc, lo, hi, paths] = rnn_forecast (m, varargin)

  if (nargin < 1)
    print_usage ();
  endif
  check_model (m, "m");
  h = [];
  if (! isempty (varargin) && ! ischar (varargin{1}))
    h = varargin{1};
    varargin(1) = [];
  endif
  defaults = struct ("level", [80, 95], "xreg", [], "npaths", 1000, "nonnegative", [], ...
                     "seed", 1, "integer", [], "bootstrap", false, "fan", false);
  given = read_options ("rnn_forecast", defaults, varargin);
  check_bootstrap (given.bootstrap, m);
  check_flag (given.fan, "fan");
  if (given.fan)
    given.level = 51:3:99;
  endif
  level = check_level (given.level);
  if (nargout < 2)
    level = zeros (1, 0);   # nobody asks for intervals
  endif
  if (isempty (h))
    h = default_h (m, given.xreg);
  endif
  h = check_whole (h, "h", 1, 1e5);
  given.npaths = check_whole (given.npaths, "npaths", 2, 1e7);
  given.seed = check_whole (given.seed, "seed", 0, 2^52);
  for name = {"nonnegative", "integer"}
    if (! isempty (given.(name{1})))
      check_flag (given.(name{1}), name{1});
    endif
  endfor
  xreg = future_xreg (m, given.xreg, h);

  p = [fliplr(1 - level / 100), 1 + level / 100] / 2;
  is_drawn = outputs_of (m.training.loss) > 1;
  if (is_drawn)
    z = zeros (h, numel (m.series));   # what is drawn has medians of its own
    first = first_block (m, xreg);
  else
    [z, first] = forecast_blocks (m, h, xreg);
  endif
  error = known_errors (m, h, p, given.bootstrap);
  N = numel (m.series);
  fc = zeros (h, N);
  lo = hi = zeros (h, N, numel (level));
  paths = zeros (h, given.npaths * (nargout > 3), N);
  for i = 1:N
    [fc(:,i), lo(:,i,:), hi(:,i,:), paths(:,:,i)] ...
      = one_forecast (m, i, z(:,i), p, error, is_drawn, first, xreg, given, nargout > 3);
  endfor
  if (! m.many)
    lo = reshape (lo, h, []);
    hi = reshape (hi, h, []);
  endif

endfunction

## ------------------------------------------------------------------------------ arguments

function h = default_h (m, xreg)

  h = 10;
  if (! isempty (xreg) && ! isempty (m.xreg))
    h = min (cellfun ("rows", read_covariates (xreg, m.xreg)));
  elseif (max (m.options.period(:)) > 1)
    h = 2 * round (max (m.options.period(:)));
  endif

endfunction

function check_flag (flag, name)

  if (! (isscalar (flag) && (isnumeric (flag) || islogical (flag)) && any (flag == [0, 1])))
    error ("bptt:invalidInput", "`%s` is of class `%s`; expected true or false", name, ...
           class (flag));
  endif

endfunction

function check_bootstrap (flag, m)

  check_flag (flag, "bootstrap");
  if (flag && outputs_of (m.training.loss) > 1)
    error ("bptt:invalidInput", ...
           "`bootstrap` is true; expected false, as the model's loss is a distribution");
  endif

endfunction

## The covariates of the past and of the steps to be forecast, for each series.
function xreg = future_xreg (m, xreg, h)

  xreg = read_covariates (xreg, m.xreg);
  check_covariates (xreg, m.xreg);
  if (numel (xreg) != numel (m.xreg))
    error ("bptt:invalidInput", "`xreg` is of %d series; expected %d", numel (xreg), ...
           numel (m.xreg));
  endif
  for i = 1:numel (xreg)
    if (rows (xreg{i}) < h)
      error ("bptt:invalidInput", "item %d of `xreg` has %d rows; expected %d", i, ...
             rows (xreg{i}), h);
    endif
    xreg{i} = [m.xreg{i}(1:numel (m.series{i}),:); xreg{i}];
  endfor

endfunction

## --------------------------------------------------------------------------------- blocks

## What the networks forecast from the n-th step of each column of a frame, transformed: z,
## `horizon` x columns; and STATES, theirs after that step.  They are given those before the frame's
## first step.
function [z, states] = last_block (m, frame, n, states = {})

  z = 0;
  for v = 1:numel (frame.view)
    view = frame.view{v};
    nets = m.networks{v};
    out = 0;
    for k = 1:numel (nets)
      before = {};
      if (numel (states) >= v && numel (states{v}) >= k)
        before = {"state", states{v}{k}};
      endif
      [y, states{v}{k}] = said_last (nets{k}, view.x, n, before);
      out = out + y / numel (nets);
    endfor
    unit = units_at (view, n);
    z = z + back_series (out, unit.base, unit.spread, unit.level);
  endfor
  z = z / numel (frame.view);

endfunction

## What a network says at the n-th step of each sequence, and its state after that step.  BEFORE: a
## state that it goes on from, as an option.
function [y, state] = said_last (net, x, n, before)

  net.output_mode = "last";
  ## Of a single step x is a matrix: without the format it would be taken for one series.
  [y, state] = rnn_predict (net, x, "format", "CBT", "lengths", n, before{:});

endfunction

## What is said at the n-th step of each column of a view is measured in.
function unit = units_at (view, n)

  [H, N, ~] = size (view.base);
  unit.base = view.base((1:H)' + H * (0:N-1) + H * N * (n - 1));
  unit.spread = view.spread(:)';
  unit.level = view.level((1:N) + N * (n - 1))(:)';

endfunction

## The block from the end of each series; of a model of distributions what each network says of it,
## SAID.
function first = first_block (m, xreg)

  first.frame = frame_series (m, m.series, xreg);
  n = cellfun ("numel", m.series);
  if (outputs_of (m.training.loss) > 1)
    first.said = said_by_all (m, first.frame, n);
  else
    [first.z, first.states] = last_block (m, first.frame, n);
  endif

endfunction

## What follows z, which has a column for each of the series i, or for each path of one: the frame of
## its last `horizon` rows, before which the networks' states were kept.  FRAME: of the first block.
function ahead = frame_after (m, i, xreg, z, frame)

  if (! isempty (xreg))
    xreg = xreg(i);
  endif
  ahead = frame_series (m, m.series(i), xreg, "ahead", invert_series (z, frame, i), ...
                        "last", rows (frame.view{1}.base));

endfunction

## h steps from each series, transformed; what lies beyond the first block is forecast from the
## forecasts before.  FIRST: the first block.
function [z, first] = forecast_blocks (m, h, xreg)

  first = first_block (m, xreg);
  z = first.z;
  states = first.states;
  H = rows (z);
  while (rows (z) < h)
    ahead = frame_after (m, 1:numel (m.series), xreg, z, first.frame);
    [block, states] = last_block (m, ahead, repmat (H, 1, columns (z)), states);
    z = [z; block];
  endwhile
  z = z(1:h,:);

endfunction

## Paths of series i, transformed: h x npaths.  Each block has an error of the model added, and what
## follows is forecast from the path, by one network of each kind.  FIRST: the first block of all
## series.
function z = paths_of (m, i, h, xreg, npaths, seed, first)

  if (outputs_of (m.training.loss) > 1)
    z = drawn_paths (m, i, h, xreg, npaths, seed, first);
    return;
  endif
  pool = m.errors.pool;
  size = first.frame.view{1}.spread(i) * m.errors.ratio(i);
  H = rows (first.z);
  blocks = ceil (h / H);
  draw = __bptt__ ("rnnar_draw", "n", columns (pool), "draws", npaths * blocks, "seed", seed);
  draw = reshape (draw, npaths, blocks);
  z = first.z(:,i) + size * pool(:,draw(:,1));
  among = min (numel (m.networks{1}), npaths);
  own = arrayfun (@(k) k:among:npaths, 1:among, "UniformOutput", false);   # paths of each network
  place([own{:}]) = 1:npaths;
  copies = @(state, paths) columns_of_state (state, repmat (i, 1, numel (paths)));
  states = cellfun (@(of) cellfun (copies, of(1:among), own), first.states, "UniformOutput", false);
  for b = 2:blocks
    ahead = frame_after (m, i, xreg, z, first.frame);
    block = 0;
    for v = 1:numel (ahead.view)
      for k = 1:among
        view = columns_of_view (ahead.view{v}, own{k});
        said(k) = said_of (m.networks{v}{k}, view, repmat (H, 1, columns (own{k})), ...
                           {"state", states{v}(k)});
      endfor
      states{v} = [said.state];
      block = block + back_series ([said.output], [said.base], [said.spread], [said.level]);
    endfor
    z = [z; block(:,place) / numel(ahead.view) + size * pool(:,draw(:,b))];
  endfor
  z = z(1:h,:);

endfunction

## -------------------------------------------------------------------------- distributions

## What a network forecasts from the n-th step of each column of a view: its outputs, a column for
## each, what they are measured in, and the state after that step.
function said = said_of (net, view, n, before)

  [y, state] = said_last (net, view.x, n, before);
  said = units_at (view, n);
  said.output = reshape (y, [], numel (n));
  said.state = state;

endfunction

## The networks of all kinds, and the view of each.
function [nets, view_of] = all_networks (m)

  nets = [m.networks{:}];
  view_of = repelem (1:numel (m.networks), numel (m.networks{1}));

endfunction

function said = said_by_all (m, frame, n)

  [nets, view_of] = all_networks (m);
  said = cellfun (@(net, v) said_of (net, frame.view{v}, n, {}), nets, num2cell (view_of));

endfunction

## Of what has been said, or of a state or view, the columns of some series or paths.
function said = columns_of_said (said, own)

  said = struct ("output", said.output(:,own), "base", said.base(:,own), ...
                 "spread", said.spread(own), "level", said.level(own));

endfunction

function state = columns_of_state (state, own)

  state = structfun (@(s) s(:,own), state, "UniformOutput", false);

endfunction

function view = columns_of_view (view, own)

  view = struct ("x", view.x(:,own,:), "base", view.base(:,own,:), "spread", view.spread(own), ...
                 "level", view.level(own,:));

endfunction

## Paths of series i, transformed: h x npaths, of a model that forecasts distributions.  Each is of
## one network, drawn among all, which beyond its horizon goes on from its state and from the path.
## FIRST: the first block of all series.
function z = drawn_paths (m, i, h, xreg, npaths, seed, first)

  [nets, view_of] = all_networks (m);
  of = __bptt__ ("rnnar_draw", "n", numel (nets), "draws", npaths, "seed", seed)(:)';
  z = draw_steps (m, arrayfun (@(said) columns_of_said (said, i), first.said), of, seed);
  H = rows (z);
  used = unique (of);
  own = arrayfun (@(k) find (of == k), used, "UniformOutput", false);
  place([own{:}]) = 1:npaths;   # of each path among those of its network, one after the other
  states = cellfun (@(k, paths) columns_of_state (first.said(k).state, repmat (i, size (paths))), ...
                    num2cell (used), own);
  while (rows (z) < h)
    ahead = frame_after (m, i, xreg, z, first.frame);
    for k = 1:numel (used)
      view = columns_of_view (ahead.view{view_of(used(k))}, own{k});
      said(k) = said_of (nets{used(k)}, view, repmat (H, size (own{k})), {"state", states(k)});
    endfor
    states = [said.state];
    z = [z; draw_steps(m, said, place, seed + 1e6 * rows (z))];
  endwhile
  z = z(1:h,:);

endfunction

## ------------------------------------------------------------------------------ intervals

## The p-quantile of each row, on a line between neighbours.
function q = row_quantiles (x, p)

  x = sort (x, 2);
  at = 1 + (columns (x) - 1) * p;
  low = floor (at);
  high = min (low + 1, columns (x));
  q = x(:,low) + (at - low) .* (x(:,high) - x(:,low));

endfunction

## Of the steps whose errors are known and not to be drawn anew, the p-quantiles of these: a row a
## step.
function error = known_errors (m, h, p, bootstrap)

  error = zeros (0, numel (p));
  if (! bootstrap && outputs_of (m.training.loss) == 1)
    error = row_quantiles (m.errors.pool(1:min (h, end),:), p);
  endif

endfunction

## The forecast of series i.  ERROR: the quantiles P of the errors of the first steps.  IS_DRAWN: the
## paths' quantiles are all there is.
function [fc, lo, hi, paths] ...
  = one_forecast (m, i, z, p, error, is_drawn, first, xreg, given, want_paths)

  h = rows (z);
  near = 1:rows (error);
  beyond = rows (error)+1:h;
  paths = zeros (h, 0);
  if (want_paths || is_drawn || (! isempty (beyond) && ! isempty (p)))
    paths = paths_of (m, i, h, xreg, given.npaths, given.seed, first);
  endif
  if (is_drawn)
    [z, ends] = deal (drawn_numbers (paths, 0.5), drawn_numbers (paths, p));
  else
    ends = zeros (h, numel (p));
    ends(near,:) = z(near) + error * (first.frame.view{1}.spread(i) * m.errors.ratio(i));
    if (! isempty (beyond) && ! isempty (p))
      ends(beyond,:) = row_quantiles (paths(beyond,:), p);
    endif
  endif
  paths = paths(:,1:end*want_paths);
  all = invert_series ([z, ends, paths], first.frame, i);
  nonnegative = given.nonnegative;
  if (isempty (nonnegative))
    nonnegative = ! any (m.series{i} < 0);
  endif
  if (nonnegative)
    all(all < 0) = 0;
  endif
  k = numel (p) / 2;
  fc = all(:,1);
  lo = reshape (min (all(:,1+(k:-1:1)), fc), h, 1, k);
  hi = reshape (max (all(:,1+k+(1:k)), fc), h, 1, k);
  paths = all(:,2+2*k:end);
  if (shall_be_whole (m.series{i}, given.integer))
    [fc, lo, hi, paths] = deal (whole (fc), whole (lo), whole (hi), whole (paths));
  endif

endfunction

## Whether what is forecast is rounded: if it shall be, or if the series is of counts, some of them 0.
function yes = shall_be_whole (y, integer)

  y = y(! isnan (y));
  yes = integer;
  if (isempty (integer))
    yes = all (y >= 0 & y == fix (y)) && any (y == 0);
  endif

endfunction

## Halves up.
function values = whole (values)

  values = floor (values + 0.5);

endfunction

%!demo
%! ## A monthly series with a trend and a season: a model of all but the last two years.
%! t = (1:144)';
%! noise = sin (t .^ 2) + sin (3 * t .^ 2);
%! y = (100 + 2 * t) .* (1 + 0.2 * sin (2 * pi * t / 12)) .* (1 + 0.03 * noise);
%! m = rnnar (y(1:120), "period", 12, "seed", 1);
%! [fc, lo, hi] = rnn_forecast (m, 24);
%! ahead = (121:144)';
%! shades = [0.75, 0.85, 1; 0.55, 0.7, 1];
%! clf ();
%! hold on;
%! for k = [2, 1]
%!   fill ([ahead; flipud(ahead)], [lo(:,k); flipud(hi(:,k))], shades(3-k,:), ...
%!         "edgecolor", "none");
%! endfor
%! plot (t, y, "k", ahead, fc, "r", "linewidth", 1.5);
%! hold off;
%! xlim ([1, 144]);
%! legend ({"95 %", "80 %", "series", "forecast"}, "location", "northwest");
%! title ("two years ahead");

%!shared quick, y, m
%! quick = {"repeats", 2, "epochs", 3, "hidden", 4, "seed", 1};
%! y = 60 + (1:60) + 20 * sin ((1:60) * pi / 6) + 5 * cos ((1:60) .^ 2);
%! m = rnnar (y, quick{:}, "period", 12);

%!test # sizes, and the order of levels
%! [fc, lo, hi, paths] = rnn_forecast (m, 5, "level", [95, 50, 80], "npaths", 7);
%! assert (size (fc), [5, 1]);
%! assert (size (lo), [5, 3]);
%! assert (size (hi), [5, 3]);
%! assert (size (paths), [5, 7]);
%! assert (all (diff (lo, 1, 2)(:) < 0) && all (diff (hi, 1, 2)(:) > 0));
%! assert (all (isfinite ([fc, lo, hi, paths](:))));
%! [~, low, high] = rnn_forecast (m, 5, "level", [0.5, 0.8]);
%! assert ({low, high}, {lo(:,1:2), hi(:,1:2)});
%! assert (size (rnn_forecast (m)), [24, 1]);
%! assert (rnn_forecast (m, []), rnn_forecast (m, 24));
%! assert (rnn_forecast (m, "level", 60)(1:5), fc);

%!test # numbers of any class
%! [fc, lo, hi, paths] = rnn_forecast (m, 30, "npaths", 100, "seed", 100);
%! [a, b, c, d] = rnn_forecast (m, int8 (30), "npaths", int8 (100), "seed", single (100));
%! assert (isequal ({a, b, c, d}, {fc, lo, hi, paths}));

%!test # the forecast alone: no path is drawn
%! none = m;
%! none.errors.pool = [];
%! assert (isequal (rnn_forecast (none, 30), rnn_forecast (m, 30)));
%! [fc, ~, ~, paths] = rnn_forecast (m, 30, "npaths", 9);
%! assert (isequal (rnn_forecast (m, 30), fc));
%! many = rnnar ({y, y(1:40)}, quick{:}, "period", 12);
%! [fc, ~] = rnn_forecast (many, 30, "npaths", 9);
%! assert (isequal (rnn_forecast (many, 30), fc));

%!test # one step; one value of each
%! [fc, lo, hi, paths] = rnn_forecast (m, 1, "npaths", 2);
%! assert ({size(fc), size(lo), size(paths)}, {[1, 1], [1, 2], [1, 2]});
%! assert (fc, rnn_forecast (m, 3)(1));

%!test # intervals within the horizon: quantiles of the errors
%! m1 = rnnar (y, quick{:}, "lambda", 1, "season", "none");
%! [fc, lo, hi, paths] = rnn_forecast (m1, 2, "level", 90, "npaths", 4000);
%! e = m1.errors.pool(1:2,:);
%! assert (corr ((hi - lo), diff (quantile (e, [0.05, 0.95], 2, 7), 1, 2)), 1, 1e-6);
%! assert (quantile (paths, 0.95, 2), hi, 0.2 * max (hi - lo));
%! assert (quantile (paths, 0.05, 2), lo, 0.2 * max (hi - lo));

%!test # the forecast lies within its intervals
%! for side = [-1, 1]
%!   biased = m;
%!   biased.errors.pool = side * (10 + abs (m.errors.pool));
%!   [fc, lo, hi] = rnn_forecast (biased, 5);
%!   assert (fc, rnn_forecast (m, 5));
%!   assert (all ((lo <= fc & fc <= hi)(:)));
%!   assert ([isequal(hi, [fc, fc]), isequal(lo, [fc, fc])], side == [-1, 1]);
%! endfor

%!test # beyond the horizon: from what was forecast, and quantiles of the paths
%! [fc, lo, hi, paths] = rnn_forecast (m, 55, "level", 80, "npaths", 101);
%! assert (fc(1:24), rnn_forecast (m, 24));
%! assert (size (paths), [55, 101]);
%! in_order = sort (paths, 2);
%! within = @(end_of, from, to) (end_of >= in_order(:,from) & end_of <= in_order(:,to) | end_of == fc);
%! assert (all (within (lo, 10, 12)(25:55)));
%! assert (all (within (hi, 90, 92)(25:55)));
%! [~, near] = rnn_forecast (m, 24, "level", 80);   # what lies within does not depend on h
%! assert (lo(1:24), near);
%! [~, ~, ~, again] = rnn_forecast (m, 55, "npaths", 101, "seed", 1);
%! assert (isequal (again, paths));
%! [~, ~, ~, other] = rnn_forecast (m, 55, "npaths", 101, "seed", 2);
%! assert (! isequal (other, paths));

%!test # a fan; intervals from paths
%! [~, lo] = rnn_forecast (m, 3, "fan", true);
%! assert (size (lo), [3, 17]);
%! [~, few] = rnn_forecast (m, 3, "level", [51, 99]);
%! assert (lo(:,[1, 17]), few);
%! [fc, lo, hi, paths] = rnn_forecast (m, 5, "bootstrap", true, "npaths", 400);
%! assert (fc, rnn_forecast (m, 5));
%! assert (mean (paths < lo(:,1) - 1e-9, 2), 0.1 * ones (5, 1), 0.1);
%! inside = quantile (paths, [0.1, 0.9], 2, 7);
%! assert (lo(:,1), min (inside(:,1), fc), 1e-3 * abs (fc));
%! assert (hi(:,1), max (inside(:,2), fc), 1e-3 * abs (fc));
%! [~, lo] = rnn_forecast (m, 55, "npaths", 50);
%! [~, same] = rnn_forecast (m, 55, "npaths", 50, "bootstrap", true);
%! assert (isequal (lo(25:end,:), same(25:end,:)));

%!test # counts with zeros are forecast in whole numbers, others if asked for
%! counts = [0, 0, 1, 0, 2, 0, 0, 1, 0, 3, 0, NaN, 1, 0, 0];
%! one = rnnar (counts, quick{:}, "horizon", 4);
%! for h = [3, 9]
%!   [fc, lo, hi, paths] = rnn_forecast (one, h, "npaths", 20, "integer", false);
%!   plain = [fc, lo, hi, paths];
%!   assert (any ((plain != fix (plain))(:)));
%!   [fc, lo, hi, paths] = rnn_forecast (one, h, "npaths", 20);
%!   assert (isequal ([fc, lo, hi, paths], floor (plain + 0.5)));
%! endfor
%! for other = {counts + 1, counts / 2, counts - 1}
%!   [~, ~, hi] = rnn_forecast (rnnar (other{1}, quick{:}), 3);
%!   assert (any ((hi != fix (hi))(:)));
%! endfor
%! fc = rnn_forecast (m, 3, "integer", true);
%! assert (fc, fix (fc));

%!test # paths begin in the same way, however far they go
%! [~, ~, ~, short] = rnn_forecast (m, 3, "npaths", 9);
%! [~, ~, ~, long] = rnn_forecast (m, 24, "npaths", 9);
%! assert (long(1:3,:), short);

%!test # distributions: quantiles of the paths, which begin in the same way; counts are whole
%! for loss = {"student_t", "negative_binomial"}
%!   drawn = rnnar (floor (y), quick{:}, "horizon", 5, "lambda", 1, "loss", loss{1});
%!   [fc, lo, hi, paths] = rnn_forecast (drawn, 12, "level", 80, "npaths", 100, "seed", 3);
%!   in_order = sort (paths, 2);
%!   assert ([fc, lo, hi], in_order(:,[50, 10, 90]));
%!   [~, ~, ~, short] = rnn_forecast (drawn, 3, "npaths", 100, "seed", 3);
%!   assert (short, paths(1:3,:));
%! endfor
%! assert (all (paths(:) >= 0 & paths(:) == round (paths(:))));

%!test # distributions: far out in their tails, and counts of 0 after series without one
%! wild = rnnar (y, quick{:}, "horizon", 1, "loss", "student_t");
%! for k = 1:2
%!   wild.networks{1}{k}.param.b_y = [0; 8; -9];
%! endfor
%! [fc, ~, ~, paths] = rnn_forecast (wild, 12, "npaths", 50);
%! assert (size (paths), [12, 50]);
%! few = rnnar ([1, 2, 1, 3, 1, 1, 2, 1, 1, 4], quick{:}, "horizon", 1, "loss", "negative_binomial");
%! [fc, lo, hi, paths] = rnn_forecast (few, 12, "npaths", 50);
%! assert (any (paths(:) == 0) && all (isfinite (paths(:))));

%!test # distributions: a path goes on from itself, by the network that it is of
%! drawn = rnnar (y, quick{:}, "horizon", 2, "lambda", 1, "loss", "gaussian");
%! for k = 1:2
%!   drawn.networks{1}{k}.param.W_hy(:) = 0;
%!   drawn.networks{1}{k}.param.b_y = [k; 2*k; -40; -40];
%! endfor
%! [~, ~, ~, paths] = rnn_forecast (drawn, 6, "npaths", 12);
%! of = (paths(1,:) - y(60)) / mean (abs (diff (y)));
%! assert (unique (round (of * 1e6)) / 1e6, [1, 2]);
%! assert (paths - y(60), (1:6)' * of * mean (abs (diff (y))), 1e-9);

%!test # distributions: networks go on from their states as if they were given all of the past
%! drawn = rnnar (y, quick{:}, "horizon", 1, "season", "none", "loss", "gaussian");
%! for k = 1:2   # next to no spread
%!   drawn.networks{1}{k}.param.W_hy(2,:) = 0;
%!   drawn.networks{1}{k}.param.b_y(2) = -40;
%! endfor
%! [~, ~, ~, paths] = rnn_forecast (drawn, 3, "npaths", 12);
%! of = __bptt__ ("rnnar_draw", "n", 2, "draws", 12, "seed", 1);
%! for k = 1:2
%!   path = paths(:,find (of == k, 1));
%!   x = __bptt__ ("rnnar_frame", "y", y, "ahead", path(1:2), "horizon", 1, ...
%!               "season", "none", "lambda", "auto");
%!   said = rnn_predict (drawn.networks{1}{k}, x.view{1}.x)(1,end);
%!   z = x.view{1}.base(end) + said * x.view{1}.spread;
%!   assert (path(3), exp (z), 1e-9);
%! endfor

%!error <`bootstrap` is true; expected false, as the model's loss is a distribution>
%! rnn_forecast (rnnar (y, quick{:}, "loss", "gaussian"), 3, "bootstrap", true);

%!test # one step at a time, each from the one before: as a model that is given what was forecast
%! step = rnnar (y, quick{:}, "horizon", 1, "lambda", 1, "season", "none");
%! [fc, lo, hi, paths] = rnn_forecast (step, 3, "npaths", 5);
%! assert ({size(fc), size(paths)}, {[3, 1], [3, 5]});
%! x = __bptt__ ("rnnar_frame", "y", y, "ahead", fc(1:2), "horizon", 1, "lambda", 1, ...
%!               "season", "none");
%! said = cellfun (@(net) rnn_predict (net, x.view{1}.x)(end), step.networks{1});
%! z = x.view{1}.base(end) + mean (said) * x.view{1}.spread;
%! assert (fc(3), z * x.scale, 1e-9);
%! many = rnnar ({y, y(1:40)}, quick{:}, "horizon", 1);
%! [fc, ~, ~, paths] = rnn_forecast (many, 3, "npaths", 5);
%! assert ({size(fc), size(paths)}, {[3, 2], [3, 5, 2]});

%!test # many series: each is forecast as it is alone
%! many = rnnar ({y, y(20:50)', 3 * y(1:41)}, quick{:}, "period", 12);
%! [fc, lo, hi, paths] = rnn_forecast (many, 30, "npaths", 6);
%! assert (size (fc), [30, 3]);
%! assert (size (lo), [30, 3, 2]);
%! assert (size (paths), [30, 6, 3]);
%! alone = rnnar (y(20:50), "model", many);
%! assert (rnn_forecast (alone, 30), fc(:,2));
%! list = rnnar ({y}, quick{:});
%! [fc, lo] = rnn_forecast (list, 3);
%! assert ({size(fc), size(lo)}, {[3, 1], [3, 1, 2]});

%!test # what is below 0
%! small = rnnar (mod (1:40, 5), quick{:});
%! [fc, lo, hi, paths] = rnn_forecast (small, 10);
%! assert (all ([fc, lo, hi, paths](:) >= 0));
%! [~, low] = rnn_forecast (small, 10, "nonnegative", false);
%! assert (max (low, 0), lo);
%! [fc, lo, hi] = rnn_forecast (rnnar (y - 100, quick{:}), 10);
%! assert (any (lo(:) < 0));
%! [fc, lo, hi] = rnn_forecast (rnnar (y - 100, quick{:}), 10, "nonnegative", true);
%! assert (all (lo(:) >= 0));

%!test # covariates: those of the steps to come matter
%! x = [cos((1:66)' .^ 2), mod((1:66)', 7)];
%! with = rnnar (y, quick{:}, "horizon", 4, "xreg", x(1:60,:));
%! fc = rnn_forecast (with, 6, "xreg", x(61:66,:));
%! assert (fc(1:4), rnn_forecast (with, 4, "xreg", {x(61:66,:)}));
%! other = rnn_forecast (with, 6, "xreg", [x(61:64,:); 3, 3; 3, 3]);
%! assert (other(1:4), fc(1:4));
%! assert (! isequal (other(5:6), fc(5:6)));
%! assert (size (rnn_forecast (with, 1, "xreg", x(61,:))), [1, 1]);
%! one = rnnar (y, quick{:}, "horizon", 2, "xreg", x(1:60,1)');
%! assert (rnn_forecast (one, 5, "xreg", x(61:65,1)'), rnn_forecast (one, 5, "xreg", x(61:65,1)));
%! few = rnn_forecast (with, 2, "xreg", x(61:66,:));   # fewer steps, the same rows
%! assert (few, fc(1:2));
%! means = repmat (mean (x(1:60,:)), 2, 1);   # they stand for rows that are not given
%! assert (rnn_forecast (with, 2, "xreg", x(61:62,:)), ...
%!         rnn_forecast (with, 2, "xreg", [x(61:62,:); means]), 1e-9);
%! assert (! isequal (rnn_forecast (with, 2, "xreg", x(61:62,:)), few));
%! assert (rnn_forecast (with, "xreg", x(61:63,:)), rnn_forecast (with, 3, "xreg", x(61:63,:)));
%! assert (size (rnn_forecast (one, "xreg", x(:,1)')), [66, 1]);
%! longer = rnnar (y, quick{:}, "horizon", 4, "xreg", x);   # known further than the series
%! assert (size (rnn_forecast (longer, 6, "xreg", x(61:66,:))), [6, 1]);

%!error <Invalid call> rnn_forecast ()
%!error <`m` is of class `double` and no model> rnn_forecast (3)
%!error <`m` is of class `struct` and no model> rnn_forecast (struct ("networks", 1))
%!error <`h` is 0; expected a whole number of at least 1> rnn_forecast (m, 0)
%!error <`h` is 1.5> rnn_forecast (m, 1.5)
%!error <`h` is 200000; expected a whole number of at most 100000> rnn_forecast (m, 2e5)
%!error <`h` is of class `double` and size 1 x 2> rnn_forecast (m, [1, 2])
%!error <`npaths` is 1; expected a whole number of at least 2> rnn_forecast (m, 3, "npaths", 1)
%!error <`level` has a level outside \(0, 100\)> rnn_forecast (m, 3, "level", [80, 100])
%!error <`level` is no vector of numbers> rnn_forecast (m, 3, "level", "high")
%!error <`level` is no vector of numbers> rnn_forecast (m, 3, "level", NaN)
%!error <`nonnegative` is of class `double`> rnn_forecast (m, 3, "nonnegative", 3)
%!error <`integer` is of class `char`; expected true or false> rnn_forecast (m, 3, "integer", "yes")
%!error <`bootstrap` is of class `double`> rnn_forecast (m, 3, "bootstrap", 2)
%!error <`fan` is of class `double`> rnn_forecast (m, 3, "fan", [1, 1])
%!error <`seed` is -3> rnn_forecast (m, 30, "seed", -3)
%!error <`levels` is not an option of rnn_forecast; did you mean `level`\?> rnn_forecast (m, 3, "levels", 95)
%!error <the option `level` has no value> rnn_forecast (m, 3, "level")
%!error <a name is not a string> rnn_forecast (m, 3, 95, 80)
%!error <`xreg` is given; expected none> rnn_forecast (m, 3, "xreg", 1:3)
%!error <`xreg` is missing; expected covariates>
%! rnn_forecast (rnnar (y, quick{:}, "xreg", 1:60), 3);
%!error <item 1 of `xreg` has 2 rows; expected 3>
%! rnn_forecast (rnnar (y, quick{:}, "xreg", 1:60), 3, "xreg", 1:2);
%!error <item 1 of `xreg` has 2 columns; expected 1>
%! rnn_forecast (rnnar (y, quick{:}, "xreg", 1:60), 3, "xreg", ones (3, 2));
%!error <`xreg` is of 2 series; expected 1>
%! rnn_forecast (rnnar (y, quick{:}, "xreg", 1:60), 3, "xreg", {1:3, 1:3});
%!error id=bptt:invalidInput rnn_forecast (m, 3, "level", 100)
