# Making networks: fields, weights, seeds.

test_that("a network has its fields and parameters in order", {
  net <- rnn_net(2, 3, 4)
  expect_s3_class(net, "rnn_net", exact = TRUE)
  expect_identical(
    names(net), c(
      "cell", "input", "hidden", "output", "activation", "reset", "bidirectional", "output_mode",
      "dropout", "param"
    )
  )
  expect_identical(
    net[c("cell", "activation", "reset", "bidirectional", "output_mode", "dropout")],
    list(
      cell = "rnn", activation = "tanh", reset = "after", bidirectional = FALSE,
      output_mode = "sequence", dropout = 0
    ),
    ignore_attr = TRUE
  )
  expect_identical(c(net$input, net$hidden, net$output), c(2, 3, 4))

  shape <- function(...) {
    lapply(rnn_net(2, 3, 4, ...)$param, function(p) if (is.null(dim(p))) length(p) else dim(p))
  }
  expect_identical(
    shape("rnn"),
    list(W_xh = c(3L, 2L), W_hh = c(3L, 3L), b_h = 3L, W_hy = c(4L, 3L), b_y = 4L)
  )
  expect_identical(
    shape("gru"),
    list(W_xh = c(9L, 2L), W_hh = c(9L, 3L), b_h = 9L, b_hn = 3L, W_hy = c(4L, 3L), b_y = 4L)
  )
  expect_identical(
    shape("gru", reset = "before"),
    list(W_xh = c(9L, 2L), W_hh = c(9L, 3L), b_h = 9L, W_hy = c(4L, 3L), b_y = 4L)
  )
  expect_identical(
    shape("lstm"),
    list(W_xh = c(12L, 2L), W_hh = c(12L, 3L), b_h = 12L, W_hy = c(4L, 3L), b_y = 4L)
  )
})

test_that("layers and directions have parameters of their own", {
  net <- rnn_net(2, c(4, 3), 5, "lstm",
    bidirectional = TRUE, output_mode = "last", dropout = 0.25, seed = 1
  )
  expect_identical(net$hidden, c(4, 3))
  expect_identical(net[c("bidirectional", "output_mode", "dropout")],
    list(bidirectional = TRUE, output_mode = "last", dropout = 0.25),
    ignore_attr = TRUE
  )
  expect_identical(
    lapply(net$param, function(p) if (is.null(dim(p))) length(p) else dim(p)),
    list(
      W_xh = c(16L, 2L), W_hh = c(16L, 4L), b_h = 16L,
      W_xh_rev = c(16L, 2L), W_hh_rev = c(16L, 4L), b_h_rev = 16L,
      W_xh_l2 = c(12L, 8L), W_hh_l2 = c(12L, 3L), b_h_l2 = 12L,
      W_xh_l2_rev = c(12L, 8L), W_hh_l2_rev = c(12L, 3L), b_h_l2_rev = 12L,
      W_hy = c(5L, 6L), b_y = 5L
    )
  )
  for (name in c("W_hh", "W_hh_rev", "W_hh_l2", "W_hh_l2_rev")) {
    W <- net$param[[name]]
    H <- ncol(W)
    for (gate in 1:4) expect_close(crossprod(W[H * (gate - 1) + 1:H, ]), diag(H), 1e-14)
  }
  for (name in c("b_h", "b_h_rev", "b_h_l2", "b_h_l2_rev")) {
    H <- length(net$param[[name]]) / 4
    expect_identical(net$param[[name]], rep(c(0, 1, 0, 0), each = H))
  }
  limit <- sqrt(6 / (8 + 3))
  expect_lt(max(abs(net$param$W_xh_l2)), limit)
  expect_gt(max(abs(net$param$W_xh_l2)), 0.9 * limit)

  net <- rnn_net(2, c(4, 3, 2), 1, "gru", seed = 1)
  expect_identical(grep("b_hn", names(net$param), value = TRUE), c("b_hn", "b_hn_l2", "b_hn_l3"))
  expect_identical(dim(net$param$W_xh_l3), c(6L, 3L))

  # One layer is what it has always been, and a size of one number says it.
  expect_identical(rnn_net(2, 3, 1, seed = 7), rnn_net(2, c(3), 1, bidirectional = 0, seed = 7))
})

test_that("weights are drawn as promised", {
  for (cell in CELLS) {
    net <- rnn_net(5, 20, 7, cell, seed = 3)
    for (gate in seq_len(nrow(net$param$W_hh) / 20)) {
      block <- net$param$W_hh[20 * (gate - 1) + 1:20, ]
      expect_close(crossprod(block), diag(20), 1e-14)
    }
    limit <- sqrt(6 / (5 + 20))
    expect_lt(max(abs(net$param$W_xh)), limit)
    expect_gt(max(abs(net$param$W_xh)), 0.9 * limit)
    expect_gt(stats::ks.test(as.vector(net$param$W_xh), "punif", -limit, limit)$p.value, 0.001)
    limit <- sqrt(6 / (20 + 7))
    expect_lt(max(abs(net$param$W_hy)), limit)
    expect_gt(max(abs(net$param$W_hy)), 0.9 * limit)
    forget <- if (cell == "lstm") 21:40 else integer()
    expect_identical(which(net$param$b_h != 0), forget)
    expect_true(all(net$param$b_h[forget] == 1))
    expect_true(all(net$param$b_y == 0))
    expect_false(anyDuplicated(c(net$param$W_xh, net$param$W_hh, net$param$W_hy)) > 0)
  }
})

