y <- sin(1:120 / 4)
tune <- function(...) rnn_tune(head(y, -1), tail(y, -1), ..., seed = 1)

test_that("a grid has all combinations, the first option changing fastest", {
  found <- tune(list(cell = c("rnn", "gru"), hidden = list(2, c(3, 3))), epochs = 5)
  expect_identical(found$table$cell, c("rnn", "gru", "rnn", "gru"))
  expect_identical(found$table$hidden, c("2", "2", "3, 3", "3, 3"))
  expect_identical(found$best, which.min(found$table$score))
  expect_identical(found$table$epochs, rep(5, 4))
  expect_true(all(is.na(found$table$error)))
})

test_that("a score is the validation loss of rnn_train", {
  found <- tune(list(hidden = c(2, 4)), epochs = 8, validation = 0.3, cell = "lstm")
  scores <- vapply(c(2, 4), function(hidden) {
    net <- rnn_net(1, hidden, 1, "lstm", seed = 1)
    fit <- rnn_train(net, head(y, -1), tail(y, -1), epochs = 8, validation = 0.3, seed = 1)
    min(fit$history$validation_loss)
  }, 0)
  expect_identical(found$table$score, scores)
  expect_identical(found$fit$net, {
    net <- rnn_net(1, c(2, 4)[which.min(scores)], 1, "lstm", seed = 1)
    rnn_train(net, head(y, -1), tail(y, -1), epochs = 8, validation = 0.3, seed = 1)$net
  })
})

test_that("origins roll: no run has seen what it is scored by", {
  found <- tune(list(hidden = 3), epochs = 6, origins = 3, horizon = 10)
  x <- head(y, -1)
  target <- tail(y, -1)
  scores <- vapply(c(99, 109, 119), function(seen) {
    i <- seq_len(seen - 10)
    later <- replace(target[seq_len(seen)], i, NA)
    fit <- rnn_train(rnn_net(1, 3, 1, seed = 1), x[i], target[i],
      validation = list(x = x[seq_len(seen)], target = later), epochs = 6, seed = 1
    )
    min(fit$history$validation_loss)
  }, 0)
  expect_identical(found$table$score, mean(scores))
  # Several series of unequal length.
  series <- list(y[1:50], y[20:119])
  targets <- list(y[2:51], y[21:120])
  many <- rnn_tune(series, targets, list(hidden = 3), epochs = 3, origins = 2, horizon = 5, seed = 1)
  expect_true(is.finite(many$table$score))
})

test_that("random draws are of the grid, without repetition", {
  found <- tune(list(hidden = 1:10), search = "random", n = 6, epochs = 1)
  expect_length(unique(found$table$hidden), 6)
  expect_identical(found$table, local({
    again <- tune(list(hidden = 1:10), search = "random", n = 6, epochs = 1)$table
    again$seconds <- found$table$seconds
    again
  }))
  drawn <- tune(list(learn_rate = function() 10^runif(1, -3, -1)),
    search = "random", n = 3, epochs = 1, hidden = 2
  )
  expect_true(all(drawn$table$learn_rate > 1e-3 & drawn$table$learn_rate < 0.1))
})

test_that("halving gives the better ones more epochs", {
  found <- tune(list(hidden = 1:9), search = "halving", n = 9, epochs = 27)
  expect_identical(sort(found$table$epochs), c(rep(3, 6), rep(9, 2), 27))
  expect_identical(found$table$epochs[found$best], 27)
})

test_that("a candidate that fails is recorded", {
  found <- tune(list(learn_rate = c(0.01, -1)), hidden = 2, epochs = 1)
  expect_identical(found$best, 1L)
  expect_match(found$table$error[2], "`learn_rate` is -1")
  expect_output(print(found), "1 failed")
  all_fail <- tune(list(learn_rate = -(1:2)), hidden = 2, epochs = 1)
  expect_identical(all_fail$best, NA_integer_)
  expect_null(all_fail$fit)
})

test_that("a search goes on where it was", {
  file <- tempfile(fileext = ".rds")
  grid <- list(hidden = c(2, 3))
  first <- tune(grid, epochs = 4, file = file)
  expect_identical(tune(grid, epochs = 4, file = file), first) # seconds as well
  expect_error(tune(grid, epochs = 4, file = file, cell = "gru"), "not of this search",
    class = "bptt_input_error"
  )
  # As if it had been stopped after the first candidate.
  kept <- readRDS(file)
  kept$rounds[[1]][2] <- list(NULL)
  saveRDS(kept, file)
  again <- tune(grid, epochs = 4, file = file)
  expect_identical(again$table$seconds[1], first$table$seconds[1])
  expect_identical(again$table$score, first$table$score)
})

test_that("workers make the same table", {
  skip_if_not_installed("future.apply")
  grid <- list(hidden = 2:5, cell = c("rnn", "gru"))
  alone <- tune(grid, epochs = 3)
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old))
  together <- tune(grid, epochs = 3)
  same <- setdiff(names(alone$table), "seconds")
  expect_identical(together$table[same], alone$table[same])
  expect_identical(together$fit$net, alone$fit$net)
})

test_that("what is wrong is named", {
  wrong <- function(expr, text) expect_error(expr, text, class = "bptt_input_error")
  wrong(tune(3), "`grid` is 3")
  wrong(tune(list(2)), "`grid` is of class list")
  wrong(tune(list(hiden = 2)), "`hiden` is not an option")
  wrong(tune(list(hidden = 2), epoch = 3), "`epoch` is not an option")
  wrong(tune(list(hidden = 2), hidden = 3), "`hidden` is in `grid` and given as well")
  wrong(tune(list(hidden = integer())), "`hidden` of `grid` has no values")
  wrong(tune(list(hidden = function() 2)), "`hidden` of `grid` is a function")
  wrong(tune(list(hidden = 2), n = 0), "`n` is 0")
  wrong(tune(list(hidden = 2), origins = 2), "`horizon` is missing")
  wrong(tune(list(hidden = 2), origins = 20, horizon = 10), "`origins` are 20")
})
