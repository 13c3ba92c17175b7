# Any number of threads, the same bits; and what R does to processes that have them.

# Wide enough for more than one thread, with series of unequal length.
wide <- function(cell = "lstm") {
  set.seed(1)
  lengths <- c(40, 2, 17, 40, 1, 33, 40, 40, 5, 40, 40, 26, 40, 39, 40, 40)
  list(
    net = bptt::rnn_net(8, 64, 2, cell, seed = 1), x = array(rnorm(8 * 16 * 40), c(8, 16, 40)),
    target = array(rnorm(2 * 16 * 40), c(2, 16, 40)), lengths = lengths
  )
}

with_default <- function(threads, run) {
  old <- options(bptt.threads = threads)
  on.exit(options(old))
  run()
}

# What runs in an R of its own must be done within a time limit. Returns what it printed.
run_apart <- function(lines) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  writeLines(c(paste("wide <-", paste(deparse(wide), collapse = "\n")), lines), file)
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(file)),
    stdout = TRUE, timeout = 120
  )
}

test_that("two threads compute the same bits as one", {
  for (cell in CELLS) {
    p <- wide(cell)
    for (precision in c("double", "single")) {
      for (truncate in list(Inf, c(10, 15))) {
        one <- function(threads) {
          rnn_bptt(p$net, p$x, p$target,
            lengths = p$lengths, truncate = truncate,
            precision = precision, wrt = c("param", "x", "state"), threads = threads
          )
        }
        expect_identical(one(2), one(1))
      }
    }
    forward <- function(threads) rnn_forward(p$net, p$x, lengths = p$lengths, threads = threads)
    expect_identical(forward(2), forward(1))
    predicted <- function(threads) rnn_predict(p$net, p$x, threads = threads)
    expect_identical(predicted(2), predicted(1))
    objective <- function(threads) {
      f <- rnn_objective(p$net, p$x, p$target, threads = threads)
      list(f$fn(f$par), f$gr(f$par))
    }
    expect_identical(objective(2), objective(1))
  }
  p <- problem("gru")
  checked <- function(threads) rnn_gradcheck(p$net, p$x, p$target, threads = threads)
  expect_identical(checked(2), checked(1))
})

test_that("options(bptt.threads) is the default", {
  p <- wide()
  run <- function(...) rnn_bptt(p$net, p$x, p$target, ...)
  expect_identical(with_default(2, run), with_default(NULL, run))
  expect_error(with_default(0, run), class = "bptt_input_error")
  expect_identical(with_default(0, function() run(threads = 2)), run())
})

test_that("threads are started, and end when the package is unloaded", {
  skip_if_not(dir.exists("/proc/self/task"))
  said <- run_apart(c(
    "tasks <- function() length(list.files('/proc/self/task'))",
    "run <- function() with(wide(), bptt::rnn_bptt(net, x, target, threads = 2)$loss)",
    "loadNamespace('bptt')",
    "before <- tasks()",
    "first <- run()",
    "during <- tasks()",
    "unloadNamespace('bptt')",
    "Sys.sleep(0.5)",
    "after <- tasks()",
    "cat(during > before, after == before, identical(run(), first), '\\n')"
  ))
  expect_identical(tail(said, 1), "TRUE TRUE TRUE ")
})

test_that("forked workers compute after a call with threads", {
  skip_on_os("windows")
  said <- run_apart(c(
    "run <- function(...) with(wide(), bptt::rnn_bptt(net, x, target, threads = 2)$grad)",
    "here <- run()",
    "there <- parallel::mclapply(1:4, run, mc.cores = 2)",
    "cat(identical(there, rep(list(here), 4)), identical(run(), here), '\\n')"
  ))
  expect_identical(tail(said, 1), "TRUE TRUE ")
})
