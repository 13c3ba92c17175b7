# A forecasting model as R's generic functions see it: what it says of the past, what it consists of,
# pictures, training it further.

#' Methods for forecasting models
#'
#' What R's generic functions do with a model of [rnnar()]. Of a model of one series they return what
#' is said below, of many series a list with one for each where nothing else is said.
#'
#' `fitted()` gives the forecasts one step ahead, of steps that the networks have seen in training
#' (but for the first step, which nothing lies before), and `residuals()` how far the series is from
#' them. Both are on the scale of the series. Errors of values that the networks have not seen, which
#' the intervals are made from, are larger.
#'
#' `update()` goes on training: each network from the weights it has, for `epochs` more, without the
#' targets that have been left out for it before. The learning rate begins anew. Ctrl-C ends it: what
#' has not been trained further by then is as it was.
#'
#' `plot()` shows the series, what was fitted and a forecast with its intervals; of a model with
#' covariates, the forecast only if `xreg` is given.
#'
#' `accuracy()` (which needs package \pkg{forecast}) and `checkresiduals()` of that package work on a
#' model, and `tidy()`, `glance()` and `augment()`.
#'
#' @param object,x A model of [rnnar()].
#' @param epochs Epochs to train further; `NULL`: as many as before.
#' @param learn_rate The learning rate to begin with; `NULL`: as before.
#' @param seed Seed of what is random; `NULL`: R's generator decides.
#' @param threads Threads to compute with.
#' @param verbose Whether to show how far the training is.
#' @param h,level,xreg See [forecast.rnnar()].
#' @param series Which series is shown: its name or its number.
#' @param ... `plot()`: graphical parameters. The others take nothing; for `fitted()`, `residuals()`
#'   and `update()` an argument that is not known is an error.
#' @return `fitted()`, `residuals()`: time series. `nobs()`: the number of values that are not
#'   missing, of all series. `coef()`: a list with a matrix for each kind of networks, with a column
#'   for each network. `update()`: a model. `summary()`: a list of class `summary.rnnar` with data
#'   frames `series` and `networks`.
#'
#'   `tidy()`: the history of the training, a data frame with a row for each epoch of each network.
#'   `glance()`: a data frame of one row: numbers of `series`, `nobs`, `networks` and all their
#'   `parameters`; `epochs`; the mean `loss` of the last; the errors of the fitted values `rmse`,
#'   `mae` and `mase`, of many series their means; `seconds` that the training took. The scale of
#'   `mase` is the mean absolute difference to the period before, of series that are not longer than
#'   that, and without a season, to the step before. `augment()`: a data frame of `series` (of many),
#'   `time`, `y`, `.fitted` and `.resid`.
#' @name rnnar_methods
#' @seealso [rnnar()], [forecast.rnnar()], [simulate.rnnar()]
#' @examples
#' fit <- rnnar(AirPassengers, repeats = 2, epochs = 10, seed = 1)
#' fit
#' summary(fit)
#' plot(fit)
#' plot(residuals(fit))
#' longer <- update(fit, epochs = 20, seed = 2)
NULL

#' @export
format.rnnar <- function(x, ..., span = span_of(given(x$series, 1L))) {
  n <- lengths_of(x$series)
  period <- x$options$period
  views <- view_names(x)
  errors <- fit_errors(x)
  values <- if (is_many(x)) paste(unique(range(n)), collapse = " to ") else n
  c(
    paste0(x$method, ": ", if (is_many(x)) paste(length(n), "series") else series_names(x)),
    paste0(
      values, " values", if (!is_many(x)) paste0(", ", span),
      if (max(period) > 1) paste0(", period ", paste(format(period), collapse = " and ")),
      if (!is.null(x$xreg)) paste0(", ", plural(ncol(x$xreg[[1L]]), "covariate"))
    ),
    paste0(
      plural(length(x$networks[[1L]]), "network"), if (length(views) > 1L) " of each kind",
      " (", paste(views, collapse = ", "), "), ",
      plural(x$networks[[1L]][[1L]]$output / outputs_of(x$training$loss), "step"), " ahead",
      if (has_distribution(x)) paste0(", distribution \"", x$training$loss, "\"")
    ),
    paste0(
      "Errors of fitted values", if (is_many(x)) ", mean of series", ": ",
      paste0(toupper(names(errors)), " ", format_each(colMeans(errors)), collapse = ", ")
    )
  )
}

