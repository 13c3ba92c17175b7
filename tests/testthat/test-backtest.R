# Back-tests: what is forecast from where, with what, and how it is scored.

y <- round(as.numeric(AirPassengers[1:80]))
small <- list(repeats = 2, epochs = 3, hidden = 4, period = 12, horizon = 6, seed = 1)
with_small <- function(f, y, ...) do.call(f, c(list(y), utils::modifyList(small, list(...))))
backtest <- function(...) with_small(rnn_backtest, ...)
small_fit <- function(...) with_small(rnnar, ...)

# The forecasts from an origin, as the rows of a back-test have them.
rows_by_hand <- function(fit, h, ...) {
  fc <- predict(fit, h, ...)
  data.frame(
    forecast = as.numeric(fc$mean), lo80 = as.numeric(fc$lower[, 1]),
    hi80 = as.numeric(fc$upper[, 1]), lo95 = as.numeric(fc$lower[, 2]),
    hi95 = as.numeric(fc$upper[, 2])
  )
}
at <- function(tested, origin, series = 1) {
  rows <- as.data.frame(tested)
  rows <- rows[rows$origin == origin & rows$series == series, ]
  data.frame(rows, row.names = NULL)
}

test_that("origins go from `initial` in steps to the last that has a value behind it", {
  tested <- backtest(y, h = 6, initial = 60, step = 5)
  expect_s3_class(tested, c("rnn_backtest", "data.frame"), exact = TRUE)
  expect_identical(unique(tested$origin), c(60L, 65L, 70L, 75L))
  expect_identical(tested$horizon, c(rep(1:6, 3), 1:5))
  expect_identical(tested$time, tested$origin + tested$horizon + 0)
  expect_identical(tested$actual, y[tested$time])
  expect_identical(names(tested), c(
    "series", "origin", "horizon", "time", "actual", "forecast", "lo80", "hi80", "lo95", "hi95"
  ))
  expect_true(all(tested$lo95 <= tested$lo80 & tested$hi80 <= tested$hi95))
  expect_identical(names(backtest(y, h = 6, initial = 60, level = 90))[7:8], c("lo90", "hi90"))
  # Two thirds, or three periods; steps of h.
  expect_identical(unique(backtest(y, h = 20)$origin), c(54L, 74L))
  expect_identical(unique(backtest(y[1:48], h = 6)$origin), c(36L, 42L))
  expect_identical(unique(backtest(y[1:40], h = 6, level = 80)$origin), 34L)
})

test_that("networks that are trained once are applied to what is known at each origin", {
  tested <- backtest(y, h = 6, initial = 60, step = 7)
  fit <- small_fit(y[1:60])
  hand <- rows_by_hand(fit, 6)
  expect_identical(at(tested, 60)[names(hand)], hand)
  for (origin in c(67, 74)) {
    hand <- rows_by_hand(rnnar(y[1:origin], model = fit), 6)
    expect_identical(at(tested, origin)[names(hand)], hand)
  }
  # A model that is there already
  own <- rnn_backtest(y, h = 6, initial = 67, step = 7, model = fit, seed = 1)
  expect_identical(at(own, 74), at(tested, 74))
  # Its period is that of the model, 12
  own <- rnn_backtest(y, h = 6, model = fit, seed = 1)
  expect_identical(own, rnn_backtest(y, h = 6, model = fit, seed = 1, period = 12))
  other <- rnn_backtest(y, h = 6, model = fit, seed = 1, period = 1)
  expect_false(summary(other)$all$mase == summary(own)$all$mase)
  expect_identical(rnn_backtest(y[1:42], h = 6, model = fit)$origin[1L], 36L) # three periods
  expect_error(rnn_backtest(y, h = 6, model = fit, seed = 1, repeats = 3),
    "`repeats` is given with `model`; expected none but `xreg`", class = "bptt_input_error", fixed = TRUE
  )
})

