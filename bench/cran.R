# cran.R -- times the R package rnn; run.R starts it and says how it is spoken to.
#
# A step is one epoch of trainr() over one sequence: forward, backward and update. It takes one
# sequence at a time, so it is asked for a batch of 1 only.
suppressMessages(library(rnn))
seconds <- as.numeric(Sys.getenv("BATCH_SECONDS")) # least length of a timed batch

problem <- function(setting) {
  size <- as.integer(setting[3:6])
  if (setting[1] != "bptt" || size[3] != 1 || setting[7] != "Inf" || setting[8] != "-") {
    return(NULL)
  }
  x <- array(0.5 + 0.4 * sin(seq_len(size[4] * size[1])), c(1, size[4], size[1]))
  y <- array(0.5 + 0.4 * cos(seq_len(size[4])), c(1, size[4], 1))
  function(epochs) {
    trainr(
      Y = y, X = x, learningrate = 0.01, hidden_dim = size[2], network_type = setting[2],
      numepochs = epochs, epoch_function = c(epoch_annealing)
    )
  }
}

milliseconds <- function(run) {
  start <- Sys.time()
  taken <- 0
  epochs <- 0
  more <- 1
  while (taken < seconds) {
    run(more)
    epochs <- epochs + more
    more <- 2 * more
    taken <- as.numeric(difftime(Sys.time(), start, units = "secs"))
  }
  1000 * taken / epochs
}

answer <- function(...) {
  cat(..., "\n", sep = "")
  flush(stdout())
}

answer("the R package rnn ", format(packageVersion("rnn")))
input <- file("stdin", "r")
last <- ""
while (length(line <- readLines(input, 1)) > 0) {
  if (line == "") next
  if (line != last) {
    last <- line
    run <- problem(strsplit(line, " ")[[1]])
  }
  answer(if (is.null(run)) NaN else signif(milliseconds(run), 6))
}
