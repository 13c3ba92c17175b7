# Writes core/decompose.txt beside it: time series taken apart, transformed and filled in by R.
#
# usage: Rscript tests/golden/make_decompose.R > tests/golden/core/decompose.txt
#        (Debian: apt-get install r-cran-forecast)
#
# kind stl      stats::stl: `options` are window, degree and jump of s, t and l, then inner and outer;
#               `defaults` says that all but period, s_window and robust were left to stl(). A season
#               and a trend are given at every `every`th point.
#      mstl     forecast::mstl; the periods as they were given
#      boxcox   forecast::BoxCox of `y`, and InvBoxCox of `z`
#      fill     forecast::na.interp of `y`, of which `truth` has all numbers
#
# What is drawn are multiples of 1/64, which short text holds exactly.
#
# Robust weights are made by the median of residuals. Of an even number of them the program behind
# stl() may take wrong ones: its partial sort gets the two middle places in descending order, and
# wants them ascending (seen in R 4.2.2). The generator stops unless all weights of a robust case are
# what the true median makes of the fit before.
suppressMessages(library(forecast))

# ------------------------------------------------------------------------------ writing

cases <- list()

number <- function(x) {
  text <- sprintf("%.15g", x)
  text[is.na(x)] <- "nan"
  longer <- !is.na(x) & as.numeric(text) != x
  text[longer] <- sprintf("%.17g", x[longer])
  text
}

array_lines <- function(name, x) {
  c(paste(c("array", name, if (is.matrix(x)) dim(x) else length(x)), collapse = " "),
    paste(number(as.vector(x)), collapse = " "))
}

add_case <- function(name, settings, arrays) {
  lines <- c(paste("case", name),
             paste("set", names(settings), unlist(settings)),
             unlist(Map(array_lines, names(arrays), arrays)),
             "end")
  cases[[length(cases) + 1]] <<- lines
}

# ------------------------------------------------------------------------------- series

short <- function(x) round(64 * x) / 64

# A trend that bends, a season of some waves that grows, noise, and two outliers.
draw <- function(n, period, growth = 0.5) {
  t <- seq_len(n)
  waves <- rnorm(3)
  season <- (1 + growth * t / n) *
    Reduce(`+`, lapply(1:3, function(k) waves[k] * cos(2 * pi * k * t / period + k)))
  y <- 10 + 3 * t / n - 4 * (t / n)^2 + season + 0.3 * rnorm(n)
  out <- sample(n, 2)
  y[out] <- y[out] + c(6, -5)
  short(y)
}

# ---------------------------------------------------------------------------------- stl

# The weights of each outer iteration, by the equations.
check_medians <- function(name, y, period, s.window, outer, ...) {
  for (k in seq_len(outer)) {
    before <- stl(ts(y, frequency = period), s.window, robust = TRUE, outer = k - 1, ...)
    after <- stl(ts(y, frequency = period), s.window, robust = TRUE, outer = k, ...)
    # s.window is a number even where the season is then made periodic: this is before.
    size <- abs(y - before$time.series[, "seasonal"] - before$time.series[, "trend"])
    u <- size / (6 * median(size))
    weights <- ifelse(u <= 0.001, 1, ifelse(u <= 0.999, (1 - u^2)^2, 0))
    if (max(abs(after$weights - weights)) > 1e-9) stop(name, ": a wrong median, iteration ", k)
  }
}

stl_case <- function(name, y, period, s_window, robust = FALSE, every = 1, ...) {
  n <- length(y)
  y <- as.numeric(y)
  # stl() refuses exactly two periods, though the program behind it does not. What it would choose
  # is the same for a longer series, unless the season is periodic.
  two <- n == 2 * period
  stopifnot(!two || s_window != 0)
  fit <- stl(ts(if (two) c(y, y) else y, frequency = period),
             s.window = if (s_window == 0) "periodic" else s_window, robust = robust, ...)
  season <- fit$time.series[, "seasonal"]
  trend <- fit$time.series[, "trend"]
  if (n %% 2 == 0 && fit$outer > 0 && !two) {
    args <- list(...)
    args$outer <- NULL
    do.call(check_medians, c(list(name, y, period, fit$win["s"], fit$outer), args))
  }
  if (two) {
    z <- .Fortran(stats:::C_stl, y, as.integer(n), as.integer(period),
                  as.integer(fit$win["s"]), as.integer(fit$win["t"]), as.integer(fit$win["l"]),
                  as.integer(fit$deg["s"]), as.integer(fit$deg["t"]), as.integer(fit$deg["l"]),
                  as.integer(fit$jump["s"]), as.integer(fit$jump["t"]), as.integer(fit$jump["l"]),
                  as.integer(fit$inner), as.integer(fit$outer), double(n),
                  seasonal = double(n), trend = double(n), double((n + 2 * period) * 5))
    season <- z$seasonal
    trend <- z$trend
  }
  shown <- seq(1, n, by = every)
  add_case(name,
           list(kind = "stl", period = period, s_window = s_window, robust = as.integer(robust),
                defaults = as.integer(...length() == 0), every = every),
           list(y = y, options = unname(c(fit$win, fit$deg, fit$jump, fit$inner, fit$outer)),
                season = season[shown], trend = trend[shown]))
}

