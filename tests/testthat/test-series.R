# All forms of a series give the numbers of the array that they stand for.

test_that("any order of dims will do", {
  p <- problem("gru")
  for (precision in c("double", "single")) {
    want <- rnn_bptt(p$net, p$x, p$target, precision = precision)
    for (format in c("CBT", "CTB", "BCT", "BTC", "TCB", "TBC")) {
      order <- match(strsplit(format, "")[[1L]], c("C", "B", "T"))
      got <- rnn_bptt(p$net, aperm(p$x, order), aperm(p$target, order),
        format = format, precision = precision
      )
      expect_identical(got[c("loss", "grad", "grad_norm", "state", "dstate")],
        want[c("loss", "grad", "grad_norm", "state", "dstate")],
        label = format
      )
      expect_identical(got$y, aperm(want$y, order))
      expect_identical(got$dx, aperm(want$dx, order))
      h <- rnn_forward(p$net, aperm(p$x, order), format = format, precision = precision)$h
      expect_identical(h, aperm(rnn_forward(p$net, p$x, precision = precision)$h, order))
    }
  }
})

test_that("a matrix is one series, time x features", {
  p <- problem("lstm")
  x <- t(p$x[, 1, ])
  target <- t(p$target[, 1, ])
  want <- rnn_bptt(p$net, p$x[, 1, , drop = FALSE], p$target[, 1, , drop = FALSE])
  got <- rnn_bptt(p$net, x, target)
  expect_identical(got$loss, want$loss)
  expect_identical(got$grad, want$grad)
  expect_identical(got$y, t(want$y[, 1, ]))
  expect_identical(got$dx, t(want$dx[, 1, ]))
  expect_identical(rnn_bptt(p$net, t(x), t(target), format = "CT")$dx, t(got$dx))

  expect_identical(rnn_bptt(p$net, ts(x, start = 2000, frequency = 12), ts(target)), got)
  expect_identical(rnn_bptt(p$net, as.data.frame(x), as.data.frame(target)), got)
  expect_identical(
    rnn_forward(p$net, list(as.data.frame(x)))$y, list(got$y)
  )
})

test_that("a vector is one series of one feature", {
  net <- rnn_net(1, 3, 1, "gru", seed = 1)
  x <- sin(1:6)
  target <- cos(1:6)
  cbt <- function(v) array(v, c(1, 1, length(v)))
  want <- rnn_bptt(net, cbt(x), cbt(target))
  got <- rnn_bptt(net, x, target)
  expect_identical(got$grad, want$grad)
  expect_identical(got$y, as.vector(want$y))
  expect_identical(got$dx, as.vector(want$dx))
  expect_identical(rnn_bptt(net, ts(x), ts(target)), got)
  expect_identical(rnn_bptt(net, array(x), array(target))$loss, got$loss)

  # More features than the form has room for are appended.
  two <- rnn_net(1, 3, 2, "gru", seed = 1)
  y <- rnn_forward(two, x)
  expect_identical(dim(y$y), c(6L, 2L))
  expect_identical(y$y, t(rnn_forward(two, cbt(x))$y[, 1, ]))
  expect_identical(dim(y$h), c(6L, 3L))
})

test_that("a list holds series of unequal length", {
  p <- problem("lstm")
  len <- c(7, 2, 4)
  series <- function(a) lapply(1:3, function(b) t(a[, b, seq_len(len[b])]))
  named <- stats::setNames(series(p$x), c("a", "b", "c"))
  want <- rnn_bptt(p$net, p$x, p$target, lengths = len)
  got <- rnn_bptt(p$net, named, series(p$target))
  same <- c("loss", "grad", "grad_norm", "state", "dstate")
  expect_identical(got[same], want[same])
  expect_identical(names(got$y), c("a", "b", "c"))
  expect_identical(names(got$dx), c("a", "b", "c"))
  expect_identical(unname(got$y), series(want$y))
  expect_identical(unname(got$dx), series(want$dx))
  expect_null(names(rnn_predict(p$net, series(p$x))))
  expect_identical(
    rnn_bptt(p$net, lapply(named, t), lapply(series(p$target), t), format = "CT")$loss, got$loss
  )

  net <- rnn_net(1, 3, 1, seed = 1)
  expect_identical(
    rnn_predict(net, list(c(1, 2, 3), 4)),
    list(rnn_predict(net, c(1, 2, 3)), rnn_predict(net, 4))
  )
})

