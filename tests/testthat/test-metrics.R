# Scores against their formulas, written out here, and against matrices made by hand.

of <- function(m, name) unclass(m)[[name]]

smape <- function(y, f) {
  r <- 2 * abs(y - f) / (abs(y) + abs(f))
  r[y == 0 & f == 0] <- 0
  100 * mean(r[!is.na(y)])
}
scale_of <- function(z, m = 1) mean(abs(diff(z, lag = m)), na.rm = TRUE)
pinball <- function(y, f, q) mean(ifelse(y >= f, q * (y - f), (1 - q) * (f - y)), na.rm = TRUE)

test_that("errors of one series are those of the formulas", {
  y <- c(3, -1, NA, 4, 1, 0, 5)
  f <- c(2, 1, NA, 4, 0, 0, -2)
  z <- c(1, 4, 2, NA, 8, 5, 7)
  m <- rnn_metrics(y, f, insample = z, period = 2)
  e <- (y - f)[!is.na(y)]
  expect_s3_class(m, "rnn_metrics")
  expect_named(m, c("n", "rmse", "mae", "smape", "mase"))
  expect_identical(m$n, 6)
  expect_close(m$rmse, sqrt(mean(e^2)))
  expect_close(m$mae, mean(abs(e)))
  expect_close(m$smape, smape(y, f))
  expect_close(m$mase, mean(abs(e)) / scale_of(z, 2))
  expect_identical(rnn_metrics(y, f), structure(unclass(m)[-5], class = "rnn_metrics"))
})

test_that("every form of the same series has the same scores", {
  y <- matrix(c(1, 5, NA, 2, 8, 3, 0, 4), 4) # two features over time
  f <- matrix(c(2, 5, 1, 0, 7, 3, 1, 9), 4)
  z <- matrix(c(1, 2, 4, 3, 3, 5, 1, 0, 2, 7), 5)
  m <- rnn_metrics(y, f, insample = z)
  expect_close(m$smape, mean(c(smape(y[, 1], f[, 1]), smape(y[, 2], f[, 2]))))
  each <- function(i) mean(abs(y - f)[, i], na.rm = TRUE) / scale_of(z[, i])
  expect_close(m$mase, mean(c(each(1), each(2))))
  cbt <- function(a) array(t(a), c(2, 1, nrow(a)))
  expect_identical(rnn_metrics(cbt(y), cbt(f), insample = cbt(z)), m)
  expect_identical(rnn_metrics(t(y), t(f), insample = t(z), format = "CT"), m)
  # The features as two sequences of one
  expect_identical(rnn_metrics(y, f, insample = z, format = "TB"), m)
  columns <- function(a) list(a = a[, 1], b = a[, 2])
  expect_identical(rnn_metrics(columns(y), columns(f), insample = columns(z)), m)
  frames <- lapply(list(y, f, z), as.data.frame)
  expect_identical(rnn_metrics(frames[[1]], frames[[2]], insample = frames[[3]]), m)
  expect_identical(rnn_metrics(t(y), array(t(f), c(1, 2, 4)), insample = t(z)), m)
  expect_identical(rnn_metrics(ts(y), ts(f, start = 1990), insample = ts(z)), m)
})

test_that("series of unequal length count as far as they go", {
  y <- list(c(1, 2, 3), c(4, NA), NA_real_)
  f <- list(c(1, 2, 6), c(2, 0), 7)
  z <- list(c(1, 2, 4, 8), c(1, NA, 2, 3, 0), 1:5)
  m <- rnn_metrics(y, f, insample = z, period = 2)
  expect_identical(m$n, 4)
  expect_close(m$smape, mean(c(smape(y[[1]], f[[1]]), smape(4, 2))))
  expect_close(m$mase, mean(c(1 / scale_of(z[[1]], 2), 2 / scale_of(z[[2]], 2))))
  pad <- function(l, n) t(vapply(l, function(s) c(s, rep(NA, n - length(s))), numeric(n)))
  padded <- rnn_metrics(pad(y, 3), pad(f, 3),
    format = "BT", lengths = c(3, 2, 1), insample = pad(z, 5), period = 2
  )
  expect_identical(padded, m)
})

