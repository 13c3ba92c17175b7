# Forecasting models of time series: fitting them.

#' Forecasting model of time series
#'
#' Recurrent networks that forecast a time series, or many at once: what `nnetar()` of package
#' \pkg{forecast} is, with a memory. `forecast()` gives forecasts with intervals.
#'
#' @details
#' Each step of a series is shown to the networks as a window: the last values, measured from the
#' present one in units of the mean absolute change \eqn{v}, with \eqn{\log v} and whether the value
#' is missing. The target is the next `horizon` values, measured in the same way, all at once
#' (Hewamalage, Bergmeir and Bandara 2021). Before, the series is made logarithms where it has no
#' negative value (`lambda = "auto"`; half of the smallest positive number is added where there
#' are zeros).
#'
#' `season = "auto"` trains three kinds of networks and takes the mean of what they forecast. The
#' first sees the series without its seasons, which STL takes out (Cleveland et al. 1990; of several
#' periods in turn) where the autocorrelation at the period is beyond what one series in ten without
#' a season has. The second sees the series as it is, and forecasts the difference to the same season
#' of the last period. The third, only if `lambda` is `"auto"`, sees what the first does, but not its
#' logarithm, and so goes on more carefully where there was growth. `"stl"` and `"difference"` are one
#' of the first two, `"fourier"` has sines and cosines of the season among the inputs, and `"none"`
#' does nothing about it.
#'
#' Of `repeats` networks each leaves out a fifth of the targets: of the series where there are ten or
#' more, else of the time. What a network says of targets it has not seen gives the errors that
#' intervals are made from. The forecast is the mean of all.
#'
#' Ctrl-C ends the training. The model then has the networks that are trained by then, of each kind as
#' many, and a warning of class `bptt_interrupted_warning` says how many; intervals are made from
#' errors of these. Where one kind has none yet, it is an interrupt as any other.
#'
#' @section Distributions:
#' With `loss = "gaussian"` or `"student_t"` each network forecasts a distribution for each of the
#' `horizon` steps, of the series as it is transformed. What is forecast is the mixture of those of all
#' networks, of all kinds: intervals can widen and narrow with what lies behind, and, of Student's t
#' distribution, have heavy tails. As a distribution that follows the series ever more closely becomes
#' too narrow, the weights of each network are those with the lowest loss on the targets that it leaves
#' out. With `repeats = 1` there are none, and intervals are too narrow.
#'
#' `"negative_binomial"` is for counts, those of rare events or of a shop's sales (Salinas et al.
#' 2020): whole numbers from 0 on, whose forecasts are such, too. The targets are the counts themselves,
#' `lambda` is for the inputs alone, among which the level is. Counts that grow beyond all before are
#' better forecast by the others.
#'
#' @param y A time series: `ts`, `msts`, `zoo`, `xts` or a vector; or many: a list of them, or a
#'   matrix, a column for each; the columns of a data frame are series, too. A `tsibble` has a series
#'   for each key, of the one variable that it has measured.
#'   Many are learnt by the same networks; where they have more than a million values in
#'   all, the last of each are taken, with a warning that says how many. Missing values are filled in
#'   for the inputs, by interpolation of what is left without the seasons, and do not count as
#'   targets.
#' @param p The last values that are inputs; `NULL`: two periods, or, for the kinds that see no
#'   season (`"stl"` and the linear one), one period and one value; at least 10. Periods above 60 do
#'   not count.
#' @param P Values of the same season, in the last `P` periods, that are inputs besides.
#' @param size,hidden Hidden units of each layer. `NULL`: 32.
#' @param repeats Networks of each kind. With 1 there are no errors of targets that it has not seen,
#'   and intervals are made from those it has.
#' @param xreg Covariates: a vector or a matrix of as many rows as `y` has values; for many series a
#'   list of them. The networks see those of the steps to be forecast, each standardized with its
#'   mean and standard deviation over all steps that the model was fitted on. Columns with names
#'   are known by them when a model is given others, those without by their place.
#' @param lambda The Box-Cox transformation: `"auto"`, a number, or `NULL` for none.
#' @param model A model: its networks are taken as they are, and `y` is new. Of the other arguments
#'   only `xreg` can be given.
#' @param subset Which values of `y` are targets: positions, or logical values.
#' @param scale.inputs Whether values are measured in units of the mean absolute change, and
#'   covariates have their mean subtracted and are divided by their standard deviation. Unlike
#'   `nnetar()`, which standardizes the series, `rnnar()` with `FALSE` still measures values from a
#'   level, see `trend`, and still transforms the series, see `lambda`: what is no logarithm is in
#'   units of its mean size.
#' @param cell See [rnn_net()].
#' @param loss `"mae"`, `"mse"` or `"huber"`; or a distribution, `"gaussian"`, `"student_t"` or, for
#'   counts, `"negative_binomial"`: see below, and [rnn_bptt()].
#' @param season What is done about seasons, see below.
#' @param trend What windows and forecasts are measured from: `"level"`, the last value; `"drift"`,
#'   that too, but forecasts go on from it along the mean change of the series; or `"none"`, the
#'   mean, for series that return to it.
#' @param period Steps of the seasons; `NULL`: those of `y`, its frequency, which has to be the same
#'   for all series.
#' @param horizon Steps that are forecast at once; `NULL`: two periods, or 10 where there is none;
#'   periods above 60 do not count. With 1 forecasts are recursive: each is taken for a value, and the
#'   next made from it; as are those beyond `horizon`.
#'   At most half of the longest series, so that all of it can be learnt.
#' @param learn_rate,epochs,batch_size See [rnn_train()]; the rate goes down as a cosine. `epochs`
#'   `NULL`: so many as make a step of the optimizer for each value, from 50 steps to 500; but at
#'   least 30, up to 1500 steps.
#' @param seed Seed of the weights and of what is random; `NULL`: R's generator decides.
#' @param threads Threads to compute with.
#' @param verbose Whether to show how far the training is, see [rnn_train()].
#' @param ... Takes nothing: an argument that is not known is an error.
#' @return A model of class `rnnar`, a list. What can be done with it: [rnnar_methods].
#' @seealso [forecast.rnnar()]
#' @references
#' Cleveland, R. B., Cleveland, W. S., McRae, J. E. and Terpenning, I. (1990). STL: a seasonal-trend
#' decomposition procedure based on loess. *Journal of Official Statistics* 6(1), 3--73.
#'
#' Hewamalage, H., Bergmeir, C. and Bandara, K. (2021). Recurrent neural networks for time series
#' forecasting: current status and future directions. *International Journal of Forecasting* 37(1),
#' 388--427. \doi{10.1016/j.ijforecast.2020.06.008}
#'
#' Salinas, D., Flunkert, V., Gasthaus, J. and Januschowski, T. (2020). DeepAR: probabilistic forecasting
#' with autoregressive recurrent networks. *International Journal of Forecasting* 36(3), 1181--1191.
#' \doi{10.1016/j.ijforecast.2019.07.001}
#' @examples
#' fit <- rnnar(AirPassengers, repeats = 5, seed = 1)
#' fit
#' forecast(fit, h = 12)$mean
#' @export
rnnar <- function(y, p = NULL, P = 1, size = NULL, repeats = 20, xreg = NULL, lambda = "auto",
                  model = NULL, subset = NULL, scale.inputs = TRUE, ..., hidden = size,
                  cell = "lstm", season = "auto", trend = "level", period = NULL, horizon = NULL,
                  loss = "mae", learn_rate = 0.007, epochs = NULL, batch_size = 32, seed = NULL,
                  threads = getOption("bptt.threads", 1), verbose = interactive()) {
  call <- match.call()
  refuse_unknown(names(formals(rnnar)), "rnnar", ...)
  series <- as_series_list(y, deparse1(substitute(y)), sys.call())
  if (!is.null(model)) {
    if (!inherits(model, "rnnar")) {
      input_error("model", "`model` is not of class `rnnar`; expected what rnnar() returned")
    }
    options <- setdiff(names(call)[-1L], c("y", "xreg", "model", ""))
    left <- vapply(mget(options), is.null, NA) & options != "lambda" # NULL is a choice of lambda
    refuse_beside_model(options[!left], sys.call())
    return(apply_model(model, series, xreg, call, sys.call()))
  }
  repeats <- check_whole(repeats, "repeats", 1, 1e4)
  batch_size <- check_whole(batch_size, "batch_size", 1, 2^31 - 1)
  if (!is.null(epochs)) epochs <- check_whole(epochs, "epochs", 1, 2^31 - 1)
  if (!is.null(seed)) seed <- check_whole(seed, "seed", 0, 2^52)
  check_flag(verbose, "verbose")
  check_flag(scale.inputs, "scale.inputs")
  check_choice(loss, "loss", c("mae", "mse", "huber", names(DISTRIBUTIONS)))
  check_choice(season, "season", c("auto", "stl", "fourier", "difference", "none"))
  if (!is.null(size) && !is.null(hidden) && !identical(as.numeric(size), as.numeric(hidden))) {
    said <- "`size` and `hidden` are given and differ; expected one, as they mean the same"
    input_error("hidden", said)
  }
  if (is.null(period)) period <- period_of(series)
  xreg <- as_xreg(xreg, series, call = sys.call())
  kept <- keep_last(series, xreg, period, horizon)
  series <- kept$series
  options <- list(
    period = period, horizon = horizon, p = p, P = P, season = season, lambda = lambda,
    trend = trend, scale_inputs = scale.inputs, counts = loss == "negative_binomial"
  )
  fit <- list(
    series = series, xreg = kept$xreg, options = options, call = call, cell = cell,
    repeats = repeats, subset = check_subset(subset, series)
  )
  frame <- frame_of(fit, call = sys.call())
  most <- max(1, max(lengths_of(series)) %/% 2)
  if (nrow(frame$view[[1L]]$target) > most) {
    fit$options$horizon <- most
    frame <- frame_of(fit, call = sys.call())
  }
  fit$options[c("xreg_mean", "xreg_sd")] <- frame[c("xreg_mean", "xreg_sd")] # for other data, too
  if (is.null(seed)) seed <- random_seed()
  fit$seed <- seed
  training <- list(
    hidden = if (is.null(hidden)) 32 else hidden, cell = cell, loss = loss,
    learn_rate = learn_rate, batch_size = batch_size, threads = threads, epochs = epochs
  )
  fit$training <- training
  train_model(fit, frame, seed, verbose)
}

