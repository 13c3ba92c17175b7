# rnnar(): what it takes, what comes out, what can be done with a model.

air <- AirPassengers
two <- list(air = air, deaths = ldeaths)
fit <- small(air)
many <- small(two)

test_that("a model has networks of each kind, and forecasts of the past", {
  expect_s3_class(fit, "rnnar")
  expect_length(fit$networks, 3L)
  expect_identical(lengths(fit$networks), c(2L, 2L, 2L))
  expect_s3_class(fit$networks[[1L]][[1L]], "rnn_net")
  expect_s3_class(fitted(fit), "ts")
  expect_identical(tsp(fitted(fit)), tsp(air))
  expect_identical(is.na(fitted(fit)), replace(rep(FALSE, 144), 1L, TRUE))
  expect_equal(residuals(fit), air - fitted(fit))
  expect_identical(nobs(fit), 144L)
  # As it learns, it forecasts: better than by the last value.
  learnt <- small(air, epochs = 60, repeats = 1)
  expect_lt(mean(residuals(learnt)^2, na.rm = TRUE), mean(diff(air)^2) / 2)
})

test_that("of many series there is a list of each", {
  expect_named(fitted(many), c("air", "deaths"))
  expect_identical(lapply(fitted(many), tsp), lapply(two, tsp))
  expect_equal(residuals(many)$deaths, ldeaths - fitted(many)$deaths)
  expect_identical(nobs(many), 216L)
  # Lists, matrices and data frames are the same to it.
  columns <- list(a = as.numeric(air[1:40]), b = as.numeric(ldeaths[1:40]))
  want <- timeless_model(small(columns))
  for (same in list(do.call(cbind, columns), as.data.frame(columns))) {
    expect_identical(timeless_model(small(same)), want)
  }
  expect_identical(tsp(fitted(small(ts(do.call(cbind, columns), 1990, frequency = 4)))$b), c(1990, 1999.75, 4))
  expect_length(fitted(small(list(air))), 1L)
})

test_that("the same seed gives the same model, for any number of threads", {
  for (y in list(air, two)) {
    one <- timeless_model(small(y, threads = 1))
    expect_identical(timeless_model(small(y, threads = 2)), one)
    expect_false(identical(small(y, seed = 2)$networks, one$networks))
  }
  set.seed(5)
  a <- small(air, seed = NULL)
  b <- small(air, seed = NULL)
  set.seed(5)
  expect_identical(timeless_model(small(air, seed = NULL)), timeless_model(a))
  expect_false(identical(a$networks, b$networks))
  expect_identical(small(air, seed = a$seed)$networks, a$networks)
  # With a seed, R's generator is left alone.
  set.seed(5)
  before <- .Random.seed
  small(air)
  expect_identical(.Random.seed, before)
})

test_that("every season, cell, loss and size", {
  kinds <- list(
    auto = c("stl", "difference", "linear"), stl = "stl", fourier = "fourier",
    difference = "difference", none = "none"
  )
  for (season in names(kinds)) {
    one <- small(air, season = season)
    expect_named(coef(one), kinds[[season]])
    expect_sane(predict(one, h = 5), 5)
  }
  for (cell in CELLS) expect_sane(predict(small(air, cell = cell, hidden = c(4, 3)), h = 5), 5)
  for (loss in c("mae", "mse", "huber")) expect_sane(predict(small(air, loss = loss, size = 4), h = 5), 5)
  expect_identical(small(air, size = 4)$networks, small(air, hidden = 4)$networks)
  for (p in c(1, 30)) expect_sane(predict(small(air, p = p, P = 2), h = 5), 5)
  expect_sane(predict(small(as.numeric(air), period = c(4, 12)), h = 5), 5)
  expect_sane(predict(small(air, repeats = 1), h = 5), 5)
})

test_that("lambda is a number, chosen, or none", {
  expect_identical(small(air)$lambda, 0)
  expect_identical(small(air - 300)$lambda, 1)
  expect_identical(small(air, lambda = NULL)$lambda, 1)
  for (lambda in c(-0.5, 0, 0.5, 1, 2)) {
    one <- small(air, lambda = lambda)
    expect_identical(one$lambda, lambda)
    expect_true(all(is.finite(predict(one, h = 26, npaths = 10)$mean)))
  }
  e <- expect_error(small(c(0, 1:20), lambda = 0), class = "bptt_input_error")
  expect_identical(e$argument, "y")
  expect_match(conditionMessage(e), "`y` is 0 at .*step 1; .* lambda = 0")
})