#' @export
print.rnnar <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname rnnar_methods
#' @export
summary.rnnar <- function(object, ...) {
  last <- last_epochs(object)
  kinds <- lapply(seq_along(object$networks), function(v) {
    rows <- last[last$view == view_names(object)[v], ]
    net <- object$networks[[v]][[1L]]
    data.frame(
      kind = view_names(object)[v], networks = nrow(rows), inputs = net$input,
      outputs = net$output, parameters = sum(lengths(net$param)), epochs = max(rows$epoch),
      loss = mean(rows$loss)
    )
  })
  missing <- vapply(object$series, function(y) sum(is.na(y)), 0L, USE.NAMES = FALSE)
  series <- data.frame(
    series = series_names(object), values = lengths_of(object$series), missing = missing,
    span = vapply(seq_along(missing), function(i) span_of(given(object$series, i)), ""),
    lambda = object$lambda, fit_errors(object)
  )
  structure(
    list(
      call = object$call, text = format(object), series = series,
      networks = do.call(rbind, kinds), seed = object$seed
    ),
    class = "summary.rnnar"
  )
}

#' @export
print.summary.rnnar <- function(x, n = 10, ...) {
  call <- deparse(x$call, nlines = 11L) # the data themselves may stand in it
  if (length(call) > 10L) call <- c(call[1:10], "...")
  cat("Call: ", paste(call, collapse = "\n  "), "\n", sep = "")
  cat(x$text, "", sep = "\n")
  print(x$networks, digits = 4, row.names = FALSE)
  cat("\n")
  print(utils::head(x$series, n), digits = 4, row.names = FALSE)
  if (nrow(x$series) > n) cat("... and", nrow(x$series) - n, "more\n")
  cat("Seed", format(x$seed), "\n")
  invisible(x)
}

# -------------------------------------------------------------------------------- the past

#' @rdname rnnar_methods
#' @importFrom stats fitted
#' @export
fitted.rnnar <- function(object, ...) {
  refuse_unknown("object", "fitted", ...)
  of_each(object, function(i) as_given(object$fitted[[i]], object$series, i))
}

#' @rdname rnnar_methods
#' @importFrom stats residuals
#' @export
residuals.rnnar <- function(object, ...) {
  refuse_unknown("object", "residuals", ...)
  # What package forecast, as checkresiduals() does, makes of residuals is for one series.
  if (is_many(object) && environmentName(topenv(parent.frame())) == "forecast") {
    said <- paste0("`object` is a model of ", length(object$series), " series; expected one: ")
    input_error("object", paste0(said, "give the function residuals(object)[[1]]"), sys.call(-2L))
  }
  of_each(object, function(i) {
    as_given(as.numeric(object$series[[i]]) - object$fitted[[i]], object$series, i)
  })
}

#' @rdname rnnar_methods
#' @importFrom stats nobs
#' @export
nobs.rnnar <- function(object, ...) sum(!is.na(unlist(object$series)))

#' @rdname rnnar_methods
#' @export
coef.rnnar <- function(object, ...) {
  columns <- lapply(object$networks, function(nets) vapply(nets, coef, coef(nets[[1L]])))
  stats::setNames(columns, view_names(object))
}

