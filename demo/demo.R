# demo.R -- two series forecast by rnnar() and by what people use now, and how far each was off.
#
#   Rscript demo/demo.R        in the top folder of bptt; writes build/demo/R-*.png
#
# ETS, ARIMA and nnetar are those of package forecast; without it they are left out. demo.m is the
# same in Octave.
library(bptt)
have_forecast <- suppressWarnings(suppressMessages(requireNamespace("forecast", quietly = TRUE)))
if (!have_forecast) message("Package forecast is not installed: no ETS, ARIMA and nnetar.")

# -------------------------------------------------------------------------------- series

# The sunspot number as means of twelve months, the last of which ends where the series does: a
# cycle of solar activity is about eleven years.
sunspots <- function() {
  monthly <- read.csv("demo/sunspots.csv")
  years <- nrow(monthly) %/% 12
  values <- colMeans(matrix(tail(monthly$sunspots, 12 * years), 12))
  list(
    name = "sunspots", title = "sunspot number, means of twelve months",
    y = values, end = 2013.25, step = 1, period = 11, h = 11, shown = 33,
    rnnar = list(lambda = 0.5, season = "difference"), lambda = 0.5,
    origins = length(values) - 22 - 5.5 * (0:16) # forecasts from there end before the held-out part
  )
}

air <- function() {
  monthly <- read.csv("demo/airpassengers.csv")
  list(
    name = "airpassengers", title = "airline passengers a month, thousands",
    y = monthly$passengers, end = 1961 - 0.5 / 12, step = 1 / 12, period = 12, h = 24, shown = 36,
    rnnar = list(), lambda = 0, origins = NULL
  )
}

# ------------------------------------------------------------------------------- methods

# Each takes a ts and says what follows: a list of mean, lower and upper (80 and 95 %).
methods_for <- function(series) {
  h <- series$h
  both <- function(f) list(mean = as.vector(f$mean), lower = f$lower, upper = f$upper)
  methods <- list(
    rnnar = function(y, repeats = 20, ...) {
      fit <- do.call(rnnar, c(list(y, horizon = h, repeats = repeats, seed = 1), series$rnnar))
      both(forecast(fit, h = h))
    },
    "seasonal naive" = function(y, ...) seasonal_naive(y, h)
  )
  if (have_forecast) {
    ahead <- function(fit, ...) both(forecast::forecast(fit, h = h, ...))
    methods$ETS <- function(y, ...) ahead(forecast::ets(y))
    methods$ARIMA <- function(y, ...) ahead(forecast::auto.arima(y, lambda = series$lambda))
    methods$nnetar <- function(y, paths = 100, ...) {
      set.seed(1)
      ahead(forecast::nnetar(y, lambda = series$lambda), PI = paths > 0, npaths = paths)
    }
  }
  methods
}

# The last period once more. Its errors add up from period to period.
seasonal_naive <- function(y, h) {
  m <- frequency(y)
  error <- sqrt(mean(diff(y, m)^2)) * sqrt((seq_len(h) - 1) %/% m + 1)
  ahead <- rep(tail(as.vector(y), m), length.out = h)
  wide <- outer(error, qnorm(c(0.9, 0.975)))
  list(mean = ahead, lower = ahead - wide, upper = ahead + wide)
}

# -------------------------------------------------------------------------------- scores

rmse <- function(forecast, truth) sqrt(mean((forecast - truth)^2))

scores <- function(forecast, truth, past) {
  m <- frequency(past)
  covered <- colMeans(truth >= forecast$lower & truth <= forecast$upper)
  c(
    rmse(forecast$mean, truth), mean(abs(forecast$mean - truth)),
    mean(abs(forecast$mean - truth)) / mean(abs(diff(past, m))), 100 * covered
  )
}