# What would change a model that is given.
refuse_beside_model <- function(options, call) {
  if (length(options) > 0L) {
    said <- paste0("`", options[1L], "` is given with `model`; expected none but `xreg`")
    input_error(options[1L], said, call)
  }
}

# ------------------------------------------------------------------------------- series

# Any number of series as a list of vectors, which knows how they were given.
as_series_list <- function(y, name, call) {
  if (inherits(y, "tbl_ts")) y <- from_tsibble(y, call)
  y <- if (is.list(y) && !is.data.frame(y)) lapply(y, from_zoo, call) else from_zoo(y, call)
  many <- is.list(y) || (is.matrix(y) && ncol(y) != 1L)
  columns <- if (is.list(y)) as.list(y) else if (many) matrix_columns(y) else list(y)
  if (length(columns) == 0L) {
    is <- if (is.list(y)) "an empty list" else "a matrix of no columns"
    input_error("y", paste0("`y` is ", is, "; expected time series"), call)
  }
  refuse <- function(bad, is) {
    if (!any(bad)) {
      return()
    }
    which <- if (many) paste("item", which(bad)[1L], "of `y`") else "`y`"
    said <- paste0(which, " is ", is(columns[[which(bad)[1L]]]), "; expected a time series")
    input_error("y", said, call)
  }
  numeric <- vapply(columns, function(z) is.numeric(z) || is.logical(z), NA)
  refuse(!numeric, function(z) paste0("of class `", class(z)[1L], "`"))
  one_column <- vapply(columns, function(z) NROW(z) == length(z), NA)
  refuse(!one_column, function(z) paste("an array of", paste(dim(z), collapse = " x ")))
  structure(
    lapply(columns, function(z) as.numeric(z)),
    names = names(columns), times = lapply(columns, stats::tsp),
    msts = lapply(columns, attr, "msts"), many = many, title = name
  )
}

