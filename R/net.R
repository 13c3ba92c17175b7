# Making and printing a network.

#' A recurrent network
#'
#' Makes a network of recurrent layers, one or several, in one or both
#' directions, and a linear readout, with fresh weights.
#'
#' A network takes a series of vectors \eqn{x_t} with `input` features and
#' gives a series of vectors \eqn{y_t} with `output` features:
#' \deqn{y_t = W_{hy} h_t + b_y}{y_t = W_hy h_t + b_y}
#' How the state \eqn{h_t} of `hidden` units follows from the last one depends
#' on the cell. With \eqn{\sigma}{s} the logistic function and products of
#' vectors by element:
#'
#' `"rnn"`, with `activation` \eqn{f}:
#' \deqn{h_t = f(W_{xh} x_t + W_{hh} h_{t-1} + b_h)}{h_t = f(W_xh x_t + W_hh h_(t-1) + b_h)}
#'
#' `"gru"` (Cho et al. 2014), with gates \eqn{r}, \eqn{z}, \eqn{n}:
#' \deqn{r = \sigma(W_{xr} x_t + W_{hr} h_{t-1} + b_r)}{r = s(W_xr x_t + W_hr h_(t-1) + b_r)}
#' \deqn{z = \sigma(W_{xz} x_t + W_{hz} h_{t-1} + b_z)}{z = s(W_xz x_t + W_hz h_(t-1) + b_z)}
#' \deqn{n = \tanh(W_{xn} x_t + b_n + r (W_{hn} h_{t-1} + b_{hn}))}{n = tanh(W_xn x_t + b_n + r (W_hn h_(t-1) + b_hn))}
#' \deqn{h_t = (1 - z) n + z h_{t-1}}{h_t = (1 - z) n + z h_(t-1)}
#' With `reset = "before"`, as in the paper, there is no `b_hn`, and
#' \deqn{n = \tanh(W_{xn} x_t + b_n + W_{hn} (r h_{t-1}))}{n = tanh(W_xn x_t + b_n + W_hn (r h_(t-1)))}
#' The default is what PyTorch and cuDNN compute.
#'
#' `"lstm"` (Hochreiter and Schmidhuber 1997; with the forget gate of Gers,
#' Schmidhuber and Cummins 2000), with gates \eqn{i}, \eqn{f}, \eqn{g}, \eqn{o},
#' of which \eqn{i}, \eqn{f}, \eqn{o} are
#' \eqn{\sigma(W_{x} x_t + W_{h} h_{t-1} + b)}{s(W_x x_t + W_h h_(t-1) + b)} and
#' \eqn{g} has tanh in place of \eqn{\sigma}{s}:
#' \deqn{c_t = f c_{t-1} + i g, \quad h_t = o \tanh(c_t)}{c_t = f c_(t-1) + i g,   h_t = o tanh(c_t)}
#'
#' @section Layers:
#' `hidden = c(64, 32)` stacks two layers. Layer 1 reads \eqn{x_t}, each one
#' above it the states of the layer below at the same step, and the readout
#' those of the topmost layer:
#' \deqn{h^{(l)}_t = \mathrm{cell}^{(l)}(h^{(l-1)}_t, h^{(l)}_{t-1}), \quad h^{(0)}_t = x_t}{h_t of layer l = cell_l(h_t of layer l - 1, h_(t-1) of layer l); layer 0 is x}
#'
#' @section Both directions:
#' With `bidirectional = TRUE` (Schuster and Paliwal 1997) each layer has a
#' second set of units with parameters of its own, which runs from each
#' sequence's last step to its first, so that its state at step t has seen the
#' steps from t on:
#' \deqn{h^{rev}_t = \mathrm{cell}^{rev}(x_t, h^{rev}_{t+1})}{h_rev_t = cell_rev(x_t, h_rev_(t+1))}
#' What the layer above and the readout are shown at step t is both states one
#' below the other, \eqn{h_t} first.
#'
#' @section Dropout:
#' Units may be left out at random while a network is trained (Srivastava et al.
#' 2014): with `dropout` p, every unit of every layer but the topmost is hidden
#' from the layer above with probability p, at each step anew, and those that are
#' not are scaled by 1 / (1 - p). What goes from step to step within a layer is
#' left alone (Zaremba, Sutskever and Vinyals 2014), and so are the input and the
#' readout; PyTorch has it in the same place. Which units, the `seed` of
#' [rnn_bptt()] decides. [rnn_predict()] uses all of them.
#'
#' @section Parameters:
#' With D = `input`, H = `hidden`, O = `output`, and G = 1 (rnn), 3 (gru) or 4
#' (lstm) gates stacked in the order given above:
#'
#' | name | dim | at first |
#' |---|---|---|
#' | `W_xh` | GH x D | `init`, gate by gate |
#' | `W_hh` | GH x H | `recurrent_init`, gate by gate |
#' | `b_h` | GH | 0; the forget gate of an lstm `forget_bias` (1: Jozefowicz, Zaremba and Sutskever 2015) |
#' | `b_hn` | H | 0; only with cell `"gru"` and `reset = "after"` |
#' | `W_hy` | O x H | as `"glorot"` |
#' | `b_y` | O | 0 |
#'
#' Those of the reverse direction have the suffix `_rev`, those of layer 2
#' `_l2` and `_l2_rev`, and so on: `W_hh`, `W_hh_rev`, `W_hh_l2`,
#' `W_hh_l2_rev`. H is the size of the layer, and D in `W_xh_l2` is what layer 2
#' reads: the units of layer 1, twice as many if there are both directions; so
#' is H in `W_hy`. They come layer by layer, in each the forward direction first,
#' and the readout last.
#'
#' @section First weights:
#' In a matrix of G gates every block of H rows is drawn on its own, in one of
#' these ways. `W_xh` is `"glorot"` unless `init` says otherwise, `W_hh` is
#' `"orthogonal"` unless `recurrent_init` does, `W_hy` is always `"glorot"`.
#'
#' | | | |
#' |---|---|---|
#' | `"glorot"` | uniform within \eqn{\pm\sqrt{6 / (rows + columns)}}{sqrt(6 / (rows + columns)) of 0} | Glorot and Bengio 2010 |
#' | `"he"` | uniform within \eqn{\pm\sqrt{6 / columns}}{sqrt(6 / columns) of 0}, for `activation = "relu"` | He et al. 2015 |
#' | `"orthogonal"` | orthonormal columns or, of a wide block, rows | Saxe, McClelland and Ganguli 2014 |
#' | `"identity"` | the identity matrix; `recurrent_init` only, for `activation = "relu"` | Le, Jaitly and Hinton 2015 |
#'
#' With `chrono` \eqn{T} the gates keep their state over times up to \eqn{T}
#' (Tallec and Ollivier 2018): with \eqn{u} uniform between 1 and \eqn{T - 1}, unit
#' by unit, an lstm has \eqn{b_f = \log u} and \eqn{b_i = -\log u}, a gru
#' \eqn{b_z = \log u}.
#'
#' Matrices are matrices and biases plain vectors. They may be replaced by
#' others of the same dims.
#'
#' @param input Number of features of the input, a whole number of at least 1.
#' @param hidden Number of hidden units, a whole number of at least 1; or one
#'   for each of several layers, from the first to the topmost.
#' @param output Number of features of the output, or of classes, a whole
#'   number of at least 1.
#' @param cell Kind of cell: `"rnn"`, `"gru"` or `"lstm"`.
#' @param ... Not used: what follows must be named in full.
#' @param activation Activation of cell `"rnn"`: `"tanh"`, `"relu"`,
#'   `"sigmoid"` or `"identity"`. The other cells have theirs built in: for them
#'   anything but the default is an error.
#' @param reset Whether the reset gate of cell `"gru"` is applied `"after"` or
#'   `"before"` the matrix product. For the other cells anything but the default
#'   is an error.
#' @param bidirectional `TRUE`: each layer also reads the sequences from their
#'   end.
#' @param output_mode `"sequence"`: outputs at every step. `"last"`: at the
#'   last step of each sequence alone, for a class or a number for a whole
#'   series; see [bptt_series]. It is what `"sequence"` gives at that step.
#' @param dropout Share of the units of each layer but the topmost that the next
#'   one is not shown in training, from 0 to below 1. For a network of one layer
#'   anything but 0 is an error.
#' @param init,recurrent_init How `W_xh` and `W_hh` are drawn, see below.
#' @param forget_bias Bias of the forget gate of cell `"lstm"` at first. For the
#'   other cells anything but 1 is an error.
#' @param chrono Steps over which the longest dependencies reach, a number above
#'   2: the biases of the gates are drawn for it, see below. `NULL`: none in
#'   particular. Not for cell `"rnn"`, which has no gates, nor together with
#'   another `forget_bias` than 1.
#' @param param A list of some of the network's parameters, by their names, to
#'   take in place of those drawn. The others are what they would have been.
#' @param seed Seed of the weights, a whole number from 0 to 2^53. The same
#'   seed gives the same weights on every machine, and in the Octave package
#'   (with `chrono`: up to the last bit of a logarithm).
#'   `NULL` draws a seed from R's generator, so that [set.seed()] decides.
#' @return A list of class `rnn_net` with elements `cell`, `input`, `hidden`,
#'   `output`, `activation`, `reset`, `bidirectional`, `output_mode`, `dropout`
#'   and `param`, a list of the parameters.
#'   In a cell that has no such choice, `activation` and `reset` hold the
#'   defaults; another of the values above is ignored there.
#' @section Errors:
#' A size or a seed that is not a whole number in its range, an unknown choice,
#' an `activation` other than `"tanh"` or a `reset` other than `"after"` for a
#' cell that has no such choice, a `dropout` with nothing between layers, a
#' `forget_bias` or `chrono` for a cell without such a gate, a parameter in
#' `param` that the network does not have or that has other dims there, more
#' than 100 layers, more than 2^31 - 1 parameters: a `bptt_input_error` (see
#' [bptt-package]).
#' @references
#' Cho, K. et al. (2014). Learning phrase representations using RNN
#' encoder--decoder for statistical machine translation. *EMNLP*, 1724--1734.
#' \doi{10.3115/v1/D14-1179}
#'
#' Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to forget:
#' continual prediction with LSTM. *Neural Computation* 12(10), 2451--2471.
#' \doi{10.1162/089976600300015015}
#'
#' Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training
#' deep feedforward neural networks. *AISTATS*, PMLR 9, 249--256.
#'
#' He, K., Zhang, X., Ren, S. and Sun, J. (2015). Delving deep into rectifiers:
#' surpassing human-level performance on ImageNet classification. *ICCV*,
#' 1026--1034. \doi{10.1109/ICCV.2015.123}
#'
#' Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. *Neural
#' Computation* 9(8), 1735--1780. \doi{10.1162/neco.1997.9.8.1735}
#'
#' Jozefowicz, R., Zaremba, W. and Sutskever, I. (2015). An empirical
#' exploration of recurrent network architectures. *ICML*, PMLR 37, 2342--2350.
#'
#' Le, Q. V., Jaitly, N. and Hinton, G. E. (2015). A simple way to initialize
#' recurrent networks of rectified linear units. arXiv:1504.00941.
#'
#' Saxe, A. M., McClelland, J. L. and Ganguli, S. (2014). Exact solutions to
#' the nonlinear dynamics of learning in deep linear neural networks. *ICLR*.
#'
#' Schuster, M. and Paliwal, K. K. (1997). Bidirectional recurrent neural
#' networks. *IEEE Transactions on Signal Processing* 45(11), 2673--2681.
#' \doi{10.1109/78.650093}
#'
#' Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov,
#' R. (2014). Dropout: a simple way to prevent neural networks from overfitting.
#' *Journal of Machine Learning Research* 15, 1929--1958.
#'
#' Tallec, C. and Ollivier, Y. (2018). Can recurrent neural networks warp time?
#' *ICLR*. arXiv:1804.11188.
#'
#' Zaremba, W., Sutskever, I. and Vinyals, O. (2014). Recurrent neural network
#' regularization. arXiv:1409.2329.
#' @seealso [rnn_forward()], [rnn_bptt()], [rnn_objective()]
#' @export
#' @examples
#' net <- rnn_net(input = 2, hidden = 3, output = 1, cell = "gru", seed = 1)
#' net
#' net$param$b_y <- 0.5
#'
#' # Two layers in both directions, and one output for a whole series
#' rnn_net(2, c(4, 3), 1, "lstm",
#'   bidirectional = TRUE, output_mode = "last", dropout = 0.2, seed = 1
#' )
#'
#' # A network of rectified units that remembers: Le, Jaitly and Hinton 2015
#' rnn_net(1, 3, 1, activation = "relu", recurrent_init = "identity")$param$W_hh
#'
#' # First weights for relus, and for what is to be kept over a long time
#' rnn_net(2, 3, 1, activation = "relu", init = "he", seed = 1)$param$W_xh
#' rnn_net(1, 2, 1, "lstm", forget_bias = 2, seed = 1)$param$b_h
#' rnn_net(1, 2, 1, "gru", chrono = 100, seed = 1)$param$b_h
#'
#' # A readout of one's own
#' rnn_net(2, 3, 1, param = list(W_hy = matrix(1 / 3, 1, 3)), seed = 1)$param$W_hy
#'
#' identical(rnn_net(2, 3, 1, seed = 7), rnn_net(2, 3, 1, seed = 7))
#' try(rnn_net(2, 3, 1, cell = "grus"))
rnn_net <- function(input, hidden, output, cell = "rnn", ...,
                    activation = "tanh", reset = "after", bidirectional = FALSE,
                    output_mode = "sequence", dropout = 0, init = "glorot",
                    recurrent_init = "orthogonal", forget_bias = 1, chrono = NULL,
                    param = NULL, seed = NULL) {
  if (is.null(seed)) seed <- random_seed()
  structure(run("rnn_net", arguments(...))[["net"]], class = "rnn_net")
}

