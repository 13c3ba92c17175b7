## demo.m -- the sunspot number, forecast eleven years ahead by networks that have seen its past.
##
##   octave-cli demo/demo.m     in the top folder of bptt, with bptt loaded;
##                              writes build/demo/octave.png
##
## demo.R is the same in R.
1;

## One step of the network is a year: twelve months go in, the next twelve come out. A series can
## be cut into years in twelve ways, one for each month to begin with: a batch of twelve sequences,
## month of the year x first month x year. The last of them ends where the series ends.
function [x, target] = years_of (z)
  steps = floor ((numel (z) - 23) / 12);
  index = (1:12)' + (0:11) + 12 * reshape (0:steps-1, 1, 1, []);
  index += numel (z) - max (index(:)) - 12;
  x = z(index);
  target = z(index + 12);
endfunction

## The loss with a small penalty on large weights, which keeps a network from learning the noise
## by heart.
function [loss, grad] = penalized (f, theta, penalty)
  if (nargout < 2)
    loss = f (theta) + penalty * sumsq (theta);
  else
    [loss, grad] = f (theta);
    loss += penalty * sumsq (theta);
    grad += 2 * penalty * theta;
    progress (loss);
  endif
endfunction

## Keeps a loss, and prints every twentieth. Without arguments: those since it was last asked.
function out = progress (loss)
  persistent losses = [];
  if (nargin == 0)
    out = losses;
    losses = [];
  else
    losses(end+1) = loss;
    if (mod (numel (losses), 20) == 1)
      printf (" %.4f", loss);
      fflush (stdout);
    endif
  endif
endfunction

## Fits one LSTM to the years of z.
function [net, losses] = fit_lstm (z, seed, iterations = 120, penalty = 1e-3)
  [x, target] = years_of (z);
  net = rnn_net (12, 12, 12, "lstm", "seed", seed);
  [f, theta] = rnn_objective (net, x, target);
  options = optimset ("GradObj", "on", "MaxIter", iterations, "TolX", 0, "TolFun", 0);
  printf ("LSTM %d, loss every 20 gradients:", seed);
  [theta, loss] = fminunc (@(theta) penalized (f, theta, penalty), theta, options);
  printf (", at the end %.4f\n", loss);
  net.param = rnn_unpack (theta, net);
  losses = progress ();
endfunction

## Goes through the past year by year, then on from there: the state is carried along, and each
## year that comes out goes in as the next.
function path = continue_series (net, z, months)
  years = floor (numel (z) / 12);
  past = reshape (z(end-12*years+1:end), 12, years);   # a year a column
  [~, state] = rnn_forward (net, past(:,1:end-1));
  year = past(:,end);
  path = [];
  while (numel (path) < months)
    [year, state] = rnn_forward (net, year, "state", state, "format", "CT");
    path = [path; year];
  endwhile
  path = path(1:months);
endfunction

