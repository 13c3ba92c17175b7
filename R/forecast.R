# Forecasts from a model: their median, their intervals, paths.

#' Forecasts of a model of time series
#'
#' @details
#' The point forecast is the mean of what the networks forecast on the transformed scale, turned back.
#' Where the errors lie to one side it may be outside an interval, whose end is then drawn to it.
#'
#' Intervals up to the model's `horizon` are cross-conformal (Vovk 2015): each of their ends is the
#' point forecast and a quantile of the errors that the networks made, as many steps ahead, on targets
#' that were left out when they were trained. Level, spread and seasons of a series were taken from
#' its past as a whole, so the errors are made larger by \eqn{\sqrt{n / (n - p)}}, as the residuals of
#' a regression on a season's means are, with \eqn{n} values that are not missing and the longest period
#' \eqn{p} that the series has twice (60 at most; 1 where there is none, or `season` is `"none"`).
#'
#' Beyond `horizon`, and with `bootstrap = TRUE` at all steps, intervals are quantiles of `npaths` paths
#' as [simulate()][simulate.rnnar] draws them: each block of `horizon` steps has errors of that kind
#' added, drawn anew, and the next is forecast from it.
#'
#' A model of distributions (`loss` in [rnnar()]) has no such errors: point forecasts are medians of
#' `npaths` paths, which are drawn from the distributions, and intervals their quantiles, at all steps.
#'
#' @param object A model of [rnnar()].
#' @param h Steps to forecast; `NULL`: the rows of `xreg`, or two periods, or 10.
#' @param level Levels of the intervals in per cent.
#' @param fan Whether the levels are 51, 54, ..., 99.
#' @param xreg Covariates of the steps to be forecast, as many as the model has; for many series a
#'   list of them. All rows count, also those beyond `h`: the networks see the covariates of as many
#'   steps as the model's `horizon` at once, and where there are fewer rows their means over the past
#'   (with `scale.inputs = FALSE` zeros) stand for the rest. So the forecast of a step may depend on
#'   how many rows are given.
#' @param npaths Paths that intervals beyond the model's `horizon`, or with `bootstrap`, are made from,
#'   and all forecasts of a model of distributions.
#' @param nonnegative Whether what is below 0 is made 0; `NULL`: where the series has no negative
#'   value.
#' @param seed Seed of the paths; `NULL`: R's generator decides.
#' @param integer Whether point forecasts and the ends of intervals are rounded to the nearest whole
#'   numbers; no whole number that was within an interval is then outside. `NULL`: where the series
#'   is of counts with zeros, that is of whole numbers, none below 0 and some 0.
#' @param bootstrap Whether intervals are quantiles of simulated paths at all steps, see below; not for
#'   models of distributions, whose intervals always are.
#' @param ... Takes nothing, and for `predict()` the arguments of `forecast()`: one that is not known
#'   is an error.
#' @return An object of class `forecast`, as those of package \pkg{forecast}, whose functions work on
#'   it; of many series a list of them, of class `rnnar_forecasts`. What can be done without that
#'   package: [rnnar_forecasts].
#' @seealso [rnnar()], [simulate.rnnar()]
#' @references
#' Vovk, V. (2015). Cross-conformal predictors. *Annals of Mathematics and Artificial Intelligence*
#' 74, 9--28. \doi{10.1007/s10472-013-9368-4}
#' @examples
#' fit <- rnnar(AirPassengers, repeats = 5, seed = 1)
#' forecast(fit, h = 12)
#' @name forecast.rnnar
#' @export
forecast.rnnar <- function(object, h = NULL, level = c(80, 95), fan = FALSE, xreg = NULL,
                           npaths = 1000, nonnegative = NULL, seed = 1, integer = NULL,
                           bootstrap = FALSE, ...) {
  refuse_unknown(names(formals(forecast.rnnar)), "forecast", ...)
  if (check_flag(fan, "fan")) level <- seq(51, 99, by = 3)
  level <- check_level(level)
  ahead <- steps_ahead(object, h, xreg)
  npaths <- check_whole(npaths, "npaths", 2, 1e7)
  if (!is.null(nonnegative)) check_flag(nonnegative, "nonnegative")
  if (!is.null(integer)) check_flag(integer, "integer")
  check_bootstrap(bootstrap, object)
  seed <- if (is.null(seed)) random_seed() else check_whole(seed, "seed", 0, 2^52)
  p <- c(rev(1 - level / 100), 1 + level / 100) / 2
  drawn <- if (has_distribution(object)) {
    drawn_quantiles(object, ahead$h, ahead$xreg, c(0.5, p), npaths, seed)
  }
  median <- if (is.null(drawn)) forecast_blocks(object, ahead$h, ahead$xreg) else drawn$median
  error <- known_errors(object, ahead$h, p, bootstrap)
  out <- of_each(object, function(i) {
    ends <- if (!is.null(drawn)) {
      drawn$ends[[i]]
    } else {
      near <- seq_len(nrow(error))
      rbind(
        median$z[near, i] + error * (median$frame$view[[1L]]$spread[i] * object$errors$ratio[i]),
        if (length(near) < ahead$h) {
          paths <- paths_of(object, i, ahead$h, ahead$xreg, npaths, seed, median$first)
          t(row_quantiles(paths[setdiff(seq_len(ahead$h), near), , drop = FALSE], p))
        }
      )
    }
    one_forecast(object, i, level, median, ends, nonnegative, integer)
  })
  if (is_many(object)) structure(out, class = "rnnar_forecasts") else out
}

