# Stacks, both directions, dropout, outputs at the last step: against the equations written out.

# The states of one layer: a cell over the columns of x, from its first to its last.
run_cell <- function(cell, W_xh, W_hh, b_h, b_hn, x) {
  sigmoid <- function(a) 1 / (1 + exp(-a))
  H <- ncol(W_hh)
  h <- c <- numeric(H)
  gate <- function(a, k) a[H * (k - 1) + 1:H]
  states <- matrix(0, H, ncol(x))
  for (t in seq_len(ncol(x))) {
    a <- drop(W_xh %*% x[, t]) + b_h
    b <- drop(W_hh %*% h)
    if (cell == "rnn") {
      h <- tanh(a + b)
    } else if (cell == "gru") {
      z <- sigmoid(gate(a, 2) + gate(b, 2))
      n <- tanh(gate(a, 3) + sigmoid(gate(a, 1) + gate(b, 1)) * (gate(b, 3) + b_hn))
      h <- (1 - z) * n + z * h
    } else {
      a <- a + b
      c <- sigmoid(gate(a, 2)) * c + sigmoid(gate(a, 1)) * tanh(gate(a, 3))
      h <- sigmoid(gate(a, 4)) * tanh(c)
    }
    states[, t] <- h
  }
  states
}

# Outputs of a network for one series, features x time.
run_net <- function(net, x) {
  p <- net$param
  for (layer in seq_along(net$hidden)) {
    level <- if (layer > 1L) paste0("_l", layer)
    part <- function(direction, x) {
      q <- p[paste0(c("W_xh", "W_hh", "b_h", "b_hn"), level, direction)]
      run_cell(net$cell, q[[1L]], q[[2L]], q[[3L]], q[[4L]], x)
    }
    turned <- function(x) x[, ncol(x):1, drop = FALSE]
    h <- part(NULL, x)
    if (net$bidirectional) h <- rbind(h, turned(part("_rev", turned(x))))
    x <- h
  }
  p$W_hy %*% x + p$b_y
}

# Two layers with biases that are not zero.
deep_net <- function(cell, ..., output = 2) {
  net <- rnn_net(3, c(5, 4), output, cell, ..., seed = 4)
  net$param <- lapply(net$param, function(p) if (is.null(dim(p))) p + sin(seq_along(p)) / 4 else p)
  net
}

# The first layer of a network with two, and anything for a readout.
rnn_net_of_layer <- function(net) {
  both <- net$bidirectional
  one <- rnn_net(net$input, net$hidden[1L], 1, net$cell, bidirectional = both, seed = 1)
  shared <- setdiff(names(one$param), c("W_hy", "b_y"))
  one$param[shared] <- net$param[shared]
  one
}

several <- list(
  matrix(sin(1:21), 3), matrix(cos(1:12), 3), matrix(sin(1:3 / 2), 3, 1)
)

test_that("stacks and both directions are their equations", {
  for (cell in CELLS) {
    for (both in c(FALSE, TRUE)) {
      net <- deep_net(cell, bidirectional = both)
      y <- rnn_predict(net, several, format = "CT")
      for (b in seq_along(several)) expect_close(y[[b]], run_net(net, several[[b]]), 1e-14)
    }
  }
})

test_that("three layers and one", {
  net <- rnn_net(3, c(2, 5, 3), 2, "lstm", bidirectional = TRUE, seed = 4)
  expect_close(rnn_predict(net, several[[1]], format = "CT"), run_net(net, several[[1]]), 1e-14)
  net <- rnn_net(3, 5, 2, "gru", bidirectional = TRUE, seed = 4)
  expect_close(rnn_predict(net, several[[1]], format = "CT"), run_net(net, several[[1]]), 1e-14)
})

test_that("states are named by layer and direction, and go on where they can", {
  x <- array(sin(1:60), c(3, 4, 5))
  net <- deep_net("lstm", bidirectional = TRUE)
  forward <- rnn_forward(net, x)
  expect_identical(
    names(forward$state),
    c("h", "c", "h_rev", "c_rev", "h_l2", "c_l2", "h_l2_rev", "c_l2_rev")
  )
  expect_identical(
    unname(vapply(forward$state, nrow, 1L)), rep(c(5L, 4L), each = 4L)
  )
  expect_identical(dim(forward$h), c(8L, 4L, 5L))
  # The state of a direction is what is in h at its own last step.
  expect_identical(forward$h[1:4, , 5], forward$state$h_l2)
  expect_identical(forward$h[5:8, , 1], forward$state$h_l2_rev)

  net <- deep_net("gru")
  whole <- rnn_forward(net, x)
  first <- rnn_forward(net, x[, , 1:2])
  rest <- rnn_forward(net, x[, , 3:5], state = first$state)
  expect_identical(rest$state, whole$state)
  expect_identical(rest$y, whole$y[, , 3:5])
})

