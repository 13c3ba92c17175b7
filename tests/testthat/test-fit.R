# What can be done with a trained network: printing, drawing, predicting; and what is shown on the
# way to it.

x <- wave$x
target <- wave$target
net <- wave$net
fit <- rnn_train(net, x, target, epochs = 7, seed = 3)
checked <- rnn_train(net, x, target, validation = 0.25, learn_rate = 0.3, epochs = 30, seed = 3)
many <- rnn_train(net, x, target, repeats = 3, epochs = 5, validation = 0.25, seed = 3)

# Results whose numbers are not those of a machine.
stub <- function(fit) {
  fit$history[] <- lapply(fit$history, function(column) seq_along(column) / 8)
  fit$history$epoch <- rep(seq_len(nrow(fit$history) / length(fit$stopped)), length(fit$stopped))
  if (!is.null(fit$history[["repeat"]])) fit$history[["repeat"]] <- many$history[["repeat"]]
  fit$best_epoch[] <- 3
  fit
}

test_that("a fit prints what came out", {
  expect_printed(stub(fit), "
    Recurrent network, cell gru, reset after: 1 input, 4 hidden units, 1 output
    7 epochs (all epochs), loss 0.375
  ")
  expect_printed(stub(checked), "
    Recurrent network, cell gru, reset after: 1 input, 4 hidden units, 1 output
    30 epochs (all epochs), loss 0.375, validation loss 0.375 at epoch 3
  ")
  expect_printed(stub(many), "
    3 networks
    Recurrent network, cell gru, reset after: 1 input, 4 hidden units, 1 output
    5 epochs (all epochs), loss 0.375, validation loss 0.375 at epoch 3
    5 epochs (all epochs), loss 1, validation loss 1 at epoch 3
    5 epochs (all epochs), loss 1.625, validation loss 1.625 at epoch 3
  ")
  expect_identical(format(fit), capture.output(print(fit)))
  capture.output(expect_invisible(print(fit)))
})

test_that("every reason to stop has its words", {
  for (reason in c("epochs", "patience", "max_time", "callback", "interrupt", "diverged", "converged")) {
    stopped <- replace(fit, "stopped", reason)
    expect_match(format(stopped)[2L], "^7 epochs \\([a-z ]+\\), loss [0-9.]+$")
  }
})

test_that("a summary has the call, the numbers and the seed", {
  expect_printed(summary(stub(fit)), "
    Call: rnn_train(net = net, x = x, target = target, epochs = 7, seed = 3)
    Recurrent network, cell gru, reset after: 1 input, 4 hidden units, 1 output
      loss validation_loss epochs best_epoch stopped parameters seconds
     0.375              NA      7          3  epochs         81   0.875
    Seed 3 
  ")
  # A call that has the data in it is cut.
  long <- do.call(rnn_train, list(net, x, target, epochs = 1))
  expect_lt(length(capture.output(print(summary(long)))), 16)
})

test_that("the history is a data frame, tidy and otherwise", {
  expect_identical(as.data.frame(many), many$history)
  expect_identical(tidy(fit), fit$history)
  row <- glance(checked)
  best <- which.min(checked$history$validation_loss)
  expect_named(row, c(
    "loss", "validation_loss", "epochs", "best_epoch", "stopped", "parameters", "seconds"
  ))
  expect_identical(row$validation_loss, min(checked$history$validation_loss))
  expect_identical(row$loss, checked$history$loss[best])
  expect_identical(c(row$epochs, row$best_epoch), c(30, best))
  expect_identical(c(row$stopped, row$parameters), c("epochs", length(coef(net))))
  expect_identical(row$seconds, max(checked$history$seconds))
  expect_identical(nrow(glance(many)), 3L)
})

test_that("augment puts predictions beside the data", {
  got <- augment(fit, x, target)
  expect_named(got, c("data", ".fitted", ".resid"))
  expect_identical(got$.fitted, predict(fit, x))
  expect_identical(got$.resid, target - predict(fit, x))
  expect_named(augment(fit, data.frame(value = x)), c("value", ".fitted"))
  two <- rnn_train(rnn_net(2, 3, 2, seed = 1), cbind(a = x, b = x), cbind(x, x), epochs = 1)
  got <- augment(two, cbind(a = x, b = x), data.frame(x, x))
  expect_named(got, c("a", "b", ".fitted", ".resid"))
  expect_identical(dim(got$.resid), c(60L, 2L))
  expect_identical(augment(many, x)$.fitted, rnn_predict(many$net, x))
  last <- rnn_train(rnn_net(1, 3, 1, output_mode = "last", seed = 1), x, 1, epochs = 1)
  refused <- function(...) expect_error(augment(...), class = "bptt_input_error")
  expect_match(conditionMessage(refused(fit, list(x, x))), "`data` is not one series")
  expect_match(conditionMessage(refused(fit, array(x, c(1, 1, 60)))), "`data` is not one series")
  expect_match(conditionMessage(refused(last, x)), "`x` has outputs at the last step alone")
})

test_that("predictions and coefficients are those of the networks", {
  expect_identical(predict(fit, x), predict(fit$net, x))
  expect_identical(predict(fit, list(x, x[1:9])), predict(fit$net, list(x, x[1:9])))
  expect_identical(predict(many, x, combine = "median"), rnn_predict(many$net, x, combine = "median"))
  expect_length(predict(many, x, combine = "all"), 3L)
  expect_error(predict(fit), "`newdata` is missing", class = "bptt_input_error")
  expect_identical(coef(fit), coef(fit$net))
  expect_identical(coef(many)[, 2L], coef(many$net[[2L]]))
})

test_that("update() trains by the same call with other arguments", {
  expect_identical(nrow(update(fit, epochs = 4)$history), 4L)
  expect_identical(update(fit, epochs = 4)$net, rnn_train(net, x, target, epochs = 4, seed = 3)$net)
  other <- update(fit, target = x)
  expect_identical(other$call$target, quote(x))
  expect_identical(update(other, target = target)$net, fit$net)
  # In the place where it is called, from wherever the call was.
  train <- function(...) rnn_train(net, x, target, ...)
  expect_identical(update(train(epochs = 3, seed = 3), epochs = 7)$net, fit$net)
  expect_identical(update(fit, seed = NULL, epochs = 7)$call$epochs, 7)
  expect_error(update(fit, 4), "no name", class = "bptt_input_error")
})

test_that("plots of all kinds come out, and leave the device as it was", {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit({
    grDevices::dev.off()
    unlink(file)
  })
  settings <- c("mfrow", "mar", "oma", "las", "mgp")
  before <- graphics::par(settings)
  lbfgs <- rnn_train(net, x, target, optimizer = "lbfgs", epochs = 5)
  warm <- rnn_train(net, x, target, schedule = "one_cycle", warmup = 3, clip_norm = Inf, epochs = 9)
  one <- rnn_train(net, x, target, epochs = 1)
  stopped <- rnn_train(net, x, target, repeats = 2, epochs = 9, callback = function(s) s[["repeat"]] == 1)
  for (one in list(fit, checked, many, lbfgs, warm, one, stopped)) expect_invisible(plot(one))
  expect_identical(graphics::par(settings), before)
  # A network without an epoch is no reason not to show the other.
  stopped$history <- stopped$history[stopped$history[["repeat"]] == 2, ]
  stopped$best_epoch[1L] <- 0
  expect_silent(plot(stopped))
})

# ------------------------------------------------------------------------------ progress

state <- list(
  `repeat` = 1, epoch = 12, epochs = 100, loss = 0.01234567, validation_loss = NaN,
  learn_rate = 0.01, grad_norm = 0.5, clipped = 0.25, seconds = 1, time_left = 7.2
)

test_that("the line of progress says how far it is", {
  expect_identical(
    bptt:::progress_text(state), "epoch 12 of 100: loss 0.01235, gradient 0.5, 25 % clipped, 8 s left"
  )
  second <- replace(state, c("repeat", "validation_loss"), list(2, 0.5))
  expect_match(bptt:::progress_text(second), "^network 2, epoch 12 .*, validation 0.5, gradient")
  long <- function(seconds) sub(".*, ", "", bptt:::progress_text(replace(state, "time_left", seconds)))
  expect_identical(
    vapply(c(0, 99.9, 100, 5900, 6001), long, ""),
    c("0 s left", "100 s left", "2 min left", "99 min left", "2 h left")
  )
  none <- replace(state, c("epoch", "loss", "grad_norm", "clipped", "time_left"), list(0, NaN, NaN, NaN, NaN))
  expect_identical(bptt:::progress_text(none), "epoch 0 of 100")
})

# What another R writes to standard error while it trains.
said_by <- function(code) {
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  writeLines(c(
    "library(bptt)",
    "y <- sin(1:2001 / 5)",
    "net <- rnn_net(1, 16, 1, 'lstm', seed = 1)",
    "train <- function(...) rnn_train(net, y[1:2000], y[2:2001], epochs = 1e6, max_time = 0.5, ...)",
    code
  ), script)
  out <- tempfile()
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = FALSE, stderr = out)
  text <- readChar(out, file.size(out))
  unlink(out)
  text
}

test_that("scripts are quiet, and so are documents", {
  expect_identical(said_by("fit <- train()"), "")
  knit <- "options(knitr.in.progress = TRUE)"
  expect_identical(said_by(c(knit, "fit <- train(verbose = TRUE)")), "")
})

test_that("a line is written over at most ten times a second, and wiped out", {
  text <- said_by(c(
    "options(width = 40)",
    "bar <- bptt:::line_bar()",
    "fit <- bptt:::run('rnn_train', list(net = net, x = y[1:2000], target = y[2:2001],",
    "  epochs = 1e6, max_time = 0.5, seed = 1, progress = bar$show))",
    "bar$end()"
  ))
  lines <- strsplit(text, "\r", fixed = TRUE)[[1L]][-1L]
  expect_gt(length(lines), 2)
  expect_lte(length(lines), 7)
  shown <- lines[-length(lines)]
  expect_match(shown, "^epoch [0-9]+ of 1000000: loss ")
  expect_lte(max(nchar(lines)), 39)
  expect_match(lines[length(lines)], "^ +$")
  expect_match(text, "\r$")
})

test_that("package cli shows a bar", {
  skip_if_not_installed("cli")
  text <- said_by(c(
    "options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.width = 200)",
    "fit <- train(verbose = TRUE)"
  ))
  expect_match(text, "epoch [0-9]+ of 1000000: loss ")
})

test_that("package progressr hears of it", {
  skip_if_not_installed("progressr")
  old <- options(progressr.enable = TRUE)
  on.exit(options(old))
  heard <- list()
  train <- function(...) rnn_train(net, rep(x, 50), rep(target, 50), verbose = FALSE, ...)
  listen <- function(expr) {
    heard <<- list()
    withCallingHandlers(expr, progression = function(p) heard <<- c(heard, list(p)))
  }
  listen(train(epochs = 1e6, max_time = 0.4))
  types <- vapply(heard, function(p) p$type, "")
  expect_identical(types[c(1L, length(types))], c("initiate", "finish"))
  expect_gt(sum(types == "update"), 1)
  expect_identical(unique(types[-c(1L, length(types))]), "update")
  expect_match(heard[[2L]]$message, "^epoch [0-9]+ of")
  # Also when it ends with an error.
  try(listen(train(epochs = 0)), silent = TRUE)
  expect_identical(vapply(heard, function(p) p$type, ""), character())
  try(listen(train(epochs = 5, callback = function(s) stop("no"))), silent = TRUE)
  expect_identical(heard[[length(heard)]]$type, "finish")
})