test_that("networks that are trained anew are those of a fit by hand", {
  tested <- backtest(y, h = 6, initial = 60, step = 7, refit = TRUE)
  for (origin in c(60, 67, 74)) {
    hand <- rows_by_hand(small_fit(y[1:origin]), 6)
    expect_identical(at(tested, origin)[names(hand)], hand)
  }
  second <- backtest(y, h = 6, initial = 60, step = 7, refit = 2)
  expect_identical(at(second, 74), at(tested, 74))
  expect_false(identical(at(second, 67), at(tested, 67)))
  expect_identical(at(second, 67), at(backtest(y, h = 6, initial = 60, step = 7), 67))
  expect_identical(glance(second)$trainings, 2L)
})

test_that("what is behind an origin changes no forecast from it", {
  forecast <- c("forecast", "lo80", "hi80", "lo95", "hi95")
  series <- list(y, rev(y) + 5, y^1.1)
  later <- lapply(series, function(z) replace(z, 71:80, c(9999, NA, 0.01, 50:56)))
  for (refit in c(FALSE, TRUE)) {
    one <- backtest(y, h = 6, initial = 60, step = 5, refit = refit)
    changed <- backtest(later[[1]], h = 6, initial = 60, step = 5, refit = refit)
    known <- one$origin <= 70
    expect_identical(as.data.frame(changed)[known, forecast], as.data.frame(one)[known, forecast])
    expect_false(identical(changed$forecast[!known], one$forecast[!known]))
    many <- backtest(series, h = 6, initial = 60, step = 5, refit = refit)
    changed <- backtest(later, h = 6, initial = 60, step = 5, refit = refit)
    known <- many$origin <= 70
    expect_identical(as.data.frame(changed)[known, forecast], as.data.frame(many)[known, forecast])
  }
})

test_that("many series have their origins side by side", {
  series <- list(a = y, b = y[1:50] + 3)
  tested <- backtest(series, h = 4, initial = c(70, 40))
  expect_identical(
    unique(as.data.frame(tested)[c("series", "origin")]),
    data.frame(
      series = rep(c("a", "b"), each = 3), origin = c(70L, 74L, 78L, 40L, 44L, 48L),
      row.names = c(1L, 5L, 9L, 11L, 15L, 19L)
    )
  )
  fit <- small_fit(list(a = y[1:70], b = series$b[1:40]))
  later <- rnnar(list(a = y[1:74], b = series$b[1:44]), model = fit)
  hand <- predict(later, 4)
  expect_identical(at(tested, 44, "b")$forecast, as.numeric(hand$b$mean))
  expect_identical(at(tested, 44, "b")$hi95, as.numeric(hand$b$upper[, 2]))
  # One that is over takes part in trainings.
  tested <- backtest(series, h = 4, initial = c(70, 46), refit = TRUE)
  fit <- small_fit(list(a = y[1:74], b = series$b))
  expect_identical(at(tested, 74, "a")$forecast, as.numeric(predict(fit, 4)$a$mean))
  # Columns of a ts bring their times along.
  both <- ts(cbind(up = y, down = rev(y)), start = c(1990, 3), frequency = 12)
  tested <- backtest(both, h = 4, initial = 74, period = NULL)
  expect_equal(tested$time[1], 1990 + 2 / 12 + 74 / 12)
  expect_identical(unique(tested$series), c("up", "down"))
})

test_that("covariates are known ahead, the last row stands for what is missing; targets are chosen", {
  x <- cbind(sin(1:80), (1:80) %% 5)
  tested <- backtest(y, h = 6, initial = 60, step = 7, xreg = x, refit = TRUE)
  fit <- small_fit(y[1:67], xreg = x[1:67, ])
  hand <- rows_by_hand(fit, 6, xreg = x[68:73, ])
  expect_identical(at(tested, 67)[names(hand)], hand)
  last <- backtest(y, h = 6, initial = 74, step = 4, xreg = x)
  longer <- backtest(y, h = 6, initial = 74, step = 4, xreg = rbind(x, x[c(80, 80, 80, 80), ]))
  expect_identical(last, longer)
  # The targets that are chosen, as far as they are known
  tested <- backtest(y, h = 6, initial = 60, subset = 1:80 > 20, refit = TRUE)
  hand <- rows_by_hand(small_fit(y[1:66], subset = 21:66), 6)
  expect_identical(at(tested, 66)[names(hand)], hand)
  expect_identical(backtest(y, h = 6, initial = 60, subset = 21:80, refit = TRUE), tested)
})

