# Forecasts as R's generic functions see them, with package forecast and without.

#' Methods for forecasts
#'
#' `forecast()` of a model of one series gives an object of class `forecast`: `autoplot()`,
#' `accuracy()`, `summary()` and the others of package \pkg{forecast} work on it. `print()`, `plot()`
#' and `as.data.frame()` also do where that package is not installed.
#'
#' Of many series it is a list of such objects, with the names of the series, of class
#' `rnnar_forecasts`. They do not hold the model, so that they take no more room than they need.
#' `accuracy()` takes a list of series as a second argument, and `autoplot()` of package \pkg{ggplot2}
#' has a panel for each of the first twelve series, or for those that it is asked for.
#'
#' @param x,object Forecasts, as made by [forecast.rnnar()].
#' @param series Which series is shown, of `autoplot()` which ones: their names or their numbers.
#' @param include `autoplot()`: how many of the last values of each series are shown; `NULL`: all.
#' @param n Rows to print.
#' @param i Which series.
#' @param row.names,optional Not used.
#' @param ... `plot()`: what `plot()` of package \pkg{forecast} takes, or graphical parameters. The
#'   others: not used.
#' @return `as.data.frame()`: of one series the point forecast and the ends of its intervals, `Lo` and
#'   `Hi` with the level, a row for each step with its name; of many a row for each step of each
#'   series, with its `series` and `time` before; `summary()` of many is the same.
#' @name rnnar_forecasts
#' @seealso [forecast.rnnar()]
#' @examples
#' fit <- rnnar(EuStockMarkets[1:100, 1:2], repeats = 2, epochs = 5, seed = 1)
#' fc <- forecast(fit, h = 5)
#' fc
#' plot(fc, series = "SMI")
#' as.data.frame(fc["DAX"])
NULL

#' @export
print.rnnar_forecast <- function(x, ...) {
  print(as.data.frame(x), ...)
  invisible(x)
}

#' @rdname rnnar_forecasts
#' @export
as.data.frame.rnnar_forecast <- function(x, row.names = NULL, optional = FALSE, ...) {
  out <- forecast_columns(x)
  rownames(out) <- time_labels(x$mean)
  out
}

forecast_columns <- function(fc) {
  out <- data.frame(`Point Forecast` = as.numeric(fc$mean), check.names = FALSE)
  for (k in seq_along(fc$level)) {
    out[paste("Lo", fc$level[k])] <- as.numeric(fc$lower[, k])
    out[paste("Hi", fc$level[k])] <- as.numeric(fc$upper[, k])
  }
  out
}

#' @rdname rnnar_forecasts
#' @export
plot.rnnar_forecast <- function(x, ...) {
  if (requireNamespace("forecast", quietly = TRUE)) NextMethod() else draw_forecast(x, ...)
  invisible(x)
}

# summary() and accuracy() of package forecast are found once it has been loaded.

#' @export
summary.rnnar_forecast <- function(object, ...) {
  if (requireNamespace("forecast", quietly = TRUE)) NextMethod() else object
}

#' @export
accuracy.rnnar_forecast <- function(object, ...) {
  needs_forecast("accuracy()")
  NextMethod()
}

#' @export
residuals.rnnar_forecast <- function(object, ...) object$residuals

#' @export
fitted.rnnar_forecast <- function(object, ...) object$fitted

# ------------------------------------------------------------------------------ of many series

#' @rdname rnnar_forecasts
#' @export
print.rnnar_forecasts <- function(x, n = 20, ...) {
  rows <- as.data.frame(x)
  cat("Forecasts of", length(x), "series from", x[[1L]]$method, "\n")
  rows$time <- unlist(lapply(x, function(fc) time_labels(fc$mean)))
  print(utils::head(rows, n), row.names = FALSE, ...)
  if (nrow(rows) > n) cat("... and", nrow(rows) - n, "more rows: see as.data.frame()\n")
  invisible(x)
}

#' @rdname rnnar_forecasts
#' @export
as.data.frame.rnnar_forecasts <- function(x, row.names = NULL, optional = FALSE, ...) {
  rows <- lapply(x, function(fc) {
    time <- as.numeric(stats::time(fc$mean))
    cbind(series = fc$series, time = time, forecast_columns(fc))
  })
  do.call(rbind, unname(rows))
}

