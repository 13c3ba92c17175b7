# Rolling-origin evaluation of a forecasting model, and what comes of it.

#' Back-test of a forecasting model
#'
#' How good forecasts of [rnnar()] would have been: from one origin after the other they are made
#' with what was known then, and compared with what came true (a rolling origin: Tashman 2000).
#'
#' @section Origins:
#' An origin is the number of values that are known. The first is `initial`, the next are `step`
#' further, up to the last that has a value behind it. From each up to `h` steps are forecast, as
#' many as there are values to compare them with. Many series have their origins side by side, each
#' its own k-th; they are counted in values, not in dates.
#'
#' With `refit = FALSE` the networks are trained once, on what is before the first origins. At
#' later ones the recurrent state is carried through the longer series; seasons, transformation and
#' scale are estimated from what is known then, as `rnnar(y[1:origin], model = fit)` does. With
#' `TRUE` they are trained anew at each origin, with a number `k` at each k-th. Every training has
#' the same `seed`.
#'
#' Covariates (`xreg`) are taken to be known ahead; where there are fewer rows behind an origin
#' than are needed, the last one stands for the rest.
#'
#' @section Scores:
#' With \eqn{y} what came true, \eqn{f} the forecast, and \eqn{l}, \eqn{u} the ends of the interval
#' at a level, `summary()` gives for each horizon, over the origins, and in all:
#' * `mae` \eqn{\mathrm{mean}\,|y - f|}{mean |y - f|} and `rmse`
#'   \eqn{\sqrt{\mathrm{mean}\,(y - f)^2}}{sqrt(mean((y - f)^2))} over all numbers,
#' * `smape` \eqn{100\,\mathrm{mean}\,2|f - y| / (|f| + |y|)}{100 mean 2|f - y| / (|f| + |y|)} and
#'   `mase` \eqn{\mathrm{mean}\,|y - f| / s}{mean |y - f| / s} of each series, then the mean over
#'   series. The scale is \eqn{s = \mathrm{mean}\,|z_t - z_{t-m}|}{s = mean |z[t] - z[t-m]|} of the
#'   values \eqn{z} before the first origin, \eqn{m} the (first) period; 1 where one of the series
#'   has not more than \eqn{m} of them. It is the same for all origins.
#' * `coverage`, the share of numbers with \eqn{l \le y \le u}{l <= y <= u}, and `width`
#'   \eqn{\mathrm{mean}\,(u - l)}{mean (u - l)} of each level.
#'
#' They are those of [rnn_metrics()], where their sources are. Missing values do not count.
#'
#' @section In parallel:
#' Where package `future.apply` is installed and [future::plan()] says so, trainings are shared out
#' to workers, each with the origins that follow it. The result is the same for any plan. With
#' package `progressr` the progress is reported, some trainings at a time, to the handlers that the
#' user has chosen.
#'
#' @param y A time series, or many: see [rnnar()].
#' @param h Steps to forecast from each origin.
#' @param initial The first origin: one number, or one for each series. `NULL`: two thirds of the
#'   series, or three periods if that is more and leaves `h` values.
#' @param step Steps from one origin to the next; `NULL`: `h`.
#' @param refit Whether the networks are trained anew at each origin; a number `k`: at each k-th.
#' @param level Levels of the intervals in per cent.
#' @param ... Options of [rnnar()], such as `repeats`, `period`, `xreg`; or `model`, and with it none
#'   but `xreg` and `period`, which then is for `initial` and the scores; `NULL`: that of the model. And
#'   `npaths`, `nonnegative`, `integer` and `bootstrap` of [forecast()][forecast.rnnar].
#' @param seed A whole number: that of each training. `NULL` draws it from R's generator.
#' @return A data frame of class `rnn_backtest` with a row for each number that was forecast:
#'   `series` (its name, or its number), `origin`, `horizon`, `time`, `actual`, `forecast`, and for
#'   each level the ends of the interval, `lo80`, `hi80`, ... Some of its rows are a back-test too.
#'
#'   `summary()` is a list of class `summary.rnn_backtest`: `all`, a data frame of one row, and
#'   `horizon`, one with a row for each horizon. `tidy()` gives the second; `glance()` the first
#'   with the numbers of `series`, `origins` and `trainings`, `h` and `seed`; `as.data.frame()` the
#'   plain data frame. `plot()` shows an error against the horizon and, below, the coverage beside
#'   the levels.
#' @references
#' Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: an analysis
#' and review. *International Journal of Forecasting* 16, 437--450.
#' \doi{10.1016/S0169-2070(00)00065-0}
#' @seealso [rnnar()], [forecast()][forecast.rnnar], [rnn_metrics()]
#' @export
#' @examples
#' tested <- rnn_backtest(AirPassengers, h = 12, initial = 120, repeats = 2, epochs = 5, seed = 1)
#' tested
#' head(as.data.frame(tested))
#' plot(tested)
rnn_backtest <- function(y, h, initial = NULL, step = NULL, refit = FALSE, level = c(80, 95), ...,
                         seed = NULL) {
  call <- sys.call()
  series <- as_series_list(y, "y", call)
  if (missing(h)) input_error("h", "`h` is missing; expected the steps to forecast", call)
  h <- check_whole(h, "h", 1, 1e5)
  step <- if (is.null(step)) h else check_whole(step, "step", 1, 1e9)
  level <- check_level(level)
  options <- backtest_options(list(...), series, call)
  origins <- backtest_origins(lengths_of(series), h, initial, step, options$period, call)
  every <- trainings_every(refit, nrow(origins), call)
  if (!is.null(options$model) && !isFALSE(refit)) refuse_beside_model("refit", call)
  options$seed <- if (is.null(seed)) random_seed() else seed
  plan <- list(
    series = series, xreg = backtest_xreg(options$xreg, series, call), h = h, level = level,
    origins = origins, step = step, every = if (is.null(options$model)) every else 0,
    model = options$model, forecast = options[names(options) %in% forecast_options],
    options = options[!names(options) %in% c("xreg", "model", forecast_options)],
    blocks = unname(split(seq_len(nrow(origins)), (seq_len(nrow(origins)) - 1) %/% every))
  )
  rows <- as_argument(backtest_rows(plan), "y", "y", call)
  new_rnn_backtest(rows, plan)
}

