# adding.R -- the adding problem over 600 steps, learnt by a gru: of a sequence of random numbers
# two are marked, one in either half, and their sum is to be told at the end. It prints the mean
# squared error on fresh sequences, the steps of the optimizer, and the seconds of the training.
library(bptt)
steps <- 600
epochs <- 24
batch <- 32

# n sequences: x is features x batch x time.
sequences <- function(n) {
  value <- matrix(runif(n * steps), n)
  marked <- matrix(0, n, steps)
  marked[cbind(seq_len(n), sample(steps / 2, n, TRUE))] <- 1
  marked[cbind(seq_len(n), steps / 2 + sample(steps / 2, n, TRUE))] <- 1
  x <- aperm(array(c(value, marked), c(n, steps, 2)), c(3, 1, 2))
  list(x = x, target = matrix(rowSums(value * marked), 1))
}

set.seed(1)
training <- sequences(8192)
fresh <- sequences(2000)
net <- rnn_net(2, 32, 1, "gru", output_mode = "last", chrono = steps, seed = 1)
seconds <- system.time(
  fit <- rnn_train(net, training$x, training$target,
    epochs = epochs, batch_size = batch, learn_rate = 0.02, schedule = "one_cycle",
    precision = "single", threads = 1, seed = 1
  )
)[[3]]
mse <- mean((predict(fit, fresh$x) - fresh$target)^2)
cat(sprintf("%.2g %d %.1f\n", mse, epochs * ncol(training$target) / batch, seconds))
