# A series to train with.

wave <- local({
  y <- sin(1:61 / 5) + 0.3 * sin(1:61 / 2.3)
  list(x = y[1:60], target = y[2:61], net = rnn_net(1, 4, 1, "gru", seed = 1))
})

train_wave <- function(..., net = wave$net, x = wave$x, target = wave$target, seed = 1) {
  rnn_train(net, x, target, ..., seed = seed)
}

# A result without what depends on the clock and on how it was called.
timeless <- function(fit) {
  fit$history$seconds <- NULL
  fit$call <- NULL
  fit
}