# ---------------------------------------------------------------------------- arguments

# Those of forecast() that can be given.
forecast_options <- c("npaths", "nonnegative", "integer", "bootstrap")

backtest_options <- function(options, series, call) {
  given <- if (is.null(names(options))) character(length(options)) else names(options)
  known <- c(setdiff(names(formals(rnnar)), "y"), forecast_options)
  unknown <- options[!given %in% setdiff(known, "...")]
  args <- c(list(known = known, of = "rnnar", call = call), unknown)
  do.call("refuse_unknown", args, quote = TRUE)
  if (!is.null(options$model)) {
    refuse_beside_model(setdiff(given, c("model", "xreg", "period", forecast_options)), call)
  }
  if (is.null(options$period) && inherits(options$model, "rnnar")) {
    options$period <- options$model$options$period
  }
  if (is.null(options$period)) options$period <- period_of(series, call)
  if (is.null(options$verbose)) options$verbose <- FALSE
  options$subset <- check_subset(options$subset, series, call)
  options
}

backtest_xreg <- function(xreg, series, call) {
  xreg <- as_xreg(xreg, series, call = call)
  if (is.null(xreg)) {
    return(NULL)
  }
  n <- lengths_of(series)
  if (length(xreg) != length(n)) {
    expected <- paste0("; expected ", length(n), ", as `y` is")
    input_error("xreg", paste0("`xreg` is of ", length(xreg), " series", expected), call)
  }
  short <- which(vapply(xreg, nrow, 0L) < n)
  if (length(short) > 0L) {
    rows <- plural(nrow(xreg[[short[1L]]]), "row")
    expected <- paste0("; expected at least the ", n[short[1L]], " of ", series_word(short[1L], n))
    input_error("xreg", paste0("`xreg` has ", rows, expected), call)
  }
  xreg
}