test_that("missing values may be anywhere", {
  for (where in list(1, 1:30, 70, 60:95, 144, 130:144, seq(2, 144, 2), c(1:50, 60:70, 140:144))) {
    y <- replace(air, where, NA)
    one <- small(y)
    expect_sane(predict(one, h = 12), 12)
    expect_identical(is.na(residuals(one)), is.na(y) | seq_along(y) == 1)
    expect_identical(nobs(one), 144L - length(where))
  }
  expect_sane(predict(small(replace(as.numeric(air), 140:144, NaN)), h = 3), 3)
  expect_sane(predict(small(c(NA, 1, NA, 2, NA, NA, 3, NA)), h = 3), 3)
})

test_that("series of every sort and size give a sane answer", {
  set.seed(1)
  sorts <- list(
    constant = rep(5, 50), `constant with seasons` = ts(rep(5, 50), frequency = 12), `constant below 0` = rep(-5, 50),
    `length 3` = c(1, 3, 2), `length 5` = c(1, 3, 2, 4, 5),
    `3 of a season` = ts(c(1, 3, 2), frequency = 12), `5 of a season` = ts(c(1, 3, 2, 4, 5), frequency = 12),
    `under two seasons` = window(air, end = c(1950, 6)), `just over two` = window(air, end = c(1951, 1)),
    counts = rpois(60, 2), `few counts` = ts(rpois(60, 0.3), frequency = 12), positive = exp(rnorm(60)),
    negative = -air, `of both signs` = rnorm(60), largest = air / 622 * 1e307, `largest of both signs` = sin((1:60)^2) * 1e307,
    huge = air * 1e300 / 622, `huge of both signs` = rnorm(60) * 1e300,
    tiny = air * 1e-300, `tiny of both signs` = rnorm(60) * 1e-300, zero = rep(0, 50),
    `zero with seasons` = ts(rep(0, 50), frequency = 12), integer = as.integer(air), logical = air > 300
  )
  for (name in names(sorts)) {
    y <- sorts[[name]]
    fc <- predict(small(y), h = 12)
    expect_sane(fc, 12)
    # Nowhere near where the series has never been.
    scale <- diff(range(y)) + abs(mean(y))
    if (scale == 0) scale <- 1
    expect_lt(max(abs(fc$mean / scale - mean(y / scale))), 5, label = name)
    if (all(y >= 0)) expect_gte(min(fc$lower), 0, label = name)
  }
  expect_lt(max(abs(numbers(predict(small(rep(5, 50)), h = 12)) - 5)), 1e-3)
  expect_lt(max(abs(numbers(predict(small(rep(0, 50)), h = 12)))), 1e-3)
  expect_lt(max(abs(numbers(predict(small(list(rep(0, 50), 1:50)), h = 12)[[1L]]))), 1e-3)
})

test_that("scaling a series scales its forecasts", {
  want <- numbers(predict(fit, h = 12))
  for (scale in c(1e-3, 1e6)) {
    expect_equal(numbers(predict(small(air * scale), h = 12)) / scale, want, tolerance = 1e-3)
  }
})

test_that("covariates are used, and only then needed", {
  set.seed(2)
  x <- cbind(rnorm(144), 1:144)
  one <- small(air, xreg = x)
  expect_gt(one$networks[[1L]][[1L]]$input, fit$networks[[1L]][[1L]]$input)
  fc <- predict(one, h = 12, xreg = cbind(rnorm(12), 145:156))
  expect_sane(fc, 12)
  ahead <- cbind(rnorm(7), 145:151)
  expect_length(predict(one, xreg = ahead)$mean, 7L)
  expect_identical(numbers(predict(small(air, xreg = as.data.frame(x)), xreg = as.data.frame(ahead))),
    numbers(predict(one, xreg = ahead)))
  expect_false(identical(numbers(predict(one, xreg = -ahead)), numbers(predict(one, xreg = ahead))))
  expect_sane(predict(small(air, xreg = rep(1, 144)), h = 3, xreg = rep(1, 3)), 3) # constant
  expect_sane(predict(small(air, xreg = x[, 1]), h = 30, xreg = rnorm(30), npaths = 50), 30) # beyond the horizon
  both <- small(two, xreg = list(x, x[1:72, ]))
  expect_length(predict(both, xreg = list(ahead, ahead[1:5, ]))$deaths$mean, 5L)
})

