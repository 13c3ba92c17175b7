# Clipping of a gradient.

#' Limit a gradient
#'
#' Clips a gradient by value and by norm: first every element is brought into
#' \[-`value`, `value`\], then, if the Euclidean norm of the whole is above
#' `norm`, all is scaled down to it (Pascanu, Mikolov and Bengio 2013).
#' [rnn_bptt()] does the same by its options `clip_value` and `clip_norm`.
#'
#' @param grad A gradient: a list of numeric arrays with any names.
#' @param norm Largest Euclidean norm of the whole, above 0. `Inf`: any.
#' @param value Largest magnitude of an element, above 0. `Inf`: any.
#' @param ... Not used.
#' @return A list of `grad`, the clipped gradient with the names and dims of
#'   the one given, and `grad_norm`, the norm before clipping.
#' @section Errors:
#' A `grad` that is not a list of numeric arrays and limits that are not above
#' 0 give a `bptt_input_error`: see [bptt-package].
#' @references
#' Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
#' recurrent neural networks. *ICML*, PMLR 28(3), 1310--1318.
#' @export
#' @examples
#' rnn_clip(list(a = c(3, 4), b = 0), norm = 1)
#' rnn_clip(list(a = c(3, 4), b = 0), value = 2)$grad
rnn_clip <- function(grad, norm = Inf, value = Inf, ...) {
  run("rnn_clip", arguments(...))
}
