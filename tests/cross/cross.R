# cross.R -- R's half of the comparison with Octave; cross.m is the other, line by line the same.
library(bptt)

# Numbers that are exact in single precision, and the same everywhere.
numbers <- function(count, step) (seq_len(count) * step) %% 257 / 128 - 1

# In hexadecimal digits. R has no single precision: what was computed in it comes back as double,
# and so do a loss and a norm, which are sums in double.
write_array <- function(label, x) {
  bytes <- if (startsWith(label, "single")) 4L else 8L
  digits <- writeBin(as.double(x), raw(), size = bytes, endian = "big")
  digits <- matrix(as.character(digits), bytes)
  cat(label, apply(digits, 2, paste, collapse = ""), "\n")
}

write_arrays <- function(label, arrays) {
  for (name in names(arrays)) write_array(paste0(label, ".", name), arrays[[name]])
}

# A training of each kind: the weights, and what is told of every epoch.
write_trainings <- function(precision) {
  x <- array(numbers(2 * 5 * 12, 37), c(2, 5, 12))
  target <- array(numbers(3 * 5 * 12, 91), c(3, 5, 12))
  net <- rnn_net(2, c(6, 5), 3, "gru", dropout = 0.2, seed = 1)
  cases <- list(
    sgd = list(optimizer = "sgd"),
    nesterov = list(optimizer = "sgd", momentum = 0.9, nesterov = TRUE),
    adam = list(),
    adamw = list(optimizer = "adamw", weight_decay = 0.01),
    rmsprop = list(optimizer = "rmsprop", momentum = 0.5),
    adagrad = list(optimizer = "adagrad", weight_decay = 0.01),
    lbfgs = list(optimizer = "lbfgs", weight_decay = 1e-3, batch_size = 5),
    step = list(schedule = "step", schedule_epochs = 2),
    cosine = list(schedule = "cosine", warmup = 1.5),
    one_cycle = list(schedule = "one_cycle"),
    plateau = list(schedule = "plateau", schedule_epochs = 1, learn_rate = 0.5),
    window = list(window = 5, stride = 2),
    stateful = list(window = 5, stateful = TRUE),
    share = list(validation = 0.3, patience = 2),
    windows_share = list(validation = 0.3, window = 5, average = TRUE),
    sequences_share = list(validation = 0.3, validation_by = "sequence"),
    average = list(average = TRUE),
    noise = list(noise = 0.1, clip_norm = 0.2, clip_value = 0.1),
    truncate = list(truncate = c(3, 5), shuffle = FALSE),
    huber = list(loss = "huber", reduction = "sum", threads = 2)
  )
  for (name in names(cases)) {
    label <- paste("double.train", precision, name, sep = ".")
    args <- list(net, x, target,
      lengths = c(12, 1, 7, 12, 5), epochs = 5, batch_size = 2, seed = 11, precision = precision
    )
    one <- cases[[name]]
    args[names(one)] <- one
    fit <- do.call(rnn_train, args)
    write_arrays(label, fit$net$param)
    write_arrays(label, fit$history[c("epoch", "loss", "learn_rate", "grad_norm", "clipped")])
    if ("validation" %in% names(one)) {
      write_array(paste0(label, ".validation_loss"), fit$history$validation_loss)
    }
    write_array(paste0(label, ".best_epoch"), fit$best_epoch)
  }
  many <- rnn_train(net, x, target,
    epochs = 3, window = 4, repeats = 3, threads = 2, seed = 11, precision = precision
  )
  for (k in 1:3) {
    write_arrays(paste("double.train", precision, "repeats", k, sep = "."), many$net[[k]]$param)
  }
}

write_case <- function(label, net, precision, steps = 40, threads = 1) {
  x <- array(numbers(3 * 5 * steps, 37), c(3, 5, steps))
  target <- array(numbers(2 * 5 * steps, 91), c(2, 5, steps))
  class <- array(1 + (seq_len(5 * steps) %% 2), c(5, steps))
  lengths <- c(steps, 1, 17, 33, steps)
  write_arrays(paste0(label, ".param"), net$param)
  write_array(paste0(label, ".theta"), rnn_pack(net))

  out <- rnn_forward(net, x, lengths = lengths, precision = precision, threads = threads)
  write_arrays(label, out[c("y", "h")])
  write_arrays(paste0(label, ".state"), out$state)
  prob <- rnn_predict(net, x, type = "prob", precision = precision, threads = threads)
  write_array(paste0(label, ".prob"), prob)

  full <- rnn_bptt(net, x, target,
    state = out$state, lengths = lengths, precision = precision, threads = threads
  )
  write_arrays(label, full[c("loss", "grad_norm", "y", "dx")])
  write_arrays(paste0(label, ".grad"), full$grad)
  write_arrays(paste0(label, ".state"), full$state)
  write_arrays(paste0(label, ".dstate"), full$dstate)

  short <- rnn_bptt(net, x, class,
    loss = "cross_entropy", reduction = "sum", truncate = c(4, 9),
    clip_value = 0.5, clip_norm = 1, precision = precision, threads = threads
  )
  write_arrays(paste0(label, ".truncated"), short[c("loss", "grad_norm", "dx")])
  write_arrays(paste0(label, ".truncated.grad"), short$grad)
}

