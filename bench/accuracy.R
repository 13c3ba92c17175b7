# accuracy.R -- how well rnnar forecasts a set of series, beside the methods of package forecast.
#
#   Rscript bench/accuracy.R FILE.csv FREQ [OPTIONS]
#
# FILE.csv, plain or gzipped, has the columns series, t, value and split: one row a value, split is
# train or test, a missing value is NA. FREQ is the number of values in a season; several seasons
# are separated by commas (24,168). rnnar sees all series at once, with its defaults.
#
#   --baselines        ets, thetaf, auto.arima, nnetar and snaive (seasonal naive) as well
#   --baselines=ets    only some of them, and snaive
#   --only=snaive      these methods and no others
#   --holdout=H        for tuning: the test part is not looked at, the last H values of the training
#                      part are held out in its stead; the last min(H, 6) of series that would keep
#                      fewer than two seasons and two values
#   --series=N         the first N series only
#   --out=FILE.csv     writes the scores, one row for each series and method
#
# What is printed, of a series with the values Y, the forecasts F and the past y of n values:
#
#   sMAPE     100 mean(2 |F - Y| / (|F| + |Y|)), terms of 0/0 left out (Makridakis et al. 2020)
#   MASE      mean|F - Y| / q, q = mean|y_t - y_(t-m)| for t in m+1..n, the error of the seasonal
#             naive forecast in the past (Hyndman & Koehler 2006); m is the first of FREQ, 1 where
#             the past is too short for it; left out where q = 0
#   cover     how much of Y lies within the 80 and the 95 % intervals, in percent
#   MSIS      of the 95 % intervals from L to U (Makridakis et al. 2020):
#             mean(U - L + 2/.05 (L - Y) [Y < L] + 2/.05 (Y - U) [Y > U]) / q
#   seconds   for a series; rnnar has two threads, the baselines run in two processes
#
# each averaged over the series. The differences of rnnar to the others have 95 % intervals from a
# bootstrap over series, paired: 2000 draws, always the same.
#
# Where the past has no negative value, forecasts and intervals are cut off at 0. A missing value of
# the past is interpolated by forecast::na.interp for the methods that would otherwise forecast from
# before it. Where a method fails or gives what is not finite, snaive stands in for it, and that is
# said.
#
#   Hyndman & Koehler (2006) Another look at measures of forecast accuracy. International Journal
#     of Forecasting 22(4), 679-688.
#   Makridakis, Spiliotis & Assimakopoulos (2020) The M4 competition: 100,000 time series and 61
#     forecasting methods. International Journal of Forecasting 36(1), 54-74.

level <- c(80, 95)

# ---------------------------------------------------------------------------- what is asked for

arguments <- commandArgs(TRUE)
problem <- function(...) stop(..., call. = FALSE)

# NULL where it is not given, "" where it has no value.
option <- function(name) {
  hit <- grep(sprintf("^--%s(=|$)", name), arguments, value = TRUE)
  if (length(hit)) sub("^[^=]*=?", "", hit[[1]])
}
names_in <- function(text) strsplit(text, ",", fixed = TRUE)[[1]]
count <- function(name) {
  if (is.null(option(name))) {
    return(NULL)
  }
  number <- suppressWarnings(as.numeric(option(name)))
  if (is.na(number) || number < 1 || number %% 1 != 0) {
    problem("--", name, " is '", option(name), "'; expected a whole number from 1 on")
  }
  number
}

unknown <- grep("^--(baselines|only|holdout|series|out)(=|$)|^[^-]", arguments,
  value = TRUE, invert = TRUE
)
if (length(unknown)) problem(unknown[[1]], " is not an option of accuracy.R; its head says what is")
place <- arguments[!startsWith(arguments, "-")]
if (length(place) != 2) problem("usage: Rscript bench/accuracy.R FILE.csv FREQ [OPTIONS]")
file <- place[[1]]
periods <- suppressWarnings(as.numeric(names_in(place[[2]])))
if (!length(periods) || !all(is.finite(periods)) || any(periods < 1)) {
  problem("FREQ is '", place[[2]], "'; expected a number from 1 on, or several separated by commas")
}
period <- round(periods[[1]])

# ---------------------------------------------------------------------------- methods

# A forecast as a matrix: a row a step, the columns mean, lower ends, upper ends.
as_table <- function(forecast) {
  column <- function(ends) matrix(as.numeric(ends), ncol = length(level))
  cbind(as.numeric(forecast$mean), column(forecast$lower), column(forecast$upper))
}

