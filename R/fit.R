# The result of a training: showing it, predicting with it, taking it apart.

#' What a training has made
#'
#' Methods for the result of [rnn_train()], a list of class `rnn_fit`.
#'
#' `plot()` shows the loss and the validation loss over the epochs, the learning
#' rate, and the norm of the gradient with the limit that it is clipped to; with
#' `repeats` a line for each network. A dot marks the epoch whose weights were kept.
#'
#' `tidy()` gives a row for each epoch, that is the history; `glance()` one row for
#' each network: `loss` and `validation_loss` of the epoch whose weights it has,
#' `epochs` trained, `best_epoch`, `stopped`, the number of `parameters`, `seconds`;
#' `augment()` the data with the predictions `.fitted` and, for a target, `.resid`.
#' They are the generic functions of package `generics`, which `broom` and others pass on.
#'
#' @param x,object A result of [rnn_train()].
#' @param newdata Input series, as `x` of [rnn_predict()].
#' @param ... For `predict()` options of [rnn_predict()]; for `update()` arguments of
#'   [rnn_train()] to train with, in place of those in the call; for `plot()` graphical
#'   parameters.
#' @param row.names,optional Not used.
#' @param data For `augment()`: a vector, matrix or data frame, time in rows: an input
#'   series.
#' @param target What the outputs should be, or `NULL`.
#' @return `predict()`: see [rnn_predict()]; `coef()`: the parameters as one named
#'   vector, of several networks a matrix with a column for each; `update()`: a new
#'   training of the same call with other arguments, from the weights of the `net` that
#'   it names; `as.data.frame()` and `tidy()`: the history; `summary()`: a list of class
#'   `summary.rnn_fit`.
#' @name rnn_fit
#' @seealso [rnn_train()]
#' @examples
#' y <- sin(1:100 / 4)
#' fit <- rnn_train(rnn_net(1, 4, 1, seed = 1), head(y, -1), tail(y, -1), epochs = 30, seed = 1)
#' summary(fit)
#' plot(fit)
#' longer <- update(fit, epochs = 60)
NULL

fit_nets <- function(fit) if (inherits(fit$net, "rnn_net")) list(fit$net) else fit$net

# The history of each network, also of one that has none.
fit_histories <- function(fit) {
  if (inherits(fit$net, "rnn_net")) {
    return(list(fit$history))
  }
  unname(split(fit$history, factor(fit$history[["repeat"]], seq_along(fit$net))))
}

# A row for each network.
fit_table <- function(fit) {
  rows <- Map(function(net, history, best, stopped) {
    row <- history[match(best, history$epoch), , drop = FALSE]
    validation <- history$validation_loss
    data.frame(
      loss = row$loss, validation_loss = if (is.null(validation)) NA_real_ else row$validation_loss,
      epochs = max(0, history$epoch), best_epoch = best, stopped = stopped,
      parameters = sum(lengths(net$param)), seconds = max(0, history$seconds)
    )
  }, fit_nets(fit), fit_histories(fit), fit$best_epoch, fit$stopped)
  do.call(rbind, rows)
}

stop_text <- c(
  epochs = "all epochs", patience = "no better validation loss", max_time = "out of time",
  callback = "the callback said so", interrupt = "interrupted",
  diverged = "numbers not finite", converged = "converged"
)

#' @export
format.rnn_fit <- function(x, ...) {
  table <- fit_table(x)
  number <- function(v) format(v, digits = 4)
  one <- function(i) {
    row <- table[i, ]
    paste0(
      plural(row$epochs, "epoch"), " (", stop_text[[row$stopped]], "), loss ", number(row$loss),
      if (!is.na(row$validation_loss)) {
        paste0(", validation loss ", number(row$validation_loss), " at epoch ", row$best_epoch)
      }
    )
  }
  c(
    if (nrow(table) > 1) paste(nrow(table), "networks"),
    format(fit_nets(x)[[1L]]),
    vapply(seq_len(nrow(table)), one, "")
  )
}

#' @export
print.rnn_fit <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname rnn_fit
#' @export
summary.rnn_fit <- function(object, ...) {
  structure(
    list(call = object$call, net = fit_nets(object)[[1L]], table = fit_table(object), seed = object$seed),
    class = "summary.rnn_fit"
  )
}

#' @export
print.summary.rnn_fit <- function(x, ...) {
  call <- deparse(x$call, nlines = 11L) # the data themselves may stand in it
  if (length(call) > 10L) call <- c(call[1:10], "...")
  cat("Call: ", paste(call, collapse = "\n  "), "\n", format(x$net), "\n", sep = "")
  print(x$table, digits = 4, row.names = FALSE)
  cat("Seed", format(x$seed), "\n")
  invisible(x)
}