# The one variable that a tsibble has measured, as as.ts() makes it: of each key a series.
from_tsibble <- function(y, call) {
  wrong <- function(is, expected) input_error("y", paste0("`y` ", is, "; expected ", expected), call)
  variable <- tsibble::measured_vars(y)
  if (length(variable) != 1L) {
    names <- paste0("`", variable, "`", collapse = ", ")
    wrong(paste("has", plural(length(variable), "measured variable"), if (length(variable)) names), "one")
  }
  if (nrow(y) == 0L) wrong("has no rows", "a time series")
  if (!tsibble::is_regular(y)) wrong("is not regular", "steps of equal length")
  if (any(tsibble::has_gaps(y)[[".gaps"]])) {
    wrong("has gaps in time", "none: `tsibble::fill_gaps()` makes them missing values")
  }
  interval <- tsibble::interval(y)
  series <- lapply(tsibble::key_rows(y), function(rows) {
    one <- data.frame(time = y[[tsibble::index_var(y)]][rows], value = y[[variable]][rows])
    stats::as.ts(tsibble::build_tsibble(one, key = NULL, index = "time", interval = interval))
  })
  keys <- tsibble::key_vars(y)
  if (length(keys) == 0L) {
    return(series[[1L]])
  }
  names <- lapply(tsibble::key_data(y)[keys], as.character)
  stats::setNames(series, do.call(paste, c(unname(as.list(names)), sep = "/")))
}

