skip_if_not_installed("fabletools")

# Two keys, monthly, with values that are missing: one inside and one at the end.
sales <- local({
  t <- 1:72
  noise <- rnn_net(1, 47, 1, seed = 1)$param$W_hh[t] # any numbers, always the same
  y <- c(50 + 10 * sinpi(t / 6) + t / 5 + 5 * noise, 500 + 60 * sinpi(t / 6) + 30 * noise)
  y[c(20, 144)] <- NA
  tsibble::tsibble(
    month = rep(tsibble::yearmonth("2015 Jan") + 0:71, 2), shop = rep(c("a", "b"), each = 72),
    y = y, price = rep(cos(t), 2), offer = rep(c("none", "two", "three"), 48),
    index = month, key = shop
  )
})
shop_a <- tsibble::tsibble(
  as.data.frame(sales)[1:72, c("month", "y", "price", "offer")],
  index = month
)
small <- function(formula, ...) {
  RNNAR({{ formula }}, repeats = 2, hidden = 4, epochs = 3, seed = 1, ...)
}
small_rnnar <- function(y, ...) {
  rnnar(ts(y, frequency = 12), repeats = 2, hidden = 4, epochs = 3, seed = 1, ...)
}
fits <- fabletools::model(sales, plain = small(y), log = small(log(y) ~ AR() + season()))
the_fit <- function(mable, column = 1L) mable[[setdiff(names(mable), "shop")[column]]][[1L]]$fit
samples <- function(dist) do.call(rbind, distributional::parameters(dist)$x)

test_that("distributions are passed on: those of counts are counts", {
  days <- tsibble::tsibble(year = 1860:1959, sold = as.numeric(discoveries), index = year)
  fit <- fabletools::model(days, rnn = small(sold, loss = "negative_binomial"))
  drawn <- samples(generics::forecast(fit, h = 12, times = 30)$sold)
  expect_true(all(drawn >= 0 & drawn == round(drawn)))
  paths <- simulate(rnnar(as.numeric(discoveries), repeats = 2, hidden = 4, epochs = 3, seed = 1,
    loss = "negative_binomial"), 30, seed = 1, h = 12)
  expect_equal(drawn, unname(matrix(paths, 12)))
  two <- stats::fitted(fit, h = 2)$.fitted
  expect_identical(sum(is.na(two)), 2L)
  expect_true(all(two == round(two), na.rm = TRUE))
})

test_that("each key has a model, and its numbers are those of rnnar()", {
  expect_identical(dim(fits), c(2L, 3L))
  for (i in 1:2) {
    own <- small_rnnar(sales$y[sales$shop == c("a", "b")[i]])
    fit <- fits$plain[[i]]$fit
    expect_identical(fit$model$networks, own$networks)
    expect_identical(fitted(fit), as.numeric(fitted(own)))
    expect_identical(fit$model$errors, own$errors)
    fc <- fabletools::forecast(fits$plain[[i]], h = 12, times = 50)
    expect_identical(samples(fc$y), unname(matrix(simulate(own, 50, seed = 1, h = 12), 12)))
  }
})

test_that("beyond the horizon intervals are those of forecast()", {
  # of 101 paths the quantiles are paths, on any scale; the ends of forecast() hold its point forecast
  own <- predict(small_rnnar(shop_a$y), h = 26, level = 80, npaths = 101)
  fc <- fabletools::forecast(the_fit(fits), sales[1:26, ], times = 101)
  point <- as.numeric(own$mean)
  expect_equal(pmin(quantile(fc, 0.1), point), as.numeric(own$lower))
  expect_equal(pmax(quantile(fc, 0.9), point), as.numeric(own$upper))
})

test_that("more paths than are made at once: the first stay", {
  fit <- the_fit(fits)
  many <- samples(fabletools::forecast(fit, sales[1:2, ], times = 2300))
  expect_identical(dim(many), c(2L, 2300L))
  expect_identical(many[, 1:1000], samples(fabletools::forecast(fit, sales[1:2, ], times = 1000)))
  expect_false(identical(many[, 1:1000], many[, 1001:2000]))
})