test_that("the reverse direction's state comes in at each sequence's last step", {
  net <- deep_net("rnn", bidirectional = TRUE)
  x <- matrix(sin(1:21), 3)
  # Its state in the middle, handed to the part before.
  h <- rnn_forward(rnn_net_of_layer(net), x, format = "CT")$h
  after <- rnn_forward(rnn_net_of_layer(net), x[, 1:4],
    format = "CT",
    state = list(h = numeric(5), h_rev = h[6:10, 5])
  )$h
  expect_close(after, h[, 1:4], 1e-15)
})

test_that("outputs at the last step are those of all steps there", {
  x <- array(sin(1:60), c(3, 4, 5))
  lengths <- c(5, 1, 3, 4)
  for (both in c(FALSE, TRUE)) {
    every <- deep_net("gru", bidirectional = both)
    last <- deep_net("gru", bidirectional = both, output_mode = "last")
    y <- rnn_predict(every, x, lengths = lengths)
    expect_identical(
      rnn_predict(last, x, lengths = lengths), sapply(1:4, function(b) y[, b, lengths[b]])
    )
    target <- matrix(cos(1:8), 2)
    all <- array(NA_real_, c(2, 4, 5))
    for (b in 1:4) all[, b, lengths[b]] <- target[, b]
    one <- rnn_bptt(last, x, target, lengths = lengths)
    two <- rnn_bptt(every, x, all, lengths = lengths)
    expect_close(one$loss, two$loss, 1e-15)
    expect_close(one$dx, two$dx, 1e-15)
    expect_close(rnn_pack(one$grad), rnn_pack(two$grad), 1e-15)
  }
})

test_that("outputs at the last step have the shapes that are promised", {
  net <- rnn_net(3, 4, 2, output_mode = "last", seed = 1)
  one <- rnn_net(3, 4, 1, output_mode = "last", seed = 1)
  x <- array(sin(1:60), c(3, 4, 5))
  y <- rnn_predict(net, x)
  expect_identical(dim(y), c(2L, 4L))
  expect_identical(dim(rnn_predict(one, x)), c(1L, 4L))
  expect_identical(rnn_predict(net, aperm(x, c(2, 3, 1)), format = "BTC"), t(y))
  items <- lapply(1:4, function(b) t(x[, b, ]))
  expect_identical(rnn_predict(net, items), t(y))
  expect_identical(rnn_predict(one, items), drop(rnn_predict(one, x)))
  expect_identical(rnn_predict(net, items[[2]]), y[, 2])
  expect_identical(rnn_predict(net, as.data.frame(items[[2]])), y[, 2])
  expect_identical(rnn_predict(rnn_net(1, 4, 1, output_mode = "last", seed = 1), 1:3) * 1, {
    every <- rnn_predict(rnn_net(1, 4, 1, seed = 1), 1:3)
    every[3]
  })
  # A series of its own for each item, and of unequal length
  uneven <- list(a = items[[1]], b = items[[2]][1:2, ])
  expect_close(
    rnn_predict(net, uneven),
    rbind(rnn_predict(net, uneven$a), rnn_predict(net, uneven$b)), 1e-15
  )

  # Targets in all these forms
  loss <- rnn_bptt(net, x, y + 1)$loss
  expect_identical(loss, rnn_bptt(net, items, t(y) + 1)$loss)
  number <- rnn_predict(one, items)
  loss <- rnn_bptt(one, x, matrix(number + 1, 1))$loss
  expect_identical(rnn_bptt(one, x, number + 1)$loss, loss)
  expect_identical(rnn_bptt(one, items, number + 1)$loss, loss)
  expect_identical(rnn_bptt(one, items, matrix(number + 1))$loss, loss)
  class <- c(2, 1, NA, 2)
  loss <- rnn_bptt(net, x, class, loss = "cross_entropy")$loss
  expect_identical(rnn_bptt(net, items, class, loss = "cross_entropy")$loss, loss)
  expect_identical(
    rnn_bptt(net, items, factor(c("b", "a", NA, "b")), loss = "cross_entropy")$loss, loss
  )
  p <- rnn_predict(net, items, type = "prob")
  expect_close(loss, -mean(log(p[cbind(1:4, class)]), na.rm = TRUE), 1e-14)
  expect_identical(rnn_predict(net, items, type = "class"), max.col(p) * 1)
})