# A series of package zoo, or xts, as as.ts() makes it; others as they are.
from_zoo <- function(y, call) {
  if (!inherits(y, "zoo")) {
    return(y)
  }
  y <- zoo::as.zoo(y)
  if (!zoo::is.regular(y, strict = TRUE)) {
    expected <- "; expected equal ones, NA where values are missing; of months zoo::as.yearmon()"
    input_error("y", paste0("`y` has steps of unequal length", expected), call)
  }
  stats::as.ts(y)
}

matrix_columns <- function(y) {
  columns <- lapply(seq_len(ncol(y)), function(i) y[, i])
  names(columns) <- colnames(y)
  columns
}

lengths_of <- function(series) lengths(series, use.names = FALSE)

# The periods that the series bring along: those of an msts, or their frequency.
period_of <- function(series, call = sys.call(sys.parent())) {
  periods <- unique(Map(function(msts, time) {
    if (!is.null(msts)) msts else if (is.null(time)) 1 else max(1, time[3L])
  }, unname(attr(series, "msts")), unname(attr(series, "times"))))
  if (length(periods) > 1L) {
    each <- vapply(periods, function(v) paste(format(v, trim = TRUE), collapse = " and "), "")
    said <- paste0("`y` has series of frequency ", each[1L], " and of frequency ", each[2L])
    input_error("y", paste0(said, "; expected one, or `period` to be given"), call)
  }
  periods[[1L]]
}

# A list of matrices. Where columns have names they are put in the order of those that are `known`,
# by default the first series' own.
as_xreg <- function(xreg, series, known = NULL, call = sys.call(sys.parent())) {
  if (is.null(xreg)) {
    return(NULL)
  }
  if (is.data.frame(xreg) || !is.list(xreg)) xreg <- list(xreg)
  xreg <- lapply(xreg, covariate_matrix, call)
  lapply(xreg, in_order, colnames(if (is.null(known)) xreg[[1L]] else known[[1L]]), call)
}

# Without names of its columns where one of them has none of its own.
covariate_matrix <- function(x, call) {
  columns <- if (is.data.frame(x)) as.list(x) else list(x)
  bad <- which(!vapply(columns, function(z) is.numeric(z) || is.logical(z), NA))
  if (length(bad) > 0L) {
    which <- if (is.data.frame(x)) paste0("column `", names(x)[bad[1L]], "` of `xreg`") else "`xreg`"
    class <- paste0("`", class(columns[[bad[1L]]])[1L], "`")
    input_error("xreg", paste0(which, " is of class ", class, "; expected numbers"), call)
  }
  m <- as.matrix(x)
  names <- colnames(m)
  m <- unname(m)
  if (!is.null(names) && !anyNA(names) && all(names != "") && !anyDuplicated(names)) {
    colnames(m) <- names
  }
  m
}

# By name where both have names, else by place.
in_order <- function(m, names, call) {
  if (is.null(names) || is.null(colnames(m))) {
    return(m)
  }
  if (!setequal(names, colnames(m))) {
    list_of <- function(words) paste0("`", words, "`", collapse = ", ")
    said <- paste0("`xreg` has columns ", list_of(colnames(m)), "; expected ", list_of(names))
    input_error("xreg", said, call)
  }
  m[, names, drop = FALSE]
}

# Values, or a matrix of them, on the time of a series as it was given, from this position on.
as_given <- function(values, series, i, from = 1L) {
  t <- attr(series, "times")[[i]]
  if (is.null(t)) t <- c(1, length(series[[i]]), 1)
  out <- stats::ts(values, start = t[1L] + (from - 1) / t[3L], frequency = t[3L])
  if (from == 1L && NROW(values) == length(series[[i]])) attr(out, "tsp") <- t # to the last bit
  msts <- attr(series, "msts")[[i]]
  if (!is.null(msts) && !is.matrix(values)) {
    out <- structure(out, class = c("msts", "ts"), msts = msts)
  }
  out
}

# Of many series that have more than `most` values in all, the last of each, so that memory and time
# are enough: as many as share `most` equally, but four periods and two horizons at least.
keep_last <- function(series, xreg, period, horizon, most = 1e6) {
  n <- lengths_of(series)
  if (length(n) == 1L || sum(n) <= most) {
    return(list(series = series, xreg = xreg))
  }
  least <- 4 * max(period) + 2 * max(horizon, 2 * period)
  keep <- max(floor(most / length(n)), least)
  lost <- pmax(n - keep, 0)
  if (any(lost > 0)) {
    said <- "`y` has %.0f values; of each series the last %.0f are taken"
    warning(sprintf(said, sum(n), keep), call. = FALSE)
  }
  attr(series, "times") <- Map(function(t, k) {
    if (!is.null(t)) c(t[1L] + k / t[3L], t[-1L])
  }, attr(series, "times"), lost)
  series[] <- Map(function(y, k) y[seq_along(y) > k], series, lost)
  if (length(xreg) == length(n)) {
    xreg <- Map(function(x, k) x[seq_len(nrow(x)) > k, , drop = FALSE], xreg, lost)
  }
  list(series = series, xreg = xreg)
}

