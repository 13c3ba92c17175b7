# What R's generic functions say of a network, and change in it.

net <- rnn_net(2, c(4, 3), 1, "gru", bidirectional = TRUE, dropout = 0.2, seed = 1)

test_that("coef and as.vector are rnn_pack, the former with names", {
  theta <- rnn_pack(net)
  expect_identical(as.vector(net), theta)
  expect_identical(as.vector(net, "double"), theta)
  expect_error(as.vector(net, "character"))
  expect_identical(unname(coef(net)), theta)
  expect_identical(names(coef(net))[1:3], c("W_xh[1,1]", "W_xh[2,1]", "W_xh[3,1]"))
  expect_identical(coef(net)[["W_hh_l2_rev[9,2]"]], net$param$W_hh_l2_rev[9, 2])
  expect_identical(coef(net)[["b_hn[4]"]], net$param$b_hn[4])
  expect_identical(anyDuplicated(names(coef(net))), 0L)
})

test_that("format is the first line of print", {
  expect_identical(
    format(net),
    paste0(
      "Recurrent network, cell gru, reset after, bidirectional: 2 inputs, ",
      "2 layers of 4, 3 hidden units, dropout 0.2, 1 output"
    )
  )
  expect_identical(capture.output(print(net))[1], format(net))
  expect_match(format(structure(list(), class = "rnn_net")), "Not a whole network")
})

test_that("summary has a row for each layer and direction", {
  s <- summary(net)
  expect_identical(rownames(s$layers), c("h", "h_rev", "h_l2", "h_l2_rev"))
  expect_identical(unname(s$layers$inputs), c(2L, 2L, 8L, 8L))
  expect_identical(unname(s$layers$units), c(4L, 4L, 3L, 3L))
  expect_equal(sum(s$layers$parameters) + length(net$param$W_hy) + 1, s$parameters)
  expect_identical(s$parameters, length(coef(net)))
  expect_equal(s$layers$spectral_radius, rep(1, 4)) # orthogonal blocks
  half <- net
  half$param$W_hh_l2 <- net$param$W_hh_l2 / 2
  expect_equal(summary(half)$layers["h_l2", "singular_value"], 0.5)
  expect_output(print(s), "h_l2_rev")
  expect_error(summary(structure(list(), class = "rnn_net")), class = "bptt_input_error")
})

test_that("all.equal says what differs", {
  expect_true(all.equal(net, net))
  other <- net
  other$param$b_y <- other$param$b_y + 1e-12
  expect_true(all.equal(net, other))
  other$param$b_y <- 1
  other$dropout <- 0
  other$param$b_hn <- NULL
  found <- all.equal(net, other)
  expect_length(found, 3)
  expect_match(found[1], "field `dropout`")
  expect_match(found[2], "parameter `b_hn`: only in target")
  expect_match(found[3], "parameter `b_y`")
  expect_match(all.equal(net, 1), "numeric")
  found <- all.equal(net, update(net, hidden = c(5, 3), seed = 1))
  expect_match(found[1], "field `hidden`: .*0.25")
})

test_that("update keeps the parameters where it can, and draws them where it must", {
  set.seed(1)
  before <- .Random.seed
  last <- update(net, output_mode = "last", dropout = 0)
  expect_identical(.Random.seed, before)
  expect_identical(last$param, net$param)
  expect_identical(last$output_mode, "last")
  expect_identical(update(net), net)
  expect_identical(
    update(net, hidden = c(6, 3), seed = 5),
    rnn_net(2, c(6, 3), 1, "gru", bidirectional = TRUE, dropout = 0.2, seed = 5)
  )
  relu <- rnn_net(1, 2, 1, activation = "relu", seed = 1)
  expect_identical(update(relu, cell = "lstm", seed = 2), rnn_net(1, 2, 1, "lstm", seed = 2))
  expect_identical(update(relu, activation = "tanh")$param, relu$param)
})

test_that("update takes new parameters as a list or as a vector", {
  zero <- update(net, param = 0 * coef(net))
  expect_true(all(coef(zero) == 0))
  one <- update(net, param = list(b_y = 7))
  expect_identical(one$param$b_y, 7)
  expect_identical(one$param$W_hh, net$param$W_hh)
  wide <- update(net, hidden = c(5, 3), param = list(b_y = 7), seed = 3)
  expect_identical(wide$param$b_y, 7)
  expect_error(update(net, param = list(b_z = 1)), class = "bptt_input_error")
  expect_error(update(net, param = 1:3), class = "bptt_input_error")
  expect_error(update(net, hiden = 3), "hiden", class = "bptt_input_error")
})

test_that("update does what it is told, or says that it cannot", {
  expect_identical(
    update(net, seed = 99),
    rnn_net(2, c(4, 3), 1, "gru", bidirectional = TRUE, dropout = 0.2, seed = 99)
  )
  expect_false(identical(update(net, init = "he", seed = 1), net))
  expect_identical(update(net, hidden = c(4L, 3L), cell = "gru", output = 1), net)
  before <- rnn_net(1, 2, 1, "gru", reset = "before", seed = 1)
  expect_identical(update(before, cell = "gru"), before)
  expect_identical(
    update(before, cell = "lstm", hidden = 2, seed = 2), rnn_net(1, 2, 1, "lstm", seed = 2)
  )

  fails <- function(expression, argument, said) {
    e <- tryCatch(expression, error = identity)
    expect_s3_class(e, "bptt_input_error")
    expect_identical(e$argument, argument)
    expect_match(conditionMessage(e), said, fixed = TRUE)
    expect_match(deparse(conditionCall(e))[1L], "^update")
  }
  n <- length(coef(net))
  or <- paste("expected a vector of", n, "numbers")
  fails(update(net, "gru"), "...", "has no name")
  fails(update(net, hidden = 0), "hidden", "`hidden` is 0")
  fails(update(net, hidden = NULL), "hidden", "`hidden` is NULL")
  fails(update(net, dropout = 0, dropout = 0.1), "dropout", "given twice")
  fails(update(net, seed = -1), "seed", "`seed` is -1")
  fails(update(net, param = "a"), "param", paste("`param` is \"a\";", or))
  fails(update(net, param = NA), "param", or)
  fails(update(net, param = factor("a")), "param", or)
  fails(update(net, param = 1:3), "param", paste("`param` is a vector of 3 numbers;", or))
  fails(update(net, param = replace(coef(net), 2, NaN)), "param", "`param` is NaN at element 2")
  fails(update(net, param = list(1)), "param", "without a name")
  fails(update(net, param = list(b_y = 1, b_y = 2)), "param", "two parameters `b_y`")
})

test_that("parameters in another order are refused", {
  other <- net
  other$param <- rev(net$param)
  expect_error(coef(other), "another order", class = "bptt_input_error")
  expect_error(rnn_bptt(other, matrix(0, 5, 2), 1:5), "another order", class = "bptt_input_error")
  expect_identical(
    rnn_net(2, c(4, 3), 1, "gru", bidirectional = TRUE, dropout = 0.2, param = rev(net$param)), net
  )
})

test_that("all.equal is a method of all.equal, not of all", {
  methods <- getNamespaceInfo("bptt", "S3methods")
  expect_true(any(methods[, 1L] == "all.equal" & methods[, 2L] == "rnn_net"))
})
