# demo.R -- the sunspot number, forecast eleven years ahead by networks that have seen its past.
#
#   Rscript demo/demo.R        in the top folder of bptt; writes build/demo/R.png
#
# demo.m is the same in Octave.
library(bptt)

cycle <- 132 # months: the eleven years from one maximum of solar activity to the next

# One step of the network is a year: twelve months go in, the next twelve come out. A series can
# be cut into years in twelve ways, one for each month to begin with: a batch of twelve sequences,
# month of the year x first month x year. The last of them ends where the series ends.
years_of <- function(z) {
  steps <- (length(z) - 23) %/% 12
  index <- outer(outer(1:12, 0:11, "+"), 12 * (seq_len(steps) - 1), "+")
  index <- index + length(z) - max(index) - 12
  list(x = array(z[index], dim(index)), target = array(z[index + 12], dim(index)))
}

# Fits one LSTM to the years of z. A small penalty on large weights keeps it from learning the
# noise by heart.
fit_lstm <- function(z, seed, progress, iterations = 120, penalty = 1e-3) {
  years <- years_of(z)
  net <- rnn_net(12, 12, 12, "lstm", seed = seed)
  goal <- rnn_objective(net, years$x, years$target)
  losses <- NULL
  fn <- function(par) goal$fn(par) + penalty * sum(par^2)
  gr <- function(par) {
    losses <<- c(losses, fn(par)) # costs nothing: goal keeps its last evaluation
    if (progress && length(losses) %% 20 == 1) cat(sprintf(" %.4f", tail(losses, 1)))
    goal$gr(par) + 2 * penalty * par
  }
  if (progress) cat(sprintf("LSTM %d, loss every 20 gradients:", seed))
  best <- optim(goal$par, fn, gr,
    method = "L-BFGS-B", control = list(maxit = iterations, factr = 0, lmm = 10)
  )
  if (progress) cat(sprintf(", at the end %.4f\n", best$value))
  list(net = goal$net(best$par), losses = losses)
}

# Goes through the past year by year, then on from there: the state is carried along, and each
# year that comes out goes in as the next.
continue_series <- function(net, z, months) {
  past <- t(matrix(tail(z, 12 * (length(z) %/% 12)), 12)) # a year a row
  last <- nrow(past)
  state <- rnn_forward(net, past[-last, ])$state
  year <- past[last, , drop = FALSE]
  path <- NULL
  while (length(path) < months) {
    step <- rnn_forward(net, year, state = state)
    state <- step$state
    year <- step$y
    path <- c(path, year)
  }
  path[seq_len(months)]
}

# The mean of what a few LSTMs forecast that began with different weights.
forecast_lstm <- function(past, months, seeds = 1:5, progress = FALSE) {
  centre <- mean(past)
  spread <- sd(past)
  z <- (past - centre) / spread
  losses <- list()
  total <- 0
  for (seed in seeds) {
    fit <- fit_lstm(z, seed, progress)
    losses <- c(losses, list(fit$losses))
    total <- total + pmax(centre + spread * continue_series(fit$net, z, months), 0)
  }
  list(mean = total / length(seeds), losses = losses)
}

# What a forecast has to beat: the cycle before once more, and an autoregression whose order
# AIC chooses.
forecast_naive <- function(past, months) rep(tail(past, cycle), length.out = months)
forecast_ar <- function(past, months) {
  fit <- ar(past)
  list(mean = as.vector(predict(fit, n.ahead = months)$pred), order = fit$order)
}

rmse <- function(forecast, truth) sqrt(mean((forecast - truth)^2))
mae <- function(forecast, truth) mean(abs(forecast - truth))

main <- function() {
  series <- read.csv("demo/sunspots.csv")
  year <- series$year + (series$month - 0.5) / 12
  train <- seq_len(nrow(series) - cycle)
  past <- series$sunspots[train]
  truth <- series$sunspots[-train]

  cat("R: fitting to the monthly sunspot number of", series$year[1], "to", max(series$year[train]),
      "\n")
  lstm <- forecast_lstm(past, cycle, progress = TRUE)
  ar <- forecast_ar(past, cycle)
  naive <- forecast_naive(past, cycle)

  cat(sprintf("\n%-38s %8s %8s\n", "forecast of the 132 months after that", "RMSE", "MAE"))
  row <- function(name, forecast) {
    cat(sprintf("%-38s %8.2f %8.2f\n", name, rmse(forecast, truth), mae(forecast, truth)))
  }
  row("mean of five LSTMs", lstm$mean)
  row("seasonal naive: 132 months before", naive)
  row(sprintf("AR(%d)", ar$order), ar$mean)
  cat("\n")

  dir.create("build/demo", recursive = TRUE, showWarnings = FALSE)
  png("build/demo/R.png", width = 1100, height = 400, res = 96, type = "cairo")
  on.exit(dev.off())
  layout(t(1:2), widths = c(1, 2.4))
  par(mar = c(3.4, 3.6, 2, 1), mgp = c(2.3, 0.6, 0), las = 1, cex = 0.9, xaxs = "i", yaxs = "i")
  plot(NULL,
    xlim = c(0, 140), ylim = c(0.18, 1.4), log = "y", xaxp = c(0, 120, 3), yaxt = "n",
    xlab = "gradients computed", ylab = "training loss", main = "five LSTMs"
  )
  axis(2, at = seq(0.2, 1.2, 0.2))
  for (loss in lstm$losses) lines(loss, col = "steelblue")

  recent <- tail(train, 2 * cycle)
  ahead <- year[-train]
  entry <- function(name, forecast) sprintf("%s, RMSE %.0f", name, rmse(forecast, truth))
  plot(year[recent], past[recent],
    type = "l", col = "grey70", xlim = c(1980, 2015), ylim = c(-10, 250),
    xlab = "year", ylab = "monthly sunspot number",
    main = "the last eleven years, forecast from those before (grey: end of the training part)"
  )
  abline(v = min(ahead), col = "grey50", lty = 3)
  lines(ahead, truth, col = "black")
  lines(ahead, naive, col = "darkorange", lty = 2)
  lines(ahead, ar$mean, col = "forestgreen", lwd = 2)
  lines(ahead, lstm$mean, col = "steelblue", lwd = 3)
  legend("topright",
    c(
      "truth", entry("seasonal naive", naive), entry(sprintf("AR(%d)", ar$order), ar$mean),
      entry("mean of five LSTMs", lstm$mean)
    ),
    col = c("black", "darkorange", "forestgreen", "steelblue"),
    lty = c(1, 2, 1, 1), lwd = c(1, 1, 2, 3), bty = "n", cex = 0.95
  )
}

if (sys.nframe() == 0) main()
