## demo.m -- two series forecast by rnnar and by simpler means, and how far each was off.
##
##   octave-cli demo/demo.m     in the top folder of bptt, with bptt loaded;
##                              writes build/demo/octave-*.png
##
## demo.R is the same in R, beside the methods that R has: rnnar forecasts the same there.
1;

## ----------------------------------------------------------------------------- series

## The sunspot number as means of twelve months, the last of which ends where the series does: a
## cycle of solar activity is about eleven years.
function s = sunspots ()
  monthly = dlmread ("demo/sunspots.csv", ",", 1, 0)(:,3);
  years = floor (numel (monthly) / 12);
  s.name = "sunspots";
  s.title = "sunspot number, means of twelve months";
  s.y = mean (reshape (monthly(end-12*years+1:end), 12, years))';
  s.last = 2013.25;
  s.step = 1;
  s.period = 11;
  s.h = 11;
  s.shown = 33;
  s.ticks = 1970:10:2010;
  s.rnnar = {"lambda", 0.5, "season", "difference"};
  s.transform = @sqrt;
  s.back = @(z) max (z, 0) .^ 2;
  s.differences = false;
endfunction

function s = air ()
  s.name = "airpassengers";
  s.title = "airline passengers a month, thousands";
  s.y = dlmread ("demo/airpassengers.csv", ",", 1, 0)(:,3);
  s.last = 1961 - 0.5 / 12;
  s.step = 1 / 12;
  s.period = 12;
  s.h = 24;
  s.shown = 36;
  s.ticks = 1956:1961;
  s.rnnar = {};
  s.transform = @log;
  s.back = @exp;
  s.differences = true;
endfunction

## ---------------------------------------------------------------------------- methods

## Each has the mean and the ends of the intervals of 80 and 95 %, a column for each.
function f = by_rnnar (past, s)
  m = rnnar (past, "period", s.period, "horizon", s.h, "seed", 1, s.rnnar{:});
  [f.mean, f.lower, f.upper] = rnn_forecast (m, s.h);
endfunction

