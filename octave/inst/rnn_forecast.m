## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {[@var{fc}, @var{lo}, @var{hi}, @var{paths}] =} rnn_forecast (@var{m})
## @deftypefnx {} {[@dots{}] =} rnn_forecast (@var{m}, @var{h})
## @deftypefnx {} {[@dots{}] =} rnn_forecast (@dots{}, @var{name}, @var{value}, @dots{})
## Forecasts of a model of time series, with intervals.
##
## @var{m} is a model as @code{rnnar} returns it, @var{h} the steps to forecast.
## Default: two periods, or 10.
##
## @var{fc} are the forecasts, a column for each series: the mean of what the networks
## forecast on the transformed scale, turned back; where errors are symmetric on that
## scale it is the median.  @var{lo} and @var{hi} are the ends of the intervals: of one
## series @var{h} x levels, of many @var{h} x series x levels; the levels ascend.  With
## the same @code{seed} all of them are, bit for bit, what the R package forecasts.
##
## @var{paths} are ways that the future may take, @var{h} x @code{npaths}, of many
## series @var{h} x @code{npaths} x series: a forecast and errors that the model has
## made together, and so with their dependence from step to step.
##
## An interval is made from the quantiles of the errors that the networks made on targets
## they were not trained on, at the same number of steps ahead; beyond the model's
## @code{horizon} from those of the paths.  Where the errors lie to one side @var{fc} may be
## outside an interval, whose end is then drawn to it.
##
## Options are pairs of a name and a value; the empty matrix stands for the
## default.
##
## @table @asis
## @item @qcode{"level"}
## Levels of the intervals in per cent.  Default: @code{[80, 95]}.
##
## @item @qcode{"xreg"}
## Covariates of the steps to be forecast, as many as the model has, a row for each
## step; for many series a cell array of them.
##
## @item @qcode{"npaths"}
## How many paths.  Default: 1000.
##
## @item @qcode{"nonnegative"}
## Whether what is below 0 is made 0.  Default: where the series has no negative value.
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
## @seealso{rnnar, rnn_metrics}
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
  defaults = struct ("level", [80, 95], "xreg", [], "npaths", 1000, "nonnegative", [], "seed", 1);
  given = read_options ("rnn_forecast", defaults, varargin);
  level = check_level (given.level);
  if (isempty (h))
    h = default_h (m);
  endif
  check_whole (h, "h", 1, 1e5);
  check_whole (given.npaths, "npaths", 2, 1e7);
  check_nonnegative (given.nonnegative);
  xreg = future_xreg (m, given.xreg, h);

  [z, frame] = forecast_blocks (m, h, xreg);
  p = [fliplr(1 - level / 100), 1 + level / 100] / 2;
  error = [];
  if (h <= rows (m.errors.pool))
    error = row_quantiles (m.errors.pool(1:h,:), p);
  endif
  N = numel (m.series);
  fc = zeros (h, N);
  lo = hi = zeros (h, N, numel (level));
  paths = zeros (h, given.npaths * (nargout > 3), N);
  for i = 1:N
    [fc(:,i), lo(:,i,:), hi(:,i,:), paths(:,:,i)] ...
      = one_forecast (m, i, z(:,i), p, error, frame, xreg, given, nargout > 3);
  endfor
  if (! m.many)
    lo = reshape (lo, h, []);
    hi = reshape (hi, h, []);
  endif

endfunction

## ------------------------------------------------------------------------------ arguments

function h = default_h (m)

  h = 10;
  if (max (m.options.period(:)) > 1)
    h = 2 * round (max (m.options.period(:)));
  endif

endfunction

function check_nonnegative (nonnegative)

  if (! (isempty (nonnegative) || (isscalar (nonnegative) && any (nonnegative == [0, 1]))))
    error ("bptt:invalidInput", "`nonnegative` is of class `%s`; expected true or false", ...
           class (nonnegative));
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
    xreg{i} = [m.xreg{i}(1:numel (m.series{i}),:); xreg{i}(1:h,:)];
  endfor

endfunction

## --------------------------------------------------------------------------------- blocks