#' @rdname rnnar_forecasts
#' @export
plot.rnnar_forecasts <- function(x, series = 1, ...) {
  names <- vapply(x, function(fc) fc$series, "")
  plot(x[[which_series(series, names)]], ...)
  invisible(x)
}

#' @rdname rnnar_forecasts
#' @usage \method{autoplot}{rnnar_forecasts}(object, series = seq_len(min(12, length(object))),
#'   include = NULL, ...)
#' @exportS3Method ggplot2::autoplot
autoplot.rnnar_forecasts <- function(object, series = seq_len(min(12, length(object))), include = NULL,
                                     ...) {
  if (!is.null(include)) include <- check_whole(include, "include", 0, 2^31 - 1)
  if (length(series) == 0L) input_error("series", "`series` is empty; expected names or numbers")
  names <- vapply(object, function(fc) fc$series, "")
  which <- vapply(series, which_series, 0, names = names, call = sys.call())
  panels <- make.unique(names)[which]
  rows_of <- function(rows) {
    all <- Map(function(fc, panel) {
      own <- rows(fc)
      cbind(series = factor(rep(panel, nrow(own)), unique(panels)), own)
    }, object[which], panels)
    do.call(rbind, unname(all))
  }
  timed <- function(y) data.frame(time = as.numeric(stats::time(y)), value = as.numeric(y))
  past <- rows_of(function(fc) utils::tail(timed(fc$x), if (is.null(include)) length(fc$x) else include))
  steps <- rows_of(function(fc) timed(fc$mean))
  level <- object[[which[1L]]]$level
  bands <- rows_of(function(fc) {
    do.call(rbind, lapply(rev(seq_along(level)), function(k) { # the widest first
      data.frame(
        time = band_times(fc$mean), band = -level[k],
        lower = as.numeric(fc$lower[, k]), upper = as.numeric(fc$upper[, k])
      )
    }))
  })
  time <- value <- lower <- upper <- band <- NULL # names of columns
  lines <- function(data, ...) {
    shown <- if (any(duplicated(data$series))) ggplot2::geom_line else ggplot2::geom_point
    shown(data = data, na.rm = TRUE, ...)
  }
  levels <- paste(unique(range(level)), collapse = if (length(level) > 2L) " to " else " and ")
  ggplot2::ggplot(mapping = ggplot2::aes(time, value)) +
    ggplot2::geom_ribbon(
      ggplot2::aes(time, ymin = lower, ymax = upper, group = band), bands,
      inherit.aes = FALSE, fill = FORECAST_BLUE, alpha = 1 - 0.6^(1 / length(level))
    ) +
    lines(past) +
    lines(steps, colour = FORECAST_BLUE) +
    ggplot2::facet_wrap(~series, scales = "free") +
    ggplot2::labs(
      title = paste("Forecasts from", object[[1L]]$method), x = "", y = "",
      subtitle = paste("intervals of", levels, "%")
    )
}

#' @exportS3Method ggplot2::autoplot
autoplot.rnnar_forecast <- function(object, ...) {
  needs_forecast("autoplot()")
  NextMethod()
}

#' @rdname rnnar_forecasts
#' @export
`[.rnnar_forecasts` <- function(x, i) structure(NextMethod(), class = "rnnar_forecasts")

#' @export
summary.rnnar_forecasts <- function(object, ...) as.data.frame(object)

#' @export
accuracy.rnnar_forecasts <- function(object, x = NULL, ...) {
  needs_forecast("accuracy()")
  if (!is.null(x) && (!is.list(x) || length(x) != length(object))) {
    said <- paste0("`x` is ", what_is(x), "; expected a list of ", length(object), " series")
    input_error("x", said)
  }
  rows <- lapply(seq_along(object), function(i) {
    one <- object[[i]]
    if (is.null(x)) forecast::accuracy(one, ...) else forecast::accuracy(one, x[[i]], ...)
  })
  with_row_names(rows, vapply(object, function(fc) fc$series, ""), TRUE)
}
