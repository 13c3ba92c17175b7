# Networks in files. What a damaged file gets is in tests/core/test_files.c.

all_nets <- function() {
  list(
    rnn_net(3, 4, 2, "rnn", activation = "sigmoid", seed = 1),
    rnn_net(3, 4, 2, "gru", reset = "before", output_mode = "last", seed = 2),
    rnn_net(1, c(4, 3, 2), 1, "gru", bidirectional = TRUE, dropout = 0.1, seed = 3),
    rnn_net(3, c(2, 5), 2, "lstm", seed = 4)
  )
}

test_that("a network comes back from a file with every bit", {
  file <- tempfile()
  for (net in all_nets()) {
    expect_identical(expect_invisible(rnn_save(net, file)), file)
    expect_identical(rnn_load(file), net)
    expect_identical(rnn_load(readBin(file, "raw", file.size(file))), net)
  }
})

test_that("what is not a number or a field of a network is not kept", {
  file <- tempfile()
  net <- rnn_net(2, 3, 1, seed = 1)
  odd <- net
  odd$param$b_h <- array(0L, c(3, 1))
  odd$param$W_xh <- structure(odd$param$W_xh, dimnames = list(letters[1:3], NULL))
  rnn_save(odd, file)
  expect_identical(rnn_load(file), net)
})

test_that("PyTorch's networks compute what they compute in PyTorch", {
  cases <- read_golden(test_path("..", "files", "torch.txt"))
  expect_gte(length(cases), 10)
  for (case in cases) {
    file <- test_path("..", "files", paste0(case$name, ".safetensors"))
    net <- rnn_import(file, activation = case$set$activation)
    expect_s3_class(net, "rnn_net")
    y <- rnn_forward(net, case$array$x)$y
    expect_lt(max(abs(y - case$array$y)), 1e-12, label = case$name)
  }
})

test_that("an exported network comes back, and says what others do not have", {
  file <- tempfile()
  for (net in all_nets()[-(1:2)]) {
    for (naming in c("torch", "keras", if (net$cell == "lstm") "matlab")) {
      rnn_export(net, file, naming)
      same <- rnn_import(file, dropout = net$dropout)
      expect_identical(same, net, label = naming)
      expect_identical(rnn_import(file, naming, dropout = net$dropout), net)
    }
  }
  rnn_export(all_nets()[[2L]], file, "keras")
  expect_identical(rnn_import(file, output_mode = "last"), all_nets()[[2L]])
  rnn_export(rnn_net(1, 2, 1, "rnn", activation = "relu", seed = 1), file)
  expect_identical(rnn_import(file, activation = "relu")$activation, "relu")
})

test_that("a file that cannot be finished leaves the old one, and nothing else", {
  folder <- tempfile()
  dir.create(folder)
  file <- file.path(folder, "net")
  net <- rnn_net(1, 2, 1, seed = 1)
  rnn_save(net, file)
  expect_identical(list.files(folder), "net")
  expect_error(rnn_save(list(), file), class = "bptt_input_error")
  expect_identical(rnn_load(file), net)
  e <- expect_error(rnn_save(net, folder), class = "bptt_input_error")
  expect_identical(conditionMessage(e), paste0(
    "`file` is \"", folder, "\"; expected the name of a file that can be written"
  ))
  expect_identical(e$argument, "file")
  expect_identical(e$call, quote(rnn_save(net, folder)))
  expect_error(rnn_export(net, file.path(folder, "no", "net")), "that can be written")
  expect_identical(list.files(folder), "net")
})

test_that("the new file has the permissions of the old one, and a link stays a link", {
  skip_on_os("windows")
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  file <- file.path(folder, "net")
  link <- file.path(folder, "link")
  mask <- Sys.umask("022")
  on.exit(Sys.umask(mask), add = TRUE)
  rnn_save(rnn_net(1, 2, 1), file)
  expect_identical(file.mode(file), as.octmode("644"))
  Sys.chmod(file, "600")
  file.symlink(file, link)
  net <- rnn_net(1, 3, 1)
  rnn_save(net, link)
  expect_identical(Sys.umask(NA), as.octmode("022"))
  expect_identical(file.mode(file), as.octmode("600"))
  expect_identical(Sys.readlink(link), file)
  expect_identical(rnn_load(file), net)
  expect_identical(rev(dir(folder)), c("net", "link"))
})

test_that("what cannot be read is said", {
  folder <- tempfile()
  dir.create(folder)
  expect_error(rnn_load(folder), "can be read", class = "bptt_input_error")
  expect_error(rnn_load(file.path(folder, "none")), "can be read", class = "bptt_input_error")
  expect_error(rnn_import(NA_character_), "`file` is NA; ", class = "bptt_input_error")
  saveRDS(1, file.path(folder, "rds"))
  expect_error(rnn_load(file.path(folder, "rds")), "not a safetensors", class = "bptt_input_error")
})