## An autoregression from the Yule-Walker equations, its order chosen by AIC: what ar () in R does.
function [forecast, order] = forecast_ar (past, months)
  n = numel (past);
  centre = mean (past);
  z = past - centre;
  highest = floor (10 * log10 (n));
  acov = arrayfun (@(k) z(1:n-k)' * z(k+1:n) / n, (0:highest)');
  aic = n * log (acov(1));
  for p = 1:highest
    phi = toeplitz (acov(1:p)) \ acov(2:p+1);
    aic(p+1) = n * log (acov(1) - phi' * acov(2:p+1)) + 2 * p;
  endfor
  order = find (aic == min (aic)) - 1;
  phi = toeplitz (acov(1:order)) \ acov(2:order+1);
  for k = n + (1:months)
    z(k) = phi' * z(k-1:-1:k-order);
  endfor
  forecast = centre + z(n+1:end);
endfunction

function e = rmse (forecast, truth)
  e = sqrt (meansq (forecast - truth));
endfunction

function e = mae (forecast, truth)
  e = mean (abs (forecast - truth));
endfunction

function row (name, forecast, truth)
  printf ("%-38s %8.2f %8.2f\n", name, rmse (forecast, truth), mae (forecast, truth));
endfunction

function s = entry (name, forecast, truth)
  s = sprintf ("%s, RMSE %.0f", name, rmse (forecast, truth));
endfunction

## Draws a line and, at the height given, what the legend says of it: gnuplot spreads its own over
## the whole picture.
function draw (x, y, height, name, varargin)
  line (x, y, varargin{:});
  line ([2003.3, 2004.7], [height, height], varargin{:});
  text (2005.2, height, name);
endfunction

function main ()

  cycle = 132;   # months: the eleven years from one maximum of solar activity to the next
  series = dlmread ("demo/sunspots.csv", ",", 1, 0);
  year = series(:,1) + (series(:,2) - 0.5) / 12;
  past = series(1:end-cycle,3);
  truth = series(end-cycle+1:end,3);

  printf ("Octave: fitting to the monthly sunspot number of %d to %d\n", series(1,1),
          series(end-cycle,1));
  centre = mean (past);
  spread = std (past);
  losses = cell (1, 5);
  lstm = 0;
  for seed = 1:5   # the mean of a few that began with different weights
    [net, losses{seed}] = fit_lstm ((past - centre) / spread, seed);
    path = centre + spread * continue_series (net, (past - centre) / spread, cycle);
    lstm += max (path, 0) / 5;
  endfor
  naive = past(end-cycle+1:end);
  [ar, order] = forecast_ar (past, cycle);

  printf ("\n%-38s %8s %8s\n", "forecast of the 132 months after that", "RMSE", "MAE");
  row ("mean of five LSTMs", lstm, truth);
  row ("seasonal naive: 132 months before", naive, truth);
  row (sprintf ("AR(%d)", order), ar, truth);
  printf ("\n");

  warning ("off", "Octave:gnuplot-graphics", "local");
  graphics_toolkit ("gnuplot");   # draws without a screen
  set (0, "defaultaxesfontsize", 6, "defaulttextfontsize", 5);
  fig = figure ("visible", "off");
  axes ("position", [0.055, 0.14, 0.225, 0.77]);
  hold on;
  cellfun (@(loss) semilogy (loss, "color", [0.27, 0.51, 0.71]), losses);
  hold off;
  axis ([0, 140, 0.18, 1.4]);
  set (gca, "box", "on", "xtick", 0:40:120, "ytick", 0.2:0.2:1.2,
       "yticklabel", {"0.2", "0.4", "0.6", "0.8", "1.0", "1.2"});
  xlabel ("gradients computed");
  ylabel ("training loss");
  title ("five LSTMs");

  axes ("position", [0.345, 0.14, 0.635, 0.77]);
  recent = numel (past) + (-2*cycle+1:0);
  ahead = numel (past) + (1:cycle);
  plot (year(recent), past(recent), "color", [0.7, 0.7, 0.7]);
  line (year(ahead([1, 1])), [-10, 250], "color", [0.5, 0.5, 0.5], "linestyle", ":");
  draw (year(ahead), truth, 236, "truth", "color", "k");
  draw (year(ahead), naive, 221, entry ("seasonal naive", naive, truth),
        "color", [1, 0.55, 0], "linestyle", "--");
  draw (year(ahead), ar, 206, entry (sprintf ("AR(%d)", order), ar, truth),
        "color", [0.13, 0.55, 0.13], "linewidth", 4);
  draw (year(ahead), lstm, 191, entry ("mean of five LSTMs", lstm, truth),
        "color", [0.27, 0.51, 0.71], "linewidth", 6);
  axis ([1980, 2015, -10, 250]);
  set (gca, "xtick", 1980:5:2015, "ytick", 0:50:250);
  xlabel ("year");
  ylabel ("monthly sunspot number");
  title ("the last eleven years, forecast from those before (grey: end of the training part)");
  [~, ~] = mkdir ("build/demo");
  print (fig, "build/demo/octave.png", "-dpng", "-S1100,400");

endfunction

main ();
