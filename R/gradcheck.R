# Gradients against numeric derivatives.

#' Check a gradient against numeric derivatives
#'
#' Compares every element of the gradient of [rnn_bptt()], or of one of your
#' own, with a central difference of the loss (five points, in double
#' precision).
#'
#' The relative error of a parameter is the largest difference between the two
#' over the largest magnitude of either in that parameter; one whose gradient
#' nearly vanishes beside the others' or beside the loss is measured by those,
#' as what differs then is only the rounding of the loss. If the largest of them
#' is
#'
#' * below 1e-7, the gradient is right,
#' * above 1e-5, it is wrong,
#' * in between, it is doubtful: try other parameters and inputs.
#'
#' The rule is for losses that are smooth. `activation = "relu"` has a kink at
#' 0, the losses `"mae"` and `"quantile"` have one where an output meets its target:
#' very close to it the numeric derivative steps across, and the error can be large
#' though the gradient is right. Try other values then, too.
#'
#' A loss of your own is checked in two parts: its gradient at some outputs, which is
#' yours, and what becomes of it, by giving it as `dy`. A function as `loss` is not
#' taken.
#'
#' With truncation, the check is against the function whose gradient the
#' truncated one is: the sum of the losses of all chunks, with the states that
#' enter each from outside held fixed.
#'
#' It takes four passes forward for each number checked: for small networks and
#' short series.
#'
#' @inheritParams rnn_bptt
#' @param loss `"mse"`, `"mae"`, `"huber"`, `"cross_entropy"`,
#'   `"binary_cross_entropy"`, `"quantile"`, `"gaussian"`, `"student_t"` or
#'   `"negative_binomial"`, but no function.
#' @param grad A gradient to check in place of that of [rnn_bptt()]: a list
#'   with the names and dims of `net$param`. `NULL`: that of [rnn_bptt()].
#' @param wrt What to check the gradient for: some of `"param"`, `"x"` and
#'   `"state"`.
#' @return A data frame of class `rnn_gradcheck` with a row for each parameter
#'   (or `x` and field of the state) and columns
#' * `name`,
#' * `error`: the relative error,
#' * `analytic`, `numeric`: the two derivatives of the element where they
#'   differ most,
#' * `index`: which element that is.
#'
#'   The largest error of all is in the attribute `max_error`. What is printed
#'   begins with the largest error of the rows and what follows from it.
#' @inheritSection rnn_bptt Errors
#' @export
#' @examples
#' net <- rnn_net(input = 2, hidden = 3, output = 1, cell = "lstm", seed = 1)
#' x <- cbind(sin(1:6), cos(1:6))
#' target <- sin(2:7)
#' rnn_gradcheck(net, x, target, truncate = 3)
#'
#' # A mistake is found
#' grad <- rnn_bptt(net, x, target)$grad
#' grad$W_hh[2, 1] <- 1.01 * grad$W_hh[2, 1]
#' rnn_gradcheck(net, x, target, grad = grad)
rnn_gradcheck <- function(net, x, target = NULL, ..., loss = "mse", delta = 1,
                          levels = c(0.1, 0.5, 0.9), class_weights = NULL, weights = NULL, dy = NULL,
                          reduction = "mean", truncate = Inf, state = NULL, lengths = NULL,
                          format = NULL, grad = NULL, wrt = "param", seed = NULL,
                          threads = getOption("bptt.threads", 1)) {
  out <- run("rnn_gradcheck", with_seed(arguments(...)))
  structure(
    data.frame(out[c("name", "error", "analytic", "numeric", "index")]),
    max_error = out$max_error, class = c("rnn_gradcheck", "data.frame")
  )
}

verdict <- function(error) {
  if (is.na(error)) {
    ", not a number: it tells nothing"
  } else if (error < 1e-7) {
    ", below 1e-7: the gradient is right"
  } else if (error > 1e-5) {
    ", above 1e-5: the gradient is wrong"
  } else {
    ", between 1e-7 and 1e-5: doubtful, try other values"
  }
}

#' @export
print.rnn_gradcheck <- function(x, digits = 4L, ...) {
  if (!is.data.frame(x)) {
    return(print_as_it_is(x, "Not a whole result of rnn_gradcheck()"))
  }
  # Of the rows that are left: those of a data frame are easily taken out.
  error <- x[["error"]]
  if (is.numeric(error) && length(error) > 0L) {
    error <- max(error)
    cat("Largest relative error ", format(error, digits = digits), verdict(error), "\n", sep = "")
  }
  print.data.frame(x, digits = digits, row.names = FALSE, ...)
  invisible(x)
}