# The last season again. k seasons ahead it is off by the sum of k steps of a random walk from
# season to season (Hyndman & Athanasopoulos 2021, Forecasting: principles and practice, 5.5).
snaive <- function(y, h) {
  n <- length(y)
  lag <- round(max(1, periods[periods < n]))
  last <- vapply(seq_len(lag), function(season) {
    seen <- y[seq(n - lag + season, 1, by = -lag)]
    c(seen[!is.na(seen)], NA)[[1]]
  }, 0)
  last[is.na(last)] <- tail(y[!is.na(y)], 1)
  variance <- mean(diff(as.numeric(y), lag)^2, na.rm = TRUE)
  if (is.nan(variance)) variance <- 0
  spread <- sqrt(variance * ceiling(seq_len(h) / lag))
  width <- outer(spread, qnorm(0.5 + level / 200))
  center <- rep_len(last, h)
  list(mean = center, lower = center - width, upper = center + width)
}

# A method that sees one series at a time. NULL where it fails.
each <- function(method) {
  function(series, h) {
    parallel::mclapply(seq_along(series), function(i) {
      set.seed(i)
      start <- proc.time()[[3]]
      table <- tryCatch(suppressWarnings(as_table(method(series[[i]], h))),
        error = function(condition) NULL
      )
      list(table = table, seconds = proc.time()[[3]] - start)
    }, mc.cores = 2)
  }
}
filled <- function(y) if (anyNA(y)) forecast::na.interp(y) else y

# Each takes the list of series and the number of steps, and returns a list of (table, seconds).
methods <- list(
  rnnar = function(series, h) {
    set.seed(1)
    start <- proc.time()[[3]]
    fit <- bptt::rnnar(series, horizon = h, threads = 2)
    forecasts <- generics::forecast(fit, h = h, level = level)
    seconds <- (proc.time()[[3]] - start) / length(series)
    stopifnot(identical(names(forecasts), names(series)))
    lapply(forecasts, function(forecast) list(table = as_table(forecast), seconds = seconds))
  },
  ets = each(function(y, h) {
    forecast::forecast(forecast::ets(filled(y)), h = h, level = level)
  }),
  thetaf = each(function(y, h) forecast::thetaf(filled(y), h = h, level = level)),
  auto.arima = each(function(y, h) {
    forecast::forecast(forecast::auto.arima(y), h = h, level = level)
  }),
  nnetar = each(function(y, h) {
    fit <- forecast::nnetar(filled(y))
    forecast::forecast(fit, h = h, level = level, PI = TRUE, npaths = 200)
  }),
  snaive = each(snaive)
)

baselines <- setdiff(names(methods), "rnnar")
if (!is.null(option("only"))) {
  wanted <- names_in(option("only"))
} else {
  asked <- option("baselines")
  if (identical(asked, "")) asked <- paste(baselines, collapse = ",")
  wanted <- c("rnnar", if (!is.null(asked)) union(names_in(asked), "snaive"))
}
if (!length(wanted) || !all(wanted %in% names(methods))) {
  problem("'", setdiff(c(wanted, ""), names(methods))[[1]], "' is not a method; expected some of ",
    paste(names(methods), collapse = ", "))
}
# Where bptt is not installed, what make has built.
if (!nzchar(system.file(package = "bptt"))) {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
  .libPaths(c(file.path(dirname(dirname(normalizePath(script))), "build", "Rlib"), .libPaths()))
}
needed <- c(if ("rnnar" %in% wanted) c("bptt", "generics"),
  if (length(setdiff(wanted, c("rnnar", "snaive")))) "forecast")
for (package in needed) {
  if (!suppressMessages(requireNamespace(package, quietly = TRUE))) {
    problem("R has no package ", package)
  }
}

# ---------------------------------------------------------------------------- series

values <- read.csv(file, colClasses = c(series = "character", value = "numeric"))
if (!all(c("series", "t", "value", "split") %in% names(values))) {
  problem(file, " has the columns ", paste(names(values), collapse = ", "),
    "; expected series, t, value, split")
}
ids <- unique(values$series)
if (!is.null(count("series"))) ids <- head(ids, count("series"))
values <- values[order(values$t), ]
part <- function(name) {
  rows <- values$split == name
  split(values$value[rows], factor(values$series[rows], ids))
}
past <- part("train")
future <- part("test")
if (!is.null(count("holdout"))) {
  steps <- count("holdout")
  held <- ifelse(lengths(past) - steps < 2 * period + 2, min(steps, 6), steps)
  future <- Map(tail, past, held)
  past <- Map(head, past, -held)
}
for (id in ids) {
  if (all(is.na(past[[id]]))) problem("series ", id, " has no value to learn from")
  if (!length(future[[id]])) problem("series ", id, " has no test part; --holdout=H makes one")
}
h <- max(lengths(future))

