# Forecasting models in the grammar of fable: RNNAR(), and what package fabletools asks of a model.

#' Forecasting model in the grammar of fable
#'
#' [rnnar()] as a model for `fabletools::model()`: of each key of a tsibble a model of its own, with
#' forecasts as distributions. Packages \pkg{fabletools}, \pkg{tsibble}, \pkg{distributional} and
#' \pkg{rlang} are needed.
#'
#' @section Specials:
#' What stands on the right side of the formula. `RNNAR(y)` is `RNNAR(y ~ AR() + season())`, and
#' what is left out of these two is as here.
#'
#' \describe{
#' \item{`AR(p = NULL, P = 1)`}{The last `p` values, and those of the same season in the last `P`
#'   periods, are inputs. See [rnnar()].}
#' \item{`season(period = NULL, method = "auto")`}{What is done about seasons: `method` is what
#'   `season` is in [rnnar()]. `period`: steps, or what `fabletools::get_frequencies()` takes, such
#'   as `"year"`; several as `c("day", "week")`. `NULL`: the shortest that is usual for the
#'   interval of the data.}
#' \item{`xreg(...)`}{Covariates, as on the right side of a formula of [lm()]; those of the steps to
#'   be forecast stand in `new_data`. Variables that stand in no special are covariates, too.}
#' }
#'
#' @section Values that are missing:
#' Values of the response may be missing, see [rnnar()]. Those of covariates may not, but at the
#' beginning, as with `xreg(lag(x))`: there the model leaves out the rows. Where rows are missing in
#' the data, `tsibble::fill_gaps()` makes them.
#'
#' `interpolate()` puts what the model forecasts from the step before in place of what is missing;
#' what there is no such forecast of, as the first value of a series, stays missing.
#'
#' @section Forecasts:
#' `forecast()` gives distributions as samples: `times` paths, each the forecast with errors of the
#' model, those of consecutive steps from the same stretch of time, or drawn from the distributions
#' that a `loss` such as `"negative_binomial"` forecasts: see [simulate.rnnar()].
#' `generate()` gives such paths, too, and `bootstrap` and `.innov` change nothing. Below 0 they are
#' made 0, unless a value of the data is below 0, the response is transformed, or `nonnegative` is
#' `FALSE`; paths of counts with zeros are whole numbers, unless the response is transformed. `.mean` is
#' the mean of the paths; what [forecast.rnnar()] forecasts is near their median:
#' `point_forecast = list(.median = median)`. `forecast()` takes a `seed`; without, it is 1.
#'
#' `refit()` applies the networks to other data, and `stream()` to more of the same; with
#' `reestimate = TRUE`, `refit()` trains new ones. `fitted(h = 2)` gives what was forecast two steps
#' before, and so on up to the model's `horizon`.
#'
#' `tidy()` gives the history of the training, `glance()` the variance of the residuals and what
#' [glance()][rnnar_methods] of a model of [rnnar()] does.
#'
#' @param formula A response, transformed or not, and specials, see below. Where the response is
#'   transformed, as in `log(y)`, the model does nothing of that kind: `lambda` is `NULL`.
#' @param ... Other arguments of [rnnar()], such as `cell`, `hidden`, `repeats` and `seed`.
#' @return A model definition, for `fabletools::model()`.
#' @seealso [rnnar()]
#' @rdname rnnar-fable
#' @examplesIf requireNamespace("fabletools", quietly = TRUE)
#' library(fabletools)
#' air <- tsibble::as_tsibble(AirPassengers)
#' fit <- model(air, rnn = RNNAR(value ~ AR() + season(), repeats = 5, seed = 1))
#' report(fit)
#' forecast(fit, h = 12, times = 500)
#' @export
RNNAR <- function(formula, ...) {
  rlang::check_installed(c("fabletools", "tsibble", "distributional"), "to use `RNNAR()`.")
  class <- fabletools::new_model_class(
    "RNNAR",
    train = train_fable,
    specials = fabletools::new_specials(
      AR = special_ar, season = special_season, xreg = special_xreg,
      .required_specials = c("AR", "season")
    ),
    check = check_tsibble
  )
  fabletools::new_model_definition(class, !!rlang::enquo(formula), ...)
}

# The model definition, as fabletools shows it to the functions below.
utils::globalVariables("self")

check_tsibble <- function(.data) {
  wrong <- function(is, expected) {
    input_error(".data", paste0("the data ", is, "; expected ", expected))
  }
  if (nrow(.data) == 0L) wrong("have no rows", "a time series")
  if (any(tsibble::has_gaps(.data)[[".gaps"]])) {
    wrong("have implicit gaps in time", "none: `tsibble::fill_gaps()` makes them missing values")
  }
  if (!tsibble::is_regular(.data)) wrong("are not regular", "steps of equal length")
  if (!tsibble::is_ordered(.data)) wrong("are not in the order of time", "that order")
}