# A row of errors for each series.
fit_errors <- function(object) {
  rows <- lapply(seq_along(object$series), function(i) {
    y <- as.numeric(object$series[[i]])
    residual <- y - object$fitted[[i]]
    period <- round(max(object$options$period))
    scale <- mean_change(y, if (period < length(y)) period else 1)
    if (!isTRUE(scale > 0)) scale <- mean_change(y, 1)
    mae <- mean(abs(residual), na.rm = TRUE)
    data.frame(
      rmse = sqrt(mean(residual^2, na.rm = TRUE)), mae = mae,
      mase = if (isTRUE(scale > 0)) mae / scale else NA_real_
    )
  })
  do.call(rbind, rows)
}

mean_change <- function(y, lag) mean(abs(diff(y, lag)), na.rm = TRUE)

last_epochs <- function(object) {
  history <- object$history
  history[!duplicated(history[c("view", "network")], fromLast = TRUE), ]
}

#' @rdname rnnar_methods
#' @export
tidy.rnnar <- function(x, ...) x$history

#' @rdname rnnar_methods
#' @export
glance.rnnar <- function(x, ...) {
  last <- last_epochs(x)
  nets <- unlist(x$networks, recursive = FALSE)
  data.frame(
    method = x$method, series = length(x$series), nobs = nobs(x), networks = length(nets),
    parameters = sum(vapply(nets, function(net) sum(lengths(net$param)), 0)),
    epochs = max(last$epoch), loss = mean(last$loss),
    as.list(colMeans(fit_errors(x), na.rm = TRUE)), seconds = x$seconds
  )
}

#' @rdname rnnar_methods
#' @export
augment.rnnar <- function(x, ...) {
  rows <- lapply(seq_along(x$series), function(i) {
    y <- given(x$series, i)
    out <- data.frame(
      time = as.numeric(stats::time(y)), y = as.numeric(y), .fitted = x$fitted[[i]],
      .resid = as.numeric(y) - x$fitted[[i]]
    )
    if (is_many(x)) cbind(series = series_names(x)[i], out) else out
  })
  do.call(rbind, rows)
}

# ---------------------------------------------------------------- for package forecast

needs_forecast <- function(what) {
  if (!requireNamespace("forecast", quietly = TRUE)) {
    stop(what, " needs package forecast, which is not installed", call. = FALSE)
  }
}

#' @export
accuracy.rnnar <- function(object, ...) {
  needs_forecast("accuracy()")
  rows <- lapply(seq_along(object$series), function(i) {
    past <- list(x = given(object$series, i), fitted = object$fitted[[i]])
    forecast::accuracy(structure(past, class = "forecast"), ...)
  })
  with_row_names(rows, series_names(object), is_many(object))
}

# The rows of matrices, with the names of the series they are of.
with_row_names <- function(rows, names, many) {
  if (!many) {
    return(rows[[1L]])
  }
  rows <- Map(function(m, name) {
    rownames(m) <- paste0(name, ": ", rownames(m))
    m
  }, rows, names)
  do.call(rbind, unname(rows))
}

#' @exportS3Method forecast::getResponse
getResponse.rnnar <- function(object, ...) {
  of_each(object, function(i) given(object$series, i))
}

# What checkresiduals() takes from the lags of its test: the weights are not coefficients of them.
#' @exportS3Method forecast::modeldf
modeldf.rnnar <- function(object, ...) 0

# ------------------------------------------------------------------------------- the future

