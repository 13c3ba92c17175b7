# The objects that the rows of table.txt speak of; setup.m makes the same.

net <- rnn_net(3, 4, 2, "gru", seed = 1)
lstm <- rnn_net(3, 4, 2, "lstm", seed = 1)
deep <- rnn_net(3, c(4, 3), 2, "lstm", bidirectional = TRUE, seed = 1)
last <- rnn_net(3, 4, 2, "gru", output_mode = "last", seed = 1)
x <- array(sin(1:30), c(3, 2, 5)) # features x batch x time
target <- array(cos(1:20), c(2, 2, 5))
classes <- matrix(c(1, 2), 2, 5) # batch x time
series <- matrix(sin(1:15), 5, 3) # one series, in R time x features
state <- list(h = matrix(0, 4, 2))
deep_state <- rnn_forward(deep, x)$state
grad <- rnn_bptt(net, x, target)$grad
theta <- rnn_pack(net)
sparse <- Matrix::sparseMatrix(i = 1:3, j = 1:3, x = 1)

# A field of a list or a parameter of a net, set or taken away; the original stays as it is.
field <- function(list, name, value) {
  list[[name]] <- value
  list
}
without <- function(list, name) field(list, name, NULL)
put <- function(net, name, value) field(net, "param", field(net$param, name, value))
drop <- function(net, name) put(net, name, NULL)