test_that("a series without a scale is left out, and only there", {
  y <- cbind(c(1, 2), c(3, 4))
  f <- cbind(c(1, 3), c(3, 6))
  m <- rnn_metrics(y, f, insample = cbind(c(7, 7, 7), c(1, 3, 1)))
  expect_identical(m$mase, 0.5)
  expect_identical(m$mae, 0.75)
  m <- rnn_metrics(y, f, insample = matrix(c(1, NA, 3), 3, 2), lower = y, upper = y)
  expect_identical(c(m$mase, m$msis), c(NaN, NaN))
})

test_that("quantiles have the pinball loss that rnn_bptt() has", {
  levels <- c(0.1, 0.5, 0.8)
  y <- matrix(c(sin(1:9), cos(1:9)), 9)
  y[4, 2] <- NA
  f <- matrix(sin(2 * (1:54)), 9) # features: 2 of level 1, 2 of level 2, 2 of level 3
  m <- rnn_metrics(y, f, levels = levels, insample = y)
  expect_named(m, c("n", "rmse", "mae", "smape", "mase", "levels", "pinball", "mean_pinball"))
  want <- vapply(1:3, function(k) pinball(y, f[, 2 * k - 1:0], levels[k]), 0)
  expect_close(unname(m$pinball), want)
  expect_named(m$pinball, c("0.1", "0.5", "0.8"))
  expect_close(m$mean_pinball, mean(want))
  median <- rnn_metrics(y, f[, 3:4], insample = y)
  for (score in c("rmse", "mae", "smape", "mase")) {
    expect_identical(of(m, score), of(median, score), label = score)
  }
  net <- rnn_net(6, 6, 6, activation = "identity", seed = 1)
  net$param <- list(
    W_xh = diag(6), W_hh = 0 * diag(6), b_h = numeric(6), W_hy = diag(6), b_y = numeric(6)
  )
  expect_close(m$mean_pinball, rnn_bptt(net, f, y, loss = "quantile", levels = levels)$loss)
  expect_named(
    rnn_metrics(y, f[, 1:4], levels = c(0.1, 0.8)), c("n", "levels", "pinball", "mean_pinball")
  )
})

test_that("intervals have the scores of the formulas", {
  y <- c(1, 2, 3, NA, 4)
  l <- c(0, 2, 4, NA, 1)
  u <- c(1, 3, 6, 0, 3)
  z <- c(1, 3, 4, 9, 2)
  for (level in c(80, 95, 99.5)) {
    m <- rnn_metrics(y, y, lower = l, upper = u, level = level, insample = z, period = 3)
    a <- 1 - level / 100
    score <- (u - l + 2 / a * (l - y) * (y < l) + 2 / a * (y - u) * (y > u))[-4]
    expect_identical(c(m$level, m$coverage, m$width), c(level, 0.5, 1.5))
    expect_close(m$msis, mean(score) / scale_of(z, 3), 1e-13)
  }
  expect_named(
    rnn_metrics(y, y, lower = l, upper = u),
    c("n", "rmse", "mae", "smape", "level", "coverage", "width")
  )
  two <- rnn_metrics(cbind(y, y), cbind(y, y),
    lower = cbind(l, l), upper = cbind(u, u), insample = cbind(z, 2 * z)
  )
  one <- rnn_metrics(y, y, lower = l, upper = u, insample = z)
  expect_close(two$msis, (one$msis + one$msis / 2) / 2)
})

