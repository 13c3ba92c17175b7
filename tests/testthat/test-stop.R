# An interrupt that comes while a training shows how far it is.

# In the middle of the function that shows it, a while after the start.
train_on <- function(show, ...) {
  warned <- NULL
  out <- withCallingHandlers(
    bptt:::run("rnn_train", list(
      net = rnn_net(1, 16, 1, "lstm", seed = 1), x = sin(1:500), target = cos(1:500),
      epochs = 1e6, max_time = 20, seed = 1, progress = show, ...
    )),
    bptt_interrupted_warning = function(w) {
      warned <<- conditionMessage(w)
      invokeRestart("muffleWarning")
    }
  )
  c(out, warned = warned)
}
interrupt <- function(...) {
  tools::pskill(Sys.getpid(), tools::SIGINT)
  for (i in 1:1e5) i # where interrupts are looked for
}

test_that("it ends all networks that are trained side by side", {
  skip_on_os("windows")
  for (show in list(interrupt, function(state) suspendInterrupts(interrupt(state)))) {
    time <- system.time(out <- train_on(show, repeats = 4, threads = 2))[["elapsed"]]
    expect_lt(time, 15) # on a busy machine, too
    expect_identical(out$stopped, rep("interrupt", 2)) # of the others none was begun
    expect_match(out$warned, "was interrupted after")
  }
})

test_that("it waits until all is shown", {
  skip_on_os("windows")
  skip_if_not_installed("progressr")
  old <- options(progressr.enable = TRUE)
  on.exit(options(old))
  shown <- c()
  out <- withCallingHandlers(
    train_on(bptt:::new_progress(FALSE, 1e6, 1)$show),
    progression = function(p) {
      if (p$type == "update") interrupt()
      shown <<- c(shown, p$type)
    }
  )
  expect_identical(shown[length(shown)], "update")
  expect_identical(out$stopped, "interrupt")
})

test_that("an error while it is shown ends the training", {
  expect_error(train_on(function(state) stop("no paper")), "no paper")
  expect_error(train_on(function(state) stop("no paper"), repeats = 4, threads = 2), "no paper")
  expect_identical(nrow(train_wave(epochs = 2)$history), 2L)
})

test_that("what the function that shows it returns does not matter", {
  out <- bptt:::run("rnn_train", list(
    net = wave$net, x = wave$x, target = wave$target, epochs = 1e6, max_time = 0.3, seed = 1,
    progress = function(state) TRUE
  ))
  expect_identical(out$stopped, "max_time")
})