dims_text <- function(p) {
  paste(if (is.null(dim(p))) length(p) else dim(p), collapse = " x ")
}

# A list of arrays with names, as parameters and gradients are.
is_arrays <- function(x) {
  is.list(x) && length(x) > 0L && !is.null(names(x))
}

# What is in an object that was changed by hand and is no longer what its class says.
print_as_it_is <- function(x, text) {
  cat(text, "\n", sep = "")
  utils::str(x, max.level = 1L, give.attr = FALSE)
  invisible(x)
}

plural <- function(n, one) {
  paste0(format(n, scientific = FALSE), " ", one, if (n != 1) "s")
}

# The fields without which a network cannot be shown.
net_trouble <- function(net) {
  is_word <- function(x) is.character(x) && length(x) == 1L && !is.na(x)
  is_number <- function(x) is.numeric(x) && length(x) == 1L && !is.na(x)
  is_sizes <- function(x) is.numeric(x) && length(x) > 0L && !anyNA(x)
  is_flag <- function(x) is.logical(x) && length(x) == 1L && !is.na(x)
  right <- list(
    cell = is_word, input = is_number, hidden = is_sizes, output = is_number,
    activation = is_word, reset = is_word, bidirectional = is_flag, output_mode = is_word,
    dropout = is_number, param = is_arrays
  )
  if (!is.list(net)) {
    return(names(right))
  }
  ok <- vapply(names(right), function(field) right[[field]](net[[field]]), NA)
  names(right)[!ok]
}