#' @rdname forecast.rnnar
#' @export
predict.rnnar <- function(object, h = NULL, ...) forecast.rnnar(object, h = h, ...)

# How many steps, and the covariates up to the last of them.
steps_ahead <- function(object, h, xreg, call = sys.call(sys.parent())) {
  if (is.null(h)) h <- default_h(object, xreg, call)
  h <- check_whole(h, "h", 1, 1e5, call)
  list(h = h, xreg = future_xreg(object, xreg, h, call))
}

default_h <- function(object, xreg, call) {
  if (!is.null(xreg) && !is.null(object$xreg)) {
    return(min(vapply(as_xreg(xreg, object$series, object$xreg, call), nrow, 0L)))
  }
  period <- max(1, object$options$period)
  if (period > 1) 2 * round(period) else 10
}

check_bootstrap <- function(bootstrap, object, call = sys.call(sys.parent())) {
  if (check_flag(bootstrap, "bootstrap", call) && has_distribution(object)) {
    said <- "`bootstrap` is TRUE; expected FALSE, as the model's loss is a distribution"
    input_error("bootstrap", said, call)
  }
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
  xreg <- as_xreg(xreg, object$series, object$xreg, call)
  if (length(xreg) != length(object$xreg)) {
    said <- paste0("`xreg` is of ", length(xreg), " series; expected ", length(object$xreg))
    input_error("xreg", said, call)
  }
  Map(function(past, ahead, n) {
    if (ncol(ahead) == ncol(past) && nrow(ahead) < h) {
      said <- paste0("`xreg` has ", plural(nrow(ahead), "row"), "; expected at least ", h)
      input_error("xreg", said, call)
    }
    if (ncol(ahead) != ncol(past)) {
      said <- sprintf(
        "`xreg` is a %d x %d matrix; expected %d rows and %d columns", nrow(ahead), ncol(ahead),
        as.integer(h), ncol(past)
      )
      input_error("xreg", said, call)
    }
    if (!is.numeric(ahead) || !all(is.finite(ahead))) {
      input_error("xreg", "`xreg` has what is no finite number; expected none", call)
    }
    rbind(past[seq_len(n), , drop = FALSE], ahead)
  }, object$xreg, xreg, lengths_of(object$series))
}

# -------------------------------------------------------------------------------- blocks

# What the networks forecast from the n-th step of each column of a frame, transformed: z, `horizon` x
# columns; and `states`, theirs after that step. They are given those before the frame's first step.
last_block <- function(object, frame, n, states = NULL) {
  total <- 0
  after <- vector("list", length(frame$view))
  for (v in seq_along(frame$view)) {
    view <- frame$view[[v]]
    nets <- object$networks[[v]]
    said <- lapply(seq_along(nets), function(k) {
      said_last(nets[[k]], view$x, n, if (!is.null(states)) states[[v]][[k]])
    })
    out <- 0
    for (one in said) out <- out + one$y / length(nets)
    unit <- units_at(view, n)
    total <- total + back(out, unit$base, unit$spread, unit$level)
    after[[v]] <- lapply(said, `[[`, "state")
  }
  list(z = matrix(total, nrow(unit$base)) / length(frame$view), states = after)
}

# What a network says at the n-th step of each sequence: y, and its state after that step.
said_last <- function(net, x, n, state = NULL) {
  net$output_mode <- "last"
  args <- list(
    net = net, x = x, state = state, lengths = n, threads = getOption("bptt.threads", 1)
  )
  run("rnn_predict", args)
}

# What is said at the n-th step of each column of a view is measured in.
units_at <- function(view, n) {
  H <- dim(view$base)[1L]
  at <- cbind(rep(seq_len(H), length(n)), rep(seq_along(n), each = H), rep(n, each = H))
  list(
    base = matrix(view$base[at], H), spread = view$spread,
    level = view$level[cbind(seq_along(n), n)]
  )
}

