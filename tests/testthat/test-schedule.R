# The rate of learning over time, and the mean of the weights.

test_that("learning rates follow their schedules", {
  n <- 0:19
  rates <- function(...) train_wave(epochs = 20, learn_rate = 0.02, ...)$history$learn_rate / 0.02
  expect_close(rates(), rep(1, 20))
  expect_close(rates(schedule = "cosine"), (1 + cos(pi * n / 20)) / 2, 1e-13)
  expect_close(
    rates(schedule = "step", schedule_epochs = 6, schedule_factor = 0.5), 0.5^(n %/% 6), 1e-13
  )
  expect_close(rates(warmup = 4), pmin(1, (n + 1) / 4), 1e-13)
  up <- 1 - 0.96 * (1 + cos(pi * n[1:6] / 6)) / 2
  down <- 4e-6 + (1 - 4e-6) * (1 + cos(pi * (n[7:20] - 6) / 14)) / 2
  expect_close(rates(schedule = "one_cycle"), c(up, down), 1e-13)
})

test_that("the mean of the weights is that of the formula", {
  mean <- rnn_pack(wave$net)
  for (t in 1:5) {
    kept <- min(0.999, (1 + t) / (10 + t))
    mean <- kept * mean + (1 - kept) * rnn_pack(train_wave(epochs = t)$net)
  }
  expect_close(rnn_pack(train_wave(epochs = 5, average = TRUE)$net), mean, 1e-13)
})