test_that("classes have the scores of a confusion matrix made by hand", {
  # Rows: truth a, b, c, d; nothing is d, and nothing is said to be c.
  n <- rbind(c(5, 1, 0, 0), c(2, 6, 0, 1), c(3, 0, 0, 0), 0)
  truth <- rep(row(n), n)
  said <- rep(col(n), n)
  m <- rnn_metrics(truth, said, type = "class")
  expect_equal(unname(m$confusion), n)
  expect_identical(dimnames(m$confusion), list(truth = paste(1:4), predicted = paste(1:4)))
  expect_identical(m$n, 18)
  expect_identical(m$accuracy, 11 / 18)
  precision <- c(5 / 10, 6 / 7, 0, 0)
  recall <- c(5 / 6, 6 / 9, 0, 0)
  f1 <- c(10 / 16, 12 / 16, 0, 0)
  expect_close(unname(m$precision), precision)
  expect_close(unname(m$recall), recall)
  expect_close(unname(m$f1), f1)
  expect_close(unname(m$f1[1:2]), (2 * precision * recall / (precision + recall))[1:2])
  expect_close(
    c(m$macro_precision, m$macro_recall, m$macro_f1), c(mean(precision), mean(recall), mean(f1))
  )
  expect_identical(c(m$micro_precision, m$micro_recall, m$micro_f1), rep(11 / 18, 3))

  # A factor; a level that is nowhere is not in the macro means.
  as_letters <- function(k) factor(c("a", "b", "c", "d")[k], levels = c("a", "b", "c", "d", "e"))
  named <- rnn_metrics(as_letters(truth), as_letters(said))
  expect_identical(named$class, c("a", "b", "c", "d", "e"))
  expect_identical(named$precision[["e"]], 0)
  expect_identical(named$confusion["b", "a"], 2)
  expect_identical(named$macro_f1, m$macro_f1)
  expect_identical(rnn_metrics(as_letters(truth), said, type = "class"), named)
  expect_identical(rnn_metrics(truth, as_letters(said)), named)
  half <- function(x) list(x[1:9], x[10:18])
  expect_identical(rnn_metrics(half(as_letters(truth)), half(as_letters(said))), named)
})

test_that("the examples of other libraries have their results", {
  # The usual small example: y_true 0 1 2 0 1 2, y_pred 0 2 1 0 0 1; here from 1.
  m <- rnn_metrics(c(1, 2, 3, 1, 2, 3), c(1, 3, 2, 1, 1, 2), type = "class")
  expect_close(unname(m$f1), c(0.8, 0, 0))
  expect_close(m$macro_precision, 2 / 9)
  expect_close(m$macro_recall, 1 / 3)
  expect_close(m$macro_f1, 0.8 / 3)
  expect_close(m$micro_f1, 1 / 3)
  # log loss of spam, ham, ham, spam
  p <- c(0.9, 0.1, 0.2, 0.65)
  m <- rnn_metrics(c(1, 0, 0, 1), p, type = "prob")
  expect_close(m$log_loss, 0.21616187468057912)
  expect_close(rnn_metrics(c(2, 1, 1, 2), cbind(1 - p, p), type = "prob")$log_loss, m$log_loss)
  # MAE, RMSE of 3 -.5 2 7 and 2.5 0 2 8
  m <- rnn_metrics(c(3, -0.5, 2, 7), c(2.5, 0, 2, 8))
  expect_close(c(m$mae, m$rmse), c(0.5, sqrt(0.375)))
})

test_that("probabilities are scored by the first of the largest, and clipped", {
  p <- rbind(c(0.5, 0.5, 0), c(0.1, 0.9, 0), c(0, 0.3, 0.7), c(0.2, 0.2, 0.6), NA)
  truth <- c(2, 2, 1, 3, NA)
  m <- rnn_metrics(truth, p, type = "prob")
  expect_equal(unname(m$confusion), rbind(c(0, 0, 1), c(1, 1, 0), c(0, 0, 1)))
  expect_close(m$log_loss, -mean(log(c(0.5, 0.9, 1e-15, 0.6))))
  expect_identical(rnn_metrics(truth, t(p), type = "prob", format = "CT"), m)
  named <- rnn_metrics(factor(letters[truth]), p, type = "prob")
  expect_identical(named$class, c("a", "b", "c"))
  expect_identical(named$log_loss, m$log_loss)
  # Exactly one half is not above it
  m <- rnn_metrics(c(FALSE, TRUE), c(0.5, 0.5), type = "prob")
  expect_equal(unname(m$confusion), rbind(c(1, 0), c(1, 0)))
  expect_identical(m$class, c(0, 1))
})

