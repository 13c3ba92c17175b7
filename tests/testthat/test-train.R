# Training: what the loop does with the data, compared with loops and cuts made by hand, and what it
# gives back.

x <- wave$x
target <- wave$target
net <- wave$net

# Plain gradient descent, that a line of R can do as well.
descend <- function(net, ...) {
  rnn_train(net, ..., optimizer = "sgd", learn_rate = 0.1, clip_norm = Inf, seed = 1)
}
step <- function(net, ...) {
  out <- rnn_bptt(net, ...)
  net$param <- rnn_unpack(rnn_pack(net) - 0.1 * rnn_pack(out$grad), net)
  list(net = net, loss = out$loss)
}

expect_close_nets <- function(got, want) expect_close(rnn_pack(got), rnn_pack(want))

# ------------------------------------------------------------------------------ results

test_that("a fit has what the help page says", {
  fit <- rnn_train(net, x, target, epochs = 7, seed = 3)
  expect_s3_class(fit, "rnn_fit", exact = TRUE)
  expect_named(fit, c("net", "history", "stopped", "best_epoch", "seed", "clip_norm", "call"))
  expect_s3_class(fit$net, "rnn_net", exact = TRUE)
  expect_identical(fit$net[setdiff(names(net), "param")], net[setdiff(names(net), "param")])
  expect_identical(lapply(fit$net$param, dim), lapply(net$param, dim))
  expect_s3_class(fit$history, "data.frame", exact = TRUE)
  expect_named(
    fit$history,
    c("epoch", "loss", "learn_rate", "grad_norm", "clipped", "seconds")
  )
  expect_identical(fit$history$epoch, as.numeric(1:7))
  expect_true(all(diff(fit$history$loss) < 0))
  expect_false(is.unsorted(fit$history$seconds))
  expect_identical(
    unclass(fit)[c("stopped", "best_epoch", "seed", "clip_norm")],
    list(stopped = "epochs", best_epoch = 7, seed = 3, clip_norm = 1)
  )
  expect_identical(
    fit$call, quote(rnn_train(net = net, x = x, target = target, epochs = 7, seed = 3))
  )
  first <- rnn_bptt(net, x, target)
  expect_identical(fit$history$loss[1L], first$loss)
  expect_close(fit$history$grad_norm[1L], first$grad_norm)
})

test_that("a step is what rnn_bptt() says, whatever the loss and the data", {
  deep <- rnn_net(2, c(3, 4), 3, "lstm", bidirectional = TRUE, seed = 1)
  many <- rnn_net(2, 4, 3, "gru", output_mode = "last", seed = 1)
  u <- array(sin(1:90), c(2, 5, 9))
  v <- array(cos(1:135), c(3, 5, 9))
  classes <- matrix(1 + 1:45 %% 3, 5, 9)
  frame <- data.frame(a = x, b = rev(x))
  calls <- list(
    list(deep, u, v, loss = "huber", delta = 0.1),
    list(deep, u, v, weights = matrix(1:45 %% 4, 5, 9), lengths = c(9, 1, 4, 9, 2)),
    list(deep, u, classes, loss = "cross_entropy", class_weights = c(1, 2, 0.5)),
    list(deep, u, v[1, , , drop = FALSE], loss = "quantile"),
    list(deep, u, v, reduction = "sum", truncate = 3),
    list(deep, list(t(u[, 1, ]), t(u[, 2, 1:3])), list(t(v[, 1, ]), t(v[, 2, 1:3])),
      weights = list(rep(1, 9), rep(2, 3))
    ),
    list(deep, frame, cbind(x, x, x), weights = data.frame(1:60)),
    list(deep, list(frame, frame[1:9, ]), list(cbind(x, x, x), cbind(frame, 1)[1:9, ])),
    list(deep, u[, 1, ], factor(c("a", "b", "c")[classes[1, ]]), loss = "cross_entropy", format = "CT"),
    list(many, u, v[, , 1], weights = 1:5),
    list(many, u, classes[, 1], loss = "cross_entropy"),
    list(deep, aperm(u, c(2, 3, 1)), aperm(v, c(2, 3, 1)), format = "BTC")
  )
  for (call in calls) {
    fit <- do.call(descend, c(call, epochs = 2))
    one <- do.call(step, call)
    two <- do.call(step, c(list(one$net), call[-1L]))
    expect_close(fit$history$loss, c(one$loss, two$loss))
    expect_close_nets(fit$net, two$net)
  }
})

