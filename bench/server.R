# server.R -- times rnn_bptt() from R; run.sh starts it and says how it is spoken to.
library(bptt)
seconds <- 0.1 # least length of a timed batch

problem <- function(setting) {
  cell <- setting[1]
  size <- as.integer(setting[-1])
  d <- size[1]
  h <- size[2]
  b <- size[3]
  t <- size[4]
  net <- rnn_net(d, h, 1, cell, seed = 1)
  x <- array(sin(seq_len(d * b * t)), c(d, b, t))
  target <- array(cos(seq_len(b * t)), c(1, b, t))
  function() rnn_bptt(net, x, target)
}

elapsed <- function(run, calls) {
  start <- Sys.time()
  for (i in seq_len(calls)) run()
  as.numeric(difftime(Sys.time(), start, units = "secs"))
}

answer <- function(...) {
  cat(..., "\n", sep = "")
  flush(stdout())
}

answer(R.version.string, ", bptt ", bptt_info()$version, ", ", bptt_info()$isa)
input <- file("stdin", "r")
setting <- ""
while (length(line <- readLines(input, 1)) > 0) {
  if (line == "") next
  if (line != setting) {
    setting <- line
    run <- problem(strsplit(line, " ")[[1]])
    run()
    calls <- max(1, ceiling(seconds / elapsed(run, 1)))
  }
  answer(1000 * elapsed(run, calls) / calls)
}
