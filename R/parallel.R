# Work that is shared out: to the workers of future, and how far it is to progressr.

# Calls f(i) for each i of `todo`, side by side where package future.apply is installed; a few at a
# time, and after each time done(these, results).
side_by_side <- function(todo, f, done) {
  parallel <- requireNamespace("future.apply", quietly = TRUE)
  at_once <- if (parallel) min(future::nbrOfWorkers(), length(todo)) else 1
  for (some in split(todo, (seq_along(todo) - 1) %/% (4 * at_once))) {
    results <- if (parallel) {
      future.apply::future_lapply(some, f, future.seed = TRUE, future.packages = "bptt")
    } else {
      lapply(some, f)
    }
    done(some, results)
  }
}

# A function that tells progressr of so many more steps. It outlives the call that makes it:
# on_exit would say at once that all is done.
step_progress <- function(steps) {
  if (!requireNamespace("progressr", quietly = TRUE)) {
    return(function(more) NULL)
  }
  signal <- progressr::progressor(steps = steps, on_exit = FALSE)
  function(more) signal(amount = more)
}
