# server.R -- times bptt from R; run.R starts it and says how it is spoken to.
#
# Usage: Rscript server.R double|single THREADS
library(bptt)
args <- commandArgs(TRUE)
precision <- args[1]
options(bptt.threads = as.integer(args[2]))
seconds <- as.numeric(Sys.getenv("BATCH_SECONDS")) # least length of a timed batch

# A setting's call, as a function of nothing.
problem <- function(setting) {
  size <- as.integer(setting[3:6])
  d <- size[1]
  h <- size[2]
  b <- size[3]
  t <- size[4]
  net <- rnn_net(d, h, 1, setting[2], seed = 1)
  x <- array(sin(seq_len(d * b * t)), c(d, b, t))
  target <- array(cos(seq_len(b * t)), c(1, b, t))
  truncate <- as.numeric(setting[7])
  lengths <- if (setting[8] != "-") as.integer(strsplit(setting[8], ",")[[1]])
  state <- rnn_forward(net, x)$state
  switch(setting[1],
    bptt = if (is.null(lengths) && is.infinite(truncate)) {
      function() rnn_bptt(net, x, target, precision = precision)
    } else {
      function() {
        rnn_bptt(net, x, target,
          truncate = truncate, lengths = lengths, precision = precision
        )
      }
    },
    forward = function() rnn_forward(net, x, precision = precision),
    predict = function() rnn_predict(net, x, precision = precision),
    carry = function() rnn_forward(net, x, state = state, precision = precision)
  )
}

milliseconds <- function(run) {
  start <- Sys.time()
  taken <- 0
  calls <- 0
  more <- 1
  while (taken < seconds) {
    for (i in seq_len(more)) run()
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

answer(R.version.string, ", bptt ", bptt_info()$version, ", ", bptt_info()$isa)
input <- file("stdin", "r")
last <- ""
while (length(line <- readLines(input, 1)) > 0) {
  if (line == "") next
  if (line != last) {
    last <- line
    run <- problem(strsplit(line, " ")[[1]])
    if (!is.null(run)) milliseconds(run) # until R's memory has settled
  }
  answer(if (is.null(run)) NaN else signif(milliseconds(run), 6))
}