# The block from the end of each series, with the frame; of a model of distributions what each network
# says of it, `said`.
first_block <- function(object, xreg) {
  frame <- frame_of(object, xreg = xreg)
  n <- lengths_of(object$series)
  block <- if (has_distribution(object)) {
    list(said = said_by_all(object, frame, n))
  } else {
    last_block(object, frame, n)
  }
  c(block, list(frame = frame))
}

# What follows z, which has a column for each of the series i, or for each path of one: the frame of its
# last `horizon` rows, before which the networks' states were kept. `frame`: of the first block.
frame_after <- function(object, i, xreg, z, frame) {
  H <- dim(frame$view[[1L]]$base)[1L]
  frame_of(object, object$series[i], xreg[i], invert(z, frame, i), last = H)
}

# h steps from each series, transformed; what lies beyond the first block is forecast from the
# forecasts before. A list: z, h x series; frame and first, the first block's.
forecast_blocks <- function(object, h, xreg) {
  first <- block <- first_block(object, xreg)
  z <- block$z
  H <- nrow(z)
  while (nrow(z) < h) {
    ahead <- frame_after(object, seq_along(object$series), xreg, z, first$frame)
    block <- last_block(object, ahead, rep(H, ncol(z)), block$states)
    z <- rbind(z, block$z)
  }
  list(z = z[seq_len(h), , drop = FALSE], frame = first$frame, first = first)
}

# Paths of series i, transformed: h x npaths. Each block has an error of the model added, and what
# follows is forecast from the path, by one network of each kind. `first`: the first block of all
# series.
paths_of <- function(object, i, h, xreg, npaths, seed, first) {
  if (has_distribution(object)) {
    return(drawn_paths(object, i, h, xreg, npaths, seed, first))
  }
  pool <- object$errors$pool
  size <- first$frame$view[[1L]]$spread[i] * object$errors$ratio[i]
  H <- nrow(first$z)
  blocks <- ceiling(h / H)
  draw <- run("rnnar_draw", list(n = ncol(pool), draws = npaths * blocks, seed = seed))[[1L]]
  draw <- matrix(draw, npaths)
  z <- rep(first$z[, i], npaths) + size * pool[, draw[, 1L], drop = FALSE]
  dim(z) <- c(H, npaths)
  among <- length(object$networks[[1L]])
  own <- unname(split(seq_len(npaths), (seq_len(npaths) - 1L) %% among)) # paths of each network
  place <- order(unlist(own))
  states <- lapply(first$states, function(of) {
    Map(function(state, paths) columns_of_state(state, rep(i, length(paths))), of[seq_along(own)], own)
  })
  for (b in seq_len(blocks - 1L)) {
    ahead <- frame_after(object, i, xreg, z, first$frame)
    total <- 0
    for (v in seq_along(ahead$view)) {
      said <- Map(function(net, paths, state) {
        said_of(net, columns_of_view(ahead$view[[v]], paths), rep(H, length(paths)), state)
      }, object$networks[[v]][seq_along(own)], own, states[[v]])
      states[[v]] <- lapply(said, `[[`, "state")
      all <- bind_said(said)
      total <- total + matrix(back(all$output, all$base, all$spread, all$level), H)
    }
    block <- total[, place, drop = FALSE] / length(ahead$view)
    z <- rbind(z, block + size * pool[, draw[, b + 1L], drop = FALSE])
  }
  z[seq_len(h), , drop = FALSE]
}

# Of the steps whose errors are known and not to be drawn anew, the p-quantiles of these: a row a step.
known_errors <- function(object, h, p, bootstrap) {
  pool <- object$errors$pool
  steps <- if (bootstrap || has_distribution(object)) 0L else min(h, nrow(pool))
  if (steps == 0L) matrix(0, 0L, length(p)) else t(row_quantiles(pool[seq_len(steps), , drop = FALSE], p))
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
one_forecast <- function(object, i, level, median, ends, nonnegative, integer) {
  frame <- median$frame
  series <- object$series
  h <- nrow(ends)
  ends <- keep_sign(matrix(invert(cbind(median$z[, i], ends), frame, i), h), series[[i]], nonnegative)
  below <- 1L + seq_len(ncol(ends) %/% 2L)
  ends[, below] <- pmin(ends[, below], ends[, 1L])
  ends[, -c(1L, below)] <- pmax(ends[, -c(1L, below)], ends[, 1L])
  if (shall_be_whole(series[[i]], integer)) ends <- whole(ends)
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

# Whether what is forecast is rounded: if it shall be, or if the series is of counts, some of them 0.
shall_be_whole <- function(y, integer) {
  y <- y[!is.na(y)]
  if (is.null(integer)) all(y >= 0 & y == round(y)) && any(y == 0) else integer
}

# Halves up.
whole <- function(values) floor(values + 0.5)

method_of <- function(object) {
  sprintf("RNNAR(%s, %s)", object$cell, paste(object$training$hidden, collapse = ", "))
}
