# Parameters as vectors, and R's own optimizers.

test_that("packing and unpacking are each other's inverse", {
  for (cell in CELLS) {
    p <- problem(cell)
    theta <- rnn_pack(p$net)
    expect_identical(theta, unlist(p$net$param, use.names = FALSE))
    expect_identical(rnn_pack(p$net$param), theta)
    expect_identical(rnn_unpack(theta, p$net), p$net$param)
    grad <- rnn_bptt(p$net, p$x, p$target)$grad
    expect_identical(rnn_unpack(rnn_pack(grad), p$net), grad)
  }
})

test_that("the objective is loss and gradient as functions of a vector", {
  p <- problem("gru")
  o <- rnn_objective(p$net, p$x, p$target)
  expect_identical(names(o), c("par", "fn", "gr", "net"))
  want <- rnn_bptt(p$net, p$x, p$target)
  expect_identical(o$par, rnn_pack(p$net))
  expect_identical(o$fn(o$par), want$loss)
  expect_identical(o$gr(o$par), rnn_pack(want$grad))
  expect_identical(o$net(o$par), p$net)

  net <- o$net(0.5 * o$par)
  want <- rnn_bptt(net, p$x, p$target)
  expect_identical(o$gr(0.5 * o$par), rnn_pack(want$grad))
  expect_identical(o$fn(0.5 * o$par), want$loss)
})

test_that("options pass through, and mistakes show at once", {
  p <- problem("lstm")
  options <- list(
    reduction = "sum", truncate = 3, clip_norm = 0.1, lengths = c(7, 2, 3),
    state = list(h = diag(3), c = -diag(3)), precision = "single"
  )
  o <- do.call(rnn_objective, c(list(p$net, p$x, p$target), options))
  want <- do.call(rnn_bptt, c(list(p$net, p$x, p$target), options))
  expect_identical(o$fn(o$par), want$loss)
  expect_identical(o$gr(o$par), rnn_pack(want$grad))

  expect_error(rnn_objective(p$net, p$x, p$target[, , 1:3]), class = "bptt_input_error")
  expect_error(rnn_objective(p$net, p$x, p$target, redction = "sum"),
    "did you mean `reduction`",
    class = "bptt_input_error"
  )
  expect_error(rnn_objective(p$net, p$x, p$target, wrt = "x"), class = "bptt_input_error")
  expect_error(o$fn(1), class = "bptt_input_error")
})

test_that("fn and gr share one evaluation", {
  net <- rnn_net(1, 1, 1, activation = "identity", seed = 1)
  o <- rnn_objective(net, c(1, 2), c(1, 2))
  huge <- rep(1e200, length(o$par))
  # Each evaluation warns once.
  expect_warning(o$fn(huge), class = "bptt_nonfinite_warning")
  expect_no_warning(o$gr(huge))
  expect_no_warning(o$fn(huge))
})

test_that("optim() and nlminb() get to the minimum", {
  x <- sin(0:50 / 3)
  target <- sin(1:51 / 3)
  for (cell in CELLS) {
    net <- rnn_net(1, 5, 1, cell, seed = 4)
    o <- rnn_objective(net, x, target)
    start <- o$fn(o$par)
    plain <- function(par) {
      net$param <- rnn_unpack(par, net)
      rnn_bptt(net, x, target)
    }
    for (method in c("BFGS", "L-BFGS-B", "CG")) {
      control <- list(maxit = 60)
      fit <- optim(o$par, o$fn, o$gr, method = method, control = control)
      expect_lt(fit$value, start / 20)
      expect_identical(fit, optim(o$par, function(par) plain(par)$loss,
        function(par) rnn_pack(plain(par)$grad),
        method = method, control = control
      ))
    }
    fit <- nlminb(o$par, o$fn, o$gr, control = list(iter.max = 60))
    expect_lt(fit$objective, start / 20)
    expect_identical(rnn_bptt(o$net(fit$par), x, target)$loss, fit$objective)
  }
})
