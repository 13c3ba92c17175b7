# The golden files, in double and in single precision.

golden_files <- list.files(golden_dir(), pattern = "[.]txt$", full.names = TRUE)

test_that("the golden files are there", {
  expect_gte(length(golden_files), 6L)
})

expect_golden <- function(case, precision, tolerance) {
  result <- do.call(rnn_bptt, c(
    list(golden_net(case), case$array$x, case$array$target, precision = precision),
    golden_options(case)
  ))
  actual <- golden_actual(result)
  expected <- golden_expected(case)
  expect_gt(length(expected), 10L)
  for (name in names(expected)) {
    expect_close(actual[[name]], expected[[name]], tolerance, paste(case$name, name))
  }
}

for (path in golden_files) {
  local({
    cases <- read_golden(path)
    for (precision in c("double", "single")) {
      test_that(paste(basename(path), "in", precision, "precision"), {
        tolerance <- c(double = 1e-12, single = 1e-5)[[precision]]
        for (case in cases) expect_golden(case, precision, tolerance)
      })
    }
  })
}

test_that("the forward pass alone gives the same numbers", {
  for (case in read_golden(file.path(golden_dir(), "lstm.txt"))) {
    r <- rnn_forward(golden_net(case), case$array$x,
      state = golden_state(case), lengths = case$array$lengths
    )
    expect_close(r$y, case$array$y, 1e-12, case$name)
    expect_close(r$state, golden_state(case, c(h = "h_last", c = "c_last")), 1e-12, case$name)
  }
})