test_that("the seed decides what is left out, and set.seed() where there is none", {
  x <- array(sin(1:60), c(3, 4, 5))
  target <- array(cos(1:40), c(2, 4, 5))
  net <- deep_net("lstm", dropout = 0.5)
  a <- rnn_bptt(net, x, target, seed = 1)
  expect_identical(rnn_bptt(net, x, target, seed = 1), a)
  expect_identical(rnn_bptt(net, x, target, seed = 1, threads = 2), a)
  expect_identical(rnn_bptt(net, x, target, seed = 1, memory = "recompute"), a)
  expect_false(identical(rnn_bptt(net, x, target, seed = 2)$y, a$y))
  expect_identical(rnn_forward(net, x, seed = 1)$y, a$y)
  expect_identical(rnn_forward(net, x)$y, rnn_predict(net, x))
  net$dropout <- 0
  expect_identical(rnn_predict(net, x), rnn_bptt(net, x, target)$y)
  net$dropout <- 0.5
  expect_identical(rnn_forward(net, x)$y, rnn_bptt(deep_net("lstm"), x, target)$y)

  for (f in list(rnn_bptt, rnn_gradcheck)) {
    set.seed(1)
    one <- f(net, x, target)
    two <- f(net, x, target)
    set.seed(1)
    expect_identical(f(net, x, target), one)
    expect_identical(f(net, x, target), two)
    expect_false(identical(one, two))
  }
  set.seed(1)
  seed <- sample.int(.Machine$integer.max, 1L)
  set.seed(1)
  expect_identical(rnn_bptt(net, x, target), rnn_bptt(net, x, target, seed = seed))

  # Without dropout the generator is left alone.
  before <- .Random.seed
  rnn_bptt(deep_net("lstm"), x, target)
  rnn_predict(net, x)
  rnn_forward(net, x)
  rnn_bptt(net, x, target, seed = 1)
  expect_identical(.Random.seed, before)
})

test_that("dropout leaves out its share and keeps the mean", {
  # The upper layer adds up what it is shown of a lower one that is always 1.
  net <- rnn_net(1, c(50, 1), 1, activation = "identity", dropout = 0.3, seed = 1)
  net$param <- lapply(net$param, function(p) p * 0)
  net$param$b_h[] <- 1
  net$param$W_xh_l2[] <- 1
  net$param$W_hy[] <- 1
  x <- array(0, c(1, 20, 30))
  shown <- rnn_forward(net, x, seed = 7)$y
  left <- shown * 0.7 # units that are shown
  expect_close(left, round(left), 1e-12)
  expect_lt(abs(mean(left) / 50 - 0.7), 4 * sqrt(0.7 * 0.3 / length(left) / 50))
  expect_lt(abs(stats::var(as.vector(left)) / (50 * 0.7 * 0.3) - 1), 0.25)
  # Other units for each sequence and each step
  expect_gt(length(unique(shown[1, , 1])), 5)
  expect_gt(length(unique(shown[1, 1, ])), 5)
  expect_true(all(rnn_predict(net, x) == 50))
})

test_that("an objective leaves out the same units at every evaluation", {
  x <- array(sin(1:60), c(3, 4, 5))
  target <- array(cos(1:40), c(2, 4, 5))
  net <- deep_net("gru", dropout = 0.4)
  set.seed(3)
  goal <- rnn_objective(net, x, target)
  loss <- goal$fn(goal$par)
  other <- goal$fn(goal$par + 0.1)
  expect_identical(goal$fn(goal$par), loss)
  expect_identical(goal$fn(goal$par + 0.1), other)
  set.seed(3)
  again <- rnn_objective(net, x, target)
  expect_identical(again$fn(goal$par), loss)
  given <- rnn_objective(net, x, target, seed = 5, memory = "recompute")
  expect_identical(given$fn(goal$par), rnn_bptt(net, x, target, seed = 5)$loss)
  expect_identical(given$gr(goal$par), rnn_pack(rnn_bptt(net, x, target, seed = 5)$grad))
})

test_that("gradients of layers and directions are right", {
  x <- array(sin(1:24), c(3, 2, 4))
  for (cell in CELLS) {
    for (both in c(FALSE, TRUE)) {
      net <- rnn_net(3, c(3, 2), 2, cell, bidirectional = both, dropout = 0.3, seed = 2)
      check <- rnn_gradcheck(net, x, array(cos(1:16), c(2, 2, 4)),
        lengths = c(3, 4), wrt = c("param", "x", "state"), truncate = 2, seed = 1
      )
      expect_lt(attr(check, "max_error"), 1e-8)
      state <- names(rnn_forward(net, x)$state)
      expect_identical(check$name, c(names(net$param), "x", state))
      last <- rnn_net(3, c(3, 2), 2, cell, bidirectional = both, output_mode = "last", seed = 2)
      check <- rnn_gradcheck(last, x, c(2, 1), lengths = c(3, 4), loss = "cross_entropy")
      expect_lt(attr(check, "max_error"), 1e-8)
    }
  }
})

test_that("recomputing changes nothing", {
  x <- array(sin(1:1200), c(3, 2, 200))
  target <- array(cos(1:800), c(2, 2, 200))
  for (cell in CELLS) {
    net <- deep_net(cell)
    for (truncate in list(Inf, 30, c(20, 50))) {
      expect_identical(
        rnn_bptt(net, x, target, truncate = truncate, memory = "recompute"),
        rnn_bptt(net, x, target, truncate = truncate)
      )
    }
  }
})

test_that("a gradient that is not finite is reported with its parameter", {
  net <- rnn_net(1, c(2, 2), 1, activation = "identity", seed = 1)
  net$param$W_xh_l2[] <- 1e300
  net$param$W_hy[] <- 1e-300
  expect_warning(
    rnn_bptt(net, rep(1, 4), rep(1e250, 4)), "the gradient of `W_",
    class = "bptt_nonfinite_warning"
  )
})