# ------------------------------------------------------------------------------ specials

special_ar <- function(p = NULL, P = 1) list(p = p, P = P)

special_season <- function(period = NULL, method = "auto") {
  steps <- lapply(if (is.null(period)) list(NULL) else period, function(one) {
    as.numeric(fabletools::get_frequencies(one, self$data, .auto = "smallest"))
  })
  list(period = unlist(steps), method = method)
}

# A model frame. lag() is what fabletools has for models: it looks back into the data of before.
special_xreg <- function(...) {
  variables <- as.list(substitute(list(...)))[-1L]
  right <- Reduce(function(a, b) call("+", a, b), variables)
  mask <- new.env(parent = parent.frame())
  mask$lag <- self$recall_lag
  stats::model.frame(stats::as.formula(call("~", right), mask), na.action = stats::na.pass)
}

only_one <- function(specials, name) {
  if (length(specials[[name]]) > 1L) {
    said <- paste0("`formula` has ", length(specials[[name]]), " ", name, "(); expected one")
    input_error("formula", said)
  }
  specials[[name]][[1L]]
}

# The levels of the covariates that have some, in all frames.
levels_of <- function(frames) lapply(frames, function(f) stats::.getXlevels(stats::terms(f), f))

# The covariates as one matrix; NULL: none.
xreg_matrix <- function(frames, levels) {
  columns <- Map(function(frame, known) {
    for (name in names(known)) frame[[name]] <- known_factor(frame[[name]], known[[name]], name)
    terms <- stats::delete.response(stats::terms(frame))
    attr(terms, "intercept") <- 1L
    stats::model.matrix(terms, frame)[, -1L, drop = FALSE]
  }, frames, levels)
  xreg <- do.call(cbind, columns)
  if (NCOL(xreg) > 0L) xreg
}

known_factor <- function(values, levels, name) {
  new <- setdiff(values, c(levels, NA))
  if (length(new) > 0L) {
    said <- paste0("`", name, "` is \"", new[1L], "\"; expected what the model has seen: ")
    input_error("new_data", paste0(said, paste0("\"", levels, "\"", collapse = ", ")))
  }
  factor(values, levels)
}

# ------------------------------------------------------------------------------ training

train_fable <- function(.data, specials, ...) {
  train_response(.data, specials, !is.symbol(fabletools::model_lhs(self)), list(...))
}

# `options`: other arguments of rnnar().
train_response <- function(.data, specials, transformed, options) {
  ar <- only_one(specials, "AR")
  season <- only_one(specials, "season")
  levels <- levels_of(specials$xreg)
  past <- past_of(.data, specials, levels)
  fixed <- list(
    past$y, p = ar$p, P = ar$P, xreg = past$xreg, season = season$method, period = season$period
  )
  if (transformed && !"lambda" %in% names(options)) fixed["lambda"] <- list(NULL)
  structure(
    list(
      model = do.call(rnnar_of, c(fixed, options)), lead = past$lead, times = past$times,
      transformed = transformed, levels = levels, options = options
    ),
    class = "RNNAR"
  )
}

# Keeps the data out of the call that the model remembers.
rnnar_of <- function(y, ...) rnnar(y, ...)

response_of <- function(.data) {
  name <- tsibble::measured_vars(.data)
  if (length(name) != 1L) {
    said <- paste0("`formula` has ", length(name), " responses; expected one")
    input_error("formula", said)
  }
  .data[[name]]
}

# Response and covariates, without the first rows, `lead` of them, where covariates are missing, as
# those made by lag() are.
past_of <- function(.data, specials, levels) {
  y <- response_of(.data)
  xreg <- xreg_matrix(specials$xreg, levels)
  complete <- if (is.null(xreg)) TRUE else stats::complete.cases(xreg)
  lead <- if (any(complete)) which(complete)[1L] - 1L else 0L
  taken <- seq_along(y) > lead
  list(
    y = y[taken], xreg = if (!is.null(xreg)) xreg[taken, , drop = FALSE], lead = lead,
    times = ends_of(.data[[tsibble::index_var(.data)]][taken])
  )
}

# The first and the last.
ends_of <- function(index) index[c(1L, length(index))]

# ---------------------------------------------------------------------- forecasts, paths

#' @export
forecast.RNNAR <- function(object, new_data, specials = NULL, times = 5000, nonnegative = NULL,
                           seed = 1, ...) {
  times <- check_whole(times, "times", 1, 1e7)
  xreg <- xreg_matrix(specials$xreg, object$levels)
  paths <- fable_paths(object, nrow(new_data), xreg, times, nonnegative, seed)
  distributional::dist_sample(lapply(seq_len(nrow(paths)), function(k) paths[k, ]))
}

