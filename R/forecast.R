# Forecasts from a model: their median, their intervals, paths.

#' Forecasts of a model of time series
#'
#' @param object A model of [rnnar()].
#' @param h Steps to forecast; `NULL`: two periods, or 10.
#' @param level Levels of the intervals in per cent.
#' @param fan Whether the levels are 51, 54, ..., 99.
#' @param xreg Covariates of the steps to be forecast, as many as the model has; for many series a
#'   list of them.
#' @param npaths Paths that intervals beyond the model's `horizon` are made from.
#' @param nonnegative Whether what is below 0 is made 0; `NULL`: where the series has no negative
#'   value.
#' @param seed Seed of the paths.
#' @param ... Not used.
#' @return An object of class `forecast`, as those of package \pkg{forecast}; of many series a list
#'   of them.
#' @examples
#' fit <- rnnar(AirPassengers, repeats = 5, seed = 1)
#' predict(fit, h = 12)
#' @name forecast.rnnar
#' @exportS3Method generics::forecast
forecast.rnnar <- function(object, h = NULL, level = c(80, 95), fan = FALSE, xreg = NULL,
                           npaths = 1000, nonnegative = NULL, seed = 1, ...) {
  if (fan) level <- seq(51, 99, by = 3)
  level <- check_level(level)
  if (is.null(h)) h <- default_h(object)
  h <- check_whole(h, "h", 1, 1e5)
  npaths <- check_whole(npaths, "npaths", 2, 1e7)
  future <- future_xreg(object, xreg, h)
  median <- forecast_blocks(object, h, future)
  out <- lapply(seq_along(object$series), function(i) {
    one_forecast(object, i, h, level, median, future, npaths, nonnegative, seed)
  })
  names(out) <- names(object$series)
  if (attr(object$series, "many")) out else out[[1L]]
}

#' @rdname forecast.rnnar
#' @export
predict.rnnar <- function(object, h = NULL, ...) forecast.rnnar(object, h = h, ...)

default_h <- function(object) {
  period <- max(1, object$options$period)
  if (period > 1) 2 * round(period) else 10
}

check_whole <- function(n, name, least, most, call = sys.call(sys.parent())) {
  good <- is.numeric(n) && length(n) == 1L && isTRUE(n >= least && n <= most && n == round(n))
  if (!good) {
    is <- if (length(n) == 1L && is.atomic(n)) format(n) else paste("of class", class(n)[1L])
    expected <- paste0("expected a whole number of at least ", least)
    input_error(name, paste0("`", name, "` is ", is, "; ", expected), call)
  }
  as.numeric(n)
}

check_level <- function(level, call = sys.call(sys.parent())) {
  if (!is.numeric(level) || length(level) == 0L || !all(is.finite(level))) {
    input_error("level", "`level` is no vector of numbers; expected levels in per cent", call)
  }
  if (all(level > 0 & level < 1)) level <- 100 * level
  if (any(level <= 0 | level >= 100)) {
    input_error("level", "`level` has a level outside (0, 100); expected levels in per cent", call)
  }
  sort(unique(level))
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
      series[[i]] <- c(as.numeric(series[[i]]), invert(block$z[, i, drop = FALSE], frame, i))
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
  one <- object
  for (b in seq_len(blocks - 1L)) {
    y <- invert(z, frame, 1L)
    paths <- lapply(seq_len(npaths), function(k) c(as.numeric(object$series[[i]]), y[, k]))
    block <- last_block(one, paths, rep(xreg[i], npaths), nrow(z))
    z <- rbind(z, block$z + size * pool[, draw[, b + 1L], drop = FALSE])
  }
  z[seq_len(h), , drop = FALSE]
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

one_forecast <- function(object, i, h, level, median, xreg, npaths, nonnegative, seed) {
  frame <- median$frame
  series <- object$series
  z <- median$z[, i]
  p <- c(rev(1 - level / 100), 1 + level / 100) / 2
  if (h <= nrow(object$errors$pool)) {
    error <- row_quantiles(object$errors$pool[seq_len(h), , drop = FALSE], p)
    ends <- z + t(error) * (frame$view[[1L]]$spread[i] * object$errors$ratio[i])
  } else {
    ends <- t(row_quantiles(paths_of(object, i, h, xreg, npaths, seed), p))
  }
  ends <- matrix(invert(cbind(z, ends), frame, i), h)
  if (is.null(nonnegative)) nonnegative <- all(series[[i]] >= 0, na.rm = TRUE)
  if (nonnegative) ends <- pmax(ends, 0)
  n <- length(series[[i]])
  ahead <- function(values) as_given(values, series, i, n + 1)
  k <- length(level)
  matrix_of <- function(columns) {
    out <- ahead(ends[, columns, drop = FALSE])
    colnames(out) <- paste0(level, "%")
    out
  }
  structure(list(
    method = method_of(object), model = object, level = level, mean = ahead(ends[, 1L]),
    lower = matrix_of(1L + rev(seq_len(k))), upper = matrix_of(1L + k + seq_len(k)),
    x = as_given(as.numeric(series[[i]]), series, i),
    series = if (is.null(names(series))) attr(series, "title") else names(series)[i],
    fitted = as_given(object$fitted[[i]], series, i),
    residuals = as_given(as.numeric(series[[i]]) - object$fitted[[i]], series, i)
  ), class = "forecast")
}

method_of <- function(object) {
  sprintf("RNNAR(%s, %s)", object$cell, paste(object$training$hidden, collapse = ", "))
}
