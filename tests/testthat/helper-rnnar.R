# Small forecasting models: two networks, two epochs.

small <- function(y, ..., repeats = 2, epochs = 2, seed = 1) {
  rnnar(y, ..., repeats = repeats, epochs = epochs, seed = seed)
}

# A forecast as numbers: the point forecast beside its intervals.
numbers <- function(fc) cbind(as.numeric(fc$mean), unclass(fc$lower), unclass(fc$upper))

# The forecast has this many steps, numbers throughout, and its intervals lie within one another.
expect_sane <- function(fc, h) {
  expect_s3_class(fc, "forecast")
  expect_identical(c(length(fc$mean), dim(fc$lower), dim(fc$upper)), as.integer(c(h, h, 2, h, 2)))
  expect_true(all(is.finite(numbers(fc))))
  expect_true(all(fc$lower[, 2] <= fc$lower[, 1] & fc$lower[, 1] <= fc$upper[, 1]))
  expect_true(all(fc$upper[, 1] <= fc$upper[, 2]))
}

# Without what depends on the clock and on how it was called.
timeless_model <- function(fit) {
  fit$history$seconds <- fit$seconds <- fit$call <- fit$training$threads <- NULL
  attr(fit$series, "title") <- NULL
  fit
}