# Series i as it was given.
given <- function(series, i) as_given(as.numeric(series[[i]]), series, i)

is_many <- function(fit) attr(fit$series, "many")

# Of one series f(1), of many a list of what `f` says of each.
of_each <- function(fit, f) {
  out <- lapply(seq_along(fit$series), f)
  if (is_many(fit)) stats::setNames(out, names(fit$series)) else out[[1L]]
}

# ------------------------------------------------------------------------------ training

# `ahead`: forecasts that follow the series, a column for each, or for each path of one; `last`: of how
# many steps at the end.
frame_of <- function(fit, series = fit$series, xreg = fit$xreg, ahead = NULL, last = NULL,
                     call = sys.call(sys.parent())) {
  y <- lapply(series, as.numeric)
  if (isFALSE(attr(series, "many"))) { # no list: errors say `y`, not an item of it
    y <- y[[1L]]
    if (length(xreg) == 1L) xreg <- xreg[[1L]]
  }
  run("rnnar_frame", c(list(y = y, xreg = xreg, ahead = ahead, last = last), fit$options), call)
}

# For each target, H x N x T, the fold that it is left out in; NULL: none.
folds_of <- function(frame, series, repeats, folds = 5) {
  folds <- min(folds, repeats)
  if (folds < 2) {
    return(NULL)
  }
  like <- frame$view[[1L]]$target
  if (length(series) >= 2 * folds) {
    return((slice.index(like, 2L) - 1) %% folds + 1)
  }
  n <- lengths_of(series)[slice.index(like, 2L)]
  time <- pmin(slice.index(like, 1L) + slice.index(like, 3L), n)
  ceiling(folds * time / n)
}

# Positions of the values that are targets; NULL: all.
check_subset <- function(subset, series, call = sys.call(sys.parent())) {
  if (is.null(subset)) {
    return(NULL)
  }
  refuse <- function(is, expected) {
    input_error("subset", paste0("`subset` ", is, "; expected ", expected), call)
  }
  if (length(series) > 1L) refuse("is given", "none, as there are several series")
  n <- length(series[[1L]])
  if (is.logical(subset) && length(subset) == n && !anyNA(subset)) {
    return(which(subset))
  }
  whole <- is.numeric(subset) && all(is.finite(subset)) && all(subset == round(subset))
  if (!whole || any(abs(subset) > n) || (any(subset < 0) && any(subset >= 0))) {
    refuse("does not say which values", paste("positions up to", n, "or", n, "logical values"))
  }
  seq_len(n)[subset]
}

leave_out_subset <- function(target, subset, series, call = sys.call(sys.parent())) {
  if (is.null(subset)) {
    return(target)
  }
  n <- length(series[[1L]])
  taken <- seq_len(n) %in% subset
  time <- slice.index(target, 1L) + slice.index(target, 3L)
  target[!taken[pmin(time, n)]] <- NA
  if (all(is.na(target))) {
    said <- "`subset` leaves no value of `y` that could be a target; expected some"
    input_error("subset", said, call)
  }
  target
}

# A fit whose networks have been trained, as it says in `training`: new ones, or, where it has some,
# those further.
train_model <- function(fit, frame, seed, verbose, call = sys.call(sys.parent())) {
  targets <- lapply(frame$view, function(view) {
    leave_out_subset(view$target, fit$subset, fit$series, call)
  })
  folds <- folds_of(frame, fit$series, fit$repeats)
  trained <- as_argument(
    train_networks(fit, frame, targets, folds, seed, verbose, call), "x", "y", call
  )
  before <- fit$history
  fit$seconds <- sum(fit$seconds, trained$seconds)
  fit$networks <- trained$networks
  fit$fold <- trained$fold
  rows <- do.call(rbind, lapply(seq_along(frame$view), function(v) {
    rows <- do.call(rbind, trained$history[[v]])
    if (!is.null(rows)) cbind(view = view_names(fit)[v], rows)
  }))
  rows$epoch <- rows$epoch + max(0, before$epoch)
  fit$history <- rbind(before, rows)
  warn_of_divergence(finish_model(fit, frame, targets, folds), call)
}

