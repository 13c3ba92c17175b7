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
## @code{horizon} from those of the paths.
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
  N = numel (m.series);
  fc = zeros (h, N);
  lo = hi = zeros (h, N, numel (level));
  paths = zeros (h, given.npaths * (nargout > 3), N);
  for i = 1:N
    [fc(:,i), lo(:,i,:), hi(:,i,:), paths(:,:,i)] ...
      = one_forecast (m, i, z(:,i), level, frame, xreg, given, nargout > 3);
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
  if (isempty (m.xreg) && ! isempty (xreg))
    error ("bptt:invalidInput", "`xreg` is given; expected none, as the model has none");
  endif
  if (! isempty (m.xreg) && isempty (xreg))
    error ("bptt:invalidInput", ...
           "`xreg` is missing; expected covariates, as the model has some");
  endif
  if (numel (xreg) != numel (m.xreg))
    error ("bptt:invalidInput", "`xreg` is of %d series; expected %d", numel (xreg), ...
           numel (m.xreg));
  endif
  for i = 1:numel (xreg)
    if (rows (xreg{i}) < h || columns (xreg{i}) != columns (m.xreg{i}))
      error ("bptt:invalidInput", ...
             "`xreg` is a %d x %d matrix; expected %d rows and %d columns", ...
             rows (xreg{i}), columns (xreg{i}), h, columns (m.xreg{i}));
    endif
    xreg{i} = [m.xreg{i}; xreg{i}(1:h,:)];
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

function [fc, lo, hi, paths] = one_forecast (m, i, z, level, frame, xreg, given, want_paths)

  h = rows (z);
  beyond = h > rows (m.errors.pool);
  paths = zeros (h, 0);
  if (want_paths || beyond)
    paths = paths_of (m, i, h, xreg, given.npaths, given.seed);
  endif
  p = [fliplr(1 - level / 100), 1 + level / 100] / 2;
  if (beyond)
    ends = row_quantiles (paths, p);
  else
    error = row_quantiles (m.errors.pool(1:h,:), p);
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
  k = numel (level);
  fc = all(:,1);
  lo = reshape (all(:,1+(k:-1:1)), h, 1, k);
  hi = reshape (all(:,1+k+(1:k)), h, 1, k);
  paths = all(:,2+2*k:end);

endfunction