#' Paths that a series may take
#'
#' Draws from what a model of [rnnar()] holds possible: its forecast with errors added that it has
#' made on values it has not seen, block by block of its `horizon`, each forecast from the path
#' before. A model of distributions has none: each path is of one of its networks, drawn among all,
#' and each step is drawn from what this network forecasts.
#'
#' @param object A model of [rnnar()].
#' @param nsim How many paths.
#' @param seed Seed of the draws; `NULL`: R's generator decides.
#' @param h,xreg,nonnegative See [forecast.rnnar()].
#' @param integer Whether paths are rounded to the nearest whole numbers; `NULL`: see
#'   [forecast.rnnar()].
#' @param ... Takes nothing: an argument that is not known is an error.
#' @return A time series with a column for each path, a vector if there is one; of many series a list
#'   of them.
#' @seealso [forecast.rnnar()]
#' @importFrom stats simulate
#' @export
#' @examples
#' fit <- rnnar(AirPassengers, repeats = 2, epochs = 10, seed = 1)
#' paths <- simulate(fit, nsim = 20, seed = 1, h = 12)
#' ts.plot(paths, col = "grey40")
#' # How sure is a total above that of the last year?
#' mean(colSums(paths) > sum(tail(AirPassengers, 12)))
simulate.rnnar <- function(object, nsim = 1, seed = NULL, ..., h = NULL, xreg = NULL,
                           nonnegative = NULL, integer = NULL) {
  refuse_unknown(names(formals(simulate.rnnar)), "simulate", ...)
  nsim <- check_whole(nsim, "nsim", 1, 1e7)
  if (!is.null(nonnegative)) check_flag(nonnegative, "nonnegative")
  if (!is.null(integer)) check_flag(integer, "integer")
  ahead <- steps_ahead(object, h, xreg)
  seed <- if (is.null(seed)) random_seed() else check_whole(seed, "seed", 0, 2^52)
  first <- first_block(object, ahead$xreg)
  of_each(object, function(i) {
    z <- paths_of(object, i, ahead$h, ahead$xreg, nsim, seed + i - 1, first)
    paths <- keep_sign(matrix(invert(z, first$frame, i), ahead$h), object$series[[i]], nonnegative)
    if (shall_be_whole(object$series[[i]], integer)) paths <- whole(paths)
    colnames(paths) <- paste0("sim_", seq_len(nsim))
    as_given(if (nsim == 1) paths[, 1L] else paths, object$series, i, length(object$series[[i]]) + 1)
  })
}

#' @rdname rnnar_methods
#' @importFrom stats update
#' @export
update.rnnar <- function(object, ..., epochs = NULL, learn_rate = NULL, seed = NULL,
                         threads = getOption("bptt.threads", 1), verbose = interactive()) {
  refuse_unknown(names(formals(update.rnnar)), "update", ...)
  check_flag(verbose, "verbose")
  seed <- if (is.null(seed)) random_seed() else check_whole(seed, "seed", 0, 2^52)
  training <- object$training
  object$training$threads <- threads
  if (!is.null(epochs)) object$training$epochs <- check_whole(epochs, "epochs", 1, 2^31 - 1)
  if (!is.null(learn_rate)) object$training$learn_rate <- learn_rate
  object <- train_model(object, frame_of(object), seed, verbose)
  object$training <- training
  object
}

# -------------------------------------------------------------------------------- pictures

#' @rdname rnnar_methods
#' @export
plot.rnnar <- function(x, h = NULL, level = c(80, 95), xreg = NULL, series = 1, ...) {
  i <- which_series(series, series_names(x))
  fc <- list(x = given(x$series, i), method = x$method, series = series_names(x)[i])
  if (is.null(x$xreg) || !is.null(xreg)) {
    if (is.list(xreg) && !is.data.frame(xreg)) xreg <- xreg[[i]]
    fc <- forecast.rnnar(only_series(x, i), h = h, level = level, xreg = xreg)
  }
  draw_forecast(fc, as_given(x$fitted[[i]], x$series, i), ...)
  invisible(x)
}

# The model of all, to be asked of one.
only_series <- function(object, i) {
  keep <- attributes(object$series)
  object$series <- structure(
    unname(object$series[i]),
    times = keep$times[i], msts = keep$msts[i], many = FALSE, title = series_names(object)[i]
  )
  if (!is.null(object$xreg)) object$xreg <- object$xreg[i]
  object$fitted <- object$fitted[i]
  object$errors$ratio <- object$errors$ratio[i]
  object$lambda <- object$lambda[i]
  object
}