## What the networks forecast from the end of each series, transformed: a column for each, `horizon`
## rows.  With the frame.
function [z, frame] = last_block (m, series, xreg, appended)

  frame = frame_series (m, series, xreg, appended);
  n = cellfun ("numel", series);
  z = 0;
  for v = 1:numel (frame.view)
    view = frame.view{v};
    nets = m.networks{v};
    out = 0;
    for k = 1:numel (nets)
      nets{k}.output_mode = "last";
      out = out + rnn_predict (nets{k}, view.x, "lengths", n) / numel (nets);
    endfor
    [H, N, ~] = size (view.base);
    base = view.base((1:H)' + H * (0:N-1) + H * N * (n - 1));
    z = (z + base) + reshape (out, H, N) .* view.spread(:)';
  endfor
  z = z / numel (frame.view);

endfunction

## Adds forecasts, a column of Y for each, to the series.
function series = append_to (series, y)

  for i = 1:numel (series)
    series{i} = [series{i}; y(:,i)];
  endfor

endfunction

## h steps from each series, transformed; what lies beyond the first block is forecast from the
## forecasts before.  With the frame of the first block.
function [z, frame] = forecast_blocks (m, h, xreg)

  [block, frame] = last_block (m, m.series, xreg, 0);
  z = block;
  series = m.series;
  while (rows (z) < h)
    for i = 1:numel (series)
      series(i) = append_to (series(i), invert_series (block(:,i), frame, i));
    endfor
    block = last_block (m, series, xreg, rows (z));
    z = [z; block];
  endwhile
  z = z(1:h,:);

endfunction

## Paths of series i, transformed: h x npaths.  Each block has an error of the model added, and what
## follows is forecast from the path.
function z = paths_of (m, i, h, xreg, npaths, seed)

  pool = m.errors.pool;
  own = xreg(i(! isempty (xreg)));
  [block, frame] = last_block (m, m.series(i), own, 0);
  size = frame.view{1}.spread * m.errors.ratio(i);
  blocks = ceil (h / rows (block));
  draw = __bptt__ ("rnnar_draw", "n", columns (pool), "draws", npaths * blocks, "seed", seed);
  draw = reshape (draw, npaths, blocks);
  z = block + size * pool(:,draw(:,1));
  for b = 2:blocks
    paths = append_to (repmat (m.series(i), 1, npaths), invert_series (z, frame, 1));
    block = last_block (m, paths, repmat (own, 1, npaths), rows (z));
    z = [z; block + size * pool(:,draw(:,b))];
  endfor
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

## The forecast of series i.  ERROR: the quantiles P of the errors up to step h, where there are such.
function [fc, lo, hi, paths] = one_forecast (m, i, z, p, error, frame, xreg, given, want_paths)

  h = rows (z);
  paths = zeros (h, 0);
  if (want_paths || isempty (error))
    paths = paths_of (m, i, h, xreg, given.npaths, given.seed);
  endif
  if (isempty (error))
    ends = row_quantiles (paths, p);
  else
    ends = z + error * (frame.view{1}.spread(i) * m.errors.ratio(i));
  endif
  paths = paths(:,1:end*want_paths);
  all = invert_series ([z, ends, paths], frame, i);
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
%! assert (all (lo >= in_order(:,10) & lo <= in_order(:,12)));
%! assert (all (hi >= in_order(:,90) & hi <= in_order(:,92)));
%! [~, ~, ~, again] = rnn_forecast (m, 55, "npaths", 101, "seed", 1);
%! assert (isequal (again, paths));
%! [~, ~, ~, other] = rnn_forecast (m, 55, "npaths", 101, "seed", 2);
%! assert (! isequal (other, paths));

%!test # paths begin in the same way, however far they go
%! [~, ~, ~, short] = rnn_forecast (m, 3, "npaths", 9);
%! [~, ~, ~, long] = rnn_forecast (m, 24, "npaths", 9);
%! assert (long(1:3,:), short);

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
%! longer = rnnar (y, quick{:}, "horizon", 4, "xreg", x);   # known further than the series
%! assert (size (rnn_forecast (longer, 6, "xreg", x(61:66,:))), [6, 1]);

%!error <Invalid call> rnn_forecast ()
%!error <`m` is of class `double` and no model> rnn_forecast (3)
%!error <`m` is of class `struct` and no model> rnn_forecast (struct ("networks", 1))
%!error <`h` is 0; expected a whole number of at least 1> rnn_forecast (m, 0)
%!error <`h` is 1.5> rnn_forecast (m, 1.5)
%!error <`h` is of class `double` and size 1 x 2> rnn_forecast (m, [1, 2])
%!error <`npaths` is 1; expected a whole number of at least 2> rnn_forecast (m, 3, "npaths", 1)
%!error <`level` has a level outside \(0, 100\)> rnn_forecast (m, 3, "level", [80, 100])
%!error <`level` is no vector of numbers> rnn_forecast (m, 3, "level", "high")
%!error <`level` is no vector of numbers> rnn_forecast (m, 3, "level", NaN)
%!error <`nonnegative` is of class `double`> rnn_forecast (m, 3, "nonnegative", 3)
%!error <`seed` is -3> rnn_forecast (m, 30, "seed", -3)
%!error <`levels` is not an option of rnn_forecast> rnn_forecast (m, 3, "levels", 95)
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
