# Outputs, probabilities and classes.

#' Predict with a network
#'
#' The outputs of a network for input series, or what they say about classes;
#' or those of several networks put together, an ensemble.
#'
#' @inheritParams rnn_forward
#' @param net A network, see [rnn_net()], with D inputs, H hidden units and O
#'   outputs; or an unnamed list of networks, which may be of any cells and
#'   sizes but have the same D, O and `output_mode`.
#' @param type What to return for each step: `"response"`, the O outputs;
#'   `"prob"`, the probabilities of O classes, that is the softmax of the
#'   outputs; `"class"`, the class with the largest output, a number from 1 to
#'   O (of equal ones the first). A network of one output tells two classes
#'   apart: then `"prob"` is the logistic function of it, the probability of class
#'   1, and `"class"` 1 where it is above 0 and 0 elsewhere.
#' @param combine What to make of the predictions of several networks: their
#'   `"mean"`, their `"median"`, or `"all"` of them; see below.
#' @param state State before the first step, as the `state` of a result of
#'   [rnn_forward()], or for a list of networks a list with one for each.
#'   `NULL`: zero.
#' @return The predictions in the form of `x`, with O features, or one if
#'   `type` is `"class"`; see [bptt_series], also on those of a network with
#'   outputs at the last step alone. Beyond `lengths` they are `NaN`. There is no
#'   dropout. With `combine = "all"` an unnamed list of the predictions of each
#'   network.
#' @section Several networks:
#' For `type = "response"` it is the outputs that are combined, number by number,
#' for `"prob"` the probabilities. The median of an even number is the mean of
#' the middle two. Medians of the probabilities of several classes need not sum
#' to 1: they are divided by their sum (where all of them are 0, the mean takes
#' their place). For `"class"` it is the class with the largest combined
#' probability, of equal ones the first; of networks of one output 1 where the
#' combined probability is above 0.5. A single network, in a list or not, is
#' what it is by itself.
#' @inheritSection rnn_forward Errors
#' @seealso [rnn_forward()] for the state as well
#' @export
#' @examples
#' net <- rnn_net(input = 2, hidden = 4, output = 3, seed = 1)
#' x <- cbind(sin(1:5), cos(1:5))
#' predict(net, x)
#' rowSums(predict(net, x, type = "prob"))
#' predict(net, x, type = "class")
#'
#' # Several networks
#' nets <- lapply(1:5, function(seed) rnn_net(input = 2, hidden = 4, output = 3, seed = seed))
#' rnn_predict(nets, x, type = "prob")
#' rnn_predict(nets, x, combine = "median")
#' str(rnn_predict(nets, x, type = "class", combine = "all"))
rnn_predict <- function(net, x, ..., type = "response", combine = "mean", state = NULL,
                        lengths = NULL, format = NULL, precision = "double",
                        threads = getOption("bptt.threads", 1)) {
  run("rnn_predict", arguments(...))[["y"]]
}

#' @rdname rnn_predict
#' @param object A network, see [rnn_net()].
#' @param newdata Input series, as `x`. The arguments after it are those of
#'   `rnn_predict()`.
#' @importFrom stats predict
#' @export
predict.rnn_net <- function(object, newdata, ...) {
  call <- sys.call()
  if (!missing(newdata)) {
    return(as_argument(rnn_predict(object, newdata, ...), "x", "newdata", call))
  }
  if (!"x" %in% names(list(...))) {
    input_error("newdata", "`newdata` is missing; predict needs it: the input series", call)
  }
  rnn_predict(object, ...)
}