test_that("weights are drawn as asked for", {
  gates <- function(W) lapply(split(seq_len(nrow(W)), rep(1:3, each = 8)), function(i) W[i, ])
  net <- rnn_net(5, 8, 2, "gru", init = "orthogonal", recurrent_init = "he", seed = 3)
  for (W in gates(net$param$W_xh)) expect_equal(crossprod(W), diag(5), tolerance = 1e-14)
  W <- net$param$W_hh
  expect_lt(max(abs(W)), sqrt(6 / 8))
  expect_gt(max(abs(W)), 0.9 * sqrt(6 / 8))
  W <- rnn_net(12, 8, 2, init = "orthogonal", seed = 3)$param$W_xh
  expect_equal(tcrossprod(W), diag(8), tolerance = 1e-14)
  net <- rnn_net(2, 3, 1, "lstm", recurrent_init = "identity", bidirectional = TRUE, seed = 1)
  expect_identical(net$param$W_hh_rev, diag(3)[rep(1:3, 4), ])
  he <- rnn_net(24, 30, 1, init = "he", recurrent_init = "glorot", seed = 1)$param
  expect_equal(max(abs(he$W_xh)), sqrt(6 / 24), tolerance = 0.01)
  expect_equal(max(abs(he$W_hh)), sqrt(6 / 60), tolerance = 0.01)
})

test_that("biases of gates are set as asked for", {
  b <- rnn_net(1, 200, 1, "lstm", forget_bias = -2, seed = 1)$param$b_h
  expect_identical(b, rep(c(0, -2, 0, 0), each = 200))
  b <- matrix(rnn_net(1, 200, 1, "lstm", chrono = 50, seed = 1)$param$b_h, 200)
  expect_identical(b[, 1L], -b[, 2L])
  expect_true(all(b[, 3:4] == 0))
  u <- exp(b[, 2L])
  expect_true(all(u >= 1 & u <= 49))
  expect_gt(stats::ks.test(u, "punif", 1, 49)$p.value, 0.01)
  b <- matrix(rnn_net(1, 200, 1, "gru", chrono = 50, seed = 1)$param$b_h, 200)
  expect_true(all(b[, c(1, 3)] == 0))
  expect_gt(stats::ks.test(exp(b[, 2L]), "punif", 1, 49)$p.value, 0.01)
})

test_that("parameters of one's own replace those drawn, and no others", {
  net <- rnn_net(2, c(3, 2), 1, "gru", seed = 4)
  own <- list(b_h_l2 = 1:6, W_xh = matrix(0.5, 9, 2))
  mixed <- rnn_net(2, c(3, 2), 1, "gru", seed = 4, param = own)
  net$param[names(own)] <- list(as.numeric(1:6), own$W_xh)
  expect_identical(mixed, net)
})

test_that("a file that is replaced keeps its mode, and a link leads to it", {
  skip_on_os("windows")
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  file <- file.path(folder, "net")
  link <- file.path(folder, "link")
  net <- rnn_net(1, 2, 1, seed = 1)
  rnn_save(net, file)
  Sys.chmod(file, "600", use_umask = FALSE)
  file.symlink(file, link)
  other <- update(net, seed = 2)
  rnn_save(other, link)
  expect_identical(format(file.mode(file)), "600")
  expect_identical(basename(Sys.readlink(link)), "net")
  expect_identical(rnn_load(file), other)
  expect_identical(sort(list.files(folder)), c("link", "net"))
})

test_that("an export of ours comes back with what the names of others do not say", {
  file <- tempfile(fileext = ".safetensors")
  on.exit(unlink(file))
  round <- function(net, naming, ...) {
    rnn_export(net, file, naming)
    rnn_import(file, ...)
  }
  before <- rnn_net(2, c(3, 2), 1, "gru", reset = "before", dropout = 0.1, output_mode = "last")
  expect_identical(round(before, "matlab"), before)
  expect_identical(round(before, "keras"), before)
  relu <- rnn_net(2, c(3, 2), 1, activation = "relu", dropout = 1 / 3)
  expect_identical(round(relu, "torch"), relu)
  expect_identical(round(relu, "keras"), relu)
  sigmoid <- rnn_net(2, 3, 1, activation = "sigmoid", output_mode = "last")
  expect_identical(round(sigmoid, "keras"), sigmoid)
  other <- round(relu, "torch", activation = "tanh", output_mode = "last", dropout = 0)
  expect_identical(other[c("activation", "output_mode", "dropout")],
    list(activation = "tanh", output_mode = "last", dropout = 0)
  )
  expect_identical(other$param, relu$param)
  bytes <- readBin(file, "raw", 1e5)
  text <- rawToChar(bytes[-(1:8)][bytes[-(1:8)] != 0 & bytes[-(1:8)] < 127][1:400])
  expect_match(text, "\"bptt_activation\":\"relu\"", fixed = TRUE)
  at <- regexpr("relu", text, fixed = TRUE)[1L] + 8
  bytes[at + 0:3] <- charToRaw("rule")
  expect_error(rnn_import(bytes), "`bptt_activation` of `file` is \"rule\"",
    class = "bptt_input_error"
  )
})