# Every loss, over two layers in both directions with dropout.
write_losses <- function(label, precision, output_mode) {
  net <- rnn_net(2, c(7, 5), 6, "gru",
    bidirectional = TRUE, dropout = 0.25, output_mode = output_mode, seed = 4
  )
  steps <- if (output_mode == "last") 1 else 9
  x <- array(numbers(2 * 4 * 9, 37), c(2, 4, 9))
  outputs_each <- c(
    mse = 1, mae = 1, huber = 1, cross_entropy = 6, binary_cross_entropy = 1, quantile = 3,
    gaussian = 2, student_t = 3, negative_binomial = 2
  )
  for (loss in names(outputs_each)) {
    features <- 6 / outputs_each[[loss]]
    dims <- c(features[loss != "cross_entropy"], 4, steps[steps > 1])
    target <- array(numbers(prod(dims), 91), dims)
    if (loss == "binary_cross_entropy") target <- (target + 1) / 2
    if (loss == "negative_binomial") target <- floor(4 * (target + 1))
    if (loss == "cross_entropy") target <- 1 + floor(2.9 * (target + 1))
    weights <- array((seq_len(4 * steps) %% 5) / 4, c(4, steps[steps > 1]))
    out <- rnn_bptt(net, x, target,
      loss = loss, weights = weights, lengths = c(9, 2, 5, 9), truncate = 4, seed = 8,
      precision = precision
    )
    write_arrays(paste0(label, ".", loss), out[c("loss", "grad_norm", "y", "dx")])
    write_arrays(paste0(label, ".", loss, ".grad"), out$grad)
    write_arrays(paste0(label, ".", loss, ".dstate"), out$dstate)
  }
}

# What several networks of all cells predict: an even number of them, and an odd one.
write_ensemble <- function(label, precision) {
  nets <- list(
    rnn_net(2, 7, 4, "rnn", seed = 1), rnn_net(2, 9, 4, "gru", seed = 2),
    rnn_net(2, c(5, 3), 4, "lstm", bidirectional = TRUE, seed = 3), rnn_net(2, 6, 4, "gru", seed = 4)
  )
  x <- array(4 * numbers(2 * 5 * 12, 37), c(2, 5, 12))
  for (type in c("response", "prob", "class")) {
    predicted <- function(nets, combine) {
      rnn_predict(nets, x,
        type = type, combine = combine, lengths = c(12, 1, 7, 12, 3), precision = precision
      )
    }
    for (combine in c("mean", "median")) {
      here <- paste(label, type, combine, sep = ".")
      write_array(here, predicted(nets, combine))
      write_array(paste0(here, ".odd"), predicted(nets[1:3], combine))
    }
    all <- predicted(nets, "all")
    for (k in 1:4) write_array(paste(label, type, k, sep = "."), all[[k]])
  }
}

# Stacks of one direction, computed again; dL/dy; what becomes of the gradient.
write_stack <- function(label, precision) {
  net <- rnn_net(1, c(6, 5, 4), 1, "lstm", seed = 9)
  x <- numbers(1500, 37)
  again <- rnn_bptt(net, x, dy = numbers(1500, 91), memory = "recompute", precision = precision)
  write_arrays(label, again[c("loss", "dx")])
  write_arrays(paste0(label, ".grad"), again$grad)
  flow <- rnn_gradflow(net, x[1:50], x[51:100])
  write_arrays(paste0("double.", label, ".flow"), flow[c("dh", "dc", "gain", "growth", "reach")])
  for (text in flow$verdict) write_array(paste0("double.", label, ".verdict"), utf8ToInt(text))
}

