# serve.R -- how a contender written in R answers; run.R says how it is spoken to.

seconds <- as.numeric(Sys.getenv("BATCH_SECONDS")) # least length of a timed batch

milliseconds <- function(run) {
  start <- Sys.time()
  taken <- 0
  calls <- 0
  more <- 1
  while (taken < seconds) {
    run(more)
    calls <- calls + more
    more <- 2 * more
    taken <- as.numeric(difftime(Sys.time(), start, units = "secs"))
  }
  1000 * taken / calls
}

answer <- function(...) {
  cat(..., "\n", sep = "")
  flush(stdout())
}

# problem(setting): a function that makes so many calls, or NULL where that cannot be done.
serve <- function(hello, problem) {
  answer(hello)
  input <- file("stdin", "r")
  last <- ""
  while (length(line <- readLines(input, 1)) > 0) {
    if (line == "") next
    if (line != last) {
      last <- line
      run <- problem(strsplit(line, " ")[[1]])
      if (!is.null(run)) run(1)
    }
    answer(if (is.null(run)) NaN else signif(milliseconds(run), 6))
  }
}