set.seed(1990)
stl_case("nottem", nottem, 12, 7)
stl_case("nottem-periodic", nottem, 12, 0)
stl_case("nottem-periodic-robust", nottem[-1], 12, 0, robust = TRUE)
stl_case("nottem-robust", nottem, 12, 9, robust = TRUE)
stl_case("co2", co2, 12, 21, every = 3)
stl_case("co2-robust", co2[-1], 12, 35, robust = TRUE, every = 3)
stl_case("deaths", ldeaths[-1], 12, 11, robust = TRUE)
stl_case("gas", UKgas, 4, 7)
stl_case("gas-robust", UKgas[-1], 4, 5, robust = TRUE)
stl_case("gas-robust-even", UKgas, 4, 7, robust = TRUE)
stl_case("profits", JohnsonJohnson, 4, 3)
stl_case("sunspots", sunspots[1:2400], 132, 9, every = 13)
stl_case("sunspots-robust", sunspots[1:2399], 132, 0, robust = TRUE, every = 13)
stl_case("period-2", draw(31, 2), 2, 7)
stl_case("period-2-robust", draw(40, 2), 2, 7, robust = TRUE)
stl_case("period-3", draw(20, 3), 3, 5)
stl_case("period-7", draw(100, 7), 7, 11)
stl_case("period-7-periodic", draw(101, 7), 7, 0)
stl_case("period-7-robust", draw(103, 7), 7, 13, robust = TRUE)
stl_case("period-24-robust", draw(401, 24), 24, 11, robust = TRUE, every = 3)
stl_case("period-51", draw(333, 51), 51, 7, every = 3)
stl_case("two-cycles", draw(24, 12), 12, 7)
stl_case("two-cycles-robust", draw(24, 12), 12, 11, robust = TRUE)
stl_case("two-cycles-odd", draw(14, 7), 7, 7)
stl_case("two-cycles-of-2", draw(4, 2), 2, 7)
stl_case("two-cycles-and-one", draw(25, 12), 12, 7)
stl_case("two-cycles-and-one-periodic", draw(15, 7), 7, 0)
stl_case("three-cycles-less-one-robust", draw(35, 12), 12, 0, robust = TRUE)
stl_case("constant", rep(3.75, 40), 4, 7)
stl_case("constant-robust", rep(-2.5, 41), 6, 7, robust = TRUE)
stl_case("zeros", rep(0, 30), 5, 7)
stl_case("straight", 1:60, 12, 7)
stl_case("periodic", rep(c(1, 5, 2, -3, 0.5), 9), 5, 0)
stl_case("no-jumps", draw(90, 6), 6, 9, s.jump = 1, t.jump = 1, l.jump = 1)
stl_case("jumps", draw(200, 12), 12, 21, s.jump = 4, t.jump = 7, l.jump = 3)
# The last point is fitted in another window than its own.
stl_case("jumps-over-windows", draw(200, 12), 12, 7, t.window = 9, s.jump = 6, t.jump = 8,
         l.jump = 7)
stl_case("jumps-over-all", draw(60, 12), 12, 7, s.jump = 50, t.jump = 99, l.jump = 70)
stl_case("jumps-robust", draw(151, 7), 7, 15, robust = TRUE, s.jump = 5, t.jump = 6, l.jump = 2)
stl_case("lines-in-seasons", draw(120, 12), 12, 9, s.degree = 1)
stl_case("lines-in-seasons-robust", draw(81, 5), 5, 7, robust = TRUE, s.degree = 1)
stl_case("constants", draw(120, 12), 12, 9, t.degree = 0)
stl_case("constants-robust", draw(121, 12), 12, 9, robust = TRUE, t.degree = 0, l.degree = 1)
stl_case("wide", draw(50, 4), 4, 99, t.window = 201, l.window = 77)
stl_case("wide-odd", draw(51, 4), 4, 99, robust = TRUE, t.window = 201, l.window = 77)
stl_case("narrow", draw(50, 4), 4, 3, t.window = 3, l.window = 3)
stl_case("one-pass", draw(72, 12), 12, 7, inner = 1)
stl_case("passes", draw(71, 12), 12, 7, inner = 5, outer = 1)
stl_case("robust-once", draw(73, 12), 12, 7, robust = TRUE, inner = 2, outer = 1)