test_that("columns of covariates are known by their names, or else by their place", {
  x <- cbind(a = sin(1:144), b = 1:144)
  ahead <- cbind(a = sin(145:156), b = 145:156)
  one <- small(air, xreg = x)
  want <- numbers(predict(one, xreg = ahead))
  expect_identical(numbers(predict(small(air, xreg = unname(x)), xreg = unname(ahead))), want)
  for (same in list(ahead[, 2:1], unname(ahead), as.data.frame(ahead[, 2:1]))) {
    expect_identical(numbers(predict(one, xreg = same)), want)
  }
  again <- rnnar(air, model = one, xreg = x[, 2:1])
  expect_identical(fitted(again), fitted(one))
  lists <- small(two, xreg = list(x, x[1:72, 2:1]))
  expect_identical(lists$networks, small(two, xreg = list(x, x[1:72, ]))$networks)
  wrong <- function(expr, text) expect_error(expr, text, class = "bptt_input_error", fixed = TRUE)
  text <- "`xreg` has columns `a`, `c`; expected `a`, `b`"
  wrong(predict(one, xreg = cbind(a = 1:9, c = 2)), text)
  wrong(rnnar(air, model = one, xreg = cbind(a = 1:144, c = 2)), text)
  wrong(
    small(air, xreg = data.frame(a = 1:144, d = gl(2, 72))),
    "column `d` of `xreg` is of class `factor`; expected numbers"
  )
  wrong(small(air, xreg = data.frame(t = rep("x", 144))), "column `t` of `xreg` is of class `character`")
  wrong(small(air, xreg = rep("x", 144)), "`xreg` is of class `character`; expected numbers")
  wrong(predict(small(air, xreg = 1:144), h = 3, xreg = 1:2), "`xreg` has 2 rows; expected at least 3")
})

test_that("covariates keep the units that the model was fitted in", {
  x <- cbind((1:160)^2 / 99, sin(1:160))
  one <- small(air, xreg = x[1:144, ])
  expect_equal(one$options$xreg_mean, colMeans(x[1:144, ]))
  expect_equal(one$options$xreg_sd, apply(x[1:144, ], 2, sd) * sqrt(143 / 144))
  applied <- rnnar(air[1:100], model = one, xreg = 3 * x[1:100, ])
  expect_identical(applied$options, one$options)
  inputs <- bptt:::frame_of(applied)$view[[1L]]$x[, 1L, 1L] # the last: of 24 steps to come
  expect_equal(tail(inputs, 48)[1:2], (3 * x[2, ] - one$options$xreg_mean) / one$options$xreg_sd)
  # Of many series it is one unit for all.
  both <- small(two, xreg = list(x[1:144, ], 5 * x[1:72, ]))
  expect_equal(both$options$xreg_mean, colMeans(rbind(x[1:144, ], 5 * x[1:72, ])))
  for (model in list(rnnar(two, model = both, xreg = list(x[1:144, ], 5 * x[1:72, ])), update(both, epochs = 1))) {
    expect_identical(model$options, both$options)
  }
  expect_null(fit$options$xreg_mean)
})

test_that("values and covariates may stay in their units", {
  x <- 1:144 + 0
  one <- small(air, xreg = x, scale.inputs = FALSE, season = "none")
  frame <- bptt:::frame_of(one)
  expect_identical(frame$view[[1L]]$spread, 1)
  expect_equal(one$options[c("xreg_mean", "xreg_sd")], list(xreg_mean = 0, xreg_sd = 1))
  lags <- rev(log(air)[90:113]) - log(air)[114]
  expect_equal(frame$view[[1L]]$x[1:23, 1L, 114L], lags[-24L])
  expect_true(all(115:138 %in% frame$view[[1L]]$x[, 1L, 114L]))
  expect_sane(predict(one, h = 30, xreg = 145:174, npaths = 20), 30)
})

test_that("windows and forecasts are measured from where `trend` says", {
  for (trend in c("level", "drift", "none")) {
    for (season in c("auto", "none")) expect_sane(predict(small(air, trend = trend, season = season), h = 5), 5)
  }
  expect_identical(small(air, trend = "level")$networks, fit$networks)
  # Nothing learnt: the forecast is what it is measured from.
  still <- function(y, ...) {
    model <- small(y, season = "none", lambda = NULL, ..., epochs = 1, learn_rate = 1e-9, horizon = 3)
    model$networks <- lapply(model$networks, lapply, function(net) {
      net$param <- lapply(net$param, function(w) 0 * w)
      net
    })
    as.numeric(predict(model, h = 3, nonnegative = FALSE)$mean)
  }
  y <- c(3, -1, 4, 1, -5, 9, 2, 6)
  expect_equal(still(y), rep(6, 3))
  expect_equal(still(y, trend = "drift"), 6 + 3 / 7 * 1:3)
  expect_equal(still(y, trend = "none"), rep(mean(y), 3))
})