test_that("what lies beyond the lengths is never looked at", {
  for (cell in CELLS) {
    p <- problem(cell)
    len <- c(3, 7, 1)
    want <- rnn_bptt(p$net, p$x, p$target, lengths = len)
    for (b in 1:3) {
      beyond <- setdiff(1:7, seq_len(len[b]))
      p$x[, b, beyond] <- NA
      p$target[, b, beyond] <- Inf
      expect_true(all(is.nan(want$y[, b, beyond])))
      expect_true(all(want$dx[, b, beyond] == 0))
    }
    expect_identical(rnn_bptt(p$net, p$x, p$target, lengths = len), want)
    alone <- rnn_forward(p$net, p$x[, 1, 1:3, drop = FALSE])
    expect_close(alone$state$h, want$state$h[, 1, drop = FALSE], 1e-15)
  }
})

test_that("a target of one feature may leave its dim out", {
  p <- problem("rnn")
  net <- rnn_net(2, 3, 1, seed = 2)
  target <- p$target[1, , , drop = FALSE]
  want <- rnn_bptt(net, p$x, target)
  expect_identical(rnn_bptt(net, p$x, target[1, , ]), want)
  expect_identical(
    rnn_bptt(net, aperm(p$x, c(3, 2, 1)), t(target[1, , ]), format = "TBC")$loss, want$loss
  )
  one <- rnn_bptt(net, t(p$x[, 1, ]), target[1, 1, ])
  expect_identical(rnn_bptt(net, t(p$x[, 1, ]), matrix(target[1, 1, ])), one)
  expect_identical(rnn_bptt(net, p$x[, 1, , drop = FALSE], target[1, 1, ])$loss, one$loss)
})

test_that("classes may be numbers, integers or a factor", {
  p <- problem("lstm", loss = "cross_entropy")
  classes <- p$target[1, ]
  x <- t(p$x[, 1, ])
  want <- rnn_bptt(p$net, x, as.double(classes), loss = "cross_entropy")
  expect_identical(rnn_bptt(p$net, x, as.integer(classes), loss = "cross_entropy"), want)
  expect_identical(rnn_bptt(p$net, x, factor(classes, 1:4), loss = "cross_entropy"), want)
  expect_identical(
    rnn_bptt(p$net, list(x), list(factor(classes, 1:4)), loss = "cross_entropy")$grad, want$grad
  )
  classes[2] <- NA
  missing <- rnn_bptt(p$net, x, as.integer(classes), loss = "cross_entropy")
  expect_identical(rnn_bptt(p$net, x, factor(classes, 1:4), loss = "cross_entropy"), missing)
  expect_false(identical(missing$loss, want$loss))
  expect_error(rnn_bptt(p$net, x, factor(classes, 1:4)), class = "bptt_input_error")
})

test_that("integers and logicals are numbers", {
  net <- rnn_net(1, 3, 1, seed = 1)
  expect_identical(rnn_forward(net, 1:5), rnn_forward(net, as.double(1:5)))
  expect_identical(rnn_forward(net, c(TRUE, FALSE)), rnn_forward(net, c(1, 0)))
  expect_identical(
    rnn_bptt(net, 1:3, c(1L, NA, 2L))$grad, rnn_bptt(net, c(1, 2, 3), c(1, NA, 2))$grad
  )
  net$param$b_y <- 1L
  expect_equal(rnn_predict(net, 1:5), rnn_predict(rnn_net(1, 3, 1, seed = 1), 1:5) + 1)
})

test_that("arguments are left as they were", {
  p <- problem("gru")
  copy <- unserialize(serialize(p, NULL))
  rnn_bptt(p$net, p$x, p$target, clip_norm = 0.01, lengths = c(1, 2, 3), precision = "single")
  expect_identical(p, copy)
})

test_that("results are plain, and the times of a series can be put back", {
  net <- rnn_net(1, 2, 1, seed = 1)
  y <- ts(sin(1:6), start = c(2001, 2), frequency = 4)
  plain <- predict(net, y)
  expect_null(attributes(plain))
  again <- ts(predict(net, y), start = start(y), frequency = frequency(y))
  expect_identical(tsp(again), tsp(y))
  expect_null(attributes(predict(net, c(a = 1, b = 2))))
  expect_identical(attributes(predict(net, data.frame(a = 1:3))), list(dim = c(3L, 1L)))
  named <- predict(net, list(a = c(u = 1, v = 2), b = 3))
  expect_identical(named, list(a = unname(predict(net, 1:2)), b = predict(net, 3)))
})