test_that("a missing target does not count, nor does a batch without any", {
  gaps <- replace(target, c(1:20, 33), NA)
  want <- step(net, x, gaps)$net
  expect_close_nets(descend(net, x, gaps, epochs = 1)$net, want)
  fit <- descend(net, list(x[1:20], x), list(gaps[1:20], gaps), epochs = 1, batch_size = 1)
  expect_close_nets(fit$net, want)
})

# --------------------------------------------------------------------------------- data

test_that("windows are those that one would cut by hand", {
  ends <- rev(seq(60, 9, by = -7))
  u <- v <- array(0, c(1, length(ends), 9))
  for (k in seq_along(ends)) {
    u[1, k, ] <- x[ends[k] - 8:0]
    v[1, k, ] <- target[ends[k] - 8:0]
  }
  train <- function(...) rnn_train(..., epochs = 4, batch_size = 3, seed = 5)
  fit <- train(net, x, target, window = 9, stride = 7)
  expect_identical(timeless(fit), timeless(train(net, u, v)))
  # Of outputs at the last step those of each window.
  last <- rnn_net(1, 4, 1, "lstm", output_mode = "last", seed = 1)
  fit <- train(last, x, target, window = 9, stride = 7)
  expect_identical(timeless(fit), timeless(train(last, u, array(v[, , 9], c(1, length(ends))))))
})

test_that("a sequence that is shorter than a window is one", {
  fit <- rnn_train(net, list(x[1:12], x[20:24]), list(target[1:12], target[20:24]),
    window = 6, stride = 6, epochs = 3, batch_size = 2, seed = 2
  )
  pieces <- list(1:6, 7:12, 20:24)
  want <- rnn_train(net, lapply(pieces, function(i) x[i]), lapply(pieces, function(i) target[i]),
    epochs = 3, batch_size = 2, seed = 2
  )
  expect_identical(timeless(fit), timeless(want))
})

test_that("stateful training is a loop that hands the state on", {
  u <- array(sin(1:22), c(1, 2, 11))
  v <- array(cos(1:22), c(1, 2, 11))
  for (cell in CELLS) {
    first <- rnn_net(1, 3, 1, cell, seed = 2)
    fit <- descend(first, u, v, window = 4, stateful = TRUE, epochs = 2, lengths = c(11, 7))
    want <- first
    for (epoch in 1:2) {
      state <- NULL
      for (from in c(1, 5, 9)) {
        at <- from:min(from + 3, 11)
        lengths <- pmin(c(11, 7) - from + 1, length(at))
        on <- which(lengths > 0)
        state <- if (!is.null(state)) lapply(state, function(s) s[, on, drop = FALSE])
        part <- list(u[, on, at, drop = FALSE], lengths = lengths[on], state = state)
        state <- do.call(rnn_forward, c(list(want), part))$state
        want <- do.call(step, c(list(want), part, list(target = v[, on, at, drop = FALSE])))$net
      }
    }
    expect_close_nets(fit$net, want)
  }
})

test_that("series of unequal length are an array with lengths", {
  u <- array(sin(1:20), c(1, 2, 10))
  v <- array(cos(1:20), c(1, 2, 10))
  train <- function(...) {
    timeless(rnn_train(net, ..., epochs = 3, batch_size = 1, window = 4, stride = 2, seed = 1))
  }
  series <- list(u[1, 1, ], u[1, 2, 1:6])
  expect_identical(
    train(series, list(v[1, 1, ], v[1, 2, 1:6])),
    train(u, v, lengths = c(10, 6))
  )
})

# --------------------------------------------------------------------------- validation

