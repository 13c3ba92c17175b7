# Forecasts: their form, their time, what they depend on, and what is done with them.

air <- AirPassengers
two <- list(air = air, deaths = ldeaths)
fit <- small(air)
many <- small(two)

test_that("a forecast has the parts that package forecast gives one", {
  fc <- predict(fit)
  expect_sane(fc, 24)
  expect_s3_class(fc$mean, "ts")
  expect_identical(fc$level, c(80, 95))
  expect_identical(colnames(fc$lower), c("80%", "95%"))
  expect_identical(fc$x, air)
  expect_identical(fc$method, "RNNAR(lstm, 32)")
  expect_identical(fc$fitted, fitted(fit))
  expect_identical(residuals(fc), residuals(fit))
  expect_identical(fc$model, fit)
  expect_identical(predict(rnnar(air, repeats = 1, epochs = 1))$series, "air")
})

test_that("it begins one step after the series, wherever that is", {
  series <- list(
    monthly = ts(1:40 + 0, start = c(1987, 5), frequency = 12), quarterly = ts(1:30 + 0, start = c(2001, 4), frequency = 4),
    yearly = ts(1:20 + 0, start = 1950), daily = ts(1:40 + 0, start = c(3, 2), frequency = 7), vector = 1:20 + 0,
    weekly = ts(1:110 + 0, start = 2001.3, frequency = 365.25 / 7), minutes = ts(1:30 + 0, start = 0.5, deltat = 0.25)
  )
  for (name in names(series)) {
    y <- series[[name]]
    t <- if (is.ts(y)) tsp(y) else c(1, length(y), 1)
    fc <- predict(small(y), h = 3)
    expect_equal(tsp(fc$mean), c(t[2L] + c(1, 3) / t[3L], t[3L]), label = name)
    expect_identical(tsp(fc$lower), tsp(fc$mean))
    expect_identical(tsp(fc$upper), tsp(fc$mean))
    expect_identical(tsp(fc$x), t)
    expect_identical(tsp(fc$fitted), t)
  }
  # Several seasons, as package forecast gives them.
  y <- structure(ts(sin(1:200 / 2), frequency = 28), class = c("msts", "ts"), msts = c(7, 28))
  one <- small(y)
  expect_identical(one$options$period, c(7, 28))
  fc <- predict(one, h = 3)
  expect_identical(attr(fc$mean, "msts"), c(7, 28))
  expect_identical(fc$x, y)
  expect_identical(start(fc$mean), c(8, 5))
})

test_that("h may be one, within the horizon and beyond it", {
  for (horizon in list(NULL, 1, 5)) {
    one <- small(air, horizon = horizon)
    long <- predict(one, h = 25, npaths = 10)
    expect_sane(long, 25)
    # More steps do not change the first.
    for (h in c(1, 5, 6)) expect_equal(as.numeric(predict(one, h = h, npaths = 2)$mean), long$mean[seq_len(h)])
  }
  expect_identical(lapply(predict(many, h = 30, npaths = 20), function(fc) length(fc$mean)), list(air = 30L, deaths = 30L))
  # A transformation that knows no number above some bound.
  expect_true(all(is.finite(predict(small(air, lambda = -1), h = 30, npaths = 20)$mean)))
})

test_that("levels may be in per cent or parts of one, in any order, or a fan", {
  want <- predict(fit, h = 3)
  expect_identical(numbers(predict(fit, h = 3, level = c(0.95, 0.8))), numbers(want))
  expect_identical(colnames(predict(fit, h = 3, fan = TRUE)$lower), paste0(seq(51, 99, by = 3), "%"))
  one <- predict(fit, h = 3, level = 95)
  expect_identical(as.numeric(one$upper), as.numeric(want$upper[, 2]))
  expect_identical(dim(predict(fit, h = 1, level = 95)$upper), c(1L, 1L))
})

