# The loss and its gradient.

#' Loss and gradient by backpropagation through time
#'
#' Runs a network forward over input series, compares its outputs with a
#' target, and goes back through time to the exact gradient of the loss
#' (Werbos 1990).
#'
#' @section Losses:
#' With \eqn{y} the outputs, both are sums over the elements of the target that
#' are not missing; `reduction = "mean"` divides by their number.
#'
#' * `"mse"`: \eqn{(y - target)^2} for each output, sequence and step.
#' * `"cross_entropy"`: \eqn{-\log p_{target}}{-log p[target]} for each sequence
#'   and step, with \eqn{p} the softmax of the O outputs and the target a class
#'   from 1 to O or a factor.
#'
#' @section Truncation:
#' `truncate = k` cuts the sequence into chunks of k steps. The state is
#' carried from chunk to chunk, the gradient is not. With
#' `truncate = c(k1, k2)` chunks have k1 steps, the last one what is left, and
#' the losses of a chunk go back through it and through the k2 - k1 steps before
#' it (Williams and Peng 1990), so that `c(k, k)` is `k`. The loss is that of the
#' whole sequence in either case. In a stack of layers chunks are the same in
#' all of them. A bidirectional network takes `k` alone: the reverse direction's
#' gradient does not go from the first step of a chunk on into the chunk before
#' it, just as the forward direction's does not go back there, while both have the
#' states of the whole sequence.
#'
#' @section Clipping:
#' The whole gradient of the parameters is limited by value first, then by
#' norm (Pascanu, Mikolov and Bengio 2013), as [rnn_clip()] does. The gradients
#' with respect to `x` and the state are not.
#'
#' @inheritParams rnn_forward
#' @param target What the outputs should be, in the form of `x` with O
#'   features, or classes; see [bptt_series]. Missing values do not count.
#' @param loss `"mse"` or `"cross_entropy"`.
#' @param reduction `"mean"` or `"sum"`.
#' @param truncate How far the gradient goes back: `Inf`, a number of steps k,
#'   or `c(k1, k2)` with k1 <= k2.
#' @param clip_norm Largest Euclidean norm of the whole gradient, above 0.
#' @param clip_value Largest magnitude of an element of the gradient, above 0.
#' @param memory `"store"` keeps what each step computed for the way back.
#'   `"recompute"` keeps the state of every so many steps and computes the rest
#'   again from there (Chen et al. 2016): the same results to the last bit, in
#'   more time, with memory that grows with the square root of the number of
#'   steps. Not for a bidirectional network.
#' @param seed Seed of the dropout between layers, a whole number from 0 to
#'   2^53. `NULL` draws one from R's generator if the network has dropout, so that
#'   [set.seed()] decides. The same seed leaves out the same units for any number of
#'   threads, in the Octave package too.
#' @param wrt With respect to what to take the gradient: some of `"param"`,
#'   `"x"` and `"state"`. What is left out is not computed.
#' @return A list of class `rnn_bptt`:
#' * `loss`: a number,
#' * `grad`: the gradient, a list with the names and dims of `net$param`,
#' * `grad_norm`: its Euclidean norm before any clipping,
#' * `y`: the outputs, in the form of `x` with O features,
#' * `state`: the state after each sequence's last step,
#' * `dx`: the gradient with respect to `x`, in the form of `x`,
#' * `dstate`: the gradient with respect to the initial state, as `state`.
#'
#' `grad` and `grad_norm`, `dx`, `dstate` are there if `wrt` has `"param"`,
#' `"x"`, `"state"`.
#' @section Errors:
#' Arguments that are wrong, among them an input that is missing or infinite, a
#' target that is infinite, and a mean over no element at all, give a
#' `bptt_input_error`. A loss or a gradient that is not finite gives a
#' `bptt_nonfinite_warning` naming the parameter and the step. See
#' [bptt-package].
#' @references
#' Chen, T., Xu, B., Zhang, C. and Guestrin, C. (2016). Training deep nets with
#' sublinear memory cost. arXiv:1604.06174.
#'
#' Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
#' recurrent neural networks. *ICML*, PMLR 28(3), 1310--1318.
#'
#' Werbos, P. J. (1990). Backpropagation through time: what it does and how to
#' do it. *Proceedings of the IEEE* 78(10), 1550--1560. \doi{10.1109/5.58337}
#'
#' Williams, R. J. and Peng, J. (1990). An efficient gradient-based algorithm
#' for on-line training of recurrent network trajectories. *Neural Computation*
#' 2(4), 490--501. \doi{10.1162/neco.1990.2.4.490}
#' @seealso [rnn_objective()] for R's optimizers, [rnn_gradcheck()]
#' @export
#' @examples
#' net <- rnn_net(input = 1, hidden = 5, output = 1, cell = "gru", seed = 1)
#' x <- sin(0:30 / 3)
#' target <- sin(1:31 / 3)
#' result <- rnn_bptt(net, x, target)
#' result
#' result$grad$b_y
#'
#' # Gradient descent by hand
#' for (step in 1:200) {
#'   result <- rnn_bptt(net, x, target, clip_norm = 1, wrt = "param")
#'   net$param <- Map(function(p, g) p - 0.2 * g, net$param, result$grad)
#' }
#' result$loss
#'
#' # Two layers, a class for each of two series
#' net <- rnn_net(1, c(6, 4), 2, "lstm", output_mode = "last", dropout = 0.1, seed = 1)
#' x <- list(a = sin(1:20), b = sin(1:30 / 2))
#' rnn_bptt(net, x, factor(c("fast", "slow")), loss = "cross_entropy", seed = 1)$loss
#' rnn_predict(net, x, type = "prob")
#'
#' # Classes, two sequences of unequal length
#' net <- rnn_net(input = 1, hidden = 5, output = 3, cell = "lstm", seed = 1)
#' x <- list(sin(1:8), cos(1:5))
#' target <- list(rep(1:2, 4), c(1, 2, 3, NA, 3))
#' rnn_bptt(net, x, target, loss = "cross_entropy", truncate = 4)$loss
rnn_bptt <- function(net, x, target, ..., loss = "mse", reduction = "mean", truncate = Inf,
                     clip_norm = Inf, clip_value = Inf, state = NULL, lengths = NULL,
                     format = NULL, wrt = c("param", "x", "state"), memory = "store",
                     precision = "double", seed = NULL, threads = getOption("bptt.threads", 1)) {
  result <- run("rnn_bptt", with_seed(arguments(...)))
  class(result) <- "rnn_bptt" # structure() takes as long as a step of a small network
  result
}

#' @export
print.rnn_bptt <- function(x, ...) {
  is_number <- function(x) is.numeric(x) && length(x) == 1L
  if (!is.list(x) || !is_number(x[["loss"]])) {
    return(print_as_it_is(x, "Not a whole result of rnn_bptt(): there is no loss"))
  }
  cat("Loss ", format(x[["loss"]], digits = 7), "\n", sep = "")
  shown <- c("loss", "grad_norm")
  norm <- x[["grad_norm"]]
  norm <- if (is_number(norm)) paste0(", norm ", format(norm, digits = 7))
  grad <- x[["grad"]]
  if (is_arrays(grad)) {
    shown <- c(shown, "grad")
    cat("Gradient", norm, ":\n", sep = "")
    cat(paste0("  ", format(names(grad)), "  ", vapply(grad, dims_text, ""), "\n"), sep = "")
  }
  others <- setdiff(names(x), shown)
  if (length(others) > 0L) cat("Also: ", paste0("$", others, collapse = " "), "\n", sep = "")
  invisible(x)
}
