# Search over options: candidates, their scores, the best network.

#' Search for good options
#'
#' Trains a network for each candidate, a choice of options of [rnn_net()] and
#' [rnn_train()], and compares their losses on data that they have not been
#' trained with.
#'
#' @section Candidates:
#' `grid` is a named list; each element holds the values of one option: a vector,
#' or a list where a value is not a single number or word
#' (`hidden = list(16, c(32, 16))`). With `search = "grid"` every combination is
#' tried, the first option changing fastest. With `"random"`, `n` of the
#' combinations are, drawn without replacement (Bergstra and Bengio 2012); an
#' element may then also be a function without arguments that draws a value, such
#' as `function() 10^runif(1, -4, -2)`. With `"halving"`, `n` candidates drawn so
#' are trained for a few epochs, the better third of them for three times as many,
#' and so on until the last ones are trained for `epochs`: successive halving
#' (Jamieson and Talwalkar 2016).
#'
#' @section Scores:
#' The score is the validation loss of [rnn_train()], the lower the better. With
#' `origins = 1` it is that of one run, with `validation` as there: by default
#' the last fifth of the steps. With `origins = k` and `horizon = h` it is the
#' mean over `k` runs, of which the first sees nothing of the last `k h` steps and
#' is scored by the `h` after those it sees, the next one goes `h` steps further,
#' and so on: a rolling origin (Tashman 2000).
#'
#' @section In parallel:
#' Candidates are trained side by side where package `future.apply` is installed
#' and [future::plan()] says so: `plan(multisession, workers = 2)`, a cluster, a
#' batch queue. The table is the same for any plan. With package `progressr` the
#' progress is reported to the handlers that the user has chosen.
#'
#' @inheritParams rnn_train
#' @param grid A named list: for each option the values to try, see below.
#' @param ... Options of [rnn_net()] and [rnn_train()] that all candidates have in
#'   common, such as `epochs`, `patience`, `cell`. `input` and `output` are 1
#'   unless they are given.
#' @param search `"grid"`, `"random"` or `"halving"`.
#' @param n Number of candidates of a random search and of halving.
#' @param validation Share or data for validation, see [rnn_train()].
#' @param origins,horizon Number of origins and steps from one to the next, see
#'   below.
#' @param file Name of a file to keep finished candidates in. Where it exists
#'   already and is from the same search, they are not trained again. `NULL`: none.
#' @param seed A whole number: that of the draws, and of the first weights and the
#'   training of every candidate. `NULL` draws it from R's generator.
#' @return A list of class `rnn_tune` with elements `table`, a data frame with a
#'   row for each candidate, in the order of the candidates: its options, `score`,
#'   `epochs` (trained, the mean over the runs), `best_epoch`, `seconds` and `error`, the message where it
#'   has failed; `best`, the number of the best row; and `fit`, its training, see
#'   [rnn_train()]. `plot()` shows the scores against each option.
#' @references
#' Bergstra, J. and Bengio, Y. (2012). Random search for hyper-parameter
#' optimization. *Journal of Machine Learning Research* 13, 281--305.
#'
#' Jamieson, K. and Talwalkar, A. (2016). Non-stochastic best arm identification
#' and hyperparameter optimization. *AISTATS*, PMLR 51, 240--248.
#'
#' Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: an analysis
#' and review. *International Journal of Forecasting* 16, 437--450.
#' \doi{10.1016/S0169-2070(00)00065-0}
#' @seealso [rnn_train()]
#' @export
#' @examples
#' y <- sin(1:120 / 4)
#' found <- rnn_tune(head(y, -1), tail(y, -1),
#'   grid = list(cell = c("rnn", "gru"), hidden = c(2, 6)), epochs = 20, seed = 1
#' )
#' found
#' predict(found$fit, tail(y, 3))
rnn_tune <- function(x, target, grid, ..., search = c("grid", "random", "halving"), n = 20,
                     validation = 0.2, origins = 1, horizon = NULL, file = NULL, seed = NULL) {
  search <- match.arg(search)
  common <- list(...)
  check_tune(grid, common, n, origins, horizon)
  if (is.null(seed)) seed <- random_seed()
  candidates <- tune_candidates(grid, search, n, seed)
  plan <- list(
    candidates = candidates, common = c(common[names(common) != "epochs"], list(seed = seed)),
    runs = tune_runs(list(x = x, target = target), validation, origins, horizon), file = file
  )
  epochs <- common[["epochs"]]
  if (search == "halving") {
    results <- tune_halving(plan, if (is.null(epochs)) formals(rnn_train)$epochs else epochs)
  } else {
    plan$report <- step_progress(length(candidates))
    results <- tune_all(candidates, epochs, plan)
  }
  new_rnn_tune(candidates, results)
}

