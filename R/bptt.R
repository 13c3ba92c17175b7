# The loss and its gradient.

#' Loss and gradient by backpropagation through time
#'
#' Runs a network forward over input series, compares its outputs with a
#' target, and goes back through time to the exact gradient of the loss
#' (Werbos 1990).
#'
#' @section Losses:
#' A loss is a sum over the elements \eqn{t} of the target that are not missing;
#' `reduction = "mean"` divides by their number. With one output \eqn{y} for each
#' of them, so that the target has O features:
#'
#' * `"mse"`: \eqn{(y - t)^2}.
#' * `"mae"` (Hastie, Tibshirani and Friedman 2009, section 10.6): \eqn{|y - t|};
#'   its gradient at 0 is 0.
#' * `"huber"` (Huber 1964): \eqn{(y - t)^2 / 2} where \eqn{|y - t|} is at most
#'   `delta`, and `delta` \eqn{(|y - t|} `- delta / 2)` beyond.
#' * `"binary_cross_entropy"`: \eqn{-t \log p - (1 - t) \log(1 - p)}{-t log p -
#'   (1 - t) log(1 - p)} with \eqn{p = 1 / (1 + e^{-y})}{p = 1 / (1 + exp(-y))}.
#'   Targets are from 0 to 1, or logical.
#'
#' For classes:
#'
#' * `"cross_entropy"`: \eqn{-\log p_t}{-log p[t]} for each sequence and step,
#'   with \eqn{p} the softmax of the O outputs. The target is a class from 1 to O
#'   or a factor. `class_weights` multiply the losses of the classes.
#'
#' With several outputs for each element, so that the target has F features and O
#' is a multiple of F: the first F outputs are the first of each feature, the next F
#' the second, and so on.
#'
#' * `"quantile"` (Koenker and Bassett 1978): an output \eqn{y_q}{y[q]} for each
#'   of the `levels` q, and the sum over them of
#'   \eqn{\max(q (t - y_q), (q - 1) (t - y_q))}{max(q (t - y[q]), (q - 1) (t -
#'   y[q]))}. The mean divides by the number of pairs of an element and a level.
#' * `"gaussian"`: minus the log-density of a normal distribution,
#'   \eqn{\frac{1}{2}\log(2\pi) + \log\sigma + \frac{1}{2}z^2}{log(2 pi) / 2 + log
#'   sigma + z^2 / 2}, \eqn{z = (t - m) / \sigma}{z = (t - m) / sigma}. Outputs: the
#'   mean \eqn{m} and \eqn{\log\sigma}{log sigma}, the logarithm of the standard
#'   deviation.
#' * `"student_t"`: minus the log-density of \eqn{m + \sigma T}{m + sigma T} with
#'   \eqn{T} of Student's t distribution with n degrees of freedom,
#'   \eqn{\log\sigma + \frac{1}{2}\log(n\pi) + \log\Gamma(\frac{n}{2}) -
#'   \log\Gamma(\frac{n + 1}{2}) + \frac{n + 1}{2}\log(1 + \frac{z^2}{n})}{log
#'   sigma + log(n pi) / 2 + lgamma(n / 2) - lgamma((n + 1) / 2) + (n + 1) / 2
#'   log(1 + z^2 / n)}, \eqn{z = (t - m) / \sigma}{z = (t - m) / sigma}. Outputs:
#'   \eqn{m}, \eqn{\log\sigma}{log sigma}, and \eqn{a} with \eqn{n = 2 + \log(1
#'   + e^a)}{n = 2 + log(1 + exp(a))}, so that there is a variance (as in GluonTS,
#'   Alexandrov et al. 2020).
#' * `"negative_binomial"`: minus the log-probability of a count with mean
#'   \eqn{\mu}{mu} and variance \eqn{\mu + \alpha\mu^2}{mu + alpha mu^2} (Hilbe
#'   2011; Salinas et al. 2020), \eqn{\log\Gamma(t + 1) + \log\Gamma(r) -
#'   \log\Gamma(t + r) + r\log(1 + \alpha\mu) + t\log(1 +
#'   \frac{1}{\alpha\mu})}{lgamma(t + 1) + lgamma(r) - lgamma(t + r) + r log(1 +
#'   alpha mu) + t log(1 + 1 / (alpha mu))}, \eqn{r = 1 / \alpha}{r = 1 / alpha}, as
#'   in [dnbinom()] with `size = r`. Outputs: \eqn{\log\mu}{log mu} and \eqn{\log\alpha}{log alpha}. Targets are whole
#'   numbers of at least 0.
#'
#' Losses without a source are those of Bishop (2006), sections 1.2.4, 4.3 and 5.2.
#'
#' `weights` multiply the loss of each step of each sequence. The mean then divides
#' by the sum of the weights, class weights included, of the elements that count.
#'
#' @section A loss of your own:
#' `loss` may be a function of `(y, target)`. It gets the outputs, in the form of
#' [rnn_forward()]'s, and `target` as you gave it, and returns a list of the loss,
#' one number, and its gradient with respect to `y`, in the form of `y`: named
#' `loss` and `dy`, or in that order. Whether it is a mean, what is missing, and
#' weights are its own affair; beyond a sequence's length `y` is `NaN`, and the
#' gradient is not looked at. The forward pass is run twice.
#'
#' With `dy`, the gradient itself, there is neither target nor loss: what comes back
#' is the gradient of `sum(dy * y)`, the product of `dy` and the Jacobian of the
#' outputs, and that sum as `loss`. `reduction` does not apply to either.
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
#'   features or as many as the loss takes, or classes; see [bptt_series]. Missing
#'   values do not count.
#' @param loss `"mse"`, `"mae"`, `"huber"`, `"cross_entropy"`,
#'   `"binary_cross_entropy"`, `"quantile"`, `"gaussian"`, `"student_t"`,
#'   `"negative_binomial"`, or a function.
#' @param delta Of loss `"huber"`: the difference beyond which it is linear, above
#'   0.
#' @param levels Of loss `"quantile"`: the levels, rising, between 0 and 1.
#' @param class_weights Of loss `"cross_entropy"`: a number of at least 0 for each
#'   class. `NULL`: 1.
#' @param weights A number of at least 0 for each step of each sequence, in the form
#'   of a target of one feature: for an array `x`, a matrix B x T, for a list, a list
#'   of vectors. With `output_mode = "last"`, one for each sequence. `NULL`: 1.
#' @param dy The gradient of a loss with respect to the outputs, in their form, in
#'   place of `target` and `loss`.
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
#' target that is infinite, a mean over no element at all, and what a loss function
#' of yours returns if it has another form, give a `bptt_input_error`. A loss or a gradient that is not finite gives a
#' `bptt_nonfinite_warning` naming the parameter and the step. See
#' [bptt-package].
#' @references
#' Alexandrov, A. et al. (2020). GluonTS: probabilistic and neural time series
#' modeling in Python. *Journal of Machine Learning Research* 21(116), 1--6.
#'
#' Bishop, C. M. (2006). *Pattern recognition and machine learning*. Springer.
#'
#' Chen, T., Xu, B., Zhang, C. and Guestrin, C. (2016). Training deep nets with
#' sublinear memory cost. arXiv:1604.06174.
#'
#' Hastie, T., Tibshirani, R. and Friedman, J. (2009). *The elements of
#' statistical learning*, 2nd edition. Springer.
#'
#' Hilbe, J. M. (2011). *Negative binomial regression*, 2nd edition. Cambridge
#' University Press.
#'
#' Huber, P. J. (1964). Robust estimation of a location parameter. *Annals of
#' Mathematical Statistics* 35(1), 73--101. \doi{10.1214/aoms/1177703732}
#'
#' Koenker, R. and Bassett, G. (1978). Regression quantiles. *Econometrica* 46(1),
#' 33--50. \doi{10.2307/1913643}
#'
#' Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
#' recurrent neural networks. *ICML*, PMLR 28(3), 1310--1318.
#'
#' Salinas, D., Flunkert, V., Gasthaus, J. and Januschowski, T. (2020). DeepAR:
#' probabilistic forecasting with autoregressive recurrent networks.
#' *International Journal of Forecasting* 36(3), 1181--1191.
#' \doi{10.1016/j.ijforecast.2019.07.001}
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
#' rnn_bptt(net, x, target, loss = "cross_entropy", class_weights = c(1, 1, 3))$loss
#'
#' # Other losses: one output for each number of the target
#' x <- sin(1:20)
#' net <- rnn_net(1, 5, 1, "gru", seed = 1)
#' rnn_bptt(net, x, 2 * x, loss = "mae")$loss
#' rnn_bptt(net, x, 2 * x, loss = "huber", delta = 0.5)$loss
#' rnn_bptt(net, x, x > 0, loss = "binary_cross_entropy")$loss
#' rnn_bptt(net, x, 2 * x, weights = 0.9^(20:1))$loss
#'
#' # Several outputs for each
#' net <- rnn_net(1, 5, 2, "gru", seed = 1)
#' rnn_bptt(net, x, 2 * x, loss = "gaussian")$loss
#' rnn_bptt(net, x, rpois(20, 3), loss = "negative_binomial")$loss
#' rnn_bptt(net, x, 2 * x, loss = "quantile", levels = c(0.05, 0.95))$loss
#' net <- rnn_net(1, 5, 3, "gru", seed = 1)
#' rnn_bptt(net, x, 2 * x, loss = "student_t")$loss
#'
#' # A loss of one's own: the logarithm of the hyperbolic cosine
#' log_cosh <- function(y, target) {
#'   d <- y - target
#'   list(loss = mean(log(cosh(d))), dy = tanh(d) / length(d))
#' }
#' net <- rnn_net(1, 5, 1, "gru", seed = 1)
#' rnn_bptt(net, x, 2 * x, loss = log_cosh)$loss
#'
#' # The gradient of the last output
#' last <- rnn_bptt(net, x, dy = c(numeric(19), 1))
#' last$dx
#'
#' # The input and the initial state that lead to a target, by gradient descent
#' x <- numeric(10)
#' state <- list(h = matrix(0, 5, 1))
#' for (step in 1:100) {
#'   result <- rnn_bptt(net, x, rep(0.5, 10), state = state, wrt = c("x", "state"))
#'   x <- x - 0.5 * result$dx
#'   state$h <- state$h - 0.5 * result$dstate$h
#' }
#' result$loss
#'
#' # A long series in little memory
#' x <- sin(1:1e4 / 10)
#' rnn_bptt(net, x, 2 * x, memory = "recompute", wrt = "param")$grad_norm
rnn_bptt <- function(net, x, target = NULL, ..., loss = "mse", delta = 1,
                     levels = c(0.1, 0.5, 0.9), class_weights = NULL, weights = NULL, dy = NULL,
                     reduction = "mean", truncate = Inf, clip_norm = Inf, clip_value = Inf,
                     state = NULL, lengths = NULL, format = NULL, wrt = c("param", "x", "state"),
                     memory = "store", precision = "double", seed = NULL,
                     threads = getOption("bptt.threads", 1)) {
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