test_that("a share for validation is the last part in time, after a run through all", {
  fit <- descend(net, x, target, validation = 0.25, epochs = 3)
  want <- list(net = net)
  masked <- replace(target, 1:45, NA)
  for (epoch in 1:3) {
    want <- step(want$net, x[1:45], target[1:45])
    expect_close(fit$history$loss[epoch], want$loss)
    expect_close(fit$history$validation_loss[epoch], rnn_bptt(want$net, x, masked)$loss)
  }
  expect_close_nets(fit$net, want$net)
})

test_that("of windows those validate that end in that part", {
  fit <- descend(net, x, target, validation = 0.25, window = 10, stride = 4, epochs = 1)
  want <- descend(net, x[1:45], target[1:45], window = 10, stride = 4, epochs = 1)$net
  ends <- seq(48, 60, by = 4)
  masked <- replace(target, 1:45, NA)
  loss <- rnn_bptt(
    want, lapply(ends, function(end) x[end - 9:0]), lapply(ends, function(end) masked[end - 9:0])
  )$loss
  expect_close(fit$history$validation_loss, loss)
})

test_that("the last sequences validate, or data that are given", {
  u <- array(sin(1:70), c(1, 10, 7))
  v <- matrix(cos(1:10), 1)
  last <- rnn_net(1, 4, 1, "lstm", output_mode = "last", seed = 1)
  train <- function(...) rnn_train(last, ..., epochs = 4, seed = 1)
  held <- list(x = u[, 8:10, , drop = FALSE], target = v[, 8:10, drop = FALSE])
  fit <- train(u, v, validation = 0.3)
  by_hand <- train(u[, 1:7, , drop = FALSE], v[, 1:7, drop = FALSE], validation = held)
  expect_identical(timeless(fit), timeless(by_hand))
  expect_close(fit$history$validation_loss[4L], rnn_bptt(fit$net, held$x, held$target)$loss)

  w <- array(cos(1:70), c(1, 10, 7))
  fit <- descend(net, u, w, validation = 0.3, validation_by = "sequence", epochs = 1)
  want <- step(net, u[, 1:7, , drop = FALSE], w[, 1:7, , drop = FALSE])$net
  expect_close_nets(fit$net, want)
  loss <- rnn_bptt(want, held$x, w[, 8:10, , drop = FALSE])$loss
  expect_close(fit$history$validation_loss, loss)

  want <- step(net, x, target)$net
  for (held in list(
    list(
      x = list(x[1:9], x[20:40]), target = list(target[1:9], target[20:40]),
      weights = list(rep(1, 9), rep(2, 21))
    ),
    list(x = data.frame(x[5:20]), target = data.frame(target[5:20])),
    list(x = u, target = w, lengths = c(7, 1:9 %% 7 + 1), weights = NULL)
  )) {
    fit <- descend(net, x, target, validation = held, epochs = 1)
    expect_close(fit$history$validation_loss, do.call(rnn_bptt, c(list(want), held))$loss)
  }
})

test_that("patience stops, and the best weights are kept", {
  fit <- rnn_train(net, x, target,
    validation = 0.3, patience = 4, learn_rate = 0.3, epochs = 1000, seed = 1
  )
  loss <- fit$history$validation_loss
  expect_identical(fit$stopped, "patience")
  expect_identical(fit$best_epoch, as.numeric(which.min(loss)))
  expect_identical(nrow(fit$history), which.min(loss) + 4L)
  expect_close(rnn_bptt(fit$net, x, replace(target, 1:42, NA))$loss, min(loss))
  # Where no validation loss is finite, the last weights are.
  fit <- rnn_train(net, x, target, validation = list(x = 1, target = 1e200), epochs = 3)
  expect_identical(fit$history$validation_loss, rep(Inf, 3))
  expect_identical(fit$best_epoch, 3)
})

# ------------------------------------------------------------------------------ the end

