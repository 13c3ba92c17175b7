# What rnn_gradflow() says of a gradient, and draws.

# An orthogonal recurrence: every step multiplies the gradient by `radius`.
identity_net <- function(radius, ...) {
  net <- rnn_net(1, 8, 1, activation = "identity", seed = 1, ...)
  net$param$W_hh <- radius * net$param$W_hh
  net
}

last_net <- function(radius) identity_net(radius, output_mode = "last")

verdict_of <- function(...) unname(rnn_gradflow(...)$verdict)

test_that("growth is what a step does", {
  flow <- rnn_gradflow(last_net(0.5), sin(1:30), 0)
  expect_identical(flow$verdict, c(h = "vanishing: times 0.5 a step, a hundredth after 7 of 30 steps"))
  expect_equal(flow$growth, c(h = 0.5))
  expect_equal(as.vector(flow$gain), rep(0.5, 30))
  expect_equal(unname(flow$reach), log(100) / log(2))
  expect_identical(verdict_of(last_net(1), sin(1:30), 0), "healthy: times 1 a step, over 30 steps")
  expect_identical(
    verdict_of(last_net(1.5), sin(1:30), 0),
    "exploding: times 1.5 a step, a hundredfold after 12 of 30 steps"
  )
})

test_that("a gradient that is cut to exactly 0 vanishes", {
  net <- rnn_net(1, 8, 1,
    activation = "relu", recurrent_init = "identity", output_mode = "last", seed = 1
  )
  net$param$W_xh[] <- 1
  x <- rep(0.1, 40)
  x[20:21] <- c(-1e3, 1e3)
  flow <- rnn_gradflow(net, x, 0)
  expect_identical(flow$dh[1:19, "h"], numeric(19))
  expect_identical(flow$verdict, c(h = "vanishing: nothing is left after 21 steps"))
  expect_identical(c(flow$growth, flow$reach), c(h = 0, h = 21))
  expect_identical(
    verdict_of(last_net(0), sin(1:30), 0), "vanishing: nothing is left after 1 step"
  )
  expect_identical(
    verdict_of(identity_net(1), 1:3, rep(NaN, 3), reduction = "sum"), "no gradient goes back"
  )
})

test_that("numbers that overflow explode", {
  expect_warning(
    flow <- rnn_gradflow(last_net(1.5), 1e-3 * sin(1:2000), 0),
    class = "bptt_nonfinite_warning"
  )
  expect_identical(unname(flow$verdict), "exploding: not finite from step 1769 on")
  flow <- rnn_gradflow(last_net(1.5), numeric(2000), 1)
  k <- max(which(!is.finite(flow$dh)))
  expect_identical(unname(flow$verdict), paste("exploding: not finite from step", k, "back"))

  net <- identity_net(1, bidirectional = TRUE)
  net$param$W_hh_rev <- 1.5 * net$param$W_hh_rev
  dy <- c(1, numeric(1999))
  expect_identical(
    rnn_gradflow(net, numeric(2000), dy = rev(dy))$verdict,
    c(h = "healthy: times 1 a step, over 2000 steps", h_rev = "no gradient goes back")
  )
  flow <- rnn_gradflow(net, numeric(2000), dy = dy)
  k <- min(which(!is.finite(flow$dh[, "h_rev"])))
  expect_identical(
    flow$verdict,
    c(
      h = "no gradient goes back",
      h_rev = paste("exploding: not finite from step", k, "on")
    )
  )
})

test_that("the steps are those that the gradient crosses", {
  healthy <- "healthy: times 0.9 a step, over 20 steps"
  flow <- rnn_gradflow(last_net(0.9), sin(1:300), 0, lengths = 20)
  expect_identical(unname(flow$verdict), healthy)
  expect_identical(as.vector(is.nan(flow$gain)), 1:300 > 20)
  dy <- replace(numeric(300), 20, 1)
  expect_identical(verdict_of(identity_net(0.9), sin(1:300), dy = dy), healthy)
  nothing <- "one step: there is nothing to compare"
  expect_identical(verdict_of(last_net(1), 1, 0), nothing)
  expect_identical(verdict_of(last_net(1), 1:3, 0, lengths = 1), nothing)
})

test_that("weights may be integers, and logical", {
  net <- rnn_net(1, 4, 1, seed = 1)
  for (mode in c("integer", "logical")) {
    net$param$W_hh <- diag(4)
    storage.mode(net$param$W_hh) <- mode
    flow <- rnn_gradflow(net, 1:3, 1:3)
    expect_equal(as.vector(c(flow$spectral_radius, flow$singular_value)), c(1, 1))
  }
})

test_that("threads do not change the results", {
  net <- rnn_net(2, c(40, 30), 2, "lstm", bidirectional = TRUE, seed = 1)
  x <- array(cos(1:320), c(2, 8, 20))
  expect_identical(rnn_gradflow(net, x, sin(x), threads = 2), rnn_gradflow(net, x, sin(x)))
})

# The title, and how many points stand alone.
drawn <- function(flow, ...) {
  seen <- new.env()
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  grDevices::dev.control("enable")
  plot(flow, ...)
  calls <- lapply(grDevices::recordPlot()[[1L]], function(entry) entry[[2L]])
  name <- vapply(calls, function(call) call[[1L]]$name, "")
  list(
    title = calls[[which(name == "C_title")]][[2L]],
    lone = length(calls[[max(which(name == "C_plotXY"))]][[2L]]$x)
  )
}

test_that("the verdict is the title, and a lone point is drawn", {
  flow <- rnn_gradflow(last_net(0), 1:5, 0)
  expect_identical(drawn(flow)$title, "vanishing: nothing is left after 1 step")
  expect_identical(drawn(flow)$lone, 1L)
  expect_identical(drawn(flow, main = "Mine")$title, "Mine")
  net <- rnn_net(1, c(3, 2), 1, activation = "identity", seed = 1)
  net$param$W_hh <- 0.1 * net$param$W_hh
  flow <- rnn_gradflow(net, 1:5, c(NA, NA, NA, NA, 1))
  expect_identical(drawn(flow)$title, "healthy: h_l2; vanishing: h")
  expect_identical(drawn(flow)$lone, 0L)
})

test_that("what is no result is not drawn", {
  flow <- rnn_gradflow(rnn_net(1, 3, 1, "lstm", seed = 1), 1:5, 1:5)
  said <- function(field, value, sentence) {
    flow[[field]] <- value
    expect_error(plot(flow), sentence, fixed = TRUE, class = "bptt_input_error")
  }
  said("dh", NULL, "`dh` of `x` is no numeric matrix")
  said("dh", 1:5, "`dh` of `x` is no numeric matrix")
  said("dc", matrix("a", 5, 1, dimnames = list(NULL, "h")), "`dc` of `x` is no numeric matrix")
  said("verdict", NULL, "`x` has no verdict")
})