# A training may have diverged though all its numbers were finite: what it says of the past then is
# ten times as far off, in the mean, as the series is wide, or not finite itself.
warn_of_divergence <- function(fit, call) {
  off <- Map(function(y, said) {
    size <- diff(range(y, na.rm = TRUE)) + 1e-3 * max(abs(y), na.rm = TRUE)
    ifelse(is.finite(said[-1L]), abs(y - said)[-1L] / if (size > 0) size else 1, Inf)
  }, fit$series, fit$fitted)
  if (isTRUE(mean(unlist(off), na.rm = TRUE) > 10)) {
    said <- paste0(
      "the training diverged: what the networks say of the past is of no use; expected a ",
      "`learn_rate` below ", format(fit$training$learn_rate)
    )
    warning(structure(
      list(message = said, call = call),
      class = c("bptt_nonfinite_warning", "warning", "condition")
    ))
  }
  fit
}

# What each kind of networks sees, as in frame.c.
view_names <- function(fit) {
  season <- fit$options$season
  seasonal <- max(fit$options$period) >= 1.5
  if (season != "auto") {
    return(if (seasonal) season else "none")
  }
  c(if (seasonal) c("stl", "difference") else "none", if (identical(fit$options$lambda, "auto")) "linear")
}

# How long each network is trained: as many steps of the optimizer as there are values, from 50 to 500,
# but at least 30 epochs, up to 1500 steps.
epochs_of <- function(fit) {
  if (!is.null(fit$training$epochs)) {
    return(fit$training$epochs)
  }
  batches <- ceiling(length(fit$series) / fit$training$batch_size)
  values <- min(max(sum(lengths_of(fit$series)), 50), 500)
  max(2, ceiling(min(max(values, 30 * batches), 1500) / batches))
}

# The networks of each view, those of fold j without its targets; new ones, or those of the fit
# further. It goes fold by fold, and in each view by view, so that there are about as many of each
# view when it is interrupted. Then those are kept that there are of all views.
train_networks <- function(fit, frame, targets, folds, seed, verbose, call) {
  old <- fit$networks
  fold <- fit$fold
  if (is.null(old)) {
    fold <- if (is.null(folds)) rep(0, fit$repeats) else (seq_len(fit$repeats) - 1) %% max(folds) + 1
  }
  views <- seq_along(frame$view)
  networks <- if (is.null(old)) lapply(views, function(v) vector("list", length(fold))) else old
  history <- lapply(views, function(v) vector("list", length(fold)))
  epochs <- epochs_of(fit)
  all <- length(fold) * length(views)
  progress <- new_progress(verbose, epochs, all)
  on.exit(progress$end())
  begin <- proc.time()[[3L]]
  # Those at the places `own`, of fold j. FALSE: it was interrupted.
  train <- function(v, j, own) {
    x <- frame$view[[v]]$x
    seen <- targets[[v]]
    if (!is.null(folds)) seen[folds == j] <- NA
    if (all(is.na(seen))) seen <- targets[[v]] # the series is too short to leave anything out
    at <- seed + 1000 * v + 10 * if (is.null(old)) j else own
    net <- networks[[v]][[own[1L]]]
    if (is.null(net)) {
      output <- dim(seen)[1L] * outputs_of(fit$training$loss)
      net <- rnn_net(dim(x)[1L], fit$training$hidden, output, fit$training$cell, seed = at)
    }
    done <- sum(lengths(unlist(history, recursive = FALSE)) > 0L)
    trained <- train_some(fit, list(
      net = net, x = x, target = seen, epochs = epochs, repeats = length(own), seed = at,
      progress = show_among(progress, done, all, begin),
      validation = validation_of(x, targets[[v]], seen, lengths_of(fit$series), fit$training$loss)
    ), call)
    rows <- fit_histories(trained)
    there <- vapply(rows, nrow, 0L) > 0L
    if (is.null(old) && any(!there & trained$stopped == "diverged")) {
      said <- paste0("`learn_rate` is ", what_is(fit$training$learn_rate), ", with which the training ")
      input_error("learn_rate", paste0(said, "diverges in its first epoch; expected less"), call)
    }
    for (k in which(there)) {
      networks[[v]][[own[k]]] <<- fit_nets(trained)[[k]]
      history[[v]][[own[k]]] <<- cbind(network = own[k], rows[[k]][names(rows[[k]]) != "repeat"])
    }
    !"interrupt" %in% trained$stopped
  }
  train_all <- function() {
    for (j in unique(fold)) {
      for (v in views) {
        own <- which(fold == j)
        for (some in if (is.null(old)) list(own) else own) if (!train(v, j, some)) return(FALSE)
      }
    }
    TRUE
  }
  whole <- tryCatch(train_all(), interrupt = function(e) FALSE)
  seconds <- proc.time()[[3L]] - begin
  kept <- which(Reduce(`&`, lapply(networks, function(nets) lengths(nets) > 0L)))
  if (!whole) {
    if (length(kept) == 0L) raise_interrupt()
    networks <- lapply(networks, `[`, kept)
    history <- lapply(history, function(rows) {
      Map(function(row, k) if (!is.null(row)) replace(row, "network", k), rows[kept], seq_along(kept))
    })
    warn_interrupted(unlist(history, recursive = FALSE), all, epochs, call)
  }
  list(networks = networks, fold = fold[kept], history = history, seconds = seconds)
}

