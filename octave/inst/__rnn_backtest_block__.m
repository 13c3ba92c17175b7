## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## TABLE = __rnn_backtest_block__ (PLAN, ROUNDS): one training at the first of these
## rounds of rnn_backtest, and what it forecasts there and at the others.  A row for
## each number: series, origin, horizon, what came true, forecast, the lower and the
## upper ends of the levels.
## It has a file of its own for the processes of parcellfun to find it.

function table = __rnn_backtest_block__ (plan, rounds)

  warning ("error", "bptt:interrupted", "local");   # a model with part of its networks is no use
  n = cellfun ("numel", plan.series);
  table = cell (numel (rounds), 1);
  for k = 1:numel (rounds)
    known = min (plan.origins(rounds(k),:), n);   # a series that is over is known as a whole
    if (k == 1)
      m = fit = model_at (plan, known, plan.model);
    else
      m = model_at (plan, known, fit);
    endif
    table{k} = forecast_rows (plan, known, m);
  endfor
  table = vertcat (table{:});

endfunction

## A model of so many values of each series: with the networks of FIT, or, if that is [], its own.
function m = model_at (plan, known, fit)

  first = @(x, n) x(1:n,:);
  known = num2cell (known);
  y = cellfun (first, plan.series, known, "UniformOutput", false);
  xreg = plan.xreg;
  if (! isempty (xreg))
    xreg = cellfun (first, xreg, known, "UniformOutput", false);
  endif
  subset = plan.subset;
  if (islogical (subset) && numel (subset) == numel (plan.series{1}))
    subset = subset(1:known{1});
  elseif (isnumeric (subset) && ! isempty (subset))
    subset = reshape (subset(subset <= known{1}), 1, []);   # 0 x 0 would be all
  endif
  if (isempty (fit))
    m = rnnar (y, plan.options{:}, "xreg", xreg, "subset", subset);
  else
    m = rnnar (y, "xreg", xreg, "model", fit);
  endif

endfunction

function table = forecast_rows (plan, known, m)

  left = min (plan.h, cellfun ("numel", plan.series) - known);
  h = max (left);
  xreg = cell (1, numel (plan.xreg));
  for i = 1:numel (xreg)   # the last row again where there are not as many
    xreg{i} = plan.xreg{i}(min (known(i) + (1:h), end),:);
  endfor
  [fc, lo, hi] = rnn_forecast (m, h, "level", plan.level, "xreg", xreg, plan.forecast{:});
  N = numel (known);
  lo = reshape (lo, h, N, []);
  hi = reshape (hi, h, N, []);
  table = cell (N, 1);
  for i = find (left > 0)
    k = (1:left(i))';
    table{i} = [repmat([i, known(i)], left(i), 1), k, plan.series{i}(known(i)+k), fc(k,i), ...
                reshape(lo(k,i,:), left(i), []), reshape(hi(k,i,:), left(i), [])];
  endfor
  table = vertcat (table{:});

endfunction

%!test
%! y = 50 + 10 * sin ((1:40)' / 2) + (1:40)';
%! options = {"period", 1, "repeats", 2, "epochs", 1, "hidden", 2, "seed", 1};
%! plan = struct ("h", 3, "level", 90, "origins", [30; 35; 39], "subset", [], "model", []);
%! plan.series = {y};
%! plan.forecast = {};
%! plan.xreg = {};
%! plan.options = options;
%! table = __rnn_backtest_block__ (plan, [1, 3]);
%! assert (table(:,1:4), [1, 30, 1, y(31); 1, 30, 2, y(32); 1, 30, 3, y(33); 1, 39, 1, y(40)]);
%! m = rnnar (y(1:30), options{:});
%! [fc, lo, hi] = rnn_forecast (m, 3, "level", 90);
%! assert (table(1:3,5:7), [fc, lo, hi]);
%! fc = rnn_forecast (rnnar (y(1:39), "model", m), 1);
%! assert (table(4,5), fc);