test_that("the seed decides, and set.seed() where there is none", {
  expect_identical(rnn_net(2, 3, 1, seed = 7), rnn_net(2, 3, 1, seed = 7))
  expect_identical(rnn_net(2, 3, 1, seed = 7L), rnn_net(2, 3, 1, seed = 7))
  expect_false(identical(rnn_net(2, 3, 1, seed = 7), rnn_net(2, 3, 1, seed = 8)))
  expect_false(identical(rnn_net(2, 3, 1, seed = 2^53), rnn_net(2, 3, 1, seed = 2^53 - 1)))
  expect_silent(rnn_net(2, 3, 1, seed = 0))

  set.seed(1)
  a <- rnn_net(2, 3, 1)
  b <- rnn_net(2, 3, 1)
  set.seed(1)
  expect_identical(rnn_net(2, 3, 1), a)
  expect_identical(rnn_net(2, 3, 1), b)
  expect_false(identical(a, b))
  set.seed(1)
  seed <- sample.int(.Machine$integer.max, 1L)
  expect_identical(rnn_net(2, 3, 1, seed = seed), a)

  before <- .Random.seed
  rnn_net(2, 3, 1, seed = 1)
  expect_identical(.Random.seed, before)
})

test_that("a network survives a file and a copy by hand", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  for (cell in CELLS) {
    p <- problem(cell)
    saveRDS(p$net, file)
    net <- readRDS(file)
    expect_identical(net, p$net)
    expect_identical(rnn_bptt(net, p$x, p$target), rnn_bptt(p$net, p$x, p$target))
    expect_identical(
      rnn_bptt(c(unclass(net), note = "mine"), p$x, p$target), rnn_bptt(net, p$x, p$target)
    )
  }
})

test_that("networks print", {
  expect_printed(rnn_net(1, 1, 1, seed = 1), "
    Recurrent network, cell rnn, tanh: 1 input, 1 hidden unit, 1 output
    5 parameters:
      W_xh  1 x 1
      W_hh  1 x 1
      b_h   1
      W_hy  1 x 1
      b_y   1
  ")
  expect_printed(rnn_net(3, 16, 2, "lstm", seed = 1), "
    Recurrent network, cell lstm: 3 inputs, 16 hidden units, 2 outputs
    1314 parameters:
      W_xh  64 x 3
      W_hh  64 x 16
      b_h   64
      W_hy  2 x 16
      b_y   2
  ")
  printed <- capture.output(print(rnn_net(3, 16, 2, "gru", reset = "before", seed = 1)))
  expect_match(printed[1L], "cell gru, reset before")
  expect_printed(
    rnn_net(2, c(4, 3), 1, "gru",
      bidirectional = TRUE, output_mode = "last", dropout = 0.25, seed = 1
    ), "
    Recurrent network, cell gru, reset after, bidirectional: 2 inputs, 2 layers of 4, 3 hidden units, dropout 0.25, 1 output at the last step
    405 parameters:
      W_xh         12 x 2
      W_hh         12 x 4
      b_h          12
      b_hn         4
      W_xh_rev     12 x 2
      W_hh_rev     12 x 4
      b_h_rev      12
      b_hn_rev     4
      W_xh_l2      9 x 8
      W_hh_l2      9 x 3
      b_h_l2       9
      b_hn_l2      3
      W_xh_l2_rev  9 x 8
      W_hh_l2_rev  9 x 3
      b_h_l2_rev   9
      b_hn_l2_rev  3
      W_hy         1 x 6
      b_y          1
  ")
  capture.output(expect_invisible(print(rnn_net(1, 1, 1, seed = 1))))
})

test_that("what is no whole network prints", {
  net <- rnn_net(1, 4, 1, seed = 1)
  printed <- function(x) capture.output(expect_invisible(print(x)))
  change <- function(...) utils::modifyList(net, list(...))
  trouble <- function(...) {
    paste("Not a whole network; missing or wrong:", paste0("`", c(...), "`", collapse = ", "))
  }
  expect_identical(
    printed(structure(list(), class = "rnn_net")), c(trouble(names(net)), " list()")
  )
  for (field in names(net)) {
    for (value in list(NULL, NA, list(), sum)) {
      broken <- net
      broken[field] <- list(value)
      expect_identical(printed(broken)[1L], trouble(field))
      broken[[field]] <- NULL
      expect_identical(printed(broken)[1L], trouble(field))
    }
  }
  broken <- net
  broken$param <- rnn_pack(net)
  expect_identical(printed(broken)[1L], trouble("param"))
  expect_length(printed(broken), 12L)
  expect_identical(printed(structure(1, class = "rnn_net"))[1L], trouble(names(net)))
  expect_identical(printed(structure(new.env(), class = "rnn_net"))[1L], trouble(names(net)))

  # Wrong numbers are shown as they are.
  net$param$W_xh <- 1:3
  expect_match(printed(net), "W_xh  3", all = FALSE)
})

test_that("choices of other cells are errors, fields of theirs are ignored", {
  expect_silent(rnn_net(1, 2, 1, "lstm", activation = "tanh", reset = "after", seed = 1))
  expect_error(rnn_net(1, 2, 1, "gru", activation = "relu"), class = "bptt_input_error")
  expect_error(rnn_net(1, 2, 1, "lstm", reset = "before"), class = "bptt_input_error")
  for (cell in c("lstm", "gru")) {
    net <- rnn_net(1, 2, 1, cell, seed = 1)
    y <- rnn_predict(net, 1:3)
    net$activation <- "relu"
    expect_identical(rnn_predict(net, 1:3), y)
  }
})

test_that("the citation names the developers and needs no warning", {
  expect_silent(entry <- citation("bptt"))
  expect_identical(format(entry$author), "bptt developers")
  expect_match(entry$note, as.character(utils::packageVersion("bptt")), fixed = TRUE)
})