test_that("the point forecast lies within its intervals, on whatever side the errors are", {
  for (side in c(-1, 1)) {
    biased <- fit
    biased$errors$pool <- side * (10 + abs(fit$errors$pool))
    for (h in c(5, 30)) {
      fc <- predict(biased, h = h, npaths = 50)
      expect_sane(fc, h)
      expect_identical(fc$mean, predict(fit, h = h, npaths = 50)$mean)
      expect_true(all(fc$lower <= as.numeric(fc$mean) & as.numeric(fc$mean) <= fc$upper))
    }
    drawn <- predict(biased, h = 5)[[if (side < 0) "upper" else "lower"]]
    expect_identical(as.numeric(drawn), rep(as.numeric(predict(fit, h = 5)$mean), 2))
  }
})

test_that("counts with zeros are forecast in whole numbers, others if asked for", {
  y <- c(0, 0, 1, 0, 2, 0, 0, 1, 0, 3, 0, NA, 1, 0, 0)
  one <- small(y, horizon = 4)
  is_whole <- function(x) all(x == round(x))
  for (h in c(3, 9)) {
    plain <- numbers(predict(one, h = h, npaths = 50, integer = FALSE))
    expect_false(is_whole(plain))
    expect_identical(numbers(predict(one, h = h, npaths = 50)), floor(plain + 0.5))
  }
  # What was within an interval is still.
  expect_true(all(floor(plain[, 2:3] + 0.5) <= ceiling(plain[, 2:3])))
  expect_true(all(floor(plain[, 4:5] + 0.5) >= floor(plain[, 4:5])))
  paths <- simulate(one, 5, seed = 1, h = 9, integer = FALSE)
  expect_equal(unclass(simulate(one, 5, seed = 1, h = 9)), floor(unclass(paths) + 0.5))
  whole_by_default <- function(y) is_whole(numbers(predict(small(y), h = 3)))
  expect_false(whole_by_default(y + 1))
  expect_false(whole_by_default(y / 2))
  expect_false(whole_by_default(y - 1))
  expect_true(is_whole(numbers(predict(fit, h = 3, integer = TRUE))))
  expect_false(is_whole(numbers(predict(fit, h = 3))))
})

test_that("errors of what is to come are larger, as the residuals of a regression say", {
  # The only series has the errors of all, so that this alone is in its ratio.
  factor <- function(y, ...) small(y, epochs = 1, ...)$errors$ratio
  expect_equal(factor(air), sqrt(144 / (144 - 12)))
  expect_equal(factor(replace(air, c(3, 50, 144), NA)), sqrt(141 / (141 - 12)))
  expect_equal(factor(as.numeric(air)), sqrt(144 / (144 - 1)))
  expect_equal(factor(air, season = "none"), sqrt(144 / (144 - 1)))
  expect_equal(factor(window(air, end = c(1950, 11))), sqrt(23 / 22)) # it has no period twice
  expect_equal(factor(replace(window(air, end = c(1950, 12)), 7, NA)), sqrt(2)) # it has, with a gap
  expect_equal(factor(as.numeric(air), period = c(4, 72)), sqrt(144 / (144 - 4))) # 72: beyond a window
  expect_equal(factor(as.numeric(air), period = c(4, 12.5)), sqrt(144 / (144 - 12.5)))
})

test_that("intervals are made from paths if asked for", {
  made <- predict(fit, h = 6, bootstrap = TRUE, npaths = 400, seed = 7)
  paths <- simulate(fit, 400, seed = 7, h = 6)
  point <- as.numeric(predict(fit, h = 6)$mean)
  expect_identical(as.numeric(made$mean), point)
  ends <- exp(apply(log(paths), 1, quantile, c(0.1, 0.975), names = FALSE)) # it models logarithms
  expect_equal(as.numeric(made$lower[, 1]), pmin(ends[1, ], point))
  expect_equal(as.numeric(made$upper[, 2]), pmax(ends[2, ], point))
  expect_false(identical(numbers(made), numbers(predict(fit, h = 6))))
  # Beyond the horizon it changes nothing, and what lies within does not depend on h.
  far <- function(...) numbers(predict(fit, h = 30, npaths = 50, ...))
  expect_identical(far(bootstrap = TRUE)[25:30, ], far()[25:30, ])
  expect_identical(far()[1:24, ], numbers(predict(fit, h = 24)))
})

