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
    expect_lt(time, 3)
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
