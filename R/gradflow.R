# What becomes of the gradient on its way back through time.

#' How the gradient flows back through time
#'
#' Takes the gradient of a loss back through time, as [rnn_bptt()] does, and
#' reports how large it is at every step and by what factor it grows or shrinks
#' from step to step: whether it vanishes or explodes (Bengio, Simard and
#' Frasconi 1994; Pascanu, Mikolov and Bengio 2013).
#'
#' `dh` and `dc` are those of the loss as it is: where there is a loss at every
#' step, each adds to them. `gain` is the norm of what of
#' \eqn{dL/d(h_t, c_t)}{dL/d(h[t], c[t])}, the sum of all that has set out by
#' then, goes on to the step before, relative to the norm of that sum. With a loss
#' at every step it is therefore of a mixture: how the losses' gradients add up
#' decides through which units it goes. For one gradient on its way give a `dy`
#' that is 0 at all steps but one, or a network whose `output_mode` is `"last"`.
#'
#' The verdict goes by the product of `gain` over the steps that the gradient
#' crosses. It vanishes when less than a hundredth of it is left, or nothing at
#' all; it explodes when it becomes more than a hundredfold, or when the loss or a
#' norm is not finite.
#'
#' The spectral radius of `W_hh` is the largest magnitude of its eigenvalues. In
#' a network of cell `"rnn"` whose activation is the identity, `growth` tends to
#' it; tanh and sigmoid make it smaller. If the largest singular value is below
#' 1 (tanh) or 4 (sigmoid), the gradient of such a network must vanish (Pascanu,
#' Mikolov and Bengio 2013, section 2.1).
#'
#' @inheritParams rnn_bptt
#' @param state The state to start from; see [rnn_forward()].
#' @param seed Seed of the dropout of a network that has any; see [rnn_bptt()].
#' @return A list of class `rnn_gradflow`. Columns and elements have the names
#'   of the states they speak of: `h`, `h_rev`, `h_l2`, ...; T is the number of
#'   steps of `x`.
#' * `loss`: a number,
#' * `dh`: a matrix of T rows: the norm, over units and sequences, of the
#'   gradient of the loss for the state of a layer after each step,
#' * `dc`: the same for the cell state, with cell `"lstm"` only,
#' * `gain`: likewise, in the direction's own order of steps: row 1 is what
#'   reaches the initial state. It is `NaN` where there is no gradient,
#' * `growth`: the geometric mean of `gain` where it is a number, without row 1;
#'   0 where nothing is left,
#' * `reach`: the steps after which the gradient is a hundredth, or a
#'   hundredfold, of what it was, or nothing,
#' * `spectral_radius`, `singular_value`: of each gate's block of each `W_hh`
#'   the spectral radius and the largest singular value,
#' * `verdict`: a sentence for each layer and direction.
#'
#' `plot()` draws `dh`, and dashed `dc`, against the lag: the steps from the
#' last one back, in the reverse direction from the first one; a point where there
#' is no line to draw.
#' @section Errors:
#' As [rnn_bptt()].
#' @references
#' Bengio, Y., Simard, P. and Frasconi, P. (1994). Learning long-term
#' dependencies with gradient descent is difficult. *IEEE Transactions on Neural
#' Networks* 5(2), 157--166. \doi{10.1109/72.279181}
#'
#' Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
#' recurrent neural networks. *ICML*, PMLR 28(3), 1310--1318.
#' @seealso [rnn_bptt()], whose `clip_norm` holds a gradient that explodes;
#'   [rnn_net()] for first weights that keep it
#' @export
#' @examples
#' # The loss of the last of 30 steps, with a recurrence that shrinks, keeps and
#' # stretches what goes through it
#' x <- sin(1:30)
#' for (radius in c(0.5, 1, 1.5)) {
#'   net <- rnn_net(1, 8, 1, activation = "identity", output_mode = "last", seed = 1)
#'   net$param$W_hh <- radius * net$param$W_hh
#'   print(rnn_gradflow(net, x, 0))
#' }
#' plot(rnn_gradflow(net, x, 0))
#'
#' # Two layers that remember
#' net <- rnn_net(1, c(8, 8), 1, "lstm", seed = 1)
#' plot(rnn_gradflow(net, x, cos(1:30)))
rnn_gradflow <- function(net, x, target = NULL, ..., loss = "mse", delta = 1,
                         levels = c(0.1, 0.5, 0.9), class_weights = NULL, weights = NULL,
                         dy = NULL, reduction = "mean", state = NULL, lengths = NULL,
                         format = NULL, seed = NULL,
                         threads = getOption("bptt.threads", 1)) {
  result <- run("rnn_gradflow", with_seed(arguments(...)))
  name <- result[["name"]]
  verdict <- structure(result[["verdict"]], names = name)
  result[c("name", "verdict")] <- NULL
  for (field in intersect(c("dh", "dc", "gain"), names(result))) {
    colnames(result[[field]]) <- name
  }
  names(result[["growth"]]) <- names(result[["reach"]]) <- name
  W_hh <- net[["param"]][sub("^h", "W_hh", name)]
  result[["spectral_radius"]] <- of_gates(W_hh, name, spectral_radius)
  result[["singular_value"]] <- of_gates(W_hh, name, singular_value)
  result[["verdict"]] <- verdict
  structure(result, class = "rnn_gradflow")
}