# "gru, reset after, bidirectional"
variant_text <- function(net) {
  variant <- switch(net$cell, rnn = net$activation, gru = paste("reset", net$reset))
  paste(c(net$cell, variant, if (net$bidirectional) "bidirectional"), collapse = ", ")
}

# "3 hidden units"; "2 layers of 64, 32 hidden units, dropout 0.2"
hidden_text <- function(net) {
  sizes <- net$hidden
  if (length(sizes) == 1L) {
    return(plural(sizes, "hidden unit"))
  }
  each <- paste(format(sizes, trim = TRUE, scientific = FALSE), collapse = ", ")
  paste0(
    length(sizes), " layers of ", each, " hidden units",
    if (net$dropout > 0) paste0(", dropout ", format(net$dropout))
  )
}

#' @rdname rnn_net_methods
#' @export
format.rnn_net <- function(x, ...) {
  wrong <- net_trouble(x)
  if (length(wrong) > 0L) {
    return(paste("Not a whole network; missing or wrong:", paste0("`", wrong, "`", collapse = ", ")))
  }
  paste0(
    "Recurrent network, cell ", variant_text(x), ": ", plural(x$input, "input"), ", ",
    hidden_text(x), ", ", plural(x$output, "output"),
    if (x$output_mode == "last") " at the last step"
  )
}

#' @export
print.rnn_net <- function(x, ...) {
  if (length(net_trouble(x)) > 0L) {
    return(print_as_it_is(x, format(x)))
  }
  cat(
    format(x), "\n", plural(sum(lengths(x$param)), "parameter"), ":\n",
    paste0("  ", format(names(x$param)), "  ", vapply(x$param, dims_text, ""), "\n"),
    sep = ""
  )
  invisible(x)
}
