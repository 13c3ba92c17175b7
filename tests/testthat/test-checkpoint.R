# Checkpoints of rnn_train: going on to the same bits, and what is said where that cannot be.

test_that("a training that is resumed ends with the same bits", {
  file <- tempfile()
  deep <- rnn_net(1, c(3, 4), 1, "lstm", dropout = 0.3, seed = 2)
  options <- list(
    list(net = deep, optimizer = "adam", window = 8, batch_size = 7, noise = 0.01, average = TRUE),
    list(net = deep, optimizer = "rmsprop", momentum = 0.5, validation = 0.2, schedule = "plateau"),
    list(optimizer = "sgd", momentum = 0.5, nesterov = TRUE, window = 7, stateful = TRUE),
    list(optimizer = "lbfgs", weight_decay = 1e-3, validation = 0.2),
    list(precision = "single", repeats = 2)
  )
  for (more in options) {
    run <- function(...) do.call(train_wave, c(more, list(...)))
    whole <- run(epochs = 6, seed = 3)
    run(epochs = 2, seed = 3, checkpoint = file)
    run(epochs = 4, seed = NULL, resume = file, checkpoint = file)
    rest <- run(epochs = 6, seed = NULL, resume = file)
    expect_identical(timeless(rest), timeless(whole))
    expect_true(all(diff(rest$history$seconds[seq_len(6)]) > 0))
  }
})

test_that("what differs from a checkpoint is named", {
  file <- tempfile()
  train_wave(epochs = 2, checkpoint = file, validation = 0.2)
  go_on <- function(...) {
    args <- utils::modifyList(list(epochs = 4, validation = 0.2, resume = file), list(...))
    do.call(train_wave, args)
  }
  go_on()
  differ <- list(
    optimizer = "adamw", learn_rate = 0.1, beta1 = 0.5, validation = 0.3, window = 10,
    loss = "mae", clip_norm = 2, x = wave$x + 1, target = wave$target * 2,
    weights = rep(1:2, 30), net = rnn_net(1, 4, 1, "lstm", seed = 1), seed = 2
  )
  for (name in names(differ)) {
    e <- tryCatch(do.call(go_on, differ[name]), bptt_input_error = identity)
    expect_s3_class(e, "bptt_input_error")
    expect_identical(e$argument, name)
    expect_match(conditionMessage(e), "when the checkpoint `resume` was made")
  }
  expect_error(go_on(epochs = 1), "`epochs` is 1; expected at least 2", class = "bptt_input_error")
})

test_that("a file that is no checkpoint, or no longer, is an error", {
  file <- tempfile()
  train_wave(epochs = 2, checkpoint = file)
  expect_identical(list.files(dirname(file), basename(file)), basename(file)) # nothing beside it
  whole <- readBin(file, "raw", file.size(file))
  refuse <- function(bytes, why) {
    writeBin(bytes, file)
    expect_error(train_wave(resume = file, seed = NULL), why, class = "bptt_input_error")
  }
  refuse(whole[seq_len(length(whole) - 8)], "is cut off")
  refuse(whole[seq_len(length(whole) - 3)], "is cut off")
  refuse(c(whole, as.raw(1)), "is damaged")
  for (at in c(200, length(whole) %/% 2, length(whole) - 2)) {
    refuse(replace(whole, at, xor(whole[at], as.raw(64))), "is damaged")
  }
  refuse(whole[1:10], "is not one of ours")
  refuse(raw(), "is not one of ours")
  writeBin(whole, file)
  expect_identical(train_wave(epochs = 3, resume = file)$net, train_wave(epochs = 3)$net)
  unlink(file)
  expect_error(train_wave(resume = file), "cannot be read", class = "bptt_input_error")
  expect_error(train_wave(resume = tempdir()), "cannot be read", class = "bptt_input_error")
})

test_that("a checkpoint that can no longer be written is a warning at the end", {
  folder <- tempfile()
  dir.create(folder)
  gone <- function(state) unlink(folder, recursive = TRUE)
  expect_warning(
    fit <- train_wave(epochs = 3, checkpoint = file.path(folder, "run"), callback = gone),
    "could not be written",
    class = "bptt_unsaved_warning"
  )
  expect_identical(nrow(fit$history), 3L)
})
