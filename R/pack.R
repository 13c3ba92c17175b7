# Parameters as one vector and back.

#' Parameters as one vector
#'
#' `rnn_pack()` puts the parameters of a network, or their gradient, one after
#' the other into one vector, as optimizers want them; `rnn_unpack()` makes a
#' list of parameters of such a vector.
#'
#' @param param A list of parameters, as `net$param` or the `grad` of
#'   [rnn_bptt()], or a network, whose parameters are then taken.
#' @return `rnn_pack()`: a numeric vector with the elements of all parameters in
#'   their order, matrices by column.
#' @section Errors:
#' What is not a list of numeric arrays, and a vector whose length is not the
#' network's number of parameters, give a `bptt_input_error`: see
#' [bptt-package].
#' @export
#' @examples
#' net <- rnn_net(input = 1, hidden = 2, output = 1, seed = 1)
#' theta <- rnn_pack(net)
#' theta
#' net$param <- rnn_unpack(0.9 * theta, net)
#' net$param$W_hh
rnn_pack <- function(param) {
  run("rnn_pack", arguments())[["theta"]]
}

#' @rdname rnn_pack
#' @param theta A numeric vector with as many elements as the network has
#'   parameters.
#' @param net The network they belong to, see [rnn_net()].
#' @return `rnn_unpack()`: a list with the names and dims of `net$param`.
#' @export
rnn_unpack <- function(theta, net) {
  run("rnn_unpack", arguments())[["param"]]
}