test_that("a transformed response is not transformed again", {
  fit <- the_fit(fits, 2L)
  own <- small_rnnar(log(shop_a$y), lambda = NULL)
  expect_identical(fit$model$networks, own$networks)
  fc <- fabletools::forecast(fits$log[[1L]], h = 3, times = 20)
  paths <- simulate(own, 20, seed = 1, h = 3, nonnegative = FALSE)
  expect_equal(samples(fc$y), unname(exp(matrix(paths, 3))))
  given <- fabletools::model(shop_a, a = small(y, lambda = NULL), b = small(log(y), lambda = 1))
  expect_null(the_fit(given)$model$options$lambda)
  expect_identical(the_fit(given, 2L)$model$options$lambda, 1)
})

test_that("forecasts are distributions, on time, and are scored", {
  fc <- fabletools::forecast(fits, h = 12, times = 100)
  expect_s3_class(fc, "fbl_ts")
  expect_identical(nrow(fc), 48L)
  expect_identical(fc$month[1:12], tsibble::yearmonth("2021 Jan") + 0:11)
  expect_true(all(fc$.mean[fc$shop == "a"] > 30 & fc$.mean[fc$shop == "a"] < 120))
  interval <- fabletools::hilo(fc, 80)$`80%`
  expect_true(all(unlist(interval$lower) < fc$.mean & fc$.mean < interval$upper))

  train <- sales[sales$month < tsibble::yearmonth("2020 Jan"), ]
  held <- fabletools::forecast(fabletools::model(train, r = small(y)), h = 12, times = 50)
  scores <- fabletools::accuracy(held, sales)
  expect_identical(nrow(scores), 2L)
  expect_true(all(is.finite(scores$MASE)))
  expect_true(all(is.finite(fabletools::accuracy(fits)$RMSE)))
})

test_that("what is never below 0 is not forecast to be", {
  near <- transform(as.data.frame(shop_a), y = pmax(0, 3 * sinpi(1:72 / 6)))
  near <- tsibble::tsibble(near, index = month)
  fit <- fabletools::model(near, a = small(y), b = small(y - 1))
  lowest <- function(...) min(samples(fabletools::forecast(fit$a[[1L]], h = 12, times = 50, ...)$y))
  expect_identical(lowest(), 0)
  expect_lt(lowest(nonnegative = FALSE), 0)
  expect_lt(min(samples(fabletools::forecast(fit$b[[1L]], h = 12, times = 50)$y)), 1)
})

test_that("generate() draws paths with R's generator", {
  one <- fabletools::generate(fits, h = 5, times = 3, seed = 1)
  expect_identical(nrow(one), 60L)
  expect_identical(one, fabletools::generate(fits, h = 5, times = 3, seed = 1))
  expect_false(identical(one$.sim, fabletools::generate(fits, h = 5, times = 3, seed = 2)$.sim))
  expect_identical(length(unique(one$.sim)), 60L)
  booted <- fabletools::generate(fits, h = 5, times = 3, seed = 1, bootstrap = TRUE)
  expect_true(all(is.finite(booted$.sim)))
})

test_that("refit() takes the networks as they are, or trains new ones", {
  doubled <- sales
  doubled$y <- 2 * doubled$y
  again <- fabletools::refit(fits, doubled)
  expect_identical(the_fit(again)$model$networks, the_fit(fits)$model$networks)
  # models of logarithms: what is twice as large is forecast twice as large
  once <- fabletools::forecast(fits, h = 4, times = 30)$.mean
  expect_equal(fabletools::forecast(again, h = 4, times = 30)$.mean, 2 * once, tolerance = 1e-4)

  trained <- fabletools::refit(fits, sales, reestimate = TRUE)
  expect_identical(the_fit(trained)$model$networks, the_fit(fits)$model$networks) # the same seed
  before <- sales[sales$month < tsibble::yearmonth("2020 Jan"), ]
  other <- fabletools::refit(fits, before, reestimate = TRUE)
  expect_false(identical(the_fit(other)$model$networks, the_fit(fits)$model$networks))
})