# Several seasons as forecast::msts has them.
as_series <- function(values) {
  if (length(periods) == 1) {
    return(ts(values, frequency = periods))
  }
  y <- ts(values, frequency = floor(max(periods)))
  structure(y, class = c("msts", "ts"), msts = sort(periods))
}
series <- lapply(past, as_series)

# ---------------------------------------------------------------------------- scores

score <- function(table, y, actual) {
  if (!any(y < 0, na.rm = TRUE)) table[] <- pmax(table, 0)
  inside <- function(lower, upper) 100 * mean(actual >= lower & actual <= upper, na.rm = TRUE)
  error <- abs(table[, 1] - actual)
  q <- mean(abs(diff(y, period)), na.rm = TRUE)
  if (is.nan(q)) q <- mean(abs(diff(y)), na.rm = TRUE)
  interval <- table[, 5] - table[, 3] +
    2 / 0.05 * (pmax(table[, 3] - actual, 0) + pmax(actual - table[, 5], 0))
  c(
    smape = 100 * mean(2 * error / (abs(table[, 1]) + abs(actual)), na.rm = TRUE),
    mase = mean(error, na.rm = TRUE) / q,
    cover80 = inside(table[, 2], table[, 4]),
    cover95 = inside(table[, 3], table[, 5]),
    msis = mean(interval, na.rm = TRUE) / q
  )
}

scores_of <- function(method) {
  results <- methods[[method]](series, h)
  rows <- Map(function(result, id) {
    steps <- seq_along(future[[id]])
    table <- result$table
    usable <- NROW(table) == h && all(is.finite(table[steps, ]))
    if (!usable) table <- as_table(snaive(series[[id]], h))
    c(score(table[steps, , drop = FALSE], past[[id]], future[[id]]),
      seconds = result$seconds, failed = !usable)
  }, results, ids)
  data.frame(method = method, series = ids, do.call(rbind, rows), row.names = NULL)
}

average <- function(x, how = mean) how(x[is.finite(x)])

cat(sprintf(
  "%s: %d series, frequency %s, %s steps ahead%s\n\n", basename(file), length(ids),
  paste(periods, collapse = " and "), paste(unique(range(lengths(future))), collapse = " to "),
  if (is.null(option("holdout"))) "" else ", held out of the training part"
))
cat(sprintf("%-10s %15s %15s %13s %7s %9s\n", "", "sMAPE", "MASE", "cover", "MSIS", "seconds"))
cat(sprintf(
  "%-10s %7s %7s %7s %7s %6s %6s %7s\n", "", "mean", "median", "mean", "median", "80", "95", "95"
))
scores <- list()
for (method in wanted) {
  one <- scores_of(method)
  cat(sprintf(
    "%-10s %7.2f %7.2f %7.3f %7.3f %6.1f %6.1f %7.2f %9.3g\n", method,
    average(one$smape), average(one$smape, median), average(one$mase), average(one$mase, median),
    average(one$cover80), average(one$cover95), average(one$msis), mean(one$seconds)
  ))
  failed <- one$series[one$failed == 1]
  if (length(failed)) {
    cat(strwrap(paste0(
      "failed on ", length(failed), " series, where snaive stands in: ",
      paste(head(failed, 20), collapse = ", "), if (length(failed) > 20) ", ..."
    ), 100, prefix = "  "), sep = "\n")
  }
  scores[[method]] <- one
}

# The mean of the differences and the ends of its 95 % interval.
bootstrap <- function(difference) {
  difference <- difference[is.finite(difference)]
  set.seed(1)
  means <- replicate(2000, mean(difference[sample.int(length(difference), replace = TRUE)]))
  c(mean(difference), quantile(means, c(0.025, 0.975)))
}
others <- setdiff(wanted, "rnnar")
if ("rnnar" %in% wanted && length(others)) {
  cat(sprintf("\n%-10s %26s %26s\n", "rnnar less", "sMAPE  95 % interval", "MASE  95 % interval"))
  for (other in others) {
    smape <- bootstrap(scores$rnnar$smape - scores[[other]]$smape)
    mase <- bootstrap(scores$rnnar$mase - scores[[other]]$mase)
    cat(sprintf(
      "%-10s %+10.2f %+7.2f %+7.2f %+10.3f %+7.3f %+7.3f\n", other,
      smape[[1]], smape[[2]], smape[[3]], mase[[1]], mase[[2]], mase[[3]]
    ))
  }
}

if (!is.null(option("out"))) {
  write.csv(do.call(rbind, scores), option("out"), row.names = FALSE)
}
