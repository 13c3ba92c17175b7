# Forecasts from a model: their median, their intervals, paths.

#' Forecasts of a model of time series
#'
#' @details
#' The point forecast is the mean of what the networks forecast on the transformed scale, turned back.
#' Where the errors lie to one side it may be outside an interval, whose end is then drawn to it.
#'
#' @param object A model of [rnnar()].
#' @param h Steps to forecast; `NULL`: the rows of `xreg`, or two periods, or 10.
#' @param level Levels of the intervals in per cent.
#' @param fan Whether the levels are 51, 54, ..., 99.
#' @param xreg Covariates of the steps to be forecast, as many as the model has; for many series a
#'   list of them.
#' @param npaths Paths that intervals beyond the model's `horizon` are made from.
#' @param nonnegative Whether what is below 0 is made 0; `NULL`: where the series has no negative
#'   value.
#' @param seed Seed of the paths; `NULL`: R's generator decides.
#' @param ... Takes nothing, and for `predict()` the arguments of `forecast()`: one that is not known
#'   is an error.
#' @return An object of class `forecast`, as those of package \pkg{forecast}, whose functions work on
#'   it; of many series a list of them, of class `rnnar_forecasts`. What can be done without that
#'   package: [rnnar_forecasts].
#' @seealso [rnnar()], [simulate.rnnar()]
#' @examples
#' fit <- rnnar(AirPassengers, repeats = 5, seed = 1)
#' forecast(fit, h = 12)
#' @name forecast.rnnar
#' @exportS3Method generics::forecast
forecast.rnnar <- function(object, h = NULL, level = c(80, 95), fan = FALSE, xreg = NULL,
                           npaths = 1000, nonnegative = NULL, seed = 1, ...) {
  refuse_unknown(names(formals(forecast.rnnar)), "forecast", ...)
  if (check_flag(fan, "fan")) level <- seq(51, 99, by = 3)
  level <- check_level(level)
  ahead <- steps_ahead(object, h, xreg)
  npaths <- check_whole(npaths, "npaths", 2, 1e7)
  if (!is.null(nonnegative)) check_flag(nonnegative, "nonnegative")
  seed <- if (is.null(seed)) random_seed() else check_whole(seed, "seed", 0, 2^52)
  median <- forecast_blocks(object, ahead$h, ahead$xreg)
  p <- c(rev(1 - level / 100), 1 + level / 100) / 2
  error <- if (ahead$h <= nrow(object$errors$pool)) {
    t(row_quantiles(object$errors$pool[seq_len(ahead$h), , drop = FALSE], p))
  }
  out <- of_each(object, function(i) {
    ends <- if (is.null(error)) {
      t(row_quantiles(paths_of(object, i, ahead$h, ahead$xreg, npaths, seed), p))
    } else {
      median$z[, i] + error * (median$frame$view[[1L]]$spread[i] * object$errors$ratio[i])
    }
    one_forecast(object, i, level, median, ends, nonnegative)
  })
  if (is_many(object)) structure(out, class = "rnnar_forecasts") else out
}

#' @rdname forecast.rnnar
#' @export
predict.rnnar <- function(object, h = NULL, ...) forecast.rnnar(object, h = h, ...)

# How many steps, and the covariates up to the last of them.
steps_ahead <- function(object, h, xreg, call = sys.call(sys.parent())) {
  if (is.null(h)) h <- default_h(object, xreg)
  h <- check_whole(h, "h", 1, 1e5, call)
  list(h = h, xreg = future_xreg(object, xreg, h, call))
}

default_h <- function(object, xreg) {
  if (!is.null(xreg) && !is.null(object$xreg)) {
    return(min(vapply(as_xreg(xreg, object$series), nrow, 0L)))
  }
  period <- max(1, object$options$period)
  if (period > 1) 2 * round(period) else 10
}

# The covariates of the past and of the steps to be forecast, for each series.
future_xreg <- function(object, xreg, h, call = sys.call(sys.parent())) {
  if (is.null(object$xreg)) {
    if (!is.null(xreg)) {
      input_error("xreg", "`xreg` is given; expected none, as the model has none", call)
    }
    return(NULL)
  }
  if (is.null(xreg)) {
    input_error("xreg", "`xreg` is missing; expected covariates, as the model has some", call)
  }
  xreg <- as_xreg(xreg, object$series)
  if (length(xreg) != length(object$xreg)) {
    said <- paste0("`xreg` is of ", length(xreg), " series; expected ", length(object$xreg))
    input_error("xreg", said, call)
  }
  Map(function(past, ahead, n) {
    if (nrow(ahead) < h || ncol(ahead) != ncol(past)) {
      said <- sprintf(
        "`xreg` is a %d x %d matrix; expected %d rows and %d columns", nrow(ahead), ncol(ahead),
        as.integer(h), ncol(past)
      )
      input_error("xreg", said, call)
    }
    if (!is.numeric(ahead) || !all(is.finite(ahead))) {
      input_error("xreg", "`xreg` has what is no finite number; expected none", call)
    }
    rbind(past[seq_len(n), , drop = FALSE], ahead[seq_len(h), , drop = FALSE])
  }, object$xreg, xreg, lengths_of(object$series))
}

# -------------------------------------------------------------------------------- blocks