# The mean RMSE of forecasts from earlier origins, none of which sees what is held out.
earlier <- function(method, series) {
  mean(vapply(floor(series$origins), function(n) {
    past <- ts(series$y[seq_len(n)], frequency = series$period)
    rmse(method(past, repeats = 5, paths = 0)$mean, series$y[n + seq_len(series$h)])
  }, 0))
}

# ------------------------------------------------------------------------------- picture

colours <- c(
  rnnar = "#1f5fa8", "seasonal naive" = "#e08214", ETS = "#1b7837", ARIMA = "#b2182b",
  nnetar = "#762a83"
)

widths <- function(name) ifelse(name == "rnnar", 3, 1.3)

draw <- function(series, past, truth, forecasts) {
  n <- length(past)
  time <- function(i) series$end + (i - n - series$h) * series$step
  shown <- n - series$shown + seq_len(series$shown)
  ahead <- n + seq_len(series$h)
  band <- forecasts$rnnar
  top <- max(past[shown], truth, band$upper) # what of the others is higher is cut off
  file <- sprintf("build/demo/R-%s.png", series$name)
  png(file, width = 1000, height = 420, res = 96, type = "cairo")
  on.exit(dev.off())
  par(mar = c(2.6, 3.4, 2.2, 13.5), mgp = c(2.3, 0.6, 0), las = 1, yaxs = "i")
  plot(time(c(shown, ahead)), c(past[shown], truth),
    type = "n", ylim = c(0, 1.04 * top), xlab = "", ylab = "", main = series$title
  )
  edge <- time(c(ahead, rev(ahead)))
  for (k in 2:1) {
    polygon(edge, c(band$lower[, k], rev(band$upper[, k])),
      border = NA, col = adjustcolor(colours["rnnar"], c(0.25, 0.15)[k])
    )
  }
  lines(time(shown), past[shown], col = "grey60")
  for (name in rev(names(forecasts))) {
    lines(time(ahead), forecasts[[name]]$mean, col = colours[name], lwd = widths(name))
  }
  lines(time(c(n, ahead)), c(past[n], truth), lwd = 1.6)
  off <- vapply(forecasts, function(f) rmse(f$mean, truth), 0)
  legend(par("usr")[2], par("usr")[4],
    c("known", "held out", sprintf("%s, RMSE %.1f", names(forecasts), off), "rnnar, 80 and 95 %"),
    col = c("grey60", "black", colours[names(forecasts)], adjustcolor(colours["rnnar"], 0.3)),
    lwd = c(1, 1.6, widths(names(forecasts)), 10), bty = "n", xpd = NA, cex = 0.9,
    y.intersp = 1.3
  )
  file
}

# ------------------------------------------------------------------------------ all of it

for (series in list(sunspots(), air())) {
  n <- length(series$y) - series$h
  past <- ts(series$y[seq_len(n)], frequency = series$period)
  truth <- series$y[-seq_len(n)]
  methods <- methods_for(series)
  more <- length(series$origins)
  cat(sprintf("R: %s, %d values held out after %d\n", series$title, series$h, n))
  cat(sprintf(
    "%16s %8s %8s %6s %8s %8s %8s%s\n", "", "RMSE", "MAE", "MASE", "in 80 %", "in 95 %", "seconds",
    if (more) sprintf("  RMSE, %d earlier origins", more) else ""
  ))
  forecasts <- list()
  for (name in names(methods)) {
    seconds <- system.time(forecasts[[name]] <- methods[[name]](past))[["elapsed"]]
    row <- c(scores(forecasts[[name]], truth, past), seconds)
    cat(do.call(sprintf, c("%-16s %8.1f %8.1f %6.2f %7.0f%% %7.0f%% %8.1f", name, as.list(row))))
    cat(if (more) sprintf("  %8.1f", earlier(methods[[name]], series)), "\n")
  }
  dir.create("build/demo", recursive = TRUE, showWarnings = FALSE)
  cat("picture:", draw(series, past, truth, forecasts), "\n\n")
}
