# The losses: formulas written in R, numeric derivatives, weights, functions, dL/dy.

softplus <- function(a) pmax(a, 0) + log1p(exp(-abs(a)))

# Losses of each number of the target t; y is a list of the outputs for it.
FORMULAS <- list(
  mse = function(y, t) (y[[1]] - t)^2,
  mae = function(y, t) abs(y[[1]] - t),
  huber = function(y, t, delta = 1) {
    d <- abs(y[[1]] - t)
    ifelse(d <= delta, d^2 / 2, delta * (d - delta / 2))
  },
  binary_cross_entropy = function(y, t) {
    -t * stats::plogis(y[[1]], log.p = TRUE) - (1 - t) * stats::plogis(-y[[1]], log.p = TRUE)
  },
  quantile = function(y, t, levels = c(0.1, 0.5, 0.9)) {
    pinball <- function(y, q) pmax(q * (t - y), (q - 1) * (t - y))
    Reduce(`+`, Map(pinball, y, levels)) / length(levels)
  },
  gaussian = function(y, t) -stats::dnorm(t, y[[1]], exp(y[[2]]), log = TRUE),
  student_t = function(y, t) {
    z <- (t - y[[1]]) / exp(y[[2]])
    y[[2]] - stats::dt(z, 2 + softplus(y[[3]]), log = TRUE)
  },
  negative_binomial = function(y, t) {
    -stats::dnbinom(t, mu = exp(y[[1]]), size = exp(-y[[2]]), log = TRUE)
  }
)
OUTPUTS <- c(quantile = 3, gaussian = 2, student_t = 3, negative_binomial = 2)

outputs_of <- function(loss) if (loss %in% names(OUTPUTS)) OUTPUTS[[loss]] else 1

# Targets of two features for the sequences of problem(), some missing.
loss_problem <- function(loss, ..., features = 2) {
  p <- problem("gru", ...)
  p$net <- rnn_net(2, 3, features * outputs_of(loss), "gru", ..., seed = 11)
  t <- switch(loss,
    binary_cross_entropy = (sin(1:42) + 1) / 2,
    negative_binomial = floor(exp(3 * sin(1:42))),
    2 * sin(1:42)
  )
  p$target <- array(t, c(2, 3, 7))[seq_len(features), , , drop = FALSE]
  p$target[c(1, 5)] <- NA
  p
}

# The loss of each number of the target.
elements <- function(loss, y, target, ...) {
  features <- dim(target)[1L]
  parts <- split(seq_len(dim(y)[1L]), (seq_len(dim(y)[1L]) - 1L) %/% features)
  FORMULAS[[loss]](lapply(parts, function(rows) y[rows, , , drop = FALSE]), target, ...)
}

test_that("each loss is its formula, as a mean and as a sum", {
  for (loss in names(FORMULAS)) {
    p <- loss_problem(loss)
    each <- elements(loss, rnn_forward(p$net, p$x)$y, p$target)
    per_number <- if (loss == "quantile") 3 else 1
    expect_close(rnn_bptt(p$net, p$x, p$target, loss = loss)$loss, mean(each, na.rm = TRUE),
      label = loss
    )
    expect_close(rnn_bptt(p$net, p$x, p$target, loss = loss, reduction = "sum")$loss,
      sum(each, na.rm = TRUE) * per_number,
      label = loss
    )
  }
})

test_that("delta and levels are heard", {
  p <- loss_problem("huber")
  y <- rnn_forward(p$net, p$x)$y
  expect_close(
    rnn_bptt(p$net, p$x, p$target, loss = "huber", delta = 0.3)$loss,
    mean(elements("huber", y, p$target, delta = 0.3), na.rm = TRUE)
  )
  net <- rnn_net(2, 3, 4, seed = 1)
  y <- rnn_forward(net, p$x)$y
  levels <- c(0.25, 0.975)
  expect_close(
    rnn_bptt(net, p$x, p$target, loss = "quantile", levels = levels)$loss,
    mean(elements("quantile", y, p$target, levels = levels), na.rm = TRUE)
  )
})

test_that("the gradient of each loss is the derivative", {
  weights <- matrix(1 + sin(1:21), 3, 7)
  for (loss in names(FORMULAS)) {
    p <- loss_problem(loss)
    check <- rnn_gradcheck(p$net, p$x, p$target,
      loss = loss, weights = weights, lengths = c(7, 4, 6), wrt = c("param", "x", "state")
    )
    expect_lt(attr(check, "max_error"), 1e-7, label = loss)
  }
  p <- problem("lstm", loss = "cross_entropy")
  check <- rnn_gradcheck(p$net, p$x, p$target,
    loss = "cross_entropy", weights = weights, class_weights = c(1, 0, 2.5, 0.1)
  )
  expect_lt(attr(check, "max_error"), 1e-7)
})