test_that("a subset says what is learnt from", {
  expect_identical(small(air, subset = 1:144)$networks, fit$networks)
  late <- small(air, subset = 73:144)
  expect_identical(small(air, subset = -(1:72))$networks, late$networks)
  expect_identical(small(air, subset = 1:144 > 72)$networks, late$networks)
  # What is no target has nothing to say, other than what lies behind.
  expect_false(identical(late$networks, fit$networks))
  expect_sane(predict(small(air, subset = rep(c(TRUE, FALSE), 72)), h = 5), 5)
})

test_that("a model can be applied to another series", {
  same <- rnnar(air, model = fit)
  expect_identical(same$networks, fit$networks)
  expect_equal(predict(same, h = 12)$mean, predict(fit, h = 12)$mean)
  other <- rnnar(ldeaths, model = fit)
  expect_identical(other$networks, fit$networks)
  expect_equal(tsp(predict(other, h = 3)$mean), tsp(ldeaths)[c(2, 2, 3)] + c(1, 3, 0) / c(12, 12, 1))
  expect_sane(predict(other, h = 12), 12)
  expect_sane(predict(rnnar(two, model = fit), h = 30, npaths = 50)$deaths, 30)
  expect_sane(predict(rnnar(air[1:5], model = many), h = 5), 5)
  x <- rnorm(144)
  one <- small(air, xreg = x)
  expect_sane(predict(rnnar(ldeaths, model = one, xreg = x[1:72]), xreg = x[1:3]), 3)
})

test_that("a training that diverged says so", {
  expect_warning(
    rnnar(air, learn_rate = 1e4, repeats = 2, epochs = 100, seed = 1),
    "the training diverged: .*`learn_rate` below 10000", class = "bptt_nonfinite_warning"
  )
  e <- suppressWarnings(expect_error(small(air, learn_rate = 1e40), class = "bptt_input_error"))
  expect_match(conditionMessage(e), "`learn_rate` is 1e\\+40, with which .* in its first epoch; expected less")
  for (y in list(air, two, rep(5, 50), rep(0, 50), c(1, 3, 2), air * 1e-300)) expect_silent(small(y))
})

test_that("a series of less than a step a year has no season", {
  slow <- ts(1:40 + sin(1:40), frequency = 0.1)
  one <- small(slow)
  expect_identical(one$options$period, 1)
  expect_identical(as.numeric(fitted(one)), as.numeric(fitted(small(as.numeric(slow)))))
  expect_identical(tsp(fitted(one)), tsp(slow))
})

test_that("series of different frequencies need a period", {
  expect_sane(predict(small(list(air, UKgas), period = 12), h = 3)[[2L]], 3)
  expect_error(small(list(air, 1:50)), class = "bptt_input_error") # 1:50 is of frequency 1
  expect_warning(other <- rnnar(list(air, UKgas), model = fit), "frequency 4, the model 12")
  expect_sane(predict(other, h = 3)[[2L]], 3)
})

test_that("a model that is applied to another frequency warns", {
  expect_warning(rnnar(UKgas, model = fit), "`y` has frequency 4, the model 12", fixed = TRUE)
  expect_silent(rnnar(as.numeric(UKgas), model = fit))
  expect_silent(rnnar(ldeaths, model = fit))
  expect_silent(rnnar(air, model = small(as.numeric(air), period = 12)))
})

test_that("a model survives being saved", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  for (model in list(fit, many)) {
    saveRDS(model, file)
    expect_identical(readRDS(file), model)
    expect_identical(predict(readRDS(file), h = 3), predict(model, h = 3))
  }
})

test_that("a worker fits and forecasts the same", {
  skip_on_cran()
  cluster <- parallel::makePSOCKcluster(1)
  on.exit(parallel::stopCluster(cluster))
  parallel::clusterCall(cluster, .libPaths, .libPaths())
  there <- parallel::clusterCall(cluster, function(y, fit) {
    again <- bptt::rnnar(y, repeats = 2, epochs = 2, seed = 1)
    list(networks = again$networks, mean = predict(fit, h = 12)$mean)
  }, air, fit)[[1L]]
  expect_identical(there, list(networks = fit$networks, mean = predict(fit, h = 12)$mean))
})

# ------------------------------------------------------------------------------ methods

test_that("a model prints what it is", {
  one <- rnnar(air, repeats = 2, epochs = 2, seed = 1)
  text <- capture.output(expect_invisible(print(one)))
  expect_identical(text[1:3], c(
    "RNNAR(lstm, 32): air",
    "144 values, Jan 1949 to Dec 1960, period 12",
    "2 networks of each kind (stl, difference, linear), 24 steps ahead"
  ))
  expect_match(text[4L], "^Errors of fitted values: RMSE [0-9.]+, MAE [0-9.]+, MASE [0-9.]+$")
  expect_identical(text, format(one))
  expect_identical(format(many)[1:2], c("RNNAR(lstm, 32): 2 series", "72 to 144 values, period 12"))
  other <- rnnar(sin(1:60), xreg = 1:60, cell = "gru", hidden = c(3, 2), repeats = 1, epochs = 2)
  expect_identical(format(other)[1:3], c(
    "RNNAR(gru, 3, 2): sin(1:60)",
    "60 values, 1 to 60, 1 covariate",
    "1 network of each kind (none, linear), 10 steps ahead"
  ))
})

