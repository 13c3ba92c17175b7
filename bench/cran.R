# cran.R -- times the R package rnn; run.R starts it and says how it is spoken to.
#
# A step is one epoch of trainr() over one sequence: forward, backward and update. It takes one
# sequence at a time, so it is asked for a batch of 1 only.
suppressMessages(library(rnn))
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "serve.R"))

problem <- function(setting) {
  size <- as.integer(setting[3:6])
  if (setting[1] != "bptt" || size[3] != 1 || setting[7] != "Inf" || setting[8] != "-") {
    return(NULL)
  }
  x <- array(0.5 + 0.4 * sin(seq_len(size[4] * size[1])), c(1, size[4], size[1]))
  y <- array(0.5 + 0.4 * cos(seq_len(size[4])), c(1, size[4], 1))
  function(epochs) { # an epoch is a call
    trainr(
      Y = y, X = x, learningrate = 0.01, hidden_dim = size[2], network_type = setting[2],
      numepochs = epochs, epoch_function = c(epoch_annealing)
    )
  }
}

serve(paste("the R package rnn", format(packageVersion("rnn"))), problem)