# --------------------------------------------------------------------------------- mstl

mstl_case <- function(name, y, periods, robust = FALSE, every = 1) {
  y <- as.numeric(y)
  x <- if (length(periods) > 1) msts(y, periods) else ts(y, frequency = periods)
  fit <- suppressWarnings(mstl(x, robust = robust))
  shown <- seq(1, length(y), by = every)
  seasons <- grep("^Seasonal", colnames(fit))
  add_case(name, list(kind = "mstl", robust = as.integer(robust), every = every),
           list(y = y, periods = periods, used = as.numeric(sub("Seasonal", "", colnames(fit)[seasons])),
                season = unclass(fit)[shown, seasons, drop = FALSE],
                trend = as.numeric(fit[shown, "Trend"])))
}

set.seed(2021)
mstl_case("mstl-one", ldeaths, 12)
mstl_case("mstl-one-robust", UKgas[-1], 4, robust = TRUE)
mstl_case("mstl-demand", taylor[1:900], c(48, 336), every = 7)
mstl_case("mstl-unsorted", draw(300, 7) + draw(300, 30), c(30, 7))
mstl_case("mstl-robust", draw(241, 4) + draw(241, 26), c(4, 26), robust = TRUE)
mstl_case("mstl-three", draw(400, 5) + draw(400, 12) + draw(400, 70), c(5, 12, 70), every = 3)
mstl_case("mstl-too-long", draw(100, 6) + draw(100, 20), c(50, 6, 20, 77))
mstl_case("mstl-one-is-left", draw(60, 7), c(7, 30))

# ----------------------------------------------------------------------------- transform

boxcox_case <- function(name, lambda, y, z) {
  add_case(name, list(kind = "boxcox", lambda = lambda),
           list(y = y, transformed = BoxCox(y, lambda), z = z, inverse = InvBoxCox(z, lambda)))
}

set.seed(1964)
positive <- c(short(10 * abs(rnorm(12)) + 0.1), 1, 1000, 123456)
any <- c(positive, 0, -positive)
boxcox_case("log", 0, positive, short(rnorm(10)))
boxcox_case("root", 0.5, any, short(abs(rnorm(10))))
boxcox_case("none", 1, any, short(abs(rnorm(10))))
boxcox_case("square", 2, any, short(abs(rnorm(10))))
boxcox_case("inverse", -1, positive, short(-abs(rnorm(10)) - 0.1))
boxcox_case("third", -0.3, positive, short(-abs(rnorm(10))))
boxcox_case("small", 0.015625, any, short(abs(rnorm(10))))

# ------------------------------------------------------------------------------ filling

# `gaps`: how much better than a straight line it is with the season, at least; 1 where what is
# missing lies too scattered, or there is none.
fill_case <- function(name, truth, periods, missing, gaps = 1) {
  truth <- as.numeric(truth)
  y <- replace(truth, missing, NA)
  x <- if (length(periods) > 1) msts(y, periods) else ts(y, frequency = periods)
  add_case(name, list(kind = "fill", gaps = gaps),
           list(y = y, periods = periods, truth = truth, interpolated = as.numeric(na.interp(x))))
}

set.seed(1948)
# 1 for a period: no season. There they have to agree.
fill_case("fill-line", draw(50, 10), 1, c(1:3, 7, 20:29, 49, 50))
fill_case("fill-short", draw(30, 12), 12, c(5:10, 20))
fill_case("fill-nottem", nottem, 12, sample(240, 40))
fill_case("fill-nottem-years", nottem, 12, 100:135, 0.5)
fill_case("fill-ends", nottem, 12, c(1:7, 230:240), 0.7)
fill_case("fill-deaths", ldeaths, 12, sample(72, 15))
fill_case("fill-co2", co2, 12, c(sample(468, 60), 200:215))
fill_case("fill-passengers", log(AirPassengers), 12, c(20:26, 50, 51, 90:104), 0.7)
fill_case("fill-demand", taylor[1:900], c(48, 336), c(100:120, 500:560, sample(900, 50)), 0.5)

cat(sprintf("# Written by make_decompose.R with R %s and forecast %s.\n",
            getRversion(), packageVersion("forecast")))
cat("cases", length(cases), "\n")
writeLines(unlist(cases))
