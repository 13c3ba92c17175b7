# The golden files, in double and in single precision.

golden_files <- list.files(golden_dir(), pattern = "[.]txt$", full.names = TRUE)

test_that("the golden files are there", {
  expect_gte(length(golden_files), 6L)
})

golden_forward <- function(case, precision) {
  rnn_forward(golden_net(case), case$array$x,
    state = golden_state(case), lengths = case$array$lengths, precision = precision
  )
}

expect_golden <- function(case, precision, tolerance) {
  result <- do.call(rnn_bptt, c(
    list(golden_net(case), case$array$x, precision = precision),
    golden_options(case)
  ))
  forward <- golden_forward(case, precision)
  actual <- golden_actual(result, forward$h)
  expected <- golden_expected(case)
  expect_setequal(names(actual), names(expected))
  for (name in names(expected)) {
    expect_close(actual[[name]], expected[[name]], tolerance, paste(case$name, name))
  }
  expect_identical(forward[c("y", "state")], result[c("y", "state")])
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