# The networks of `fit` on all of these series, framed and run from their first step: all of them, or
# of each kind one for each series, in turn.
block_by_hand <- function(fit, series, xreg, appended, in_turn = FALSE) {
  frames <- lapply(seq_along(series), function(i) {
    n <- length(series[[i]]) - appended
    ahead <- if (appended > 0) matrix(series[[i]][n + seq_len(appended)])
    bptt:::frame_of(fit, list(series[[i]][seq_len(n)]), xreg, ahead)
  })
  vapply(seq_along(series), function(i) {
    n <- length(series[[i]])
    views <- lapply(seq_along(frames[[i]]$view), function(v) {
      view <- frames[[i]]$view[[v]]
      nets <- fit$networks[[v]]
      if (in_turn) nets <- nets[(i - 1) %% length(nets) + 1]
      said <- vapply(nets, function(net) rnn_predict(net, view$x)[, 1L, n], view$base[, 1L, 1L])
      said <- rowMeans(matrix(said, ncol = length(nets)))
      bptt:::back(said, view$base[, 1L, n], view$spread, view$level[1L, n])
    })
    as.numeric(Reduce(`+`, views)) / length(views)
  }, numeric(fit$networks[[1L]][[1L]]$output))
}

test_that("paths that go on from kept states are those of whole series", {
  xreg <- cbind(sin(seq_len(160) / 3), seq_len(160) %% 5)
  cases <- list(
    list(horizon = 1), list(horizon = 3), list(horizon = 3, cell = "gru", xreg = xreg[1:144, ]),
    list(horizon = 2, season = "fourier", lambda = 1)
  )
  for (case in cases) {
    one <- do.call(small, c(list(air), case, hidden = 5))
    h <- 7
    x <- if (!is.null(case$xreg)) xreg[145:151, ]
    full <- if (!is.null(case$xreg)) list(xreg[1:151, ])
    frame <- bptt:::frame_of(one)
    pool <- one$errors$pool
    size <- frame$view[[1L]]$spread * one$errors$ratio
    draw <- bptt:::run("rnnar_draw", list(n = ncol(pool), draws = 4 * ceiling(h / case$horizon), seed = 5))[[1L]]
    draw <- matrix(draw, 4)
    z <- NULL
    for (b in seq_len(ncol(draw))) {
      y <- if (b > 1) bptt:::invert(z, frame, 1L)
      series <- lapply(1:4, function(k) c(as.numeric(air), y[, k]))
      block <- matrix(block_by_hand(one, series, full, NROW(y), b > 1), case$horizon)
      z <- rbind(z, block + size * pool[, draw[, b], drop = FALSE])
    }
    want <- bptt:::invert(z, frame, 1L)[1:h, ]
    got <- simulate(one, 4, seed = 5, h = h, xreg = x)
    expect_equal(matrix(as.numeric(got), h), want, tolerance = 1e-11)
    # The point forecast, too.
    z <- block_by_hand(one, list(as.numeric(air)), full, 0)
    while (NROW(z) < h) {
      y <- c(as.numeric(air), bptt:::invert(matrix(z), frame, 1L))
      z <- c(z, block_by_hand(one, list(y), full, NROW(z)))
      z <- matrix(z)
    }
    want <- bptt:::invert(matrix(z), frame, 1L)[1:h]
    expect_equal(as.numeric(predict(one, h = h, xreg = x, npaths = 2)$mean), want, tolerance = 1e-11)
  }
})

test_that("forecasts stay on the side of 0 that the series is on", {
  y <- c(0, 0, 1, 0, 2, 0, 0, 1, 0, 3, 0, 0, 1, 0, 0)
  expect_gte(min(numbers(predict(small(y), h = 12))), 0)
  expect_lt(min(numbers(predict(small(y, lambda = NULL), h = 12, nonnegative = FALSE))), 0)
  expect_gte(min(numbers(predict(small(y - 1), h = 12, nonnegative = TRUE))), 0)
})