# The first origin of each of these lengths.
first_origins <- function(n, h, initial, period, call) {
  if (is.null(initial)) {
    season <- if (is.numeric(period)) floor(max(period) + 0.5) else 1
    return(pmax(ceiling(2 * n / 3), pmin(3 * season, n - h)))
  }
  good <- is.numeric(initial) && all(is.finite(initial) & initial >= 1 & initial == round(initial))
  if (!good || !length(initial) %in% c(1L, length(n))) {
    expected <- "; expected a whole number of at least 1, or one for each series"
    input_error("initial", paste0("`initial` is ", what_is(initial), expected), call)
  }
  initial <- rep_len(initial, length(n))
  late <- which(initial >= n)
  if (length(late) > 0L) {
    said <- paste0(
      "`initial` is ", initial[late[1L]], "; expected less than the ",
      plural(n[late[1L]], "value"), " of ", series_word(late[1L], n)
    )
    input_error("initial", said, call)
  }
  initial
}

series_word <- function(i, n) if (length(n) > 1L) paste("series", i) else "`y`"

# A matrix: the origins of each series in a column. What is not below its length is none.
backtest_origins <- function(n, h, initial, step, period, call) {
  first <- first_origins(n, h, initial, period, call)
  if (h > max(n - first)) {
    said <- paste0(
      "`h` is ", h, "; expected at most ", max(n - first, 0), ", the values behind the first origin"
    )
    input_error("h", said, call)
  }
  outer((seq_len(max(ceiling((n - first) / step))) - 1) * step, first, `+`)
}

# How many origins each training is for.
trainings_every <- function(refit, origins, call) {
  if (is.logical(refit) && length(refit) == 1L && !is.na(refit)) {
    return(if (refit) 1 else origins)
  }
  good <- is.numeric(refit) && length(refit) == 1L && isTRUE(refit >= 1 && refit == round(refit))
  if (!good) {
    expected <- "; expected TRUE, FALSE or a whole number of at least 1"
    input_error("refit", paste0("`refit` is ", what_is(refit), expected), call)
  }
  refit
}

# ---------------------------------------------------------------------------- forecasts

# A matrix, see forecast_rows(), sorted by series, origin and horizon.
backtest_rows <- function(plan) {
  report <- step_progress(nrow(plan$origins))
  parts <- vector("list", length(plan$blocks))
  side_by_side(seq_along(plan$blocks), block_runner(plan), function(some, results) {
    parts[some] <<- results
    report(length(unlist(plan$blocks[some])))
  })
  rows <- do.call(rbind, parts)
  rows[order(rows[, "series"], rows[, "origin"], rows[, "horizon"]), , drop = FALSE]
}

# By itself, so that workers are sent the plan and nothing else.
block_runner <- function(plan) function(i) backtest_block(plan, plan$blocks[[i]])

# One training at the first of these rounds, and what it forecasts there and at the others.
backtest_block <- function(plan, rounds) {
  fit <- model_at(plan, plan$origins[rounds[1L], ], plan$model)
  rows <- lapply(rounds, function(k) {
    origin <- plan$origins[k, ]
    forecast_rows(plan, origin, if (k == rounds[1L]) fit else model_at(plan, origin, fit))
  })
  do.call(rbind, rows)
}

# A model of what is known at the origin of each series: with the networks of `fit`, or its own.
model_at <- function(plan, origin, fit) {
  known <- known_at(plan, origin)
  y <- Map(utils::head, plan$series, known)
  xreg <- if (!is.null(plan$xreg)) Map(utils::head, plan$xreg, known)
  if (length(y) == 1L) y <- y[[1L]]
  options <- if (is.null(fit)) plan$options
  if (!is.null(options$subset)) options$subset <- options$subset[options$subset <= known]
  # By name: a call with the series themselves in it is long.
  args <- c(list(quote(y), xreg = quote(xreg), model = quote(fit)), options)
  # A model with a part of its networks is no use here.
  withCallingHandlers(do.call("rnnar", args), bptt_interrupted_warning = function(w) raise_interrupt())
}

# A series that is over is known as a whole.
known_at <- function(plan, origin) pmin(origin, lengths_of(plan$series))

