# adding.R -- the adding problem (Hochreiter and Schmidhuber 1997): of a sequence of random numbers
# two are marked, and their sum is to be told at the end. A network that remembers nothing has a
# mean squared error of 1/6.
#
# Usage: Rscript adding.R STEPS CELL... ; adding.m does the same in Octave, to the same numbers.
library(bptt)
arguments <- commandArgs(TRUE)
steps <- as.integer(arguments[1])

# Numbers from 0 to 1, the same in R and in Octave.
scrambled <- function(i) (sin(i) * 1e4) %% 1

# n sequences, those after the first `from`: x is features x batch x time.
sequences <- function(from, n) {
  i <- from + seq_len(n)
  first <- 1 + floor(steps / 2 * scrambled(2 * i + 0.25))
  second <- floor(steps / 2) + 1 + floor(steps / 2 * scrambled(2 * i + 0.75))
  value <- matrix(scrambled(from * steps + seq_len(n * steps)), n)
  marked <- matrix(0, n, steps)
  marked[cbind(seq_len(n), first)] <- 1
  marked[cbind(seq_len(n), second)] <- 1
  x <- aperm(array(c(value, marked), c(n, steps, 2)), c(3, 1, 2))
  list(x = x, target = matrix(rowSums(value * marked), 1))
}

training <- sequences(0, 4096)
fresh <- sequences(4096, 1000)
passed <- failed <- 0
for (cell in arguments[-1]) {
  net <- rnn_net(2, 32, 1, cell,
    output_mode = "last", chrono = steps, seed = 1
  )
  fit <- rnn_train(net, training$x, training$target,
    epochs = 12, learn_rate = 0.01, schedule = "one_cycle", precision = "single", seed = 1
  )
  mse <- mean((predict(fit, fresh$x) - fresh$target)^2)
  cat(sprintf("adding, %d steps, %s: MSE %.6f\n", steps, cell, mse))
  if (mse < 0.001) passed <- passed + 1 else failed <- failed + 1
}
cat(passed, " passed, ", failed, " failed\n", sep = "")