which_series <- function(series, names, call = sys.call(sys.parent())) {
  i <- if (is.character(series)) match(series, names) else series
  if (length(i) != 1L || is.na(i) || !i %in% seq_along(names)) {
    said <- paste0("`series` is ", what_is(series), "; expected a name, or a number up to ")
    input_error("series", paste0(said, length(names)), call)
  }
  i
}

FORECAST_BLUE <- "#1f5fa8"

# A series, and what there is of fitted values, point forecast and intervals, the widest palest.
draw_forecast <- function(fc, fitted = NULL, main = NULL, xlab = "", ylab = fc$series, ylim = NULL,
                          col = "black", ...) {
  if (is.null(main)) main <- paste(if (is.null(fc$mean)) "Fitted by" else "Forecasts from", fc$method)
  finite <- function(v) v[is.finite(v)]
  if (is.null(ylim)) ylim <- range(finite(c(fc$x, fitted, fc$mean, fc$lower, fc$upper)))
  ends <- c(stats::tsp(fc$x)[1L], stats::tsp(if (is.null(fc$mean)) fc$x else fc$mean)[2L])
  graphics::plot(ends, ylim, type = "n", main = main, xlab = xlab, ylab = ylab, ...)
  if (!is.null(fc$mean)) draw_bands(fc, ylim)
  graphics::lines(fc$x, col = col)
  if (!is.null(fitted)) graphics::lines(fitted, col = "firebrick", lty = 3)
  if (!is.null(fc$mean)) {
    one <- length(fc$mean) == 1L
    graphics::lines(fc$mean, col = FORECAST_BLUE, lwd = 2, type = if (one) "p" else "l", pch = 19)
  }
  shown <- c(TRUE, !is.null(fitted), !is.null(fc$mean))
  graphics::legend("topleft", c("series", "fitted", "forecast")[shown],
    col = c(col, "firebrick", FORECAST_BLUE)[shown], lty = c(1, 3, 1)[shown], lwd = c(1, 1, 2)[shown],
    bty = "n"
  )
}

# Where intervals are drawn; of one step alone they are as wide as a step.
band_times <- function(mean) {
  time <- as.numeric(stats::time(mean))
  if (length(time) == 1L) time + c(-0.5, 0.5) / stats::frequency(mean) else time
}

draw_bands <- function(fc, ylim) {
  time <- band_times(fc$mean)
  within <- function(v) pmin(pmax(rep(v, length.out = length(time)), ylim[1L] - diff(ylim)), ylim[2L] + diff(ylim))
  for (k in rev(seq_along(fc$level))) {
    shade <- grDevices::adjustcolor(FORECAST_BLUE, 0.15 + 0.25 * (1 - k / (1 + length(fc$level))))
    ends <- c(within(fc$lower[, k]), rev(within(fc$upper[, k])))
    graphics::polygon(c(time, rev(time)), ends, col = shade, border = NA)
  }
}

# ------------------------------------------------------------------------------------ words

# Four digits of each number, none of them for the sake of another.
format_each <- function(v) vapply(v, function(one) format(one, digits = 4), "")

# "Jan 1949 to Dec 1960"
span_of <- function(y) paste(time_labels(y)[c(1L, NROW(y))], collapse = " to ")

# What the steps of a series are called.
time_labels <- function(y) {
  frequency <- stats::frequency(y)
  time <- as.numeric(stats::time(y))
  year <- floor(time + 1e-6)
  place <- round((time - year) * frequency) + 1
  if (frequency == 12) {
    paste(month.abb[place], year)
  } else if (frequency == 4) {
    paste0(year, " Q", place)
  } else if (all(abs(time - round(time)) < 1e-9)) {
    as.character(round(time))
  } else {
    format(time, digits = max(2, ceiling(log10(frequency))) + nchar(max(abs(year))), trim = TRUE)
  }
}