test_that("a summary tells of the networks and of each series", {
  s <- summary(many)
  expect_s3_class(s, "summary.rnnar")
  expect_identical(s$networks$kind, c("stl", "difference", "linear"))
  expect_identical(s$networks$parameters[1L], length(coef(many$networks[[1L]][[1L]])))
  expect_identical(s$series$series, c("air", "deaths"))
  expect_identical(s$series$values, c(144L, 72L))
  expect_identical(s$series$span[2L], "Jan 1974 to Dec 1979")
  expect_equal(s$series$mae[2L], mean(abs(residuals(many)$deaths), na.rm = TRUE))
  expect_equal(s$series$mase[1L], mean(abs(residuals(many)$air), na.rm = TRUE) / mean(abs(diff(air, 12))))
  text <- capture.output(print(s))
  expect_match(text, "^Call: rnnar", all = FALSE)
  expect_match(capture.output(print(s, n = 1)), "and 1 more", all = FALSE)
})

test_that("coefficients, history and data come as tables", {
  theta <- coef(fit)
  expect_identical(theta$stl[, 2L], coef(fit$networks[[1L]][[2L]]))
  history <- tidy(fit)
  expect_identical(dim(history)[1L], 12L) # kinds, networks, epochs
  expect_identical(unique(history$view), c("stl", "difference", "linear"))
  expect_identical(history$epoch, rep(1:2, 6L) + 0)
  row <- glance(many)
  expect_identical(dim(row)[1L], 1L)
  expect_identical(c(row$series, row$nobs, row$networks), c(2L, 216L, 6L))
  expect_equal(row$parameters, sum(lengths(coef(many))))
  data <- augment(fit)
  expect_named(data, c("time", "y", ".fitted", ".resid"))
  expect_identical(data$.fitted, as.numeric(fitted(fit)))
  data <- augment(many)
  expect_identical(data$series, rep(c("air", "deaths"), c(144, 72)))
})

test_that("of many long series the last values are taken", {
  keep_last <- bptt:::keep_last
  series <- bptt:::as_series_list(list(a = ts(1:50, start = 2000, frequency = 12), b = 1:9, c = 1:40), "y")
  xreg <- list(cbind(1:50, 2), cbind(1:9, 2), cbind(1:60, 2))
  expect_identical(keep_last(series, xreg, 1, 3, most = 99), list(series = series, xreg = xreg))
  expect_warning(
    kept <- keep_last(series, xreg, 1, 8, most = 60),
    "`y` has 99 values; of each series the last 20 are taken"
  )
  expect_identical(lapply(kept$series, identity), list(a = 31:50 + 0, b = 1:9 + 0, c = 21:40 + 0))
  expect_identical(lapply(kept$xreg, nrow), list(20L, 9L, 40L))
  expect_identical(kept$xreg[[3L]][1L, 1L], 21)
  expect_equal(time(bptt:::given(kept$series, 1L)), time(ts(31:50, start = 2002.5, frequency = 12)))
  expect_true(attr(kept$series, "many"))
  expect_warning(kept <- keep_last(series, NULL, 5, 4, most = 10), "the last 40 are") # periods, horizons
  expect_null(kept$xreg)
  one <- bptt:::as_series_list(1:50, "y")
  expect_identical(keep_last(one, NULL, 1, 3, most = 10)$series, one)
})

test_that("a short series is forecast no further at once than can be learnt", {
  short <- small(ts(air[1:18], frequency = 12))
  expect_identical(nrow(short$errors$pool), 9L)
  expect_identical(short$options$horizon, 9)
  expect_sane(predict(short, h = 24), 24)
  expect_identical(nrow(small(list(air, air[1:18]), period = 12)$errors$pool), 24L)
  expect_identical(nrow(small(1:3, horizon = 2)$errors$pool), 1L)
})

test_that("the default of epochs follows the values and the batches", {
  epochs <- function(lengths, ...) {
    bptt:::epochs_of(list(series = lapply(lengths, numeric), training = list(batch_size = 32, ...)))
  }
  expect_identical(epochs(20), 50)
  expect_identical(epochs(144), 144)
  expect_identical(epochs(c(1000, 9)), 500)
  expect_identical(epochs(rep(100, 72)), 167) # of 3 batches
  expect_identical(epochs(rep(100, 1000)), 30)
  expect_identical(epochs(rep(100, 32e3)), 2)
  expect_identical(epochs(144, epochs = 7), 7)
})