#' @rdname rnn_fit
#' @export
predict.rnn_fit <- function(object, newdata, ...) predict.rnn_net(object$net, newdata, ...)

#' @rdname rnn_fit
#' @export
coef.rnn_fit <- function(object, ...) {
  if (inherits(object$net, "rnn_net")) coef(object$net) else vapply(object$net, coef, coef(object$net[[1L]]))
}

#' @rdname rnn_fit
#' @importFrom stats update
#' @export
update.rnn_fit <- function(object, ...) {
  call <- object$call
  changed <- match.call(expand.dots = FALSE)$...
  if (length(changed) > 0L && (is.null(names(changed)) || any(names(changed) == ""))) {
    input_error("...", "an argument of update has no name; expected options of rnn_train")
  }
  for (name in names(changed)) call[[name]] <- changed[[name]]
  eval(call, parent.frame())
}

#' @rdname rnn_fit
#' @export
as.data.frame.rnn_fit <- function(x, row.names = NULL, optional = FALSE, ...) x$history

#' @rdname rnn_fit
#' @export
tidy.rnn_fit <- function(x, ...) x$history

#' @rdname rnn_fit
#' @export
glance.rnn_fit <- function(x, ...) fit_table(x)

#' @rdname rnn_fit
#' @export
augment.rnn_fit <- function(x, data, target = NULL, ...) {
  if (!is.data.frame(data) && (is.list(data) || length(dim(data)) > 2L)) {
    input_error("data", "`data` is not one series; expected a vector, a matrix or a data frame")
  }
  if (fit_nets(x)[[1L]]$output_mode == "last") {
    input_error("x", "`x` has outputs at the last step alone; expected one for each row of `data`")
  }
  fitted <- rnn_predict(x$net, data, ...)
  out <- as.data.frame(data)
  out$.fitted <- fitted
  if (!is.null(target)) out$.resid <- unname(as.matrix(target)) - as.matrix(fitted)
  if (!is.null(target) && NCOL(fitted) == 1L) out$.resid <- as.vector(out$.resid)
  out
}

# --------------------------------------------------------------------------- pictures

#' @rdname rnn_fit
#' @export
plot.rnn_fit <- function(x, ...) {
  histories <- fit_histories(x)
  if (nrow(x$history) == 0L) input_error("x", "`x` has no epochs; expected a training of at least one")
  old <- graphics::par(mfrow = c(3, 1), mar = c(2.1, 4.6, 1.2, 0.8), oma = c(2, 0, 0, 0), las = 1, mgp = c(3.4, 0.8, 0))
  on.exit(graphics::par(old))
  validates <- !is.null(x$history$validation_loss)
  colours <- c("black", "firebrick")
  fit_panel(histories, c("loss", if (validates) "validation_loss"), "loss", colours, ...)
  for (i in seq_along(histories)) {
    kept <- histories[[i]][match(x$best_epoch[i], histories[[i]]$epoch), ]
    graphics::points(kept$epoch, if (validates) kept$validation_loss else kept$loss,
      pch = 19, col = colours[1 + validates]
    )
  }
  if (validates) {
    graphics::legend("topright", c("training", "validation"), col = colours, lty = 1, bty = "n")
  }
  fit_panel(histories, "grad_norm", "norm of the gradient", "black", limit = x$clip_norm, ...)
  fit_panel(histories, "learn_rate", "learning rate", "black", ...)
  graphics::mtext("epoch", side = 1, line = 0.6, outer = TRUE, cex = graphics::par("cex"))
  invisible(x)
}

# One panel: these columns of each history, on a logarithmic scale where all are above 0.
fit_panel <- function(histories, columns, label, colours, limit = Inf, ...) {
  values <- unlist(lapply(histories, function(h) h[columns]))
  values <- values[is.finite(values)]
  shown <- is.finite(limit) && limit < 2 * max(values, 0)
  range <- range(values, if (shown) limit, if (length(values) == 0L) 1)
  last <- max(vapply(histories, nrow, 0L))
  graphics::plot(c(1, last), range,
    type = "n", log = if (range[1] > 0) "y" else "", xlab = "", ylab = label, ...
  )
  if (shown) graphics::abline(h = limit, lty = 2, col = "grey50")
  if (shown) graphics::text(last, limit, "limit", adj = c(1, -0.4), cex = 0.8, col = "grey50")
  for (h in histories) {
    for (i in seq_along(columns)) {
      graphics::lines(h$epoch, h[[columns[i]]], col = colours[i], type = if (nrow(h) == 1L) "p" else "l")
    }
  }
}
