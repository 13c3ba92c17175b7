skip_if_not_installed("tsibble")
skip_if_not_installed("zoo")

# rnnar() of series of packages tsibble and zoo.

air <- AirPassengers
two <- list(air = air, deaths = ldeaths)
fit <- small(air)
many <- small(two)

test_that("series of packages tsibble and zoo keep their time", {
  plain <- function(one) replace(timeless_model(one), "method", NULL)
  want <- plain(fit)
  table <- tsibble::as_tsibble(air)
  expect_equal(plain(small(table)), want)
  expect_equal(plain(small(zoo::as.zoo(air))), want)
  expect_equal(tsp(fitted(small(zoo::as.zoo(air)))), tsp(air))
  keyed <- rbind(cbind(as.data.frame(table), k = "air"), cbind(as.data.frame(tsibble::as_tsibble(ldeaths)), k = "deaths"))
  keyed <- tsibble::as_tsibble(keyed, key = k, index = index)
  expect_equal(plain(small(keyed)), plain(many))
  expect_equal(plain(small(lapply(two, zoo::as.zoo))), plain(many))
  both <- zoo::as.zoo(ts(cbind(a = 1:20, b = sin(1:20)), 2000, frequency = 4))
  expect_identical(tsp(fitted(small(both))$b), c(2000, 2004.75, 4))
  wrong <- function(expr, text) expect_error(expr, text, class = "bptt_input_error", fixed = TRUE)
  wrong(small(table[-7, ]), "`y` has gaps in time; expected none: `tsibble::fill_gaps()`")
  wrong(small(table[0, ]), "`y` has no rows")
  wrong(
    small(tsibble::tsibble(t = 1:9, a = 1, b = 2, index = t)),
    "`y` has 2 measured variables `a`, `b`; expected one"
  )
  months <- seq(as.Date("2020-01-01"), by = "month", length.out = 24)
  wrong(small(zoo::zoo(1:24, months)), "`y` has steps of unequal length; expected equal ones")
  expect_identical(small(zoo::zoo(1:24, zoo::as.yearmon(months)))$options$period, 12)
  e <- expect_error(small(data.frame(when = months, y = 1:24)), class = "bptt_input_error")
  expect_match(conditionMessage(e), "item 1 of `y` is of class `Date`; expected a time series")
  tested <- rnn_backtest(table, h = 6, initial = 132, repeats = 2, epochs = 2, seed = 1)
  expect_equal(as.data.frame(tested),
    as.data.frame(rnn_backtest(air, h = 6, initial = 132, repeats = 2, epochs = 2, seed = 1)))
})