test_that("a callback sees every epoch", {
  states <- list()
  fit <- rnn_train(net, x, target, epochs = 3, validation = 0.2, seed = 1, callback = function(s) {
    states <<- c(states, list(s))
  })
  expect_named(states[[1L]], c(
    "repeat", "epoch", "epochs", "loss", "validation_loss", "learn_rate", "grad_norm", "clipped",
    "seconds", "time_left", "net"
  ))
  for (name in c("epoch", "loss", "validation_loss", "learn_rate", "grad_norm", "clipped")) {
    expect_identical(vapply(states, `[[`, 0, name), fit$history[[name]])
  }
  expect_identical(states[[3L]]$net, fit$net)
  expect_identical(states[[3L]][c("repeat", "epochs", "time_left")], list(`repeat` = 1, epochs = 3, time_left = 0))
  expect_close(rnn_bptt(states[[1L]]$net, x[1:48], target[1:48])$loss, fit$history$loss[2L])
})

test_that("TRUE stops, and nothing else; an error is the caller's", {
  stop_at <- function(f) rnn_train(net, x, target, epochs = 5, callback = f, seed = 1)
  fit <- stop_at(function(s) s$epoch == 2)
  expect_identical(fit$stopped, "callback")
  expect_identical(fit$history$epoch, c(1, 2))
  for (answer in list(FALSE, NULL, NA, 1, "TRUE", c(TRUE, TRUE), list(TRUE))) {
    expect_identical(stop_at(function(s) answer)$stopped, "epochs")
  }
  want <- stop_at(NULL)
  expect_error(stop_at(function(s) stop("in epoch ", s$epoch)), "^in epoch 1$")
  mine <- structure(class = c("mine", "condition"), list(message = "mine", call = NULL))
  expect_identical(tryCatch(stop_at(function(s) signalCondition(mine)), mine = identity), mine)
  # The next call is as ever, and so is one within another.
  expect_identical(timeless(stop_at(function(s) descend(s$net, x, target, epochs = 1)$seed == 2)), timeless(want))
})

test_that("no time gives no epochs", {
  fit <- rnn_train(net, x, target, max_time = 0, seed = 1)
  expect_identical(fit$stopped, "max_time")
  expect_identical(fit$net, net)
  expect_identical(dim(fit$history), c(0L, 6L))
  expect_identical(fit$best_epoch, 0)
  expect_output(print(fit), "0 epochs \\(out of time\\)")
  expect_error(plot(fit), "`x` has no epochs", class = "bptt_input_error")
  many <- rnn_train(net, x, target, max_time = 0, repeats = 2, seed = 1)
  expect_identical(summary(many)$table$epochs, c(0, 0))
  time <- system.time(fit <- rnn_train(net, x, target, max_time = 0.2, epochs = 1e6))[["elapsed"]]
  expect_identical(fit$stopped, "max_time")
  expect_lt(time, 2)
})

test_that("what diverges keeps finite weights, and says where", {
  wild <- rnn_net(1, 3, 1, activation = "identity", seed = 1)
  train <- function(...) {
    rnn_train(wild, x, target, optimizer = "sgd", learn_rate = 1e3, clip_norm = Inf, seed = 1, ...)
  }
  expect_warning(fit <- train(), "training stopped in epoch [0-9]+, batch 1: the loss is not finite",
    class = "bptt_nonfinite_warning"
  )
  expect_identical(fit$stopped, "diverged")
  expect_true(all(is.finite(rnn_pack(fit$net))))
  expect_true(all(is.finite(fit$history$loss)))
  expect_warning(fit <- train(validation = 0.2), "the best weights", class = "bptt_nonfinite_warning")
  expect_true(all(is.finite(rnn_pack(fit$net))))
  expect_warning(many <- train(repeats = 3), "of network 1 stopped .* so it is with 2 more networks$",
    class = "bptt_nonfinite_warning"
  )
  expect_true(all(is.finite(coef(many))))
})

test_that("lbfgs converges where there is a minimum to be had", {
  linear <- rnn_net(1, 1, 1, activation = "identity", seed = 1)
  fit <- rnn_train(linear, x, 0.5 * x + 0.1, optimizer = "lbfgs", epochs = 500)
  expect_identical(fit$stopped, "converged")
  expect_lt(fit$history$loss[nrow(fit$history)], 1e-6)
})

# --------------------------------------------------------------------- seeds and resuming