# A training, of which what is interrupted counts.
train_some <- function(fit, args, call) {
  options <- fit$training[c("loss", "learn_rate", "batch_size", "threads")]
  args <- c(args, options, list(
    lengths = lengths_of(fit$series), schedule = "cosine", precision = "single"
  ))
  out <- withCallingHandlers(
    run("rnn_train", args, call),
    bptt_interrupted_warning = function(w) invokeRestart("muffleWarning")
  )
  new_rnn_fit(out, NULL, NULL)
}

# What is shown of one of several trainings, `done` of `all` networks being trained.
show_among <- function(progress, done, all, begin) {
  if (is.null(progress$show)) {
    return(NULL)
  }
  function(state) {
    state[["repeat"]] <- done + state[["repeat"]]
    state$repeats <- all
    so_far <- state[["repeat"]] - 1 + state$epoch / state$epochs
    state$time_left <- (proc.time()[[3L]] - begin) * (all - so_far) / so_far
    progress$show(state)
  }
}

# `histories`: of each network, NULL where it was not trained.
warn_interrupted <- function(histories, all, epochs, call) {
  trained <- vapply(histories, NROW, 0L)
  least <- min(trained[trained > 0], epochs)
  said <- paste("the training was interrupted:", sum(trained > 0), "of", all, "networks are trained")
  if (least < epochs) said <- paste0(said, ", the last for ", least, " of ", epochs, " epochs")
  warning(structure(
    list(message = said, call = call),
    class = c("bptt_interrupted_warning", "warning", "condition")
  ))
}

# An interrupt that has been caught, as if it had not been.
raise_interrupt <- function() {
  signalCondition(structure(list(message = "", call = NULL), class = c("interrupt", "condition")))
  invokeRestart("abort")
}

# ------------------------------------------------------------- what the networks say of the past

# What the networks of a view forecast from each step, on the transformed scale: H x N x T.
# `weight`: of each network.
view_forecast <- function(view, nets, lengths, weight) {
  out <- 0
  for (k in which(weight > 0)) {
    out <- out + weight[k] * rnn_predict(nets[[k]], view$x, lengths = lengths)
  }
  back(out, view$base, view$spread, view$level)
}

# What networks say, on the transformed scale: H x N x steps.
back <- function(output, base, spread, level) {
  run("rnnar_back", list(output = output, base = base, spread = spread, level = level))$z
}

# The mean over the views, of which each has as many networks.
mean_forecast <- function(frame, networks, lengths, weight = rep(1 / repeats, repeats)) {
  repeats <- length(networks[[1L]])
  total <- 0
  for (v in seq_along(frame$view)) {
    total <- total + view_forecast(frame$view[[v]], networks[[v]], lengths, weight)
  }
  total / length(frame$view)
}

# Adds to a fit what intervals are made from, and what it says of the past.
finish_model <- function(fit, frame, targets, folds) {
  fit$method <- method_of(fit)
  fit$lambda <- frame$lambda
  if (has_distribution(fit)) {
    fit$errors <- list(pool = matrix(0, 0L, 0L)) # they are in the distribution
    fit$fitted <- lapply(seq_along(fit$series), function(i) c(NA, ahead_medians(fit, frame, i, 1L)))
    return(structure(fit, class = "rnnar"))
  }
  lengths <- lengths_of(fit$series)
  view <- frame$view[[1L]]
  every <- mean_forecast(frame, fit$networks, lengths)
  unseen <- every
  if (!is.null(folds)) {
    for (j in seq_len(max(folds))) {
      own <- fit$fold == j
      said <- if (any(own)) mean_forecast(frame, fit$networks, lengths, own / sum(own)) else NA * every
      unseen[folds == j] <- said[folds == j]
    }
  }
  spread <- view$spread[slice.index(every, 2L)]
  truth <- view$base + targets[[1L]] * spread
  if (all(is.na(truth - unseen))) unseen <- every
  fit$errors <- error_pool((truth - unseen) / spread)
  fit$errors$ratio <- fit$errors$ratio * what_is_to_come(fit$series, fit$options)
  fit$fitted <- lapply(seq_along(fit$series), function(i) {
    n <- lengths[i]
    ahead <- every[1L, i, seq_len(n - 1L)]
    c(NA, invert(matrix(ahead), frame, i))
  })
  structure(fit, class = "rnnar")
}

