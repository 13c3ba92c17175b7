# Expectations and small problems that several tests share.

# The largest difference, relative to the largest magnitude of `want`; of zeros absolute.
relative_difference <- function(got, want) {
  if (!identical(dim(got), dim(want)) || length(got) != length(want)) {
    return(Inf)
  }
  if (!identical(is.nan(got), is.nan(want))) {
    return(Inf)
  }
  counts <- !is.nan(want)
  if (!any(counts)) {
    return(0)
  }
  magnitude <- max(abs(want[counts]))
  max(abs(got[counts] - want[counts])) / (if (magnitude > 0) magnitude else 1)
}

expect_close <- function(got, want, tolerance = 1e-14, label = NULL) {
  if (is.list(want)) {
    expect_identical(names(got), names(want))
    for (i in seq_along(want)) expect_close(got[[i]], want[[i]], tolerance, names(want)[i])
  } else {
    what <- if (is.null(label)) "relative difference" else paste("relative difference of", label)
    expect_lte(relative_difference(got, want), tolerance, label = what)
  }
}

# What an object prints; `text` is indented by four, between a first and a last line of its own.
expect_printed <- function(object, text) {
  want <- strsplit(text, "\n", fixed = TRUE)[[1L]]
  want <- sub("^ {4}", "", want[-c(1L, length(want))])
  expect_identical(capture.output(print(object)), want)
}

CELLS <- c("rnn", "gru", "lstm")

# Three sequences of two features and seven steps; two outputs, or four classes.
problem <- function(cell = "rnn", ..., loss = "mse") {
  set <- expand.grid(d = 1:2, b = 1:3, t = 1:7)
  x <- array(sin(set$d * 1.3 + set$b * 0.7 + set$t * 0.9), c(2, 3, 7))
  target <- switch(loss,
    mse = array(cos(set$d * 0.3 + set$b * 1.7 + set$t * 0.4), c(2, 3, 7)),
    cross_entropy = matrix((1:21 * 5L) %% 4L + 1L, 3, 7)
  )
  outputs <- if (loss == "mse") 2 else 4
  list(net = rnn_net(2, 3, outputs, cell, ..., seed = 11), x = x, target = target)
}

# The network of the check values.
scalar_net <- function() {
  net <- rnn_net(1, 1, 1, activation = "identity", seed = 1)
  net$param <- list(
    W_xh = matrix(0.5), W_hh = matrix(1.5), b_h = 0, W_hy = matrix(1), b_y = 0
  )
  net
}