test_that("update() goes on training", {
  more <- update(fit, epochs = 3, seed = 4)
  expect_identical(timeless_model(update(fit, epochs = 3, seed = 4, threads = 2)), timeless_model(more))
  expect_false(identical(more$networks, fit$networks))
  expect_identical(max(more$history$epoch), 5)
  expect_identical(head(more$history, 12L), fit$history)
  expect_identical(more$training, fit$training)
  expect_identical(more$fold, fit$fold)
  long <- update(fit, epochs = 60, seed = 4)
  expect_lt(sum(residuals(long)^2, na.rm = TRUE), sum(residuals(fit)^2, na.rm = TRUE))
  set.seed(1)
  a <- update(fit)
  set.seed(1)
  expect_identical(timeless_model(update(fit)), timeless_model(a))
  expect_sane(predict(update(many, epochs = 1), h = 3)$air, 3)
  expect_sane(predict(update(rnnar(ldeaths, model = fit), epochs = 1), h = 3), 3)
  expect_sane(predict(update(small(c(1, 3, 2))), h = 3), 3)
  subset <- small(air, subset = 73:144)
  expect_identical(subset$subset, 73:144)
  expect_sane(predict(update(subset, epochs = 1), h = 3), 3)
})

test_that("simulated paths lie where the intervals do", {
  paths <- simulate(fit, nsim = 400, seed = 1, h = 12)
  expect_s3_class(paths, "ts")
  expect_identical(dim(paths), c(12L, 400L))
  expect_equal(tsp(paths), c(1961, 1961 + 11 / 12, 12))
  fc <- predict(fit, h = 12)
  covered <- mean(paths >= fc$lower[, 2] & paths <= fc$upper[, 2])
  expect_true(covered > 0.9 && covered < 0.99)
  expect_identical(simulate(fit, 400, seed = 1, h = 12), paths)
  expect_null(dim(simulate(fit, seed = 1, h = 12)))
  expect_length(simulate(fit), 24L)
  set.seed(3)
  a <- simulate(fit, 2, h = 30)
  set.seed(3)
  expect_identical(simulate(fit, 2, h = 30), a)
  expect_false(identical(simulate(fit, 2, h = 30), a))
  expect_named(simulate(many, 2, h = 3), c("air", "deaths"))
  low <- small(c(0, 0, 1, 0, 2, 0, 0, 1, 0, 3, 0, 0))
  expect_gte(min(simulate(low, 50, seed = 1)), 0)
})

test_that("pictures of all kinds come out", {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit({
    grDevices::dev.off()
    unlink(file)
  })
  expect_invisible(plot(fit))
  plot(fit, h = 1, level = 90, main = "One step")
  plot(many, series = "deaths", col = "grey40")
  plot(small(replace(air, 1:144 > 140, NA)))
  one <- small(air, xreg = 1:144)
  plot(one)
  plot(one, xreg = 145:150)
  fc <- predict(fit, h = 12)
  bptt:::draw_forecast(fc) # as without package forecast
  e <- expect_error(plot(many, series = "x"), class = "bptt_input_error")
  expect_identical(conditionMessage(e), "`series` is \"x\"; expected a name, or a number up to 2")
})

# --------------------------------------------------------------------------- bad inputs

