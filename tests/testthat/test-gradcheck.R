# Analytic gradients against numeric ones.

models <- list(
  list("rnn"), list("rnn", activation = "sigmoid"), list("rnn", activation = "identity"),
  list("gru"), list("gru", reset = "before"), list("lstm")
)

test_that("gradients are right for every cell, loss and truncation", {
  for (model in models) {
    for (loss in c("mse", "cross_entropy")) {
      p <- do.call(problem, c(model, loss = loss))
      p$target[4] <- NA
      for (truncate in list(Inf, 1, 3, c(2, 3), c(3, 5))) {
        check <- rnn_gradcheck(p$net, p$x, p$target,
          loss = loss, truncate = truncate, wrt = c("param", "x", "state")
        )
        expect_lt(attr(check, "max_error"), 1e-7)
      }
    }
  }
})

test_that("relu is right away from its kink", {
  p <- problem("rnn", activation = "relu")
  p$net$param$b_h <- c(2, 3, -4)
  expect_lt(attr(rnn_gradcheck(p$net, p$x, p$target), "max_error"), 1e-7)
})

test_that("lengths, state, format and reduction are heeded", {
  p <- problem("lstm")
  state <- list(h = matrix(sin(1:9), 3), c = matrix(cos(1:9), 3))
  check <- rnn_gradcheck(p$net, aperm(p$x, 3:1), aperm(p$target, 3:1),
    reduction = "sum", lengths = c(7, 1, 4), state = state, format = "TBC",
    wrt = c("param", "x", "state")
  )
  expect_lt(attr(check, "max_error"), 1e-7)
  expect_identical(names(check), c("name", "error", "analytic", "numeric", "index"))
  expect_true(all(names(p$net$param) %in% check$name))
  expect_identical(max(check$error), attr(check, "max_error"))
  expect_s3_class(check, c("rnn_gradcheck", "data.frame"), exact = TRUE)
})

test_that("a gradient that is wrong on purpose is found", {
  for (model in models) {
    p <- do.call(problem, model)
    grad <- rnn_bptt(p$net, p$x, p$target)$grad
    expect_lt(attr(rnn_gradcheck(p$net, p$x, p$target, grad = grad), "max_error"), 1e-7)
    for (name in names(grad)) {
      wrong <- grad
      last <- length(wrong[[name]])
      wrong[[name]][last] <- 1.01 * wrong[[name]][last] + 1e-4
      check <- rnn_gradcheck(p$net, p$x, p$target, grad = wrong)
      worst <- which.max(check$error)
      expect_gt(check$error[worst], 1e-6)
      expect_identical(check$name[worst], name)
      expect_equal(check$index[worst], last)
      expect_identical(check$analytic[worst], wrong[[name]][last])
      expect_true(all(check$error[-worst] < 1e-7))
    }
  }
})

test_that("the full gradient is not that of a truncated loss", {
  p <- problem("gru")
  grad <- rnn_bptt(p$net, p$x, p$target)$grad
  check <- rnn_gradcheck(p$net, p$x, p$target, truncate = 2, grad = grad)
  expect_gt(attr(check, "max_error"), 1e-4)
})

test_that("the check prints", {
  check <- rnn_gradcheck(scalar_net(), c(1, 2), c(2, 5), reduction = "sum")
  check$error <- 0
  check$numeric <- round(check$numeric, 6)
  expect_printed(check, "
    Largest relative error 0, below 1e-7: the gradient is right
     name error analytic numeric index
     W_xh     0   -25.75  -25.75     1
     W_hh     0    -3.25   -3.25     1
      b_h     0   -19.25  -19.25     1
     W_hy     0   -12.88  -12.88     1
      b_y     0    -9.50   -9.50     1
  ")
})

test_that("the verdict is on the rows that are there", {
  check <- rnn_gradcheck(scalar_net(), c(1, 2), c(2, 5))
  first <- function(x) capture.output(print(x))[1L]
  check$error <- c(1e-9, 1e-6, 1e-4, NaN, 0)
  largest <- function(text) paste("Largest relative error", text)
  expect_identical(
    first(check[c(1, 5), ]), largest("1e-09, below 1e-7: the gradient is right")
  )
  expect_identical(
    first(check[1:2, ]), largest("1e-06, between 1e-7 and 1e-5: doubtful, try other values")
  )
  expect_identical(
    first(check[1:3, ]), largest("1e-04, above 1e-5: the gradient is wrong")
  )
  expect_identical(first(check), largest("NaN, not a number: it tells nothing"))
  expect_match(first(check["name"]), "name")
  expect_match(first(check[0, ]), "^\\[1\\] name +error")
  expect_match(first(structure(list(), class = class(check))), "0 columns")
  expect_match(first(structure(list(), class = "rnn_gradcheck")), "Not a whole result")
  capture.output(expect_invisible(print(check[1:2, ])))
})