# A matrix with a row for each number that is forecast: series, origin, horizon, actual, forecast,
# the lower and the upper ends of the levels.
forecast_rows <- function(plan, origin, model) {
  known <- known_at(plan, origin)
  left <- pmin(plan$h, lengths_of(plan$series) - known)
  h <- max(left)
  xreg <- if (!is.null(plan$xreg)) Map(rows_behind, plan$xreg, known, h)
  args <- list(quote(model), h, plan$level, xreg = quote(xreg))
  said <- do.call("forecast.rnnar", c(args, plan$forecast))
  if (length(left) == 1L) said <- list(said)
  each <- lapply(which(left > 0), function(j) {
    i <- seq_len(left[j])
    cbind(
      series = j, origin = known[j], horizon = i, actual = plan$series[[j]][known[j] + i],
      forecast = said[[j]]$mean[i], matrix(said[[j]]$lower[i, ], length(i)),
      matrix(said[[j]]$upper[i, ], length(i))
    )
  })
  do.call(rbind, each)
}

# h rows behind the n-th, the last one again where there are not as many.
rows_behind <- function(x, n, h) x[pmin(n + seq_len(h), nrow(x)), , drop = FALSE]

# ------------------------------------------------------------------------------ results

new_rnn_backtest <- function(rows, plan) {
  series <- plan$series
  i <- rows[, "series"]
  times <- vapply(attr(series, "times"), function(t) {
    if (is.null(t)) c(1, 1) else t[c(1L, 3L)]
  }, c(0, 0))
  names <- names(series)
  named <- !is.null(names) && !anyNA(names) && all(names != "") && !anyDuplicated(names)
  table <- data.frame(
    series = if (named) names[i] else as.integer(i),
    origin = as.integer(rows[, "origin"]), horizon = as.integer(rows[, "horizon"]),
    time = times[1L, i] + (rows[, "origin"] + rows[, "horizon"] - 1) / times[2L, i],
    rows[, c("actual", "forecast"), drop = FALSE]
  )
  k <- length(plan$level)
  ends <- c(rbind(5L + seq_len(k), 5L + k + seq_len(k)))
  table[interval_names(plan$level)] <- rows[, ends]
  training <- Map(function(z, n) z[seq_len(n)], series, plan$origins[1L, ])
  names(training) <- if (named) names else seq_along(series)
  season <- floor(plan$options$period[1L] + 0.5)
  about <- list(
    h = plan$h, level = plan$level, training = training,
    period = if (min(lengths(training)) > season) season else 1,
    step = plan$step, every = plan$every, seed = plan$options$seed
  )
  structure(table, about = about, class = c("rnn_backtest", "data.frame"))
}

interval_names <- function(level) c(rbind(paste0("lo", level), paste0("hi", level)))

# Some rows are a back-test still, some columns are not.
#' @export
`[.rnn_backtest` <- function(x, ...) {
  out <- NextMethod()
  if (identical(names(out), names(x))) {
    attr(out, "about") <- attr(x, "about")
  } else if (is.data.frame(out)) {
    class(out) <- "data.frame"
    attr(out, "about") <- NULL
  }
  out
}

#' @rdname rnn_backtest
#' @param x,object What `rnn_backtest()` returned.
#' @param row.names,optional As in [as.data.frame()].
#' @export
as.data.frame.rnn_backtest <- function(x, row.names = NULL, optional = FALSE, ...) {
  attr(x, "about") <- NULL
  class(x) <- "data.frame"
  if (!is.null(row.names)) row.names(x) <- row.names
  x
}

#' @rdname rnn_backtest
#' @export
summary.rnn_backtest <- function(object, ...) {
  about <- attr(object, "about")
  table <- as.data.frame(object)
  each <- lapply(split(table, table$horizon), backtest_scores, about)
  horizon <- do.call(rbind, each)
  out <- list(
    all = backtest_scores(table, about),
    horizon = data.frame(horizon = as.integer(rownames(horizon)), horizon, row.names = NULL)
  )
  structure(c(out, about["level"], rounds_of(table, about)), class = "summary.rnn_backtest")
}