test_that("scores are those of rnn_metrics, in all and for each horizon", {
  gap <- replace(y, c(30, 66), NA)
  tested <- backtest(list(gap, y^1.2), h = 5, initial = 60, step = 6)
  s <- summary(tested)
  rows <- as.data.frame(tested)
  rows <- rows[!is.na(rows$actual), ]
  expect_identical(s$all$n, nrow(rows))
  e <- rows$actual - rows$forecast
  expect_equal(s$all$mae, mean(abs(e)))
  expect_equal(s$all$rmse, sqrt(mean(e^2)))
  scale <- c(mean(abs(diff(gap[1:60], 12)), na.rm = TRUE), mean(abs(diff(y[1:60]^1.2, 12))))
  expect_equal(s$all$mase, mean(tapply(abs(e), rows$series, mean) / scale))
  ratio <- 200 * abs(e) / (abs(rows$actual) + abs(rows$forecast))
  expect_equal(s$all$smape, mean(tapply(ratio, rows$series, mean)))
  inside <- rows$lo80 <= rows$actual & rows$actual <= rows$hi80
  expect_equal(s$all$coverage80, mean(inside))
  expect_equal(s$all$width95, mean(rows$hi95 - rows$lo95))
  expect_identical(s$horizon$horizon, 1:5)
  expect_equal(s$horizon$n, as.vector(table(rows$horizon)))
  expect_equal(s$horizon$mae, as.vector(tapply(abs(e), rows$horizon, mean)))
  expect_equal(s$horizon$coverage80, as.vector(tapply(inside, rows$horizon, mean)))
  expect_equal(
    s$horizon$mase,
    colMeans(tapply(abs(e), rows[c("series", "horizon")], mean) / scale),
    ignore_attr = TRUE
  )
  # A part of the rows; a horizon of which nothing is known.
  first <- summary(tested[tested$series == 1, ])
  expect_equal(first$all$mase, mean(abs(e[rows$series == 1])) / scale[1])
  none <- summary(tested[tested$time == 66 & tested$series == 1, ])
  expect_identical(none$all$n, 0L)
  expect_true(is.na(none$all$mae))
})

test_that("options of forecast() are passed on, and trainings are those that took place", {
  own <- rnnar(y[1:60], repeats = 2, epochs = 2, seed = 1)
  b <- rnn_backtest(y, 6, 60, 7, model = own, bootstrap = TRUE, npaths = 50, integer = TRUE)
  fc <- forecast(own, 6, bootstrap = TRUE, npaths = 50, integer = TRUE)
  expect_identical(b$lo80[1:6], as.numeric(fc$lower[, 1L]))
  expect_identical(b$forecast, round(b$forecast))
  b <- rnn_backtest(y - 1000, 6, 60, 7, nonnegative = TRUE, repeats = 2, epochs = 2, seed = 1)
  expect_identical(range(b$forecast), c(0, 0))
  told <- function(b) unlist(glance(b)[c("origins", "trainings")], use.names = FALSE)
  given <- rnn_backtest(y, 6, 60, 7, model = own)
  expect_equal(told(given), c(3, 0))
  expect_output(print(given), "3 origins, 0 trainings")
  b <- rnn_backtest(list(y, y[1:70]), 6, c(60, 55), 7, refit = 2, repeats = 2, epochs = 2, seed = 1)
  expect_equal(told(b), c(3, 2))
  expect_output(print(head(b, 3)), "1 origin, 1 training\n")
  expect_equal(told(subset(b, series == 1 & origin >= 67)), c(2, 2))
  wrong <- function(expr, text) expect_error(expr, text, class = "bptt_input_error", fixed = TRUE)
  for (refit in list(TRUE, 2)) {
    wrong(rnn_backtest(y, 6, model = own, refit = refit), "`refit` is given with `model`; expected none but")
  }
  expect_identical(rnn_backtest(y, 6, 60, 7, model = own, refit = FALSE, seed = 1),
    rnn_backtest(y, 6, 60, 7, model = own, seed = 1))
  wrong(rnn_backtest(y, 6, model = own, bootstrap = 3), "`bootstrap` is 3; expected TRUE or FALSE")
})

