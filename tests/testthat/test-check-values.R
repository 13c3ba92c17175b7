# Numbers that can be worked out by hand.

test_that("loss and gradients of two steps are right", {
  r <- rnn_bptt(scalar_net(), c(1, 2), c(2, 5), loss = "mse", reduction = "sum")
  expect_close(r$loss, 12.8125)
  expect_close(r$grad$W_hy, matrix(-12.875))
  expect_close(r$grad$W_hh, matrix(-3.25))
  expect_close(r$grad$W_xh, matrix(-25.75))
  # dL/dh is -12.75 at step 1 and -6.5 at step 2, and reaches x through W_xh = 0.5.
  expect_close(r$dx, 0.5 * c(-12.75, -6.5))
  expect_close(r$grad$b_h, -12.75 - 6.5)
  expect_close(r$grad$b_y, -3 - 6.5)
  expect_close(r$dstate$h, matrix(1.5 * -12.75))
  expect_close(r$y, c(0.5, 1.75))
  expect_close(r$state$h, matrix(1.75))
  expect_close(r$grad_norm, sqrt(sum(rnn_pack(r$grad)^2)))
})

test_that("the mean is over the elements that count", {
  expect_close(rnn_bptt(scalar_net(), c(1, 2), c(2, 5))$loss, 12.8125 / 2)
  expect_close(rnn_bptt(scalar_net(), c(1, 2), c(NA, 5))$loss, 3.25^2)
  expect_close(rnn_bptt(scalar_net(), c(1, 2), c(2, NA))$loss, 1.5^2)
})

test_that("without going back the gradient is that of each step alone", {
  r <- rnn_bptt(scalar_net(), c(1, 2), c(2, 5), reduction = "sum", truncate = 1)
  expect_close(r$loss, 12.8125)
  expect_close(r$grad$W_xh, matrix(-3 * 1 - 6.5 * 2))
  expect_close(r$grad$W_hh, matrix(-6.5 * 0.5))
})

test_that("cross entropy is that of the softmax", {
  net <- rnn_net(1, 1, 3, seed = 1)
  net$param$W_hy[] <- 0
  net$param$b_y <- log(c(1, 2, 5))
  r <- rnn_bptt(net, c(0.3, 0.4), c(3, 1), loss = "cross_entropy", reduction = "sum")
  expect_close(r$loss, -log(5 / 8) - log(1 / 8))
  expect_close(r$grad$b_y, c(2 * 1 / 8 - 1, 2 * 2 / 8, 2 * 5 / 8 - 1))
})