# Scores of numbers, quantiles, intervals, probabilities and classes.
write_metrics <- function(label) {
  y <- array(numbers(2 * 3 * 9, 37), c(2, 3, 9))
  y[5] <- NaN
  f <- array(numbers(6 * 3 * 9, 91), c(6, 3, 9))
  z <- array(numbers(2 * 3 * 20, 55), c(2, 3, 20))
  lengths <- c(9, 4, 6)
  point <- rnn_metrics(y, f[1:2, , ],
    lower = y - 0.3, upper = y + abs(f[3:4, , ]), level = 90, insample = z, period = 4,
    lengths = lengths
  )
  write_arrays(paste0(label, ".point"), point)
  quantiles <- rnn_metrics(y, f, levels = c(0.05, 0.5, 0.9), insample = z, lengths = lengths)
  write_arrays(paste0(label, ".quantiles"), quantiles)
  past <- list(numbers(9, 3), numbers(7, 5))
  write_arrays(paste0(label, ".list"), rnn_metrics(list(numbers(5, 37), numbers(3, 91)),
    list(numbers(5, 11), numbers(3, 13)),
    insample = past, period = 2
  ))
  net <- rnn_net(6, 5, 4, seed = 7)
  class <- 1 + (matrix(seq_len(27), 3) * 5) %% 4
  for (type in c("prob", "class")) {
    m <- rnn_metrics(class, rnn_predict(net, f, type = type), type = type, lengths = lengths)
    write_arrays(paste0(label, ".", type), m)
  }
}

# Forecasts of series: one, many of unequal length, so many that they are left out one by one, with
# missing values, zeros, covariates, seasons of all kinds, beyond the horizon, of new data.
write_forecasts <- function(label) {
  series <- function(n, step) 60 + 30 * numbers(n, step) + seq_len(n)
  y <- series(72, 37)
  y[c(5, 40, 41)] <- NA
  xreg <- cbind(numbers(78, 91), numbers(78, 11))
  many <- list(y, series(50, 55), floor(2 + 2 * numbers(30, 91)))
  cases <- list(
    one = list(y, list(period = 12), list(h = 12)),
    beyond = list(y, list(period = 12, repeats = 7), list(h = 60, npaths = 40, seed = 3)),
    single = list(y, list(repeats = 1), list(h = 4, level = c(0.95, 0.5))),
    recursive = list(y, list(horizon = 1, cell = "gru"), list(h = 5, npaths = 30)),
    stl = list(y, list(period = c(4, 12), season = "stl"), list(h = 3)),
    fourier = list(y, list(period = 12, season = "fourier", lambda = 0.5), list(h = 3)),
    difference = list(y, list(period = 12, season = "difference", loss = "mse"), list(h = 3)),
    plain = list(y - 100, list(p = 4, horizon = 6, hidden = c(5, 4), loss = "huber"), list(h = 6)),
    counts = list(floor(3 + 3 * numbers(60, 37)), list(period = 4), list(h = 9, npaths = 30)),
    fractions = list(
      floor(3 + 3 * numbers(60, 37)), list(period = 4), list(h = 3, integer = FALSE, fan = TRUE)
    ),
    whole = list(y, list(), list(h = 4, integer = TRUE, bootstrap = TRUE, npaths = 30)),
    short = list(y[1:20], list(period = 12), list(h = 26, npaths = 30)),
    zeros = list(rep(0, 40), list(period = 4), list(h = 10, npaths = 30)),
    negative = list(y - 100, list(period = 7), list(h = 7, nonnegative = TRUE)),
    drift = list(y, list(period = 12, trend = "drift"), list(h = 14)),
    mean = list(y, list(period = 12, season = "stl", trend = "none"), list(h = 3)),
    unscaled = list(
      y, list(trend = "none", scale.inputs = FALSE, horizon = 4, xreg = xreg[1:72, ]),
      list(h = 6, xreg = xreg[73:78, ], npaths = 20)
    ),
    subset = list(y, list(subset = 20:72), list(h = 3)),
    xreg = list(
      y, list(period = 12, horizon = 4, xreg = xreg[1:72, ]), list(h = 6, xreg = xreg[73:78, ])
    ),
    many = list(many, list(period = 6), list(h = 14, npaths = 30)),
    gaussian = list(
      many, list(period = 6, loss = "gaussian", season = "stl"), list(h = 30, npaths = 30)
    ),
    student_t = list(
      y, list(period = 12, horizon = 4, loss = "student_t", xreg = xreg[1:72, ]),
      list(h = 6, xreg = xreg[73:78, ], npaths = 40, seed = 3)
    ),
    negative_binomial = list(
      floor(3 + 3 * numbers(60, 37)), list(period = 4, loss = "negative_binomial"),
      list(h = 20, npaths = 30)
    ),
    alone = list(y, list(loss = "gaussian", repeats = 1, lambda = 1), list(h = 3)),
    global = list(
      lapply(1:12, function(i) series(190 + i, 2 * i + 1)), list(repeats = 3), list(h = 3)
    )
  )
  write_one <- function(name, model, options) {
    write_array(paste0(label, ".", name, ".fitted"), unlist(lapply(model$fitted, `[`, -1L)))
    write_arrays(paste0(label, ".", name), model$errors)
    told <- do.call(predict, c(list(model), options))
    if (inherits(told, "forecast")) told <- list(told)
    for (i in seq_along(told)) {
      write_arrays(paste(label, name, i, sep = "."), told[[i]][c("mean", "lower", "upper")])
    }
  }
  for (name in names(cases)) {
    how <- list(repeats = 2, epochs = 3, batch_size = 4, hidden = 6, seed = 11)
    how[names(cases[[name]][[2L]])] <- cases[[name]][[2L]]
    model <- do.call(rnnar, c(cases[[name]][1L], how))
    write_one(name, model, cases[[name]][[3L]])
  }
  write_one("applied", rnnar(series(400, 3), model = model), list(h = 12, npaths = 20))
  how <- list(repeats = 2, epochs = 3, horizon = 4, hidden = 6, seed = 11)
  pooled <- list(2 * xreg[1:72, ], xreg[1:50, ])
  model <- do.call(rnnar, c(list(many[1:2]), how, list(xreg = pooled)))
  write_one("covariates", rnnar(y, model = model, xreg = xreg[1:72, ]), list(h = 3, xreg = xreg[73:75, ]))
}