test_that("what rnn_predict() returns can be scored as it is", {
  p <- problem("gru", loss = "cross_entropy")
  lengths <- c(7, 3, 5)
  prob <- rnn_predict(p$net, p$x, type = "prob", lengths = lengths)
  class <- rnn_predict(p$net, p$x, type = "class", lengths = lengths)
  m <- rnn_metrics(p$target, prob, type = "prob", lengths = lengths)
  loss <- rnn_bptt(p$net, p$x, p$target, loss = "cross_entropy", lengths = lengths)$loss
  expect_close(m$log_loss, loss)
  expect_identical(m$n, 15)
  by_class <- rnn_metrics(p$target, class, type = "class", lengths = lengths)
  expect_identical(unclass(by_class), unclass(m)[names(by_class)])

  net <- rnn_net(1, 3, 1, seed = 2)
  x <- sin(1:20)
  truth <- rep(c(0, 1, 1, 0), 5)
  prob <- rnn_metrics(truth, rnn_predict(net, x, type = "prob"), type = "prob")
  class <- rnn_metrics(truth, rnn_predict(net, x, type = "class"), type = "class")
  expect_identical(unclass(class), unclass(prob)[names(class)])
  expect_close(prob$log_loss, rnn_bptt(net, x, truth, loss = "binary_cross_entropy")$loss)

  y <- rnn_predict(p$net, p$x)
  m <- rnn_metrics(y + 0.5, y)
  expect_close(c(m$n, m$mae, m$rmse), c(84, 0.5, 0.5))
})

test_that("factors of other levels are refused, wherever they are", {
  a <- factor(c("x", "y"))
  b <- factor(c("x", "y"), levels = c("y", "x"))
  for (args in list(list(a, b), list(list(a, a), list(a, b)), list(list(a, b), list(a, a)))) {
    expect_error(do.call(rnn_metrics, args), "other levels", class = "bptt_input_error")
  }
  with_na <- addNA(factor(c("x", NA)))
  expect_identical(rnn_metrics(with_na, with_na)$class, c("x", NA))
})

test_that("as.data.frame() has a row for each score", {
  y <- c(1, 2, 4)
  m <- rnn_metrics(y, cbind(y - 1, y, y + 1),
    levels = c(0.1, 0.5, 0.9), lower = y - 1, upper = y + 1
  )
  d <- as.data.frame(m)
  expect_named(d, c("score", "of", "value"))
  expect_identical(d$score, c(
    "rmse", "mae", "smape", "pinball", "pinball", "pinball", "mean_pinball", "coverage", "width"
  ))
  expect_identical(d$of, c(NA, NA, NA, "0.1", "0.5", "0.9", NA, NA, NA))
  expect_identical(d$value[d$score == "pinball"], unname(m$pinball))
  # One level alone
  expect_identical(as.data.frame(rnn_metrics(y, y, levels = 0.3))$of, c("0.3", NA))
  d <- as.data.frame(rnn_metrics(factor(c("u", "v")), factor(c("u", "u"), c("u", "v"))))
  expect_identical(d$value[d$score == "recall" & d$of %in% "u"], 1)
  expect_identical(nrow(d), 1L + 3L * 2L + 6L)
})

test_that("scores are printed in a table", {
  y <- c(1, 2, 4)
  m <- rnn_metrics(y, y + 1, lower = y - 1, upper = y + 1, insample = 1:3, level = 80)
  expect_printed(m, "
    Scores of 3 predictions
        rmse      mae    smape     mase coverage    width     msis 
           1        1    42.96        1        1        2        2 
    (intervals at level 80%)
    ")
  expect_printed(rnn_metrics(y, cbind(y - 1, y + 2), levels = c(0.1, 0.9)), "
    Scores of 3 predictions
    Pinball loss of the levels:
     0.1  0.9 mean 
    0.10 0.20 0.15 
    ")
  truth <- factor(c("up", "up", "down", "same"))
  said <- factor(c("up", "down", "down", "up"), levels = levels(truth))
  expect_printed(rnn_metrics(truth, said), "
    Scores of 4 class predictions
    accuracy 
         0.5 
          precision recall     f1
    down     0.5000    1.0 0.6667
    same     0.0000    0.0 0.0000
    up       0.5000    0.5 0.5000
    macro    0.3333    0.5 0.3889
    micro    0.5000    0.5 0.5000
    Confusion matrix:
          predicted
    truth  down same up
      down    1    0  0
      same    0    0  1
      up      1    0  1
    ")
  expect_output(print(structure(list(), class = "rnn_metrics")), "Not a whole result")
})