# How many origins these rows have one after the other, and trainings.
rounds_of <- function(table, about) {
  first <- lengths(about$training)[as.character(table$series)]
  round <- unique((table$origin - first) %/% about$step)
  trainings <- if (about$every > 0) length(unique(round %/% about$every)) else 0L
  list(origins = length(round), trainings = trainings)
}

# A row of scores.
backtest_scores <- function(table, about) {
  known <- table[!is.na(table$actual), ]
  interval <- paste0(rep(c("coverage", "width"), length(about$level)), rep(about$level, each = 2L))
  scores <- rep(list(NA_real_), 4L + length(interval))
  names(scores) <- c("mae", "rmse", "smape", "mase", interval)
  if (nrow(known) > 0L) {
    by <- factor(known$series, unique(known$series))
    each <- function(column) unname(split(known[[column]], by))
    insample <- unname(about$training[levels(by)])
    for (level in about$level) {
      m <- rnn_metrics(each("actual"), each("forecast"),
        lower = each(paste0("lo", level)), upper = each(paste0("hi", level)), level = level,
        insample = insample, period = about$period
      )
      scores[c("mae", "rmse", "smape", "mase")] <- unclass(m)[c("mae", "rmse", "smape", "mase")]
      scores[paste0(c("coverage", "width"), level)] <- unclass(m)[c("coverage", "width")]
    }
  }
  data.frame(n = nrow(known), scores)
}

#' @export
print.rnn_backtest <- function(x, ...) {
  count <- length(unique(x$series))
  cat("Back-test: ", plural(nrow(x), "forecast"), " of ", count, " series\n", sep = "")
  if (nrow(x) > 0L) print(summary(x), ...)
  invisible(x)
}

#' @export
print.summary.rnn_backtest <- function(x, digits = 4L, ...) {
  cat(plural(x$origins, "origin"), ", ", plural(x$trainings, "training"), "\n", sep = "")
  table <- rbind(x$horizon, data.frame(horizon = "all", x$all))
  print(format(table, digits = digits), row.names = FALSE)
  invisible(x)
}

#' @rdname rnn_backtest
#' @export
tidy.rnn_backtest <- function(x, ...) summary(x)$horizon

#' @rdname rnn_backtest
#' @export
glance.rnn_backtest <- function(x, ...) {
  about <- attr(x, "about")
  found <- summary(x)
  data.frame(
    found$all,
    series = length(unique(x$series)), origins = found$origins, trainings = found$trainings,
    h = about$h, seed = about$seed
  )
}

#' @rdname rnn_backtest
#' @param score The error that is shown: `"mae"`, `"rmse"`, `"smape"` or `"mase"`.
#' @export
plot.rnn_backtest <- function(x, score = c("mase", "mae", "rmse", "smape"), ...) {
  score <- match.arg(score)
  found <- summary(x)
  table <- found$horizon
  old <- graphics::par(
    mfrow = c(2, 1), mar = c(2.1, 4.6, 1.8, 0.8), oma = c(2, 0, 0, 0), las = 1, mgp = c(3.4, 0.8, 0)
  )
  on.exit(graphics::par(old))
  error <- table[[score]]
  graphics::plot(table$horizon, error,
    ylim = c(0, max(error, 0, na.rm = TRUE)), type = "b", pch = 20, xlab = "",
    ylab = toupper(score), ...
  )
  covered <- as.matrix(table[paste0("coverage", found$level)])
  colour <- seq_along(found$level)
  graphics::matplot(table$horizon, 100 * covered,
    ylim = c(min(100 * covered, found$level, na.rm = TRUE), 100), type = "b", pch = 20, lty = 1,
    col = colour, xlab = "", ylab = "coverage (%)"
  )
  graphics::abline(h = found$level, lty = 2, col = colour)
  corner <- graphics::par("usr")[c(2L, 4L)] # the legend stands on it, above the plot
  graphics::legend(corner[1L], corner[2L], paste0(found$level, " %"),
    col = colour, lty = 1, cex = 0.8, bty = "n", ncol = min(6, length(found$level)),
    xjust = 1, yjust = 0, y.intersp = 0.6, xpd = NA
  )
  graphics::mtext("horizon", side = 1, line = 0.6, outer = TRUE, cex = graphics::par("cex"))
  invisible(x)
}