write_file <- function(label, file) {
  cat(label, as.character(readBin(file, "raw", file.size(file))), "\n")
}

# Octave reads the file that R has saved, and saves the network again: it is the same file.
write_files <- function(label, net) {
  file <- file.path(Sys.getenv("CROSS_FOLDER"), label)
  write_arrays(label, net$param)
  rnn_save(net, file)
  write_file(label, file)
  for (naming in c("torch", "keras", "matlab")) {
    other <- paste0(file, ".", naming)
    rnn_export(net, other, naming)
    write_file(paste0(label, ".", naming), other)
  }
}

# A back-test: every forecast and every score.
write_backtest <- function(label, ...) {
  y <- 40 + seq_len(70) / 2 + 9 * numbers(70, 37) + rep(c(3, -4, 1, 0, -2), 14)
  tested <- rnn_backtest(list(y, y[1:50]^1.2, -y), 4,
    period = 5, repeats = 2, epochs = 3, hidden = 4, seed = 3, ...
  )
  write_arrays(label, tested)
  scores <- summary(tested)
  write_arrays(paste0(label, ".all"), scores$all)
  write_arrays(paste0(label, ".horizon"), scores$horizon)
}

write_files("double.file.gru", rnn_net(3, c(5, 4), 2, "gru", init = "he", chrono = 99, seed = 5))
write_files("double.file.lstm", rnn_net(3, c(5, 4, 3), 2, "lstm",
  bidirectional = TRUE, dropout = 0.1, init = "orthogonal", recurrent_init = "identity",
  output_mode = "last", chrono = 9.5, seed = 6
))

write_metrics("double.metrics")
write_forecasts("double.forecast")
write_backtest("double.backtest.once")
write_backtest("double.backtest.anew", initial = c(50, 40, 60), step = 5, refit = 2)

for (precision in c("double", "single")) {
  for (activation in c("tanh", "relu", "sigmoid", "identity")) {
    net <- rnn_net(3, 17, 2, "rnn", activation = activation, seed = 1)
    write_case(paste0(precision, ".rnn.", activation), net, precision)
  }
  for (reset in c("after", "before")) {
    net <- rnn_net(3, 17, 2, "gru", reset = reset, seed = 2)
    write_case(paste0(precision, ".gru.", reset), net, precision)
  }
  write_case(paste0(precision, ".lstm"), rnn_net(3, 17, 2, "lstm", seed = 2^53), precision)
  # Large enough for threads to share it out.
  for (cell in c("rnn", "gru", "lstm")) {
    net <- rnn_net(3, 64, 2, cell, seed = 3)
    write_case(paste0(precision, ".threads.", cell), net, precision, steps = 240, threads = 2)
  }
  write_losses(paste0(precision, ".losses"), precision, "sequence")
  write_losses(paste0(precision, ".last"), precision, "last")
  write_stack(paste0(precision, ".stack"), precision)
  write_ensemble(paste0(precision, ".ensemble"), precision)
}

for (precision in c("double", "single")) write_trainings(precision)
