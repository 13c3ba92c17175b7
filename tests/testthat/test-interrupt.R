# Long runs can be stopped, and nothing is lost with them.

# Many small passes, or one long pass with a workspace too large to keep.
long_runs <- list(
  check = function() {
    net <- rnn_net(1, 80, 1, "lstm", seed = 1)
    rnn_gradcheck(net, sin(1:50), cos(1:50))
  },
  pass = function() {
    net <- rnn_net(1, 1, 1, seed = 1)
    net$hidden <- 1000
    net$param <- list(
      W_xh = matrix(0.1, 1000, 1), W_hh = matrix(0, 1000, 1000), b_h = numeric(1000),
      W_hy = matrix(0.1, 1, 1000), b_y = 0
    )
    for (again in 1:20) rnn_bptt(net, sin(1:20000), cos(1:20000))
  }
)

test_that("a time limit stops a run within it", {
  # A limit that is reached is an error that R raises in the middle of the run.
  on.exit(setTimeLimit())
  for (run in long_runs) {
    # Outside of the expectation, which a limit could stop as well.
    time <- system.time({
      setTimeLimit(elapsed = 0.5, transient = TRUE)
      said <- tryCatch(run(), error = conditionMessage)
      setTimeLimit()
    })[["elapsed"]]
    expect_match(said, "time limit")
    expect_lt(time, 10) # on a busy machine, too
  }
  expect_close(rnn_bptt(scalar_net(), c(1, 2), c(2, 5), reduction = "sum")$loss, 12.8125)
})

test_that("an interrupt reaches tryCatch() and on.exit()", {
  skip_on_os("windows")
  left <- FALSE
  run <- function() {
    on.exit(left <<- TRUE)
    long_runs$check()
    "finished"
  }
  system(sprintf("(sleep 0.5; kill -INT %d)", Sys.getpid()), wait = FALSE)
  result <- tryCatch(run(), interrupt = function(e) "interrupted")
  expect_identical(result, "interrupted")
  expect_true(left)
})

# Trains for as long as it may, and is interrupted half a second after it has begun.
interrupted_training <- function(...) {
  net <- rnn_net(1, 16, 1, "lstm", seed = 1)
  y <- sin(1:501 / 5)
  begun <- tempfile()
  stamp <- tempfile()
  on.exit(unlink(c(begun, paste0(begun, ".", 2:3), stamp)))
  system(wait = FALSE, sprintf(
    "(while ! test -e %s; do sleep 0.02; done; sleep 0.5; date +%%s.%%N > %s; kill -INT %d)",
    begun, stamp, Sys.getpid()
  ))
  warned <- NULL
  fit <- withCallingHandlers(
    rnn_train(net, y[1:500], y[2:501],
      epochs = 1e5, max_time = 20, checkpoint = begun, checkpoint_every = 1e6, seed = 1, ...
    ),
    bptt_interrupted_warning = function(w) {
      warned <<- conditionMessage(w)
      invokeRestart("muffleWarning")
    }
  )
  after <- as.numeric(Sys.time()) - as.numeric(readLines(stamp))
  list(fit = fit, warned = warned, after = after)
}

test_that("an interrupted training keeps what it has", {
  skip_on_os("windows")
  for (more in list(list(), list(validation = 0.2), list(repeats = 3), list(repeats = 3, threads = 2))) {
    run <- do.call(interrupted_training, more)
    fit <- run$fit
    expect_s3_class(fit, "rnn_fit")
    expect_match(run$warned, "was interrupted after [0-9]+ epochs")
    expect_identical(fit$stopped[length(fit$stopped)], "interrupt")
    expect_true(all(is.finite(coef(fit))))
    expect_gt(nrow(fit$history), 10)
    expect_lt(run$after, 5) # a tenth of a second, but for a busy machine
    expect_output(print(fit), "\\(interrupted\\)")
  }
})

test_that("within a training, a callback is interrupted too", {
  skip_on_os("windows")
  run <- interrupted_training(callback = function(state) Sys.sleep(30))
  expect_match(run$warned, "was interrupted after 1 epoch;")
  expect_identical(run$fit$stopped, "interrupt")
  expect_lt(run$after, 5)
  # Unless the callback has a mind of its own.
  caught <- 0
  run <- interrupted_training(callback = function(state) {
    tryCatch(Sys.sleep(if (caught) 0 else 30), interrupt = function(e) caught <<- caught + 1)
    caught == 1
  })
  expect_identical(list(caught, run$fit$stopped), list(1, "callback"))
})