test_that("a step's weight multiplies its loss, and the mean divides by all that count", {
  w <- matrix(c(0, 0.5, 2), 3, 7)
  for (loss in names(FORMULAS)) {
    p <- loss_problem(loss)
    each <- elements(loss, rnn_forward(p$net, p$x)$y, p$target)
    of_each <- rep(w, each = 2)
    counts <- !is.na(each)
    want <- sum((each * of_each)[counts]) / sum(of_each[counts])
    weighted <- function(weights, ...) {
      rnn_bptt(p$net, p$x, p$target, loss = loss, weights = weights, ...)
    }
    expect_close(weighted(w)$loss, want, label = loss)
    expect_close(weighted(array(w, c(1, 3, 7)))$grad, weighted(4 * w)$grad)
    expect_close(
      weighted(w, precision = "single", reduction = "sum")$loss,
      weighted(w, reduction = "sum")$loss, 1e-6
    )
    plain <- rnn_bptt(p$net, p$x, p$target, loss = loss)
    expect_close(weighted(matrix(1, 3, 7))[c("loss", "grad")], plain[c("loss", "grad")])
  }
})

test_that("weights come in the forms of the target", {
  net <- rnn_net(1, 3, 1, "gru", seed = 1)
  x <- list(a = sin(1:5), b = sin(1:3))
  target <- list(a = cos(1:5), b = cos(1:3))
  w <- list(a = c(1, 0, 2, 0, 1), b = c(3, 1, 1))
  y <- rnn_forward(net, x)$y
  want <- sum(w$a * (y$a - target$a)^2, w$b * (y$b - target$b)^2) / sum(w$a, w$b)
  expect_close(rnn_bptt(net, x, target, weights = w)$loss, want)
  expect_close(rnn_bptt(net, x$a, target$a, weights = w$a)$loss, sum(w$a * (y$a - target$a)^2) / 4)

  last <- rnn_net(1, 3, 2, "gru", output_mode = "last", seed = 1)
  y <- rnn_forward(last, x)$y
  target <- matrix(1:4, 2, 2)
  expect_close(
    rnn_bptt(last, x, target, weights = c(1, 3))$loss,
    sum(c(1, 3) * (y - target)^2) / 8
  )
})

test_that("class weights multiply the loss of their class", {
  p <- problem("gru", loss = "cross_entropy")
  p$target[4] <- NA
  cw <- c(1, 2, 0.5, 3)
  y <- rnn_forward(p$net, p$x)$y
  log_p <- log(apply(y, 2:3, function(v) exp(v) / sum(exp(v))))
  each <- vapply(seq_along(p$target), function(i) {
    if (is.na(p$target[i])) NA_real_ else -log_p[p$target[i] + 4 * (i - 1)]
  }, 0)
  w <- 1 + (1:21) / 10
  all <- cw[p$target] * w
  f <- function(...) rnn_bptt(p$net, p$x, p$target, loss = "cross_entropy", ...)$loss
  counts <- !is.na(each)
  expect_close(f(class_weights = cw), sum((cw[p$target] * each)[counts]) / sum(cw[p$target][counts]))
  expect_close(
    f(class_weights = cw, weights = matrix(w, 3, 7)),
    sum((all * each)[counts]) / sum(all[counts])
  )
  expect_close(f(class_weights = cw, reduction = "sum"), sum((cw[p$target] * each)[counts]))
})

# ------------------------------------------------------------------------------ functions

mse <- function(y, target) {
  counts <- !is.na(target)
  d <- ifelse(counts, y - target, 0)
  n <- sum(counts)
  list(loss = sum(d^2) / n, dy = 2 * d / n)
}

test_that("a function of one's own does what the built-in loss does", {
  p <- loss_problem("mse")
  state <- list(h = diag(3))
  for (options in list(
    list(), list(truncate = 3, clip_norm = 0.1), list(state = state, wrt = c("x", "state")),
    list(memory = "recompute"), list(threads = 2)
  )) {
    own <- do.call(rnn_bptt, c(list(p$net, p$x, p$target, loss = mse), options))
    built_in <- do.call(rnn_bptt, c(list(p$net, p$x, p$target), options))
    expect_s3_class(own, "rnn_bptt")
    expect_close(unclass(own), unclass(built_in))
  }
  unnamed <- rnn_bptt(p$net, p$x, p$target, loss = function(y, t) unname(mse(y, t)))
  expect_close(unnamed$grad, rnn_bptt(p$net, p$x, p$target)$grad)
})