# How much larger the errors of each series are in what is to come than in what its level, its spread
# and its seasons, if clear, were taken from. With n values, and as many means as a season has steps,
# p, it is what the residuals of a regression say:
#
#   sqrt(n / (n - p)),  p the longest period that the series has twice and that windows span, or 1
what_is_to_come <- function(series, options, longest = 60) {
  vapply(series, function(y) {
    n <- sum(!is.na(y))
    period <- options$period[options$season != "none" & options$period <= longest]
    p <- max(1, period[2 * period <= length(y)])
    if (n > 1) sqrt(n / (n - min(p, n / 2))) else 1
  }, 0, USE.NAMES = FALSE)
}

# Errors in units of the spread and of each series' `ratio`, here the size of its own errors over that
# of all, drawn to 1 where it has few: H x origins. At most 2000 origins, evenly taken.
error_pool <- function(error, prior = 10, most = 2000) {
  H <- dim(error)[1L]
  size <- vapply(seq_len(dim(error)[2L]), function(i) mean_size(error[, i, , drop = FALSE]), 0)
  origins <- apply(!is.na(error[1L, , , drop = FALSE]), 2L, sum)
  all <- mean_size(error)
  size[is.na(size)] <- all
  ratio <- (origins * size + prior * all) / ((origins + prior) * all)
  error <- error / ratio[slice.index(error, 2L)]
  pool <- whole_errors(matrix(error, H))
  n <- ncol(pool)
  if (n > most) {
    pool <- pool[, floor(1.5 + (seq_len(most) - 1) * (n - 1) / (most - 1)), drop = FALSE]
  }
  list(ratio = ratio, pool = pool)
}

# The columns that lack nothing. Where they are few, as of a series of few steps, all that have a
# first error: in them what is not known is the last one that is, grown as the errors of a random
# walk are; and each with its opposite, as few errors do not say to which side they lie.
whole_errors <- function(error, few = 20) {
  pool <- error[, colSums(is.na(error)) == 0, drop = FALSE]
  if (ncol(pool) >= few) {
    return(pool)
  }
  pool <- error[, !is.na(error[1L, ]), drop = FALSE]
  for (column in seq_len(ncol(pool))) {
    known <- cummax(seq_len(nrow(pool)) * !is.na(pool[, column]))
    pool[, column] <- pool[known, column] * sqrt(seq_len(nrow(pool)) / known)
  }
  cbind(pool, -pool)
}

# The mean absolute value of what is not missing; NaN where all is. The core adds up: mean() has more
# digits than Octave's.
mean_size <- function(error) {
  if (all(is.na(error))) NaN else rnn_metrics(error, array(0, dim(error)))$mae
}

# From the transformed scale back: a matrix of which all columns belong to series i.
invert <- function(z, frame, i) {
  args <- list(
    z = z, lambda = frame$lambda[i], offset = frame$offset[i], scale = frame$scale[i]
  )
  run("rnnar_invert", args)$y
}

# What has learnt months will not know quarters. A vector has no frequency.
warn_of_frequency <- function(model, series) {
  timed <- !vapply(attr(series, "times"), is.null, NA)
  own <- unlist(lapply(which(timed), function(i) {
    msts <- attr(series, "msts")[[i]]
    if (is.null(msts)) max(1, attr(series, "times")[[i]][3L]) else msts
  }))
  learnt <- c(model$options$period, vapply(attr(model$series, "times"), function(t) {
    if (is.null(t)) NA_real_ else t[3L]
  }, 0))
  other <- own[!own %in% learnt]
  if (length(other) > 0L) {
    period <- paste(format(model$options$period, trim = TRUE), collapse = " and ")
    said <- paste0("`y` has frequency ", format(other[1L]), ", the model ", period)
    warning(said, call. = FALSE)
  }
}

# The networks of a model on series that are new.
apply_model <- function(model, series, xreg, call, from) {
  columns <- ncol(model$xreg[[1L]])
  xreg <- as_xreg(xreg, series, model$xreg, from)
  given <- if (!is.null(xreg)) ncol(xreg[[1L]])
  if (!identical(given, columns)) {
    is <- if (is.null(given)) "is missing" else paste("has", plural(given, "column"))
    expected <- if (is.null(columns)) "none" else plural(columns, "column")
    said <- paste0("`xreg` ", is, "; expected ", expected, ", as `model` has")
    input_error("xreg", said, from)
  }
  warn_of_frequency(model, series)
  model$series <- series
  model["xreg"] <- list(xreg)
  model["subset"] <- list(NULL)
  model$call <- call
  frame <- frame_of(model, call = from)
  targets <- lapply(frame$view, `[[`, "target")
  pool <- model$errors$pool
  model <- finish_model(model, frame, targets, NULL)
  model$errors$pool <- pool
  model
}