test_that("paths are drawn from a seed, with any number of threads", {
  a <- numbers(predict(fit, h = 40, npaths = 50))
  expect_identical(numbers(predict(fit, h = 40, npaths = 50)), a)
  expect_identical(numbers(predict(fit, h = 40, npaths = 50, seed = 1)), a)
  expect_false(identical(numbers(predict(fit, h = 40, npaths = 50, seed = 2)), a))
  set.seed(1)
  b <- numbers(predict(fit, h = 40, npaths = 50, seed = NULL))
  set.seed(1)
  expect_identical(numbers(predict(fit, h = 40, npaths = 50, seed = NULL)), b)
  old <- options(bptt.threads = 2)
  on.exit(options(old))
  expect_identical(numbers(predict(fit, h = 40, npaths = 50)), a)
})

test_that("nothing after the origin counts, not one bit of it", {
  origin <- c(1957, 12)
  after <- function(y, what) {
    window(y, start = c(1958, 1)) <- what
    y
  }
  changed <- list(after(air, 1e6), after(air, NA), after(air, -1), after(air, rev(window(air, c(1958, 1)))))
  want <- numbers(predict(small(window(air, end = origin)), h = 30, npaths = 20))
  for (y in changed) {
    expect_identical(numbers(predict(small(window(y, end = origin)), h = 30, npaths = 20)), want)
  }
  # Many, of which each ends at its own time.
  past <- function(y) list(window(y, end = origin), window(y, end = c(1955, 3)), ldeaths)
  many_ahead <- function(series) lapply(predict(small(series), h = 30, npaths = 20), numbers)
  want <- many_ahead(past(air))
  for (y in changed[1:2]) expect_identical(many_ahead(past(y)), want)
  # Nor what covariates are there for the steps after.
  x <- as.numeric(time(air))
  n <- length(window(air, end = origin))
  one <- function(x) numbers(predict(small(window(air, end = origin), xreg = x[seq_len(n)]), xreg = x[n + 1:5]))
  expect_identical(one(replace(x, seq_along(x) > n + 5, 1e6)), one(x))
  # A model applied to what came before sees that alone.
  applied <- function(y) numbers(predict(rnnar(window(y, end = origin), model = fit), h = 12))
  expect_identical(applied(changed[[1L]]), applied(air))
})

test_that("all rows of the covariates count, however few steps are forecast", {
  x <- cbind(cos(seq_len(156)^2), seq_len(156) %% 7)
  one <- small(air, xreg = x[1:144, ], horizon = 6)
  ahead <- function(h, rows) numbers(predict(one, h = h, xreg = rows, npaths = 20))
  long <- ahead(12, x[145:156, ])
  expect_equal(as.numeric(predict(one, h = 2, xreg = x[145:156, ])$mean), as.numeric(long[1:2, 1]))
  expect_identical(ahead(2, x[145:150, ]), ahead(6, x[145:150, ])[1:2, ])
  # Where there are too few, means stand for the rest.
  means <- colMeans(x[1:144, ])
  expect_equal(ahead(2, x[145:146, ]), ahead(2, rbind(x[145:146, ], means, means, means, means)))
  expect_false(identical(ahead(2, x[145:146, ]), ahead(2, x[145:150, ])))
})

# ------------------------------------------------------------------------------ many series

test_that("forecasts of many series are a list that prints as a table", {
  fc <- predict(many, h = 3)
  expect_s3_class(fc, "rnnar_forecasts")
  expect_named(fc, c("air", "deaths"))
  for (one in fc) expect_sane(one, 3)
  expect_equal(tsp(fc$deaths$mean), c(1980, 1980 + 2 / 12, 12))
  expect_identical(fc$deaths$series, "deaths")
  expect_null(fc$air$model) # each would hold all networks
  table <- as.data.frame(fc)
  expect_named(table, c("series", "time", "Point Forecast", "Lo 80", "Hi 80", "Lo 95", "Hi 95"))
  expect_identical(table$series, rep(c("air", "deaths"), each = 3))
  expect_equal(table$time[4:6], 1980 + 0:2 / 12)
  expect_identical(table[["Hi 95"]][1:3], as.numeric(fc$air$upper[, 2]))
  text <- capture.output(expect_invisible(print(fc)))
  expect_identical(text[1L], "Forecasts of 2 series from RNNAR(lstm, 32) ")
  expect_match(text[3L], "^ +air Jan 1961 +[0-9.]+")
  expect_match(capture.output(print(fc, n = 4)), "and 2 more rows", all = FALSE)
  expect_s3_class(fc["deaths"], "rnnar_forecasts")
  expect_length(fc["deaths"], 1L)
  # Without names they are numbered.
  unnamed <- predict(small(unname(two)), h = 1)
  expect_null(names(unnamed))
  expect_identical(as.data.frame(unnamed)$series, c("1", "2"))
})

