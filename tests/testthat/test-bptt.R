# Options and results of rnn_bptt() and rnn_forward().

test_that("results have their names in order, and wrt leaves some out", {
  for (cell in CELLS) {
    p <- problem(cell)
    r <- rnn_bptt(p$net, p$x, p$target)
    expect_s3_class(r, "rnn_bptt", exact = TRUE)
    expect_identical(names(r), c("loss", "grad", "grad_norm", "y", "state", "dx", "dstate"))
    expect_identical(lapply(r$grad, dim), lapply(p$net$param, dim))
    expect_identical(lengths(r$grad), lengths(p$net$param))
    expect_identical(names(r$state), if (cell == "lstm") c("h", "c") else "h")
    expect_identical(lapply(r$dstate, dim), lapply(r$state, dim))
    expect_identical(dim(r$state$h), c(3L, 3L))

    f <- rnn_forward(p$net, p$x)
    expect_identical(names(f), c("y", "h", "state"))
    expect_identical(f$y, r$y)
    expect_identical(f$state, r$state)
    expect_identical(f$h[, , 7], f$state$h)

    for (wrt in list("param", "x", "state", c("x", "state"), c("state", "param"))) {
      part <- rnn_bptt(p$net, p$x, p$target, wrt = wrt)
      there <- c(
        "loss", if ("param" %in% wrt) c("grad", "grad_norm"), "y", "state",
        if ("x" %in% wrt) "dx", if ("state" %in% wrt) "dstate"
      )
      expect_identical(names(part), there)
      expect_close(unclass(part), unclass(r)[there], 1e-14)
    }
  }
})

test_that("truncation carries the state and not the gradient", {
  for (cell in CELLS) {
    p <- problem(cell)
    total <- 0
    grad <- 0
    state <- NULL
    for (chunk in list(1:3, 4:6, 7)) {
      r <- rnn_bptt(p$net, p$x[, , chunk, drop = FALSE], p$target[, , chunk, drop = FALSE],
        reduction = "sum", state = state
      )
      state <- r$state
      total <- total + r$loss
      grad <- grad + rnn_pack(r$grad)
    }
    r <- rnn_bptt(p$net, p$x, p$target, reduction = "sum", truncate = 3)
    expect_close(r$loss, total, 1e-14)
    expect_close(rnn_pack(r$grad), grad, 1e-14)
    expect_identical(rnn_bptt(p$net, p$x, p$target, reduction = "sum", truncate = c(3, 3)), r)

    full <- rnn_bptt(p$net, p$x, p$target)
    for (truncate in list(7, 100, Inf, c(1, Inf), c(2, 100), c(2, 8), c(7, 7), 7L)) {
      expect_close(
        unclass(rnn_bptt(p$net, p$x, p$target, truncate = truncate)), unclass(full), 1e-13
      )
    }
  }
})

test_that("a state goes in as a matrix or, for one sequence, as a vector", {
  p <- problem("lstm")
  first <- rnn_forward(p$net, p$x[, , 1:4])
  second <- rnn_forward(p$net, p$x[, , 5:7], state = first$state)
  whole <- rnn_forward(p$net, p$x)
  expect_close(second$y, whole$y[, , 5:7], 1e-15)
  expect_close(second$state, whole$state, 1e-15)

  x <- t(p$x[, 1, ])
  h <- c(0.1, 0.2, 0.3)
  as_matrix <- rnn_forward(p$net, x, state = list(h = matrix(h), c = matrix(-h)))
  expect_identical(rnn_forward(p$net, x, state = list(h = h, c = -h)), as_matrix)
  expect_identical(dim(as_matrix$state$c), c(3L, 1L))
})

test_that("missing targets count for nothing", {
  p <- problem("gru")
  p$target[c(1, 5, 40)] <- NA
  r <- rnn_bptt(p$net, p$x, p$target)
  expect_close(r$loss, mean((r$y - p$target)^2, na.rm = TRUE), 1e-14)
  expect_true(all(is.finite(rnn_pack(r$grad))))
  p$target[] <- NaN
  none <- rnn_bptt(p$net, p$x, p$target, reduction = "sum")
  expect_identical(none$loss, 0)
  expect_true(all(rnn_pack(none$grad) == 0))
  expect_error(rnn_bptt(p$net, p$x, p$target), class = "bptt_input_error")
})

test_that("single precision is single inside and double outside", {
  for (cell in CELLS) {
    p <- problem(cell)
    double <- rnn_bptt(p$net, p$x, p$target)
    single <- rnn_bptt(p$net, p$x, p$target, precision = "single")
    expect_true(is.double(single$y))
    expect_close(unclass(single), unclass(double), 1e-5)
    expect_false(identical(single$y, double$y))
    is_single <- function(v) {
      identical(v, readBin(writeBin(v, raw(), size = 4L), "double", length(v), size = 4L))
    }
    expect_true(is_single(as.vector(single$y)))
    expect_true(is_single(rnn_pack(single$grad)))
  }
})

test_that("the same call gives the same bits", {
  p <- problem("lstm")
  expect_identical(rnn_bptt(p$net, p$x, p$target), rnn_bptt(p$net, p$x, p$target))
})

test_that("the result prints", {
  expect_printed(rnn_bptt(scalar_net(), c(1, 2), c(2, 5), reduction = "sum"), "
    Loss 12.8125
    Gradient, norm 36.05833:
      W_xh  1 x 1
      W_hh  1 x 1
      b_h   1
      W_hy  1 x 1
      b_y   1
    Also: $y $state $dx $dstate
  ")
  expect_printed(rnn_bptt(scalar_net(), c(1, 2), c(2, 5), wrt = "x"), "
    Loss 6.40625
    Also: $y $state $dx
  ")
})

test_that("a result changed by hand prints", {
  result <- rnn_bptt(scalar_net(), c(1, 2), c(2, 5), reduction = "sum", wrt = "param")
  printed <- function(x) capture.output(expect_invisible(print(x)))
  change <- function(...) utils::modifyList(result, list(...))
  expect_identical(
    printed(change(grad = NULL)), c("Loss 12.8125", "Also: $y $state")
  )
  expect_identical(printed(change(grad_norm = NULL))[2L], "Gradient:")
  expect_identical(
    printed(change(grad = NULL, y = NULL, state = NULL)), "Loss 12.8125"
  )
  no_loss <- "Not a whole result of rnn_bptt(): there is no loss"
  expect_identical(printed(structure(list(), class = "rnn_bptt")), c(no_loss, " list()"))
  expect_identical(printed(change(loss = NULL))[1L], no_loss)
  expect_identical(printed(structure(1, class = "rnn_bptt"))[1L], no_loss)
  expect_identical(printed(change(grad = 1:3))[2L], "Also: $grad $y $state")
})
