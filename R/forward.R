# The forward pass.

#' Run a network
#'
#' The forward pass: outputs, hidden states and the last state.
#'
#' @param net A network, see [rnn_net()], with D inputs, H hidden units and O
#'   outputs.
#' @param x Input series with D features, in any of the forms of [bptt_series],
#'   for instance an array D x B x T.
#' @param ... Not used: what follows must be named in full.
#' @param state State before the first step, as the `state` of an earlier
#'   result: a list of `h` and, for cell `"lstm"`, `c`, each a matrix H x B, and
#'   of those of further layers and directions; see [bptt_series]. `NULL`: zero.
#' @param lengths How many steps of each sequence count, B whole numbers from 1
#'   to T. `NULL`: all of them. Not for a list, whose items have lengths of
#'   their own.
#' @param format The order of the dims of `x`, such as `"BTC"`; see
#'   [bptt_series]. `NULL`: by shape.
#' @param seed Seed of the dropout between layers, a whole number from 0 to
#'   2^53: outputs and states are those that [rnn_bptt()] has with this seed.
#'   `NULL`: no dropout.
#' @param precision `"double"`, or `"single"`: compute in single precision, which
#'   is faster and good to six digits or so. Results are double numbers in both
#'   cases.
#' @param threads How many threads to compute with, a whole number from 1 to
#'   1024. It does not change the results; see [bptt-package].
#' @return A list of
#' * `y`: the outputs, in the form of `x` with O features,
#' * `h`: the hidden states of the topmost layer, in the form of `x` with H
#'   features, with two directions 2 H,
#' * `state`: the state after each sequence's last step, to go on from; of a
#'   reverse direction that after its own last step, which is step 1.
#' @section Errors:
#' Arguments that are wrong, among them an input that is missing or infinite,
#' give a `bptt_input_error`, outputs that are not finite a
#' `bptt_nonfinite_warning`: see [bptt-package].
#' @seealso [rnn_predict()] for the outputs alone
#' @export
#' @examples
#' net <- rnn_net(input = 1, hidden = 3, output = 1, cell = "lstm", seed = 1)
#' x <- sin(1:10)
#' whole <- rnn_forward(net, x)
#' whole$y
#'
#' # In two parts, carrying the state
#' first <- rnn_forward(net, x[1:6])
#' second <- rnn_forward(net, x[7:10], state = first$state)
#' all.equal(c(first$y, second$y), whole$y)
#'
#' # The states of two layers in two directions
#' net <- rnn_net(input = 1, hidden = c(3, 2), output = 1, bidirectional = TRUE, seed = 1)
#' names(rnn_forward(net, x)$state)
rnn_forward <- function(net, x, ..., state = NULL, lengths = NULL, format = NULL,
                        seed = NULL, precision = "double",
                        threads = getOption("bptt.threads", 1)) {
  run("rnn_forward", arguments(...))
}