test_that("a function may have defaults, dots, or be a primitive", {
  p <- loss_problem("mse")
  want <- rnn_bptt(p$net, p$x, p$target)$loss
  expect_close(rnn_bptt(p$net, p$x, p$target, loss = function(...) mse(...))$loss, want)
  expect_close(rnn_bptt(p$net, p$x, p$target, loss = function(y, t, a = 1) mse(y, t))$loss, want)
  expect_error(rnn_bptt(p$net, p$x, p$target, loss = `+`), "returned one value",
    class = "bptt_input_error"
  )
})

test_that("for a function, no states are made", {
  net <- rnn_net(1, 64, 1, seed = 1)
  x <- array(0, c(1, 1, 2e4))
  f <- function(y, target) list(0, 0 * y)
  gc(reset = TRUE)
  before <- gc()[2L, 2L]
  rnn_bptt(net, x, loss = f, memory = "recompute", wrt = "param")
  expect_lt(gc()[2L, 6L] - before, 5) # MB; 64 x 2e4 states would be 10
})

test_that("a function gets outputs and target as the caller has them", {
  net <- rnn_net(1, c(4, 3), 1, "gru", dropout = 0.5, seed = 1)
  x <- list(a = sin(1:5), b = sin(1:3))
  seen <- NULL
  f <- function(y, target) {
    seen <<- list(y, target)
    list(sum(unlist(y)), lapply(y, function(v) rep(1, length(v))))
  }
  result <- rnn_bptt(net, x, "anything", loss = f, seed = 3)
  expect_identical(seen, list(rnn_forward(net, x, seed = 3)$y, "anything"))
  expect_identical(seen[[1L]], result$y)
  expect_close(result$loss, sum(unlist(result$y)))
  set.seed(1)
  drawn <- rnn_bptt(net, x, loss = f)
  expect_identical(seen, list(drawn$y, NULL))
})

test_that("rnn_objective() takes a function", {
  p <- loss_problem("mse")
  own <- rnn_objective(p$net, p$x, p$target, loss = mse)
  built_in <- rnn_objective(p$net, p$x, p$target)
  expect_close(own$fn(own$par / 2), built_in$fn(own$par / 2))
  expect_close(own$gr(own$par / 2), built_in$gr(own$par / 2))
})

test_that("a loss or gradient of a function that is not finite is returned with a warning", {
  p <- loss_problem("mse")
  returns <- function(loss, dy) function(y, target) list(loss = loss, dy = y * 0 + dy)
  run <- function(f) rnn_bptt(p$net, p$x, p$target, loss = f)
  expect_warning(result <- run(returns(Inf, 0)), "^the loss is not finite$",
    class = "bptt_nonfinite_warning"
  )
  expect_identical(result$loss, Inf)
  expect_warning(result <- run(returns(1, NaN)), "the gradient of `W_xh` is not finite",
    class = "bptt_nonfinite_warning"
  )
  expect_identical(result$loss, 1)
  expect_true(all(is.nan(result$grad$W_hy)))
})

# ------------------------------------------------------------------------------------- dy

test_that("dy is a gradient for the outputs, and the loss its product with them", {
  p <- loss_problem("mse")
  dy <- array(cos(1:42), c(2, 3, 7))
  result <- rnn_bptt(p$net, p$x, dy = dy)
  expect_close(result$loss, sum(dy * result$y))
  expect_lt(attr(rnn_gradcheck(p$net, p$x, dy = dy, truncate = c(2, 4)), "max_error"), 1e-7)
  # Of the squared error.
  target <- p$target
  target[is.na(target)] <- 0
  mse <- rnn_bptt(p$net, p$x, target, reduction = "sum")
  same <- rnn_bptt(p$net, p$x, dy = 2 * (result$y - target))
  for (part in c("grad", "dx", "dstate", "grad_norm")) expect_close(same[[part]], mse[[part]])
  o <- rnn_objective(p$net, p$x, dy = dy)
  expect_identical(o$fn(o$par), result$loss)
})

test_that("dy comes in the forms of the outputs", {
  net <- rnn_net(1, 3, 1, "gru", seed = 1)
  x <- list(a = sin(1:5), b = sin(1:3))
  dy <- list(a = c(1, 0, 2, 0, 1), b = c(3, 1, 1))
  result <- rnn_bptt(net, x, dy = dy)
  expect_close(result$loss, sum(unlist(dy) * unlist(result$y)))
  # Beyond the lengths it may be anything.
  padded <- cbind(c(sin(1:5)), c(sin(1:3), 0, 0))
  pad <- cbind(dy$a, c(dy$b, NaN, Inf))
  expect_close(rnn_bptt(net, padded, dy = pad, format = "TB", lengths = c(5, 3))$grad, result$grad)
  last <- rnn_net(1, 3, 2, "gru", output_mode = "last", seed = 1)
  result <- rnn_bptt(last, x, dy = diag(2))
  expect_close(result$loss, sum(diag(result$y)))
})