# An error of rnn_tune, from wherever in it.
refuse <- function(argument, ...) {
  frames <- seq_len(sys.nframe())
  ours <- Position(function(i) identical(sys.function(i), rnn_tune), frames)
  input_error(argument, paste0(...), sys.call(ours))
}

check_tune <- function(grid, common, n, origins, horizon) {
  is_whole <- function(v) is.numeric(v) && length(v) == 1L && !is.na(v) && v >= 1 && v == round(v)
  if (!is.list(grid) || length(grid) == 0L || is.null(names(grid)) || any(names(grid) == "")) {
    refuse("grid", "`grid` is ", describe(grid), "; expected a list with a name for each option")
  }
  known <- setdiff(c(names(formals(rnn_net)), names(formals(rnn_train))), c("...", "net", "x", "target", "verbose"))
  for (given in list(grid, common)) {
    unknown <- setdiff(names(given), known)
    if (length(unknown) > 0L) {
      refuse(unknown[1L], "`", unknown[1L], "` is not an option of rnn_net or rnn_train")
    }
  }
  both <- intersect(names(grid), names(common))
  if (length(both) > 0L) {
    refuse(both[1L], "`", both[1L], "` is in `grid` and given as well; expected one of the two")
  }
  if (!is_whole(n)) refuse("n", "`n` is ", describe(n), "; expected a whole number of at least 1")
  if (!is_whole(origins)) {
    refuse("origins", "`origins` is ", describe(origins), "; expected a whole number of at least 1")
  }
  if (!is.null(horizon) && !is_whole(horizon)) {
    refuse("horizon", "`horizon` is ", describe(horizon), "; expected a whole number of at least 1")
  }
  if (origins > 1 && is.null(horizon)) {
    refuse("horizon", "`horizon` is missing; `origins` above 1 need it")
  }
}

describe <- function(v) {
  if (is.numeric(v) && length(v) == 1L) format(v) else paste("of class", class(v)[1L])
}

# ------------------------------------------------------------------------- candidates

# The minimal standard generator of Park and Miller (1988): the Octave package draws the same.
park_miller <- function(seed) {
  state <- seed %% 2147483646 + 1
  function(n) {
    state <<- (16807 * state) %% 2147483647
    state %% n + 1
  }
}

values_of <- function(v) if (is.list(v)) v else as.list(v)

# A list of named lists, one for each candidate.
tune_candidates <- function(grid, search, n, seed) {
  drawn <- vapply(grid, is.function, NA)
  if (any(drawn) && search == "grid") {
    refuse("grid", "`", names(grid)[drawn][1L], "` of `grid` is a function; expected values, as ",
      "`search` is \"grid\""
    )
  }
  values <- lapply(grid[!drawn], values_of)
  sizes <- lengths(values)
  if (any(sizes == 0L)) {
    refuse("grid", "`", names(values)[sizes == 0L][1L], "` of `grid` has no values")
  }
  combinations <- prod(sizes)
  candidate <- function(i) {
    at <- (i - 1) %/% cumprod(c(1, sizes))[seq_along(sizes)] %% sizes + 1
    chosen <- Map(function(v, k) v[[k]], values, at)
    c(chosen, lapply(grid[drawn], function(f) f()))[names(grid)]
  }
  rows <- if (search == "grid") {
    seq_len(combinations)
  } else {
    draw_rows(combinations, n, any(drawn), park_miller(seed))
  }
  lapply(rows, candidate)
}

# Without replacement where there are enough.
draw_rows <- function(combinations, n, repeated, draw) {
  if (repeated) {
    return(vapply(seq_len(n), function(i) draw(combinations), 0))
  }
  rows <- numeric(0)
  while (length(rows) < min(n, combinations)) {
    row <- draw(combinations)
    if (!row %in% rows) rows <- c(rows, row)
  }
  rows
}

