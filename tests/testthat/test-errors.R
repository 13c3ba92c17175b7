# What a user sees when something is wrong: classes, fields, sentences.

test_that("an error says its class, argument, call and sentence", {
  net <- rnn_net(2, 3, 1, seed = 1)
  e <- tryCatch(rnn_forward(net, matrix(0, 5, 3)), error = identity)
  expect_s3_class(e, c("bptt_input_error", "error", "condition"), exact = TRUE)
  expect_identical(e$argument, "x")
  expect_match(conditionMessage(e), "`x` has 3 features; the network takes 2", fixed = TRUE)
  expect_identical(conditionCall(e), quote(rnn_forward(net, matrix(0, 5, 3))))

  e <- tryCatch(predict(net, "a"), error = identity)
  expect_identical(conditionCall(e)[[1L]], quote(predict.rnn_net))
  expect_identical(e$argument, "newdata")
  expect_match(conditionMessage(e), "`newdata` is \"a\"", fixed = TRUE)
  expect_error(predict(net), "`newdata` is missing", class = "bptt_input_error")
  expect_error(predict(net, newx = 1), "`newdata` is missing", class = "bptt_input_error")
  e <- tryCatch(predict(net, matrix(0, 5, 2), type = "p"), error = identity)
  expect_identical(e$argument, "type")

  e <- tryCatch(rnn_bptt(net, "a", 1), error = identity)
  expect_identical(conditionCall(e), quote(rnn_bptt(net, "a", 1)))

  e <- tryCatch(rnn_objective(net, 1, 2), error = identity)
  expect_identical(conditionCall(e), quote(rnn_objective(net, 1, 2)))
})

test_that("missing arguments, unknown options and nameless ones are told", {
  net <- rnn_net(2, 3, 1, seed = 1)
  x <- matrix(0, 5, 2)
  expect_error(rnn_bptt(net, x), "`target` is missing", class = "bptt_input_error")
  expect_error(rnn_forward(), "`net` is missing", class = "bptt_input_error")
  expect_error(rnn_bptt(net, x, 1:5, truncat = 3), "did you mean `truncate`",
    class = "bptt_input_error"
  )
  expect_error(rnn_bptt(net, x, 1:5, 3), "has no name", class = "bptt_input_error")
  expect_error(rnn_net(1, 2, 1, "lsmt"), "did you mean \"lstm\"", class = "bptt_input_error")
  expect_error(rnn_clip(list(a = 1), nrom = 1), "did you mean `norm`", class = "bptt_input_error")
})

test_that("values of every class are told apart", {
  net <- rnn_net(1, 2, 1, seed = 1)
  said <- function(x) {
    e <- tryCatch(rnn_forward(net, x), error = identity)
    expect_s3_class(e, "bptt_input_error")
    expect_identical(e$argument, "x")
    conditionMessage(e)
  }
  expect_match(said(NULL), "NULL")
  expect_match(said("abc"), "\"abc\"")
  expect_match(said(c("a", "b")), "a character vector")
  expect_match(said(matrix(letters, 2)), "a character matrix")
  expect_match(said(c("a", NA)), "a character vector")
  expect_match(said(NA_character_), "NA")
  expect_match(said(1i), "a complex vector")
  expect_match(said(matrix(1i, 2, 2)), "a complex matrix")
  expect_match(said(array(1i, c(1, 1, 2))), "a complex array")
  expect_match(said(as.raw(1)), "a raw vector")
  expect_match(said(mean), "a function")
  expect_match(said(sum), "a function")
  expect_match(said(globalenv()), "an environment")
  expect_match(said(quote(a)), "a symbol")
  expect_match(said(quote(a + b)), "a call")
  expect_match(said(y ~ x), "a formula")
  expect_match(said(expression(a)), "an expression")
  expect_match(said(pairlist(1)), "a pairlist")
  expect_match(said(Sys.Date()), "a vector of dates")
  expect_match(said(Sys.time()), "a vector of times")
  expect_match(said(as.POSIXlt(Sys.time())), "a vector of times")
  expect_match(said(structure(1, class = "integer64")), "an integer64 vector")
  expect_match(said(getClass("numeric")), "an S4 object")
  expect_match(said(factor("a")), "a factor")
  expect_match(said(data.frame(a = "b")), "\"b\"")
  expect_match(said(list(1, mean)), "a function")
  expect_match(said(list(1, list(2))), "a list")
})

test_that("inputs that are not finite are told by their place", {
  net <- rnn_net(2, 3, 1, seed = 1)
  x <- array(0, c(2, 3, 4))
  x[1, 2, 3] <- NA
  expect_error(rnn_forward(net, x), "feature 1, sequence 2, step 3", class = "bptt_input_error")
  x[1, 2, 3] <- -Inf
  expect_error(rnn_forward(net, x), "-Inf at feature 1, sequence 2, step 3")
  net$param$W_hh[2, 2] <- NaN
  expect_error(rnn_forward(net, array(0, c(2, 3, 4))), "`W_hh`", class = "bptt_input_error")
})

test_that("non-finite results are returned with a warning that says where", {
  net <- scalar_net()
  net$param$W_hh[] <- 1e200
  caught <- NULL
  r <- withCallingHandlers(
    rnn_bptt(net, rep(1, 5), rep(0, 5)),
    bptt_nonfinite_warning = function(w) {
      caught <<- w
      invokeRestart("muffleWarning")
    }
  )
  expect_s3_class(caught, c("bptt_nonfinite_warning", "warning", "condition"), exact = TRUE)
  expect_identical(conditionMessage(caught), paste0(
    "the loss is not finite: first at step 2; the gradient of `W_xh` is not finite: ",
    "going back from the end, first at step 5"
  ))
  expect_identical(conditionCall(caught)[[1L]], quote(rnn_bptt))
  expect_false(is.finite(r$loss))
  expect_warning(rnn_forward(net, rep(1, 5)), "step 3", class = "bptt_nonfinite_warning")
})

test_that("a gradient that overflows is named", {
  net <- scalar_net()
  net$param$W_hh[] <- 1e155
  net$param$W_xh[] <- 0
  # The state stays 0; what goes back grows 1e155-fold each step.
  expect_warning(
    r <- rnn_bptt(net, rep(1, 5), rep(1, 5)), "gradient of `W_xh`",
    class = "bptt_nonfinite_warning"
  )
  expect_identical(r$loss, 1)
})
