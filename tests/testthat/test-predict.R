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

# Networks of all cells for the input of problem(), with `outputs` outputs.
networks <- function(count, outputs = 3, ...) {
  lapply(seq_len(count), function(k) {
    rnn_net(2, 2 + k, outputs, CELLS[1 + k %% 3], ..., seed = k)
  })
}

# The same function of the predictions of all networks, number by number.
by_number <- function(predictions, f) {
  array(apply(sapply(predictions, as.vector), 1, f), dim(predictions[[1]]))
}

test_that("outputs and probabilities of several networks are combined number by number", {
  x <- problem()$x
  for (count in 2:5) {
    nets <- networks(count)
    y <- lapply(nets, rnn_predict, x)
    prob <- lapply(nets, rnn_predict, x, type = "prob")
    expect_identical(rnn_predict(nets, x), Reduce(`+`, y) / count)
    expect_close(rnn_predict(nets, x, combine = "median"), by_number(y, median), 1e-15)
    expect_identical(rnn_predict(nets, x, combine = "all"), y)

    means <- rnn_predict(nets, x, type = "prob")
    expect_identical(means, Reduce(`+`, prob) / count)
    medians <- rnn_predict(nets, x, type = "prob", combine = "median")
    plain <- by_number(prob, median)
    expect_close(medians, sweep(plain, 2:3, apply(plain, 2:3, sum), "/"), 1e-15)
    expect_identical(rnn_predict(nets, x, type = "prob", combine = "all"), prob)

    class <- rnn_predict(nets, x, type = "class")
    expect_identical(dim(class), c(1L, 3L, 7L))
    expect_identical(as.vector(class), as.double(apply(means, 2:3, which.max)))
    class <- rnn_predict(nets, x, type = "class", combine = "median")
    expect_identical(as.vector(class), as.double(apply(medians, 2:3, which.max)))
    expect_identical(
      rnn_predict(nets, x, type = "class", combine = "all"),
      lapply(nets, rnn_predict, x, type = "class")
    )
  }
})

test_that("the middle of many is found", {
  x <- problem()$x
  for (count in c(30, 31)) {
    nets <- networks(count)[(seq_len(count) * 7) %% count + 1]
    y <- lapply(nets, rnn_predict, x)
    expect_close(rnn_predict(nets, x, combine = "median"), by_number(y, median), 1e-15)
  }
  same <- rep(networks(1), 9)
  expect_identical(rnn_predict(same, x, combine = "median"), rnn_predict(same[[1]], x))
})

test_that("a single network is what it is by itself", {
  x <- problem()$x
  net <- networks(1)[[1]]
  for (type in c("response", "prob", "class")) {
    y <- rnn_predict(net, x, type = type)
    for (combine in c("mean", "median")) {
      expect_identical(rnn_predict(net, x, type = type, combine = combine), y)
      expect_identical(rnn_predict(list(net), x, type = type, combine = combine), y)
    }
    expect_identical(rnn_predict(net, x, type = type, combine = "all"), list(y))
    expect_identical(predict(net, x, type = type, combine = "all"), list(y))
    expect_identical(rnn_predict(list(net), x, type = type, combine = "all"), list(y))
  }
  # Outputs so close that their probabilities are the same have their order still.
  net$param$W_hy[] <- 0
  net$param$b_y <- c(0, 1e-17, 0)
  expect_true(all(rnn_predict(list(net), x, type = "class") == 2))
})

test_that("several networks of one output tell two classes apart", {
  x <- problem()$x
  nets <- networks(4, outputs = 1)
  prob <- lapply(nets, rnn_predict, x, type = "prob")
  medians <- rnn_predict(nets, x, type = "prob", combine = "median")
  expect_close(medians, by_number(prob, median), 1e-15)
  class <- rnn_predict(nets, x, type = "class")
  expect_identical(class, (rnn_predict(nets, x, type = "prob") > 0.5) * 1)
  expect_setequal(class, 0:1)
})

test_that("medians that are all 0 give way to the mean", {
  nets <- lapply(1:3, function(k) {
    net <- rnn_net(1, 2, 3, seed = k)
    net$param$b_y[k] <- 2000
    net
  })
  prob <- rnn_predict(nets, 1:2, type = "prob", combine = "median")
  expect_identical(prob, matrix(1 / 3, 2, 3))
})

test_that("several networks take all forms of x, lengths and states", {
  x <- problem()$x
  nets <- networks(3)
  each <- function(...) rnn_predict(nets, ..., combine = "all")
  mean_of <- function(y) (y[[1]] + y[[2]] + y[[3]]) / 3
  short <- rnn_predict(nets, x, lengths = c(7, 1, 3))
  expect_identical(short, mean_of(each(x, lengths = c(7, 1, 3))))
  expect_true(all(is.nan(short[, 2, 2:7])))
  expect_identical(
    is.nan(rnn_predict(nets, x, lengths = c(7, 1, 3), combine = "median")), is.nan(short)
  )

  items <- list(a = t(x[, 1, ]), b = t(x[, 2, 1:4]))
  y <- rnn_predict(nets, items)
  expect_identical(names(y), c("a", "b"))
  expect_identical(y$b, mean_of(lapply(each(items), `[[`, "b")))
  expect_identical(names(each(items)[[2]]), c("a", "b"))
  expect_identical(rnn_predict(nets, as.data.frame(items$a)), rnn_predict(nets, items$a))

  last <- networks(3, output_mode = "last")
  expect_identical(rnn_predict(last, x), mean_of(rnn_predict(last, x, combine = "all")))
  expect_identical(dim(rnn_predict(last, x)), c(3L, 3L))
  expect_identical(dim(rnn_predict(last, items, type = "class")), NULL)

  state <- lapply(nets, function(net) rnn_forward(net, x[, , 1:4])$state)
  rest <- rnn_predict(nets, x[, , 5:7], state = state)
  expect_close(rest, rnn_predict(nets, x)[, , 5:7], 1e-15)
  some <- list(NULL, state[[2]], NULL)
  expect_identical(
    rnn_predict(nets, x, state = some, combine = "all")[[2]],
    rnn_predict(nets[[2]], x, state = state[[2]])
  )

  single <- lapply(nets, rnn_predict, x, precision = "single")
  expect_identical(rnn_predict(nets, x, precision = "single"), mean_of(single))
  expect_identical(rnn_predict(nets, x, threads = 2), rnn_predict(nets, x))
})

test_that("the network that is not finite is named", {
  nets <- networks(2)
  nets[[2]]$param$W_hy[] <- 1e308
  nets[[2]]$param$b_y[] <- 1e308
  nets[[2]]$param$b_h[] <- 100
  expect_warning(
    y <- rnn_predict(nets, problem()$x), "^`net\\[\\[2\\]\\]`: the output is not finite",
    class = "bptt_nonfinite_warning"
  )
  expect_false(any(is.finite(y)))
})