test_that("unequal series are forecast as they are alone by the same networks", {
  alone <- predict(rnnar(ldeaths, model = many), h = 12)$mean
  expect_equal(predict(many, h = 12)$deaths$mean, alone)
})

test_that("a forecast is a table", {
  fc <- predict(fit, h = 3)
  table <- as.data.frame(fc)
  expect_identical(rownames(table), c("Jan 1961", "Feb 1961", "Mar 1961"))
  expect_named(table, c("Point Forecast", "Lo 80", "Hi 80", "Lo 95", "Hi 95"))
  expect_identical(table[["Lo 80"]], as.numeric(fc$lower[, 1]))
  expect_identical(capture.output(print(fc)), capture.output(print(table)))
  labels <- function(...) bptt:::time_labels(ts(...))
  expect_identical(labels(1:3, c(2000, 4), frequency = 4), c("2000 Q4", "2001 Q1", "2001 Q2"))
  expect_identical(labels(1:2, 1999), c("1999", "2000"))
  expect_identical(length(unique(labels(1:20, c(3, 2), frequency = 24))), 20L)
})

# ------------------------------------------------------------------------- package forecast

test_that("library(bptt) alone is enough, and package forecast has the same functions", {
  for (name in c("forecast", "accuracy", "tidy", "glance", "augment")) {
    expect_identical(getExportedValue("bptt", name), getExportedValue("generics", name))
  }
  expect_identical(numbers(bptt::forecast(fit, h = 3)), numbers(predict(fit, h = 3)))
  skip_if_not_installed("forecast")
  code <- paste(
    "fit <- rnnar(1:20, repeats = 1, epochs = 1)", "fc <- forecast(fit, h = 2)",
    "cat(class(fc)[1L], rownames(accuracy(fit)), rownames(accuracy(fc, 21:22)))",
    sep = "\n"
  )
  for (attached in list("bptt", c("bptt", "forecast"), c("forecast", "bptt"))) {
    file <- tempfile(fileext = ".R")
    writeLines(c(sprintf("suppressMessages(library(%s))", attached), code), file)
    paths <- paste(.libPaths(), collapse = .Platform$path.sep)
    said <- system2(file.path(R.home("bin"), "Rscript"), file, stdout = TRUE, env = paste0("R_LIBS=", paths))
    expect_identical(said, "rnnar_forecast Training set Training set Test set", label = toString(attached))
  }
})

test_that("the functions of package forecast work on forecasts", {
  skip_if_not_installed("forecast")
  train <- window(air, end = c(1959, 12))
  test <- window(air, start = 1960)
  model <- small(train)
  fc <- forecast::forecast(model, h = 12)
  expect_true(forecast::is.forecast(fc))
  expect_identical(numbers(fc), numbers(predict(model, h = 12)))
  scores <- forecast::accuracy(fc, test)
  expect_identical(rownames(scores), c("Training set", "Test set"))
  expect_equal(scores["Test set", "MAE"], mean(abs(test - fc$mean)))
  expect_equal(forecast::accuracy(model)[1L, ], forecast::accuracy(fc)[1L, ])
  expect_output(print(summary(fc)), "Forecast method: RNNAR\\(lstm, 32\\).*Error measures:.*Jan 1960")
  same <- as.data.frame(fc)
  class(fc) <- "forecast"
  expect_equal(as.matrix(same), as.matrix(as.data.frame(fc)))
  expect_identical(rownames(same), rownames(as.data.frame(fc)))
})

test_that("those of models, too", {
  skip_if_not_installed("forecast")
  tested <- NULL
  expect_output(tested <- forecast::checkresiduals(fit, plot = FALSE), "Residuals from RNNAR\\(lstm, 32\\)")
  expect_s3_class(tested, "htest")
  expect_output(forecast::checkresiduals(predict(fit), plot = FALSE), "Model df: 0")
  expect_identical(forecast::getResponse(fit), air)
  expect_identical(rownames(forecast::accuracy(many)), c("air: Training set", "deaths: Training set"))
})