# ------------------------------------------------------------------------------- runs

series_steps <- function(x) {
  if (is.list(x) && !is.data.frame(x)) {
    vapply(x, NROW, 1)
  } else if (length(dim(x)) == 3L) {
    dim(x)[3L]
  } else {
    NROW(x)
  }
}

# What is trained and validated with, once for each origin.
tune_runs <- function(data, validation, origins, horizon) {
  if (is.null(horizon)) {
    return(list(c(data, list(validation = validation))))
  }
  steps <- series_steps(data$x)
  lapply(seq_len(origins), function(i) {
    seen <- steps - (origins - i) * horizon
    if (min(seen) <= horizon) {
      refuse(
        "origins", "`origins` are ", origins, " with a `horizon` of ", horizon,
        "; expected fewer for ", min(steps), " steps"
      )
    }
    known <- lapply(data, by_series, seen, function(v, n) first_steps(v, n))
    known$target <- by_series(known$target, seen - horizon, without_first)
    c(lapply(data, by_series, seen - horizon, first_steps), list(validation = known))
  })
}

# Calls f(series, steps) for each series of a list, or for all of an array.
by_series <- function(x, steps, f) {
  if (is.list(x) && !is.data.frame(x)) Map(f, x, steps) else f(x, max(steps))
}

first_steps <- function(x, n) {
  if (length(dim(x)) == 3L) x[, , seq_len(n), drop = FALSE] else utils::head(x, n)
}

# The targets of the first steps do not count.
without_first <- function(x, n) {
  i <- seq_len(n)
  if (length(dim(x)) == 3L) {
    x[, , i] <- NA
  } else if (length(dim(x)) == 2L) {
    x[i, ] <- NA
  } else {
    x[i] <- NA
  }
  x
}

# Trains one candidate, once for each run. What goes wrong is its result.
tune_one <- function(candidate, common, runs) {
  options <- c(common, candidate)
  taken_by <- function(f) options[names(options) %in% names(formals(f))]
  net_options <- utils::modifyList(list(input = 1, output = 1), taken_by(rnn_net))
  began <- proc.time()[["elapsed"]]
  fits <- tryCatch(
    {
      net <- do.call(rnn_net, net_options)
      lapply(runs, function(run) do.call(rnn_train, c(list(net), run, taken_by(rnn_train), list(verbose = FALSE))))
    },
    error = function(e) conditionMessage(e)
  )
  seconds <- proc.time()[["elapsed"]] - began
  if (is.character(fits)) {
    return(list(
      score = NA_real_, epochs = NA_real_, best_epoch = NA_real_, seconds = seconds, error = fits
    ))
  }
  last <- fits[[length(fits)]]
  lowest <- function(fit) min(fit$history$validation_loss, Inf, na.rm = TRUE)
  list(
    score = mean(vapply(fits, lowest, 0)),
    epochs = mean(vapply(fits, function(fit) length(fit$history$epoch), 0L)),
    best_epoch = last$best_epoch[1L] + 0, seconds = seconds, error = NA_character_, fit = last
  )
}

# All candidates for so many epochs, those in the file aside; a few at a time, so that the file is
# not far behind.
tune_all <- function(candidates, epochs, search) {
  common <- c(search$common, if (!is.null(epochs)) list(epochs = epochs))
  name <- paste("epochs", epochs)
  kept <- kept_results(search)
  done <- kept$rounds[[name]]
  if (is.null(done)) done <- vector("list", length(candidates))
  todo <- which(vapply(done, is.null, NA))
  one <- function(i) tune_one(candidates[[i]], common, search$runs)
  side_by_side(todo, one, function(some, results) {
    done[some] <<- results
    kept$rounds[[name]] <<- done
    if (!is.null(search$file)) save_aside(kept, search$file)
    search$report(length(some))
  })
  done
}