test_that("an interrupted training can be resumed to the bits of one that was not", {
  skip_on_os("windows")
  net <- rnn_net(1, 16, 1, "lstm", seed = 1)
  y <- sin(1:501 / 5)
  file <- tempfile()
  on.exit(unlink(file))
  train <- function(...) rnn_train(net, y[1:500], y[2:501], batch_size = 3, window = 50, ...)
  system(wait = FALSE, sprintf(
    "(while ! test -e %s; do sleep 0.02; done; sleep 0.3; kill -INT %d)", file, Sys.getpid()
  ))
  expect_warning(fit <- train(epochs = 1e5, max_time = 20, checkpoint = file, seed = 1),
    class = "bptt_interrupted_warning"
  )
  epochs <- nrow(fit$history) + 2
  resumed <- train(epochs = epochs, resume = file)
  whole <- train(epochs = epochs, seed = 1)
  expect_identical(resumed$net, whole$net)
  expect_identical(resumed$history$loss, whole$history$loss)
})

test_that("a time limit of R ends a training with R's error", {
  on.exit(setTimeLimit())
  net <- rnn_net(1, 16, 1, "lstm", seed = 1)
  time <- system.time({
    setTimeLimit(elapsed = 0.5, transient = TRUE)
    said <- tryCatch(
      rnn_train(net, sin(1:500), cos(1:500), epochs = 1e6, max_time = 20), error = conditionMessage
    )
    setTimeLimit()
  })[["elapsed"]]
  expect_match(said, "time limit")
  expect_lt(time, 10) # on a busy machine, too
})

# Is interrupted when `state` is the one that `when` waits for.
interrupted_model <- function(when, expr) {
  old <- options(progressr.enable = TRUE)
  on.exit(options(old))
  seen <- 0
  warned <- NULL
  model <- withCallingHandlers(
    tryCatch(expr, interrupt = function(e) "interrupted"),
    progression = function(p) {
      if (p$type == "update" && isTRUE(grepl(when, p$message)) && seen == 0) {
        seen <<- 1
        tools::pskill(Sys.getpid(), tools::SIGINT)
      }
    },
    bptt_interrupted_warning = function(w) {
      warned <<- c(warned, conditionMessage(w))
      invokeRestart("muffleWarning")
    }
  )
  list(model = model, warned = warned)
}

test_that("an interrupted model has the networks that are there, of each kind as many", {
  skip_on_os("windows")
  skip_if_not_installed("progressr")
  fit <- function(...) {
    rnnar(AirPassengers, repeats = 7, epochs = 4000, hidden = 8, lambda = 0, seed = 1, ..., verbose = FALSE)
  }
  whole <- fit()
  # Two of fold 1 of each kind are trained first, then two of fold 2, then one of each other.
  run <- interrupted_model("^network 8 of 14, epoch [1-9]", fit())
  expect_match(run$warned, paste0(
    "^the training was interrupted: 8 of 14 networks are trained, the last for [0-9]+ of 4000 epochs$"
  ))
  model <- run$model
  expect_identical(model$fold, c(1, 2, 1, 2))
  expect_identical(lengths(model$networks), c(4L, 4L))
  expect_identical(model$networks[[1L]], whole$networks[[1L]][c(1, 2, 6, 7)])
  expect_identical(unique(model$history$network), 1:4)
  expect_match(format(model)[3L], "^4 networks of each kind")
  expect_sane(predict(model, h = 30, npaths = 20), 30)
  expect_false(anyNA(model$errors$pool))
  expect_identical(update(model, epochs = 1, seed = 3)$fold, model$fold)
  # What there is of one kind alone is left out.
  run <- interrupted_model("^network [56] of 14, epoch [1-9]", fit())
  expect_match(run$warned, "^the training was interrupted: 4 of 14 networks are trained$")
  expect_identical(run$model$networks, lapply(whole$networks, `[`, c(1, 6)))
  # Without one of each kind there is no model.
  run <- interrupted_model("^network 2 of 14", fit())
  expect_identical(run, list(model = "interrupted", warned = NULL))
  # Networks that are trained further are there in any case.
  run <- interrupted_model("^network 3 of 14, epoch [1-9]", update(whole, epochs = 1e4, seed = 2))
  expect_match(run$warned, "^the training was interrupted: 3 of 14 networks are trained, the last")
  expect_identical(run$model$networks[[2L]][[7L]], whole$networks[[2L]][[7L]])
  expect_false(identical(run$model$networks[[1L]][[1L]], whole$networks[[1L]][[1L]]))
})

test_that("a back-test that is interrupted ends", {
  skip_on_os("windows")
  system(sprintf("(sleep 1; kill -INT %d)", Sys.getpid()), wait = FALSE)
  run <- tryCatch(
    rnn_backtest(1:40 + sin(1:40 / 3), h = 2, initial = 36, repeats = 2, epochs = 1e5, seed = 1),
    interrupt = function(e) "interrupted"
  )
  expect_identical(run, "interrupted")
})