test_that("and of many series", {
  skip_if_not_installed("forecast")
  fc <- predict(many, h = 3)
  scores <- forecast::accuracy(fc, list(1:3, 4:6))
  expect_identical(rownames(scores)[4L], "deaths: Test set")
  expect_equal(scores[4L, "ME"], mean(4:6 - fc$deaths$mean))
  expect_output(print(summary(fc$air)), "Error measures")
  expect_identical(summary(fc), as.data.frame(fc))
  e <- expect_error(forecast::checkresiduals(many, plot = FALSE), class = "bptt_input_error")
  expect_match(conditionMessage(e), "`object` is a model of 2 series; expected one: give .* residuals\\(object\\)\\[\\[1")
  e <- expect_error(forecast::accuracy(fc, 1:3), class = "bptt_input_error")
  expect_identical(e$argument, "x")
})

test_that("pictures come out, with package forecast and by ourselves", {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit({
    grDevices::dev.off()
    unlink(file)
  })
  fc <- predict(many, h = 3)
  expect_invisible(suppressMessages(plot(fc)))
  plot(fc, series = "deaths", main = "Deaths")
  plot(predict(fit, h = 1))
  bptt:::draw_forecast(predict(fit, h = 1), fitted(fit), xlim = c(1959, 1962))
  e <- expect_error(plot(fc, series = 3), class = "bptt_input_error")
  expect_identical(e$argument, "series")
  skip_if_not_installed("forecast")
  plot(fc$air, include = 24)
  utils::capture.output(forecast::checkresiduals(fit))
  skip_if_not_installed("ggplot2")
  expect_s3_class(suppressWarnings(ggplot2::autoplot(fc$air)), "ggplot")
})

test_that("pictures of many series have a panel for each", {
  skip_if_not_installed("ggplot2")
  drawn <- function(...) {
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    print(ggplot2::autoplot(...))
    built <- ggplot2::ggplot_build(ggplot2::autoplot(...))
    list(panels = as.character(built$layout$layout$series), layers = lapply(1:3, ggplot2::layer_data, plot = built$plot))
  }
  fc <- predict(many, h = 3)
  all <- drawn(fc)
  expect_identical(all$panels, c("air", "deaths"))
  expect_identical(nrow(all$layers[[1L]]), 2L * 2L * 3L) # series, levels, steps
  expect_equal(all$layers[[2L]]$y, c(air, ldeaths))
  expect_equal(all$layers[[3L]]$y, as.data.frame(fc)[["Point Forecast"]])
  widest <- all$layers[[1L]][all$layers[[1L]]$group == 1 & all$layers[[1L]]$PANEL == 1, ]
  expect_equal(widest$ymin, as.numeric(fc$air$lower[, 2L]))
  one <- drawn(predict(many, h = 1), series = "deaths", include = 5)
  expect_identical(one$panels, "deaths")
  expect_equal(one$layers[[2L]]$y, as.numeric(tail(ldeaths, 5)))
  expect_equal(diff(range(one$layers[[1L]]$x)), 1 / 12) # as wide as a step
  # In the order asked for; nothing of the past, or one value; series of one name are two.
  twice <- small(list(a = air, a = replace(ldeaths, c(1, 72), NA)))
  swapped <- drawn(predict(twice, h = 3, fan = TRUE), series = 2:1, include = 1)
  expect_identical(swapped$panels, c("a.1", "a"))
  expect_equal(swapped$layers[[2L]]$y, c(NA, tail(as.numeric(air), 1)))
  expect_identical(nrow(drawn(fc, include = 0)$layers[[2L]]), 0L)
  e <- expect_error(ggplot2::autoplot(fc, series = 3), class = "bptt_input_error")
  expect_identical(e$argument, "series")
  expect_error(ggplot2::autoplot(fc, series = NULL), "`series` is empty", class = "bptt_input_error")
  expect_error(ggplot2::autoplot(fc, include = -1), "`include` is -1", class = "bptt_input_error")
})