# h x times. At most `most` at once, as the networks have a state for each.
fable_paths <- function(object, h, xreg, times, nonnegative, seed, most = 1000) {
  if (object$transformed && is.null(nonnegative)) nonnegative <- FALSE
  portions <- c(rep(most, times %/% most), if (times %% most > 0) times %% most)
  paths <- lapply(seq_along(portions), function(k) {
    simulate.rnnar(
      object$model, portions[k], seed + k - 1,
      h = h, xreg = xreg, nonnegative = nonnegative,
      integer = if (object$transformed) FALSE
    )
  })
  matrix(unlist(paths), h)
}

# Paths of the same length and the same covariates are made at once.
#' @exportS3Method generics::generate
generate.RNNAR <- function(x, new_data, specials = NULL, nonnegative = NULL, ...) {
  xreg <- xreg_matrix(specials$xreg, x$levels)
  rows <- tsibble::key_rows(new_data)
  given <- lapply(rows, function(r) {
    if (is.null(xreg)) length(r) else unname(xreg[r, , drop = FALSE])
  })
  sim <- rep(NA_real_, nrow(new_data))
  for (one in unique(given)) {
    same <- rows[vapply(given, identical, NA, one)]
    h <- length(same[[1L]])
    ahead <- if (!is.null(xreg)) one
    sim[unlist(same)] <- fable_paths(x, h, ahead, length(same), nonnegative, random_seed())
  }
  new_data$.sim <- sim
  new_data
}

# ------------------------------------------------------------------------------ new data

#' @exportS3Method generics::refit
refit.RNNAR <- function(object, new_data, specials = NULL, reestimate = FALSE, ...) {
  if (reestimate) {
    return(train_response(new_data, specials, object$transformed, object$options))
  }
  past <- past_of(new_data, specials, object$levels)
  object$model <- rnnar(past$y, model = object$model, xreg = past$xreg)
  object[c("lead", "times")] <- past[c("lead", "times")]
  object
}

#' @exportS3Method fabletools::stream
stream.RNNAR <- function(object, new_data, specials = NULL, ...) {
  xreg <- rbind(object$model$xreg[[1L]], xreg_matrix(specials$xreg, object$levels))
  y <- c(object$model$series[[1L]], response_of(new_data))
  object$model <- rnnar(y, model = object$model, xreg = xreg)
  object$times <- ends_of(c(object$times, new_data[[tsibble::index_var(new_data)]]))
  object
}

#' @exportS3Method generics::interpolate
interpolate.RNNAR <- function(object, new_data, specials = NULL, ...) {
  missing <- is.na(response_of(new_data))
  said <- fitted.RNNAR(refit.RNNAR(object, new_data, specials))
  new_data[[tsibble::measured_vars(new_data)]][missing] <- said[missing]
  new_data
}

# ------------------------------------------------------------------------------- the fit

#' @importFrom stats fitted
#' @export
fitted.RNNAR <- function(object, ...) c(rep(NA, object$lead), object$model$fitted[[1L]])

#' @exportS3Method fabletools::hfitted
hfitted.RNNAR <- function(object, h, ...) {
  model <- object$model
  frame <- frame_of(model)
  n <- length(model$series[[1L]])
  horizon <- dim(frame$view[[1L]]$base)[1L]
  if (h > horizon) {
    input_error("h", paste0("`h` is ", h, "; expected at most the model's horizon, ", horizon))
  }
  fits <- rep(NA_real_, n)
  origins <- seq_len(max(0, n - h))
  fits[origins + h] <- if (has_distribution(model)) {
    ahead_medians(model, frame, 1L, h)
  } else {
    invert(matrix(mean_forecast(frame, model$networks, n)[h, 1L, origins]), frame, 1L)
  }
  c(rep(NA, object$lead), fits)
}

#' @importFrom stats residuals
#' @export
residuals.RNNAR <- function(object, ...) {
  c(rep(NA, object$lead), object$model$series[[1L]]) - fitted.RNNAR(object)
}

#' @export
tidy.RNNAR <- function(x, ...) tidy.rnnar(x$model)

#' @export
glance.RNNAR <- function(x, ...) {
  kept <- c("nobs", "networks", "parameters", "epochs", "loss")
  cbind(sigma2 = stats::var(residuals.RNNAR(x), na.rm = TRUE), glance.rnnar(x$model)[kept])
}

#' @exportS3Method fabletools::model_sum
model_sum.RNNAR <- function(x) x$model$method

#' @exportS3Method fabletools::report
report.RNNAR <- function(object, ...) {
  text <- format(object$model, span = paste(format(object$times), collapse = " to "))
  cat("\n", paste0(text[-1L], "\n"), sep = "") # the first tells the model again
  cat("\nsigma^2 estimated as ", format(glance.RNNAR(object)$sigma2, digits = 4), "\n", sep = "")
  invisible(object)
}