test_that("a back-test can be shown and taken apart", {
  tested <- backtest(y, h = 4, initial = 70)
  expect_output(print(tested), "10 forecasts of 1 series\n3 origins, 1 training\n.*all 10 ")
  expect_s3_class(as.data.frame(tested), "data.frame", exact = TRUE)
  expect_identical(tested[["actual"]], y[71:80])
  expect_s3_class(tested[c("actual", "forecast")], "data.frame", exact = TRUE)
  expect_identical(tidy(tested), summary(tested)$horizon)
  glance <- glance(tested)
  expect_identical(nrow(glance), 1L)
  expect_identical(glance$origins, 3L)
  file <- tempfile(fileext = ".png")
  grDevices::png(file)
  expect_identical(plot(tested), tested)
  plot(tested, score = "rmse")
  grDevices::dev.off()
  expect_gt(file.size(file), 0)
})

test_that("the same seed gives the same back-test, whoever works", {
  alone <- backtest(y, h = 6, initial = 60, step = 6, refit = 2)
  set.seed(3)
  first <- backtest(y, h = 6, initial = 70, seed = NULL)
  set.seed(3)
  expect_identical(backtest(y, h = 6, initial = 70, seed = NULL), first)
  skip_if_not_installed("future.apply")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old))
  expect_identical(backtest(y, h = 6, initial = 60, step = 6, refit = 2), alone)
})

test_that("progress is told while it is made", {
  skip_if_not_installed("progressr")
  told <- character()
  tell <- function(...) told <<- c(told, "step")
  handler <- progressr::make_progression_handler("test", list(update = tell),
    enable = TRUE, intrusiveness = 0, interval = 0
  )
  f <- function() {
    report <- bptt:::step_progress(3)
    for (i in 1:3) {
      told <<- c(told, "work")
      report(1)
    }
  }
  progressr::with_progress(f(), handlers = handler, enable = TRUE)
  expect_identical(told[1:4], c("work", "step", "work", "step"))
})

test_that("what is wrong is named", {
  wrong <- function(expr, text) expect_error(expr, text, class = "bptt_input_error", fixed = TRUE)
  wrong(rnn_backtest(y), "`h` is missing")
  wrong(backtest(y, h = 0), "`h` is 0; expected a whole number")
  wrong(backtest(y, h = 30), "`h` is 30; expected at most 26, the values behind")
  wrong(backtest(y, h = 6, initial = 80), "`initial` is 80; expected less than the 80 values of")
  wrong(backtest(list(y, y[1:40]), h = 6, initial = 60), "less than the 40 values of series 2")
  wrong(backtest(y, h = 6, initial = 2.5), "`initial` is 2.5; expected a whole number")
  wrong(backtest(y, h = 6, initial = c(60, 61)), "`initial` is of class `numeric` and of length 2")
  wrong(backtest(y, h = 6, step = 0), "`step` is 0")
  wrong(backtest(y, h = 6, refit = 0), "`refit` is 0; expected TRUE, FALSE or")
  wrong(backtest(y, h = 6, refit = "no"), "`refit` is \"no\"; expected")
  wrong(backtest(y, h = 6, level = 100), "`level` has a level outside")
  wrong(backtest(y, h = 6, epoch = 3), "`epoch` is not an option of rnnar; did you mean `epochs`?")
  wrong(rnn_backtest(y, 6, 60, 6, FALSE, 80, 3), "has no name")
  wrong(backtest(y, h = 6, xreg = 1:70), "`xreg` has 70 rows; expected at least the 80 of `y`")
  wrong(backtest(list(y, y), h = 6, xreg = 1:80), "`xreg` is of 1 series; expected 2")
  wrong(backtest(letters, h = 6), "`y` is of class `character`")
  e <- tryCatch(rnn_backtest(y, 6, cell = "lsmt"), error = identity)
  expect_match(conditionMessage(e), "did you mean \"lstm\"")
  expect_identical(conditionCall(e), quote(rnn_backtest(y, 6, cell = "lsmt")))
})
