# The package as a whole: its help page, loading and unloading.

#' bptt: recurrent networks trained by backpropagation through time
#'
#' Recurrent networks (vanilla, GRU, LSTM), stacked, in one direction or in two,
#' with a linear readout; the exact gradient of their loss: of all parameters, of
#' the inputs and of the initial state; and their training. A network is a plain
#' list, so it can be saved, copied and sent to workers as any other; the gradient
#' goes into the training loop of the package, into the optimizers of R or into a
#' loop of your own. The work is done in C, in double or in single precision.
#'
#' @section The functions:
#' * [rnn_net()] makes a network.
#' * [rnn_forward()] runs it, [rnn_predict()] or `predict()` gives its outputs,
#'   probabilities or classes.
#' * [rnn_train()] trains it, or several; [rnn_fit] tells what may be done with
#'   the result, and [rnn_tune()] searches for good options.
#' * [rnn_bptt()] gives the loss and its gradient, [rnn_clip()] limits a
#'   gradient, [rnn_gradcheck()] compares a gradient with numeric derivatives.
#' * [rnn_gradflow()] shows how the gradient flows back through time.
#' * [rnn_metrics()] scores predictions.
#' * [RNNAR()] is [rnnar()] as a model of package \pkg{fabletools}.
#' * [rnn_backtest()] tests forecasts of [rnnar()] from one origin after the other.
#' * [rnn_save()], [rnn_load()], [rnn_export()] and [rnn_import()] keep networks
#'   in files, for R, Octave, PyTorch, Keras and MATLAB.
#' * [rnn_objective()] makes the functions that [optim()] and [nlminb()] take;
#'   [rnn_pack()] and [rnn_unpack()] turn parameters into one vector and back.
#' * `coef()`, `summary()`, `update()` and others: [rnn_net_methods].
#' * [bptt_info()] tells the version and the instructions in use.
#'
#' What may be passed as a series is told in [bptt_series].
#'
#' @section Threads:
#' Functions that run a network compute with `threads` threads, at most as many
#' as there is work for. The default is the option `bptt.threads`, or 1 if that
#' is not set: `options(bptt.threads = 2)` makes it 2. Results are the same to
#' the last bit for any number.
#'
#' One thread is the default because what runs a network many times, such as a
#' back-test, is better spread over the cores as a whole, with
#' `parallel::mclapply()` or by a cluster of workers. More threads pay for wide
#' networks and for batches.
#'
#' Threads are started when they are first needed and kept, asleep, for later
#' calls; they end when the package is unloaded. A forked process, such as those
#' of `parallel::mclapply()`, may use as many threads as its parent did: it
#' starts its own.
#'
#' @section Errors and warnings:
#' An argument that is wrong stops with a condition of class
#' `bptt_input_error`. It says what the argument is and what was expected, and
#' its field `argument` holds the argument's name. When a result would take
#' more memory than there is, the class is `bptt_memory_error`, or the error is
#' R's own.
#'
#' A loss, an output or a gradient that is not finite is returned as it is,
#' with a warning of class `bptt_nonfinite_warning` that tells which, and at
#' which step it began.
#'
#' Long runs can be interrupted. [rnn_train()] then returns what it has, with a
#' warning of class `bptt_interrupted_warning`; of others nothing is left.
#'
#' @references
#' Werbos, P. J. (1990). Backpropagation through time: what it does and how to
#' do it. *Proceedings of the IEEE* 78(10), 1550--1560. \doi{10.1109/5.58337}
#'
#' @examples
#' # A network learns to tell the next value of a sine wave.
#' series <- sin(seq(0, 12, by = 0.25))
#' x <- head(series, -1)
#' target <- tail(series, -1)
#' net <- rnn_net(input = 1, hidden = 6, output = 1, cell = "lstm", seed = 1)
#'
#' fit <- rnn_train(net, x, target, epochs = 500, seed = 1)
#' fit
#' cbind(target, predict(fit, x))[40:45, ]
#'
#' # The same with an optimizer of R
#' objective <- rnn_objective(net, x, target)
#' found <- optim(objective$par, objective$fn, objective$gr, method = "BFGS")
#' found$value
#' net <- objective$net(found$par)
#' @importFrom stats ts tsp "tsp<-"
#' @keywords internal
#' @useDynLib bptt, .registration = TRUE, .fixes = "C_"
"_PACKAGE"

.onUnload <- function(libpath) {
  .Call(C_bptt_R_unload)
  library.dynam.unload("bptt", libpath)
}