test_that("the same seed gives the same bits, and set.seed() decides where there is none", {
  deep <- rnn_net(1, c(9, 8), 1, "lstm", dropout = 0.3, seed = 2)
  train <- function(...) {
    timeless(rnn_train(deep, x, target, window = 10, epochs = 2, batch_size = 5, noise = 0.1, ...))
  }
  fit <- train(seed = 4)
  expect_identical(train(seed = 4), fit)
  expect_identical(train(seed = 4, threads = 2), fit)
  expect_identical(train(seed = 4, memory = "recompute"), fit)
  expect_false(identical(train(seed = 5), fit))
  set.seed(1)
  drawn <- train()
  set.seed(1)
  expect_identical(train(seed = NULL), drawn)
  expect_identical(train(seed = drawn$seed), drawn)
  expect_false(identical(train(), drawn))
  set.seed(1)
  before <- .Random.seed
  train(seed = 4)
  expect_identical(.Random.seed, before)
})

test_that("single precision is that of the computation", {
  fit <- descend(net, x, target, epochs = 1, precision = "single")
  first <- rnn_bptt(net, x, target, precision = "single")
  expect_close(fit$history$loss, first$loss, 1e-7)
  expect_close(rnn_pack(fit$net), rnn_pack(net) - 0.1 * rnn_pack(first$grad), 1e-7)
})

test_that("what a callback's error has cut off can be resumed", {
  file <- tempfile()
  on.exit(unlink(file))
  train <- function(...) rnn_train(net, x, target, window = 7, stateful = TRUE, epochs = 8, ...)
  want <- train(seed = 1)
  expect_error(train(seed = 1, checkpoint = file, callback = function(s) stopifnot(s$epoch < 3)))
  expect_identical(timeless(train(resume = file)), timeless(want))
})

test_that("names of files may begin with ~, and each network has its own", {
  home <- Sys.getenv("HOME")
  folder <- tempfile()
  dir.create(folder)
  on.exit({
    Sys.setenv(HOME = home)
    unlink(folder, recursive = TRUE)
  })
  Sys.setenv(HOME = folder)
  skip_if_not(identical(path.expand("~"), folder))
  train <- function(...) timeless(rnn_train(net, x, target, repeats = 2, ...))
  train(epochs = 1, checkpoint = "~/a b", seed = 1)
  expect_identical(list.files(folder), c("a b", "a b.2"))
  expect_identical(train(epochs = 2, resume = "~/a b"), train(epochs = 2, seed = 1))
  expect_error(train(resume = "~/none"), "none", class = "bptt_input_error")
  expect_error(train(checkpoint = "~/no/such/folder"), "cannot be written", class = "bptt_input_error")
})

# ------------------------------------------------------------------------------- repeats

test_that("several networks are separate trainings", {
  train <- function(net, ...) {
    rnn_train(net, x, target, window = 20, epochs = 3, validation = 0.2, batch_size = 4, ...)
  }
  many <- train(net, repeats = 3, init = "he", seed = 7)
  expect_named(many$history, c(
    "repeat", "epoch", "loss", "validation_loss", "learn_rate", "grad_norm", "clipped", "seconds"
  ))
  expect_identical(many$history[["repeat"]], rep(1:3, each = 3))
  for (k in 1:3) {
    first <- if (k == 1) net else rnn_net(1, 4, 1, "gru", init = "he", seed = 6 + k)
    alone <- train(first, seed = 6 + k)
    expect_identical(many$net[[k]], alone$net)
    expect_identical(many$stopped[k], alone$stopped)
    expect_identical(many$best_epoch[k], alone$best_epoch)
    columns <- setdiff(names(alone$history), "seconds")
    expect_identical(
      as.list(many$history[many$history[["repeat"]] == k, columns]), as.list(alone$history[columns])
    )
  }
  together <- train(net, repeats = 3, init = "he", seed = 7, threads = 2)
  expect_identical(timeless(together), timeless(many))
  # With a callback one after the other: it ends the one that it is called for.
  many <- train(net, repeats = 3, seed = 7, callback = function(s) s[["repeat"]] == 2)
  expect_identical(many$stopped, c("epochs", "callback", "epochs"))
  expect_identical(as.vector(table(many$history[["repeat"]])), c(3L, 1L, 3L))
})