spectral_radius <- function(W) max(Mod(eigen(W, only.values = TRUE)[["values"]]))

singular_value <- function(W) svd(W, 0L, 0L)[["d"]][1L]

# A matrix: f of each gate's block of rows of matrices, one column for each of those.
of_gates <- function(W_hh, name, f) {
  gates <- list("W_hh", NULL, c("r", "z", "n"), c("i", "f", "g", "o"))
  gates <- gates[[nrow(W_hh[[1L]]) / ncol(W_hh[[1L]])]]
  of_matrix <- function(W) {
    H <- ncol(W)
    vapply(seq_along(gates), function(k) f(W[(k - 1L) * H + seq_len(H), , drop = FALSE]), 0)
  }
  values <- vapply(W_hh, of_matrix, numeric(length(gates)))
  matrix(values, length(gates), dimnames = list(gates, name))
}

#' @export
print.rnn_gradflow <- function(x, digits = 3L, ...) {
  if (!is.list(x) || !is.character(x[["verdict"]])) {
    return(print_as_it_is(x, "Not a whole result of rnn_gradflow(): there is no verdict"))
  }
  cat("Gradient of the loss (", format(x[["loss"]], digits = 7), "), back through time\n", sep = "")
  cat(paste0("  ", format(names(x[["verdict"]])), "  ", x[["verdict"]], "\n"), sep = "")
  for (what in c("spectral_radius", "singular_value")) {
    cat(c(spectral_radius = "Spectral radius", singular_value = "Largest singular value")[[what]],
      " of the recurrent weights:\n",
      sep = ""
    )
    print(x[[what]], digits = digits)
  }
  invisible(x)
}

# Steps back from the last one, or, in the reverse direction, from the first one.
flow_lag <- function(name, steps) {
  if (grepl("_rev", name, fixed = TRUE)) seq_len(steps) - 1L else steps - seq_len(steps)
}

# Says which field of a result is wrong.
check_flow <- function(x) {
  for (field in c("dh", intersect("dc", names(x)))) {
    norm <- x[[field]]
    if (is.matrix(norm) && is.numeric(norm) && !is.null(colnames(norm))) next
    what <- paste0("`", field, "` of `x` is no numeric matrix with names of columns")
    input_error("x", paste0(what, "; expected a result of rnn_gradflow()"))
  }
  if (is.character(x[["verdict"]])) {
    return(invisible())
  }
  input_error("x", "`x` has no verdict; expected a result of rnn_gradflow()")
}

# Which numbers of a vector stand between two that are missing.
is_lone <- function(x) {
  there <- c(FALSE, !is.na(x), FALSE)
  n <- length(there)
  there[-c(1L, n)] & !there[-c(n - 1L, n)] & !there[-(1:2)]
}

# The verdict; of several columns what it begins with, and for which ones.
flow_title <- function(verdict) {
  if (length(verdict) == 1L) {
    return(unname(verdict))
  }
  name <- split(names(verdict), sub(":.*", "", verdict))
  paste0(names(name), ": ", vapply(name, paste, "", collapse = ", "), collapse = "; ")
}

#' @rdname rnn_gradflow
#' @param type,log,xlab,ylab,main As in [plot.default()]; `NULL`: the verdict.
#' @export
plot.rnn_gradflow <- function(x, ..., type = "l", log = "y", xlab = "lag (steps)",
                              ylab = "norm of the gradient", main = NULL) {
  check_flow(x)
  shown <- rbind(
    data.frame(field = "dh", name = colnames(x[["dh"]])),
    if (!is.null(x[["dc"]])) data.frame(field = "dc", name = colnames(x[["dc"]]))
  )
  steps <- nrow(x[["dh"]])
  norm <- mapply(function(field, name) x[[field]][, name], shown[["field"]], shown[["name"]])
  norm <- matrix(norm, steps)
  norm[!(is.finite(norm) & norm > 0)] <- NA # 0 has no place on a log axis
  lag <- matrix(vapply(shown[["name"]], flow_lag, numeric(steps), steps = steps), steps)
  if (all(is.na(norm))) stop("there is no gradient to draw: all norms are 0 or not finite")
  colour <- match(shown[["name"]], unique(shown[["name"]]))
  line <- ifelse(shown[["field"]] == "dh", 1L, 2L)
  if (is.null(main)) main <- flow_title(x[["verdict"]])
  graphics::matplot(lag, norm,
    type = type, log = log, col = colour, lty = line, xlab = xlab, ylab = ylab, main = main, ...
  )
  lone <- matrix(apply(norm, 2L, is_lone), steps) # a line does not show them
  graphics::points(lag[lone], norm[lone], pch = 20L, col = colour[col(norm)[lone]])
  label <- ifelse(shown[["field"]] == "dh", shown[["name"]], sub("^h", "c", shown[["name"]]))
  graphics::legend("bottomleft", legend = label, col = colour, lty = line, cex = 0.8, bg = "white")
  invisible(x)
}
