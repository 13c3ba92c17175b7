# Outputs, probabilities and classes.

#' Predict with a network
#'
#' The outputs of a network for input series, or what they say about classes.
#'
#' @inheritParams rnn_forward
#' @param type What to return for each step: `"response"`, the O outputs;
#'   `"prob"`, the probabilities of O classes, that is the softmax of the
#'   outputs; `"class"`, the class with the largest output, a number from 1 to
#'   O (of equal ones the first). A network of one output tells two classes
#'   apart: then `"prob"` is the logistic function of it, the probability of class
#'   1, and `"class"` 1 where it is above 0 and 0 elsewhere.
#' @return The predictions in the form of `x`, with O features, or one if
#'   `type` is `"class"`; see [bptt_series], also on those of a network with
#'   outputs at the last step alone. Beyond `lengths` they are `NaN`. There is no
#'   dropout.
#' @inheritSection rnn_forward Errors
#' @seealso [rnn_forward()] for the state as well
#' @export
#' @examples
#' net <- rnn_net(input = 2, hidden = 4, output = 3, seed = 1)
#' x <- cbind(sin(1:5), cos(1:5))
#' predict(net, x)
#' rowSums(predict(net, x, type = "prob"))
#' predict(net, x, type = "class")
rnn_predict <- function(net, x, ..., type = "response", state = NULL, lengths = NULL,
                        format = NULL, precision = "double",
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