# What the networks forecast from the end of each series, transformed: a column for each, `horizon`
# rows. With the frame.
last_block <- function(object, series, xreg, appended) {
  frame <- frame_of(object, series, xreg, appended)
  n <- lengths_of(series)
  total <- 0
  for (v in seq_along(frame$view)) {
    view <- frame$view[[v]]
    nets <- object$networks[[v]]
    at <- cbind(
      rep(seq_len(dim(view$base)[1L]), length(n)), rep(seq_along(n), each = dim(view$base)[1L]),
      rep(n, each = dim(view$base)[1L])
    )
    out <- 0
    for (net in nets) {
      net$output_mode <- "last"
      out <- out + rnn_predict(net, view$x, lengths = n) / length(nets)
    }
    dim(out) <- c(dim(view$base)[1L], length(n))
    total <- total + matrix(view$base[at], nrow(out)) + out * rep(view$spread, each = nrow(out))
  }
  list(z = total / length(frame$view), frame = frame)
}

# h steps from each series, transformed; what lies beyond the first block is forecast from the
# forecasts before. A list: z, h x series; frame, of the first.
forecast_blocks <- function(object, h, xreg) {
  block <- last_block(object, object$series, xreg, 0)
  frame <- block$frame
  z <- block$z
  series <- object$series
  while (nrow(z) < h) {
    for (i in seq_along(series)) {
      ahead <- invert(block$z[, i, drop = FALSE], frame, i)
      series[[i]] <- c(as.numeric(series[[i]]), finite(ahead))
    }
    block <- last_block(object, series, xreg, nrow(z))
    z <- rbind(z, block$z)
  }
  list(z = z[seq_len(h), , drop = FALSE], frame = frame)
}

# Paths of series i, transformed: h x npaths. Each block has an error of the model added, and what
# follows is forecast from the path.
paths_of <- function(object, i, h, xreg, npaths, seed) {
  pool <- object$errors$pool
  block <- last_block(object, object$series[i], xreg[i], 0)
  frame <- block$frame
  size <- frame$view[[1L]]$spread * object$errors$ratio[i]
  blocks <- ceiling(h / nrow(block$z))
  draw <- run("rnnar_draw", list(n = ncol(pool), draws = npaths * blocks, seed = seed))[[1L]]
  draw <- matrix(draw, npaths)
  z <- rep(block$z, npaths) + size * pool[, draw[, 1L], drop = FALSE]
  dim(z) <- c(nrow(block$z), npaths)
  for (b in seq_len(blocks - 1L)) {
    y <- finite(invert(z, frame, 1L))
    paths <- lapply(seq_len(npaths), function(k) c(as.numeric(object$series[[i]]), y[, k]))
    block <- last_block(object, paths, rep(xreg[i], npaths), nrow(z))
    z <- rbind(z, block$z + size * pool[, draw[, b + 1L], drop = FALSE])
  }
  z[seq_len(h), , drop = FALSE]
}

# What a transformation turns into infinity, as a number that can be gone on from.
finite <- function(y, most = .Machine$double.xmax / 1e3) {
  y[] <- pmin(pmax(y, -most), most)
  y
}

# The p-quantile of each row, on a line between neighbours (type 7 of quantile()).
row_quantiles <- function(m, p) {
  apply(m, 1L, function(x) {
    x <- sort(x)
    at <- 1 + (length(x) - 1) * p
    low <- floor(at)
    high <- pmin(low + 1, length(x))
    x[low] + (at - low) * (x[high] - x[low])
  })
}

# The forecast of series i, from what is on the transformed scale: the median and, a column for each,
# the ends of the intervals, ascending.
one_forecast <- function(object, i, level, median, ends, nonnegative) {
  frame <- median$frame
  series <- object$series
  h <- nrow(ends)
  ends <- keep_sign(matrix(invert(cbind(median$z[, i], ends), frame, i), h), series[[i]], nonnegative)
  below <- 1L + seq_len(ncol(ends) %/% 2L)
  ends[, below] <- pmin(ends[, below], ends[, 1L])
  ends[, -c(1L, below)] <- pmax(ends[, -c(1L, below)], ends[, 1L])
  n <- length(series[[i]])
  ahead <- function(values) as_given(values, series, i, n + 1)
  y <- given(series, i)
  k <- length(level)
  matrix_of <- function(columns) {
    out <- ahead(ends[, columns, drop = FALSE])
    colnames(out) <- paste0(level, "%")
    out
  }
  structure(list(
    method = object$method, model = if (!is_many(object)) object, level = level,
    mean = ahead(ends[, 1L]),
    lower = matrix_of(1L + rev(seq_len(k))), upper = matrix_of(1L + k + seq_len(k)),
    x = y, series = series_names(object)[i], fitted = as_given(object$fitted[[i]], series, i),
    residuals = as_given(as.numeric(y) - object$fitted[[i]], series, i)
  ), class = c("rnnar_forecast", "forecast"))
}

# What each series is called: its name, or its place among many.
series_names <- function(object) {
  names <- names(object$series)
  if (!is_many(object)) {
    return(if (is.null(names)) attr(object$series, "title") else names)
  }
  place <- as.character(seq_along(object$series))
  if (is.null(names)) place else ifelse(is.na(names) | names == "", place, names)
}

# What is below 0, made 0: if it shall be so, or if the series is never below.
keep_sign <- function(values, y, nonnegative) {
  if (is.null(nonnegative)) nonnegative <- all(y >= 0, na.rm = TRUE)
  if (nonnegative) pmax(values, 0) else values
}

method_of <- function(object) {
  sprintf("RNNAR(%s, %s)", object$cell, paste(object$training$hidden, collapse = ", "))
}