test_that("stream() goes on with the same networks", {
  before <- sales[sales$month < tsibble::yearmonth("2020 Jul"), ]
  after <- sales[sales$month >= tsibble::yearmonth("2020 Jul"), ]
  fit <- fabletools::model(before, r = small(log(y)))
  longer <- fabletools::stream(fit, after)
  whole <- fabletools::refit(fit, sales)
  expect_identical(the_fit(longer)$model$fitted, the_fit(whole)$model$fitted)
  expect_identical(nrow(fabletools::augment(longer)), nrow(sales))
  expect_identical(
    fabletools::forecast(longer, h = 2, times = 20)$y,
    fabletools::forecast(whole, h = 2, times = 20)$y
  )
})

test_that("interpolate() fills in what is missing and leaves the rest", {
  for (column in c("plain", "log")) {
    full <- fabletools::interpolate(fits[c("shop", column)], sales)
    expect_equal(full$y[-c(20, 144)], sales$y[-c(20, 144)])
    truth <- 50 + 10 * sinpi(20 / 6) + 20 / 5
    expect_lt(abs(full$y[20] - truth), 6)
    expect_true(is.finite(full$y[144]))
  }
})

test_that("fitted values, residuals, and what lies between them", {
  augmented <- fabletools::augment(fits)
  expect_identical(nrow(augmented), 288L)
  expect_equal(augmented$.resid, augmented$y - augmented$.fitted)
  log <- augmented[augmented$.model == "log", ]
  expect_equal(log$.innov, log(log$y) - log(log$.fitted))
  expect_identical(which(is.na(augmented$.fitted[1:72])), 1L)
  expect_identical(which(is.na(residuals(fits)$.resid[1:72])), c(1L, 20L))

  fit <- the_fit(fits)
  expect_identical(fabletools::hfitted(fit, h = 1), fitted(fit))
  ahead <- fabletools::hfitted(fit, h = 24)
  expect_identical(which(!is.na(ahead)), 25:72)
  expect_error(fabletools::hfitted(fit, h = 25), "at most the model's horizon, 24")
  expect_identical(fitted(fits, h = 2)$.fitted[1:72], fabletools::hfitted(fit, h = 2))
})

test_that("tables and words", {
  history <- fabletools::tidy(fits)
  each <- vapply(1:2, function(column) nrow(the_fit(fits, column)$model$history), 0L)
  expect_identical(nrow(history), 2L * sum(each)) # of two shops
  glance <- fabletools::glance(fits)
  expect_identical(nrow(glance), 4L)
  expect_equal(glance$sigma2[1], var(residuals(the_fit(fits)), na.rm = TRUE))
  expect_identical(format(fits$plain[1]), "<RNNAR(lstm, 4)>")
  said <- capture.output(fabletools::report(fits$log[[1L]]))
  expect_identical(said[1:3], c("Series: y ", "Model: RNNAR(lstm, 4) ", "Transformation: log(y) "))
  expect_true(any(grepl("2 networks of each kind", said)) && any(grepl("^sigma\\^2", said)))
})

test_that("specials say what rnnar() is given", {
  fit <- fabletools::model(shop_a,
    a = small(y ~ AR(p = 3, P = 2) + season("year", method = "stl"), cell = "gru", horizon = 2),
    b = small(y ~ season(method = "none")), c = small(y ~ season(c(6, 12)))
  )
  options <- the_fit(fit)$model$options
  expect_identical(
    options[c("period", "p", "P", "season")],
    list(period = 12, p = 3, P = 2, season = "stl")
  )
  expect_identical(
    the_fit(fit)$model$networks,
    small_rnnar(shop_a$y, p = 3, P = 2, season = "stl", cell = "gru", horizon = 2)$networks
  )
  expect_identical(the_fit(fit, 2L)$model$options$season, "none")
  expect_identical(the_fit(fit, 3L)$model$options$period, c(6, 12))
})