## The last period once more. Its errors add up from period to period.
function f = by_seasonal_naive (past, s)
  ahead = 0:s.h-1;
  error = past(s.period+1:end) - past(1:end-s.period);
  sd = sqrt (meansq (error)) * sqrt (floor (ahead' / s.period) + 1);
  f = normal (past(end-s.period+1+mod (ahead', s.period)), sd);
endfunction

## An autoregression from the Yule-Walker equations, its order chosen by AIC: of the transformed
## series, or of its differences to a period before.
function f = by_ar (past, s)
  z = s.transform (past);
  w = z;
  polynomial = 1;
  if (s.differences)
    w = z(s.period+1:end) - z(1:end-s.period);
    polynomial = [1, zeros(1, s.period - 1), -1];
  endif
  n = numel (w);
  centre = mean (w);
  w -= centre;
  acov = arrayfun (@(k) w(1:n-k)' * w(k+1:n) / n, (0:floor (10 * log10 (n)))');
  best = struct ("aic", Inf);
  for p = 1:numel (acov) - 1
    phi = toeplitz (acov(1:p)) \ acov(2:p+1);
    variance = acov(1) - phi' * acov(2:p+1);
    aic = n * log (variance) + 2 * p;
    if (aic < best.aic)
      best = struct ("aic", aic, "phi", phi, "variance", variance);
    endif
  endfor
  for k = n + (1:s.h)
    w(k) = best.phi' * w(k-1:-1:k-numel (best.phi));
  endfor
  ahead = centre + w(n+1:end);
  if (s.differences)
    for k = 1:s.h
      z(end+1) = z(end-s.period+1) + ahead(k);
    endfor
    ahead = z(end-s.h+1:end);
  endif
  ## How much of an error is left so many steps later.
  psi = filter (1, conv (polynomial, [1, -best.phi']), [1; zeros(s.h - 1, 1)]);
  f = normal (ahead, sqrt (best.variance * cumsum (psi .^ 2)));
  f = structfun (s.back, f, "UniformOutput", false);
endfunction

function f = normal (middle, sd)
  wide = sd * [1.281552, 1.959964];
  f = struct ("mean", middle, "lower", middle - wide, "upper", middle + wide);
endfunction

## ----------------------------------------------------------------------------- scores

function row (name, f, truth, past, period, seconds)
  off = abs (f.mean - truth);
  covered = 100 * mean (truth >= f.lower & truth <= f.upper);
  printf ("%-16s %8.1f %8.1f %6.2f %7.0f%% %7.0f%% %8.1f\n", name, sqrt (meansq (off)), mean (off),
          mean (off) / mean (abs (past(period+1:end) - past(1:end-period))), covered, seconds);
endfunction

## ---------------------------------------------------------------------------- picture

function file = draw (s, past, truth, names, forecasts)
  colours = {[0.12, 0.37, 0.66], [0.88, 0.51, 0.08], [0.70, 0.09, 0.17]};
  n = numel (past);
  time = @(i) s.last + (i - n - s.h) * s.step;
  shown = n-s.shown+1:n;
  ahead = n+1:n+s.h;
  band = forecasts{1};
  top = 1.04 * max ([past(shown); truth; band.upper(:)]);

  warning ("off", "Octave:gnuplot-graphics", "local");
  graphics_toolkit ("gnuplot");   # draws without a screen
  set (0, "defaultaxesfontsize", 6, "defaulttextfontsize", 7);
  fig = figure ("visible", "off");
  axes ("position", [0.05, 0.08, 0.66, 0.83]);
  hold on;
  for k = [2, 1]
    shade = 1 - (1 - colours{1}) * [0.45, 0.2](k);
    fill (time ([ahead, fliplr(ahead)]), [band.lower(:,k); flipud(band.upper(:,k))]', shade,
          "edgecolor", "none");
  endfor
  plot (time (shown), past(shown), "color", [0.6, 0.6, 0.6]);
  for i = numel (forecasts):-1:1
    plot (time (ahead), forecasts{i}.mean, "color", colours{i}, "linewidth", [6, 4, 4](i));
  endfor
  plot (time ([n, ahead]), [past(end); truth], "color", "k", "linewidth", 5);
  hold off;
  axis ([time(n - s.shown), time(n + s.h) + s.h * s.step / 20, 0, top]);
  set (gca, "box", "on", "xtick", s.ticks, "layer", "top");
  title (s.title);

  ## The legend, by hand: gnuplot spreads its own over the whole picture.
  axes ("position", [0.73, 0.08, 0.26, 0.83], "visible", "off");
  axis ([0, 1, 0, 12]);
  entry = @(at, label, varargin) {line([0, 0.12], [at, at], varargin{:}), text(0.16, at, label)};
  entry (11.5, "known", "color", [0.6, 0.6, 0.6]);
  entry (10.7, "held out", "color", "k", "linewidth", 5);
  for i = 1:numel (forecasts)
    off = sqrt (meansq (forecasts{i}.mean - truth));
    entry (10.7 - 0.8 * i, sprintf ("%s, RMSE %.1f", names{i}, off), "color", colours{i},
           "linewidth", [6, 4, 4](i));
  endfor
  entry (9.9 - 0.8 * i, "rnnar, 80 and 95 %", "color", 1 - (1 - colours{1}) * 0.3, "linewidth", 16);
  file = sprintf ("build/demo/octave-%s.png", s.name);
  [~, ~] = mkdir ("build/demo");
  print (fig, file, "-dpng", "-S1100,460");
endfunction

## -------------------------------------------------------------------------- all of it

function main ()
  names = {"rnnar", "seasonal naive", "AR"};
  methods = {@by_rnnar, @by_seasonal_naive, @by_ar};
  for series = {sunspots(), air()}
    s = series{1};
    past = s.y(1:end-s.h);
    truth = s.y(end-s.h+1:end);
    printf ("Octave: %s, %d values held out after %d\n", s.title, s.h, numel (past));
    printf ("%16s %8s %8s %6s %8s %8s %8s\n", "", "RMSE", "MAE", "MASE", "in 80 %", "in 95 %",
            "seconds");
    forecasts = {};
    for i = 1:3
      started = tic ();
      forecasts{i} = methods{i}(past, s);
      row (names{i}, forecasts{i}, truth, past, s.period, toc (started));
    endfor
    printf ("picture: %s\n\n", draw (s, past, truth, names, forecasts));
  endfor
endfunction

main ();