# What a file of an earlier run of the same search holds.
kept_results <- function(search) {
  kept <- list(search = search[c("candidates", "common", "runs")], rounds = list())
  if (is.null(search$file) || !file.exists(search$file)) {
    return(kept)
  }
  before <- tryCatch(readRDS(search$file), error = function(e) NULL)
  if (!identical(before$search, kept$search)) {
    refuse("file", "`file` is not of this search; expected one with the same options and data")
  }
  before
}

# A file that is whole at any moment.
save_aside <- function(object, file) {
  aside <- paste0(file, ".new")
  saveRDS(object, aside)
  if (!file.rename(aside, file)) stop("`file` is ", file, ", which cannot be written")
}

# The better third goes on, for three times as many epochs. Each result is the last one that its
# candidate had; `round` says how far it came.
tune_halving <- function(plan, epochs) {
  candidates <- plan$candidates
  rounds <- floor(log(length(candidates)) / log(3) + 1e-9)
  sizes <- floor(length(candidates) / 3^(0:rounds))
  plan$report <- step_progress(sum(sizes))
  results <- vector("list", length(candidates))
  left <- seq_along(candidates)
  for (round in 0:rounds) {
    left <- left[seq_len(sizes[round + 1])]
    trained <- tune_all(candidates[left], max(1, round(epochs / 3^(rounds - round))), plan)
    results[left] <- lapply(trained, c, list(round = round))
    left <- left[order(vapply(trained, function(r) r$score, 0), left)]
  }
  results
}

# ----------------------------------------------------------------------------- results

value_text <- function(v) {
  if (is.numeric(v)) paste(format(v, digits = 4, trim = TRUE), collapse = ", ") else paste(v, collapse = ", ")
}

new_rnn_tune <- function(candidates, results) {
  column <- function(name) {
    values <- lapply(candidates, `[[`, name)
    single <- all(lengths(values) == 1L) && all(vapply(values, is.atomic, NA))
    if (single) unlist(values) else vapply(values, value_text, "")
  }
  table <- as.data.frame(sapply(names(candidates[[1L]]), column, simplify = FALSE), optional = TRUE)
  for (field in c("score", "epochs", "best_epoch", "seconds", "error")) {
    table[[field]] <- vapply(results, function(r) r[[field]], results[[1L]][[field]][NA])
  }
  best <- tune_best(results)
  structure(
    list(table = table, best = best, fit = if (!is.na(best)) results[[best]]$fit),
    class = "rnn_tune"
  )
}

# Of halving only those that came farthest are compared.
tune_best <- function(results) {
  scores <- vapply(results, function(r) r$score, 0)
  rounds <- vapply(results, function(r) if (is.null(r$round)) 0 else r$round, 0)
  if (all(is.na(scores))) {
    return(NA_integer_)
  }
  scores[rounds < max(rounds[!is.na(scores)])] <- NA
  which.min(scores)
}

#' @export
print.rnn_tune <- function(x, n = 10, ...) {
  failed <- sum(!is.na(x$table$error))
  cat("Search over ", plural(nrow(x$table), "candidate"), if (failed > 0) paste0(", ", failed, " failed"),
    "; the best ones:\n",
    sep = ""
  )
  shown <- utils::head(x$table[order(x$table$score), ], n)
  if (all(is.na(shown$error))) shown$error <- NULL
  print(shown, digits = 4)
  invisible(x)
}

#' @export
plot.rnn_tune <- function(x, ...) {
  options <- setdiff(names(x$table), c("score", "epochs", "best_epoch", "seconds", "error"))
  old <- graphics::par(mfrow = grDevices::n2mfrow(length(options)), mar = c(4.2, 4.2, 1, 1), las = 1)
  on.exit(graphics::par(old))
  for (name in options) {
    v <- x$table[[name]]
    at <- if (is.numeric(v)) v else as.numeric(factor(v, unique(v)))
    spread <- is.numeric(v) && all(v > 0) && max(v) > 20 * min(v)
    graphics::plot(at, x$table$score,
      log = if (spread) "xy" else "y", xlab = name, ylab = "validation loss", xaxt = if (is.numeric(v)) "s" else "n",
      pch = 1, ...
    )
    if (!is.numeric(v)) graphics::axis(1, seq_along(unique(v)), unique(v))
    graphics::points(at[x$best], x$table$score[x$best], pch = 19)
  }
  invisible(x)
}