test_that("covariates come from the data and from new_data", {
  fit <- fabletools::model(sales, r = small(y ~ AR() + price + xreg(offer)))
  xreg <- the_fit(fit)$model$xreg[[1L]]
  expect_identical(xreg, cbind(shop_a$offer == "three", shop_a$offer == "two", shop_a$price))
  ahead <- tsibble::new_data(sales, 3)
  ahead$price <- 1
  ahead$offer <- "two"
  fc <- fabletools::forecast(fit, ahead, times = 20)
  own <- small_rnnar(shop_a$y, xreg = xreg)
  paths <- simulate(own, 20, seed = 1, h = 3, xreg = cbind(rep(0, 3), 1, 1))
  expect_identical(samples(fc$y[1:3]), unname(matrix(paths, 3)))
  expect_identical(nrow(fabletools::generate(fit, ahead, times = 2)), 12L)
  expect_error(fabletools::forecast(fit, h = 3), "extra variables")
  ahead$offer[2] <- "four"
  expect_error(
    fabletools::forecast(fit, ahead),
    "`offer` is \"four\"; expected what the model has seen"
  )
})

test_that("paths of different covariates are told apart", {
  fit <- fabletools::model(shop_a, r = small(y ~ I(100 * price)))
  ahead <- tsibble::new_data(shop_a, 2)
  ahead <- tsibble::tsibble(
    month = rep(ahead$month, 3), .rep = rep(c("1", "2", "3"), each = 2),
    price = c(0, 0, 9, 9, 0, 0), index = month, key = .rep
  )
  set.seed(1)
  drawn <- fabletools::generate(fit$r[[1L]], ahead)$.sim
  set.seed(1)
  model <- the_fit(fit)$model
  same <- simulate(model, 2, seed = random_seed(), h = 2, xreg = c(0, 0))
  other <- simulate(model, 1, seed = random_seed(), h = 2, xreg = c(900, 900))
  expect_equal(drawn, c(same[, 1], other, same[, 2]))
})

test_that("a covariate that looks back leaves out the beginning", {
  fit <- fabletools::model(shop_a, r = small(y ~ lag(price, 2)))
  expect_identical(the_fit(fit)$model$xreg[[1L]][, 1L], cos(1:70))
  expect_identical(which(is.na(fabletools::augment(fit)$.fitted)), 1:3)
  ahead <- tsibble::new_data(shop_a, 3)
  ahead$price <- cos(73:75)
  paths <- samples(fabletools::forecast(fit, ahead, times = 10)$y)
  own <- simulate(the_fit(fit)$model, 10, seed = 1, h = 3, xreg = cos(71:73))
  expect_identical(paths, unname(matrix(own, 3)))
})

test_that("what cannot be fitted is said, and the others are fitted", {
  expect_warning(gap <- fabletools::model(sales[-5, ], r = small(y)), "implicit gaps in time")
  expect_identical(format(gap$r), c("<NULL model>", "<RNNAR(lstm, 4)>"))
  refused <- function(definition, said) {
    expect_error(fabletools::model(shop_a, r = definition, .safely = FALSE), said, fixed = TRUE)
  }
  refused(small(y ~ AR() + AR(p = 2)), "`formula` has 2 AR(); expected one")
  refused(small(vars(y, price)), "`formula` has 2 responses; expected one")
  refused(small(y ~ season(method = "mean")), "`season` is \"mean\"; expected \"auto\"")
  refused(small(y, hiddn = 3), "did you mean `hidden`?")
  expect_error(
    fabletools::forecast(fits$plain[[1L]], h = 2, times = 0),
    "`times` is 0; expected a whole number of at least 1", class = "bptt_input_error"
  )
})

test_that("a model survives a file, and a package that combines models", {
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(fits, file)
  expect_identical(
    fabletools::forecast(readRDS(file), h = 2, times = 10)$y,
    fabletools::forecast(fits, h = 2, times = 10)$y
  )
  mean <- fits
  mean$both <- (mean$plain + mean$log) / 2
  expect_true(all(is.finite(fabletools::forecast(mean, h = 2, times = 10)$.mean)))
})
