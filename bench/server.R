# server.R -- times bptt from R; run.R starts it and says how it is spoken to.
#
# Usage: Rscript server.R double|single THREADS
library(bptt)
args <- commandArgs(TRUE)
precision <- args[1]
options(bptt.threads = as.integer(args[2]))
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "serve.R"))

# A setting's call, as a function of nothing.
problem <- function(setting) {
  size <- as.integer(setting[3:6])
  d <- size[1]
  h <- size[2]
  b <- size[3]
  t <- size[4]
  deep <- setting[1] == "deep"
  net <- rnn_net(d, if (deep) c(h, h) else h, 1, setting[2], bidirectional = deep, seed = 1)
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
    deep = function() rnn_bptt(net, x, target, precision = precision),
    carry = function() rnn_forward(net, x, state = state, precision = precision)
  )
}

# Until its first garbage collections R takes fresh pages for every result, which may cost more than
# the call: let it grow old first.
invisible(lapply(1:2000, function(i) numeric(if (i %% 2) 4000 else 25000)))
for (i in 1:2000) problem(c("bptt", "rnn", "1", "32", "8", "50", "Inf", "-"))()

info <- bptt_info()
serve(paste0(R.version.string, ", bptt ", info$version, ", ", info$isa), function(setting) {
  run <- problem(setting)
  function(calls) for (i in seq_len(calls)) run()
})