test_that("what is wrong is said", {
  x <- cbind(1:144, 2)
  wide <- small(air, xreg = x)
  rows <- list(
    list(quote(small("a")), "y", "`y` is of class `character`; expected a time series"),
    list(quote(small(NULL)), "y", "`y` is of class `NULL`; expected a time series"),
    list(quote(small(factor(1:9))), "y", "`y` is of class `factor`; expected a time series"),
    list(quote(small(list(air, ldeaths, UKgas))), "y",
      "`y` has series of frequency 12 and of frequency 4; expected one, or `period` to be given"),
    list(quote(small(list())), "y", "`y` is an empty list; expected time series"),
    list(quote(small(matrix(0, 5, 0))), "y", "`y` is a matrix of no columns; expected time series"),
    list(quote(small(array(1:24, 2:4))), "y", "`y` is an array of 2 x 3 x 4; expected a time series"),
    list(quote(small(list(1:9, "b"))), "y", "item 2 of `y` is of class `character`; expected a time series"),
    list(quote(small(list(1:9, 1:2))), "y", "item 2 of `y` has 2 values that are not missing; expected at least 3"),
    list(quote(small(c(NA, 1, NA))), "y", "`y` has 1 value that is not missing; expected at least 3"),
    list(quote(small(c(NA, NA, NA))), "y", "`y` has 0 values that are not missing; expected at least 3"),
    list(quote(small(c(1, Inf, 2, 3))), "y", "`y` is Inf at .*step 2; expected a finite number, or a missing one"),
    list(quote(small(numeric())), "y", "`y` is empty"),
    list(quote(small(air, epoch = 3)), "epoch", "`epoch` is not an option of rnnar; did you mean `epochs`\\?"),
    list(quote(small(air, whatever = 3)), "whatever", "`whatever` is not an option of rnnar$"),
    list(quote(rnnar(air, 1, 1, 1, 1, NULL, 0, NULL, NULL, TRUE, 3)), "...", "an argument of rnnar has no name; "),
    list(quote(small(air, p = 0)), "p", "`p` is 0; expected one whole number from 1"),
    list(quote(small(air, p = NA)), "p", "`p` is NA; expected one whole number"),
    list(quote(small(air, P = -1)), "P", "`P` is -1; expected one whole number from 0"),
    list(quote(small(air, horizon = 0)), "horizon", "`horizon` is 0; expected one whole number from 1"),
    list(quote(small(air, period = NA)), "period", "`period` is NA; expected the steps of a season"),
    list(quote(small(air, season = "x")), "season", "`season` is \"x\"; expected \"auto\", \"stl\""),
    list(quote(small(air, season = NULL)), "season", "`season` is NULL; expected \"auto\", \"stl\""),
    list(quote(small(air, size = 3, hidden = 4)), "hidden", "`size` and `hidden` are given and differ; expected one"),
    list(quote(small(air, trend = "x")), "trend", "`trend` is \"x\"; expected \"level\", \"drift\" or \"none\""),
    list(quote(small(air, scale.inputs = 2)), "scale.inputs", "`scale.inputs` is 2; expected TRUE or FALSE"),
    list(quote(small(air, lambda = "x")), "lambda", "`lambda` is \"x\"; expected \"auto\", or one number"),
    list(quote(small(air, cell = "x")), "cell", "`cell` is \"x\"; expected \"rnn\", \"gru\" or \"lstm\""),
    list(quote(small(air, loss = "x")), "loss", "`loss` is \"x\"; expected \"mae\", .*\"student_t\" or \"negative_binomial\""),
    list(
      quote(small(c(1, 0, 2.5, 3), loss = "negative_binomial")), "y",
      "`y` is 2.5 at step 3; expected a count: a whole number of at least 0, or a missing one"
    ),
    list(
      quote(small(list(1:9, c(3, -1, 4)), loss = "negative_binomial")), "y",
      "`y` is -1 at step 2 of series 2; expected a count"
    ),
    list(quote(small(air, hidden = 0)), "hidden", "`hidden` is 0; expected one whole number"),
    list(quote(small(air, repeats = 0)), "repeats", "`repeats` is 0; expected a whole number of at least 1"),
    list(quote(small(air, epochs = 0)), "epochs", "`epochs` is 0; expected a whole number of at least 1"),
    list(quote(small(air, batch_size = NA)), "batch_size", "`batch_size` is NA; expected a whole number of at least"),
    list(quote(small(air, learn_rate = -1)), "learn_rate", "`learn_rate` is -1; expected one number above 0"),
    list(quote(small(air, threads = 0)), "threads", "`threads` is 0; expected one whole number from 1"),
    list(quote(small(air, seed = -1)), "seed", "`seed` is -1; expected a whole number of at least 0"),
    list(quote(small(air, verbose = NA)), "verbose", "`verbose` is NA; expected TRUE or FALSE"),
    list(quote(small(air, seed = "a")), "seed", "`seed` is \"a\"; expected a whole number of at least 0"),
    list(quote(rnnar(air, p = 5, model = fit)), "p", "`p` is given with `model`; expected none but `xreg`"),
    list(quote(rnnar(air, lambda = NULL, model = fit)), "lambda", "`lambda` is given with `model`"),
    list(quote(rnnar(air, size = NULL, model = fit, repeats = 2)), "repeats", "`repeats` is given with `model`"),
    list(quote(small(air, model = 3)), "model", "`model` is not of class `rnnar`"),
    list(quote(rnnar(air, model = wide)), "xreg", "`xreg` is missing; expected 2 columns, as `model` has"),
    list(quote(rnnar(air, model = fit, xreg = x)), "xreg", "`xreg` has 2 columns; expected none, as `model` has"),
    list(quote(small(air, xreg = x[1:9, ])), "xreg", "`xreg` has 9 steps; expected at least the 144 of `y`"),
    list(quote(small(air, xreg = replace(x, 7, NA))), "xreg", "`xreg` is NA at .*step 7; expected a finite number"),
    list(quote(small(two, xreg = x)), "xreg", "`xreg` is of 1 series; expected 2, as `y` is"),
    list(quote(small(air, subset = 145)), "subset", "`subset` does not say which values"),
    list(quote(small(air, subset = "a")), "subset", "`subset` does not say which values"),
    list(quote(small(air, subset = TRUE)), "subset", "`subset` does not say which values"),
    list(quote(small(air, subset = 1)), "subset", "`subset` leaves no value of `y`"),
    list(quote(small(two, subset = 1:9)), "subset", "`subset` is given; expected none, as there are several series"),
    list(quote(predict(fit, h = 0)), "h", "`h` is 0; expected a whole number of at least 1"),
    list(quote(predict(fit, h = 1e6)), "h", "`h` is 1e\\+06; expected a whole number of at most 100000"),
    list(quote(predict(fit, h = 1.5)), "h", "`h` is 1.5; expected a whole number of at least"),
    list(quote(predict(fit, h = NA)), "h", "`h` is NA; expected a whole number of at least"),
    list(quote(predict(fit, h = "a")), "h", "`h` is \"a\"; expected a whole number of at least"),
    list(quote(predict(fit, h = 1:3)), "h", "`h` is of class `integer` and of length 3; expected a whole number of at least"),
    list(quote(predict(fit, level = 150)), "level", "`level` has a level outside \\(0, 100\\)"),
    list(quote(predict(fit, level = 0)), "level", "`level` has a level outside \\(0, 100\\)"),
    list(quote(predict(fit, level = NA)), "level", "`level` is not a vector of numbers"),
    list(quote(predict(fit, level = numeric())), "level", "`level` is not a vector of numbers"),
    list(quote(predict(fit, fan = NA)), "fan", "`fan` is NA; expected TRUE or FALSE"),
    list(quote(predict(fit, nonnegative = 1)), "nonnegative", "`nonnegative` is 1; expected TRUE or FALSE"),
    list(quote(predict(fit, npaths = 1)), "npaths", "`npaths` is 1; expected a whole number of at least 2"),
    list(quote(predict(fit, seed = NA)), "seed", "`seed` is NA; expected a whole number of at least"),
    list(quote(predict(fit, levels = 80)), "levels", "`levels` is not an option of forecast; did you mean `level`\\?"),
    list(quote(predict(fit, xreg = 1:24)), "xreg", "`xreg` is given; expected none, as the model has none"),
    list(quote(predict(wide)), "xreg", "`xreg` is missing; expected covariates, as the model has some"),
    list(quote(predict(wide, h = 9, xreg = x[1:3, ])), "xreg", "`xreg` has 3 rows; expected at least 9"),
    list(quote(predict(wide, xreg = 1:3)), "xreg", "`xreg` is a 3 x 1 matrix; expected 3 rows and 2 columns"),
    list(quote(predict(wide, xreg = cbind(1, NA))), "xreg", "`xreg` has what is no finite number; expected none"),
    list(quote(predict(wide, xreg = list(x, x))), "xreg", "`xreg` is of 2 series; expected 1"),
    list(quote(simulate(fit, 0)), "nsim", "`nsim` is 0; expected a whole number of at least 1"),
    list(quote(simulate(fit, hh = 3)), "hh", "`hh` is not an option of simulate; did you mean `h`\\?"),
    list(quote(simulate(fit, seed = -1)), "seed", "`seed` is -1; expected a whole number of at least"),
    list(quote(update(fit, epoch = 3)), "epoch", "`epoch` is not an option of update; did you mean `epochs`\\?"),
    list(quote(update(fit, epochs = -3)), "epochs", "`epochs` is -3; expected a whole number of at least 1"),
    list(quote(update(fit, learn_rate = 0)), "learn_rate", "`learn_rate` is 0; expected one number above 0"),
    list(quote(fitted(fit, h = 2)), "h", "`h` is not an option of fitted"),
    list(quote(residuals(fit, h = 2)), "h", "`h` is not an option of residuals")
  )
  for (row in rows) {
    what <- deparse(row[[1L]])[1L]
    e <- tryCatch(eval(row[[1L]]), error = identity)
    expect_s3_class(e, "bptt_input_error")
    expect_match(conditionMessage(e), row[[3L]], label = what)
    expect_identical(e$argument, row[[2L]], label = what)
    # It is a function of the user's that complains.
    expect_match(deparse(conditionCall(e))[1L], "^(rnnar|predict|forecast|simulate|update|fitted|residuals)[.(]")
  }
})
