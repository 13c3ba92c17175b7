# Outputs, probabilities, classes.

test_that("predictions have the form of the input", {
  p <- problem("gru", loss = "cross_entropy")
  y <- rnn_forward(p$net, p$x)$y
  expect_identical(rnn_predict(p$net, p$x), y)
  expect_identical(predict(p$net, p$x), y)

  prob <- rnn_predict(p$net, p$x, type = "prob")
  expect_close(prob, sweep(exp(y), 2:3, apply(exp(y), 2:3, sum), "/"), 1e-14)
  expect_identical(dim(prob), dim(y))

  class <- predict(p$net, p$x, type = "class")
  expect_identical(dim(class), c(1L, 3L, 7L))
  expect_identical(as.vector(class), as.double(apply(y, 2:3, which.max)))

  x <- t(p$x[, 1, ])
  expect_identical(dim(rnn_predict(p$net, x, type = "prob")), c(7L, 4L))
  expect_identical(as.vector(rnn_predict(p$net, x, type = "class")), class[1, 1, ])
  expect_identical(predict(p$net, list(x))[[1L]], predict(p$net, x))
  single <- rnn_predict(p$net, x, precision = "single")
  expect_identical(predict(p$net, x, precision = "single"), single)
})

test_that("of equal outputs the first is the class", {
  net <- rnn_net(1, 2, 3, seed = 1)
  net$param$W_hy[] <- 0
  expect_identical(rnn_predict(net, 1:4, type = "class"), c(1, 1, 1, 1))
  net$param$b_y <- c(0, 2, 2)
  expect_identical(rnn_predict(net, 1:4, type = "class"), c(2, 2, 2, 2))
})

test_that("large outputs have probabilities", {
  net <- rnn_net(1, 2, 2, seed = 1)
  net$param$b_y <- c(1000, -1000)
  expect_equal(rnn_predict(net, 1, type = "prob"), matrix(c(1, 0), 1))
})

test_that("beyond the lengths there is no prediction", {
  p <- problem("gru", loss = "cross_entropy")
  for (type in c("response", "prob", "class")) {
    y <- rnn_predict(p$net, p$x, type = type, lengths = c(7, 1, 3))
    expect_true(all(is.nan(y[, 2, 2:7])))
    expect_false(anyNA(y[, 1, ]))
  }
})

test_that("a series that is missing is said by the package", {
  net <- rnn_net(1, 2, 1, seed = 1)
  expect_error(predict(net), "`newdata` is missing; predict needs it", class = "bptt_input_error")
  expect_error(predict(net, type = "prob"), class = "bptt_input_error")
})
