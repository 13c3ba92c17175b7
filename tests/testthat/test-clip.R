# Clipping on its own and within rnn_bptt().

norm_of <- function(grad) sqrt(sum(unlist(grad)^2))

test_that("a gradient is clipped by value, then by norm", {
  grad <- list(a = matrix(c(3, -4, 12, 0), 2), b = -1)
  expect_identical(rnn_clip(grad), list(grad = grad, grad_norm = norm_of(grad)))
  expect_identical(rnn_clip(grad, norm = 100)$grad, grad)

  by_norm <- rnn_clip(grad, norm = 2)
  expect_close(by_norm$grad, lapply(grad, function(g) g * 2 / norm_of(grad)))
  expect_close(by_norm$grad_norm, norm_of(grad))

  by_value <- rnn_clip(grad, value = 3.5)
  expect_identical(by_value$grad, list(a = matrix(c(3, -3.5, 3.5, 0), 2), b = -1))
  expect_close(by_value$grad_norm, norm_of(grad))

  both <- rnn_clip(grad, 2, 3.5)
  expect_close(both$grad, lapply(by_value$grad, function(g) g * 2 / norm_of(by_value$grad)))
  expect_close(norm_of(both$grad), 2)
})

test_that("norms do not overflow or underflow", {
  expect_close(rnn_clip(list(a = c(3e200, 4e200)), norm = 1), list(
    grad = list(a = c(0.6, 0.8)), grad_norm = 5e200
  ))
  expect_close(rnn_clip(list(a = c(3e-200, 4e-200)))$grad_norm, 5e-200)
})

test_that("rnn_bptt() clips as rnn_clip() does", {
  for (cell in CELLS) {
    p <- problem(cell)
    raw <- rnn_bptt(p$net, p$x, p$target)
    for (limits in list(c(0.1, Inf), c(Inf, 0.01), c(0.05, 0.01))) {
      r <- rnn_bptt(p$net, p$x, p$target, clip_norm = limits[1], clip_value = limits[2])
      expect_identical(
        unclass(r)[c("grad", "grad_norm")], rnn_clip(raw$grad, limits[1], limits[2])
      )
      expect_identical(r[c("dx", "dstate")], raw[c("dx", "dstate")])
    }
  }
})
