# Models whose networks forecast distributions: paths drawn from them, and their quantiles.
#
# The distribution is the mixture of those of all networks, of all kinds, each of the same weight.

# Outputs of a network for each step that it forecasts.
DISTRIBUTIONS <- c(gaussian = 2, student_t = 3, negative_binomial = 2)

outputs_of <- function(loss) if (loss %in% names(DISTRIBUTIONS)) DISTRIBUTIONS[[loss]] else 1

has_distribution <- function(fit) fit$training$loss %in% names(DISTRIBUTIONS)

# The targets that are left out, which tell when a network is best: a distribution that follows those
# seen ever more closely becomes too narrow. NULL: there are none, or it forecasts no distribution.
validation_of <- function(x, target, seen, lengths, loss) {
  target[!is.na(seen)] <- NA
  if (loss %in% names(DISTRIBUTIONS) && !all(is.na(target))) {
    list(x = x, target = target, lengths = lengths)
  }
}

# The networks of all kinds, each with the number of its view.
all_networks <- function(fit) {
  list(
    net = unlist(fit$networks, recursive = FALSE),
    view = rep(seq_along(fit$networks), lengths(fit$networks))
  )
}

# `draws` times one of n.
draw_among <- function(n, draws, seed) run("rnnar_draw", list(n = n, draws = draws, seed = seed))[[1L]]

# A column for each of `of`, drawn from the distribution of that column of what networks said,
# transformed.
draw_steps <- function(fit, said, of, seed) {
  run("rnnar_sample", c(said, list(of = of, seed = seed, loss = fit$training$loss)))$z
}

# The p-quantiles of each row: numbers of it, so that those of counts are counts.
drawn_numbers <- function(m, p) {
  at <- pmax(1, ceiling(ncol(m) * p))
  matrix(apply(m, 1L, function(x) sort(x)[at]), nrow(m), length(p), byrow = TRUE)
}

# The medians of what is forecast h steps ahead from each step of series i.
ahead_medians <- function(fit, frame, i, h, draws = 1000) {
  n <- length(fit$series[[i]])
  origins <- n - h
  if (origins < 1) {
    return(numeric())
  }
  all <- all_networks(fit)
  K <- length(all$net)
  each <- outputs_of(fit$training$loss)
  outputs <- array(0, c(each, origins, K))
  base <- spread <- level <- matrix(0, origins, K)
  for (k in seq_len(K)) {
    view <- frame$view[[all$view[k]]]
    H <- dim(view$base)[1L]
    said <- rnn_predict(all$net[[k]], view$x[, i, , drop = FALSE], lengths = n)
    outputs[, , k] <- said[h + H * (seq_len(each) - 1), 1L, seq_len(origins)]
    base[, k] <- view$base[h, i, seq_len(origins)]
    spread[, k] <- view$spread[i]
    level[, k] <- view$level[i, seq_len(origins)]
  }
  net <- draw_among(K, draws, fit$seed)
  of <- rep(origins * (net - 1), each = origins) + seq_len(origins)
  said <- list(
    output = matrix(outputs, each), base = matrix(base, 1L), spread = c(spread), level = c(level)
  )
  z <- draw_steps(fit, said, of, fit$seed)
  invert(drawn_numbers(matrix(z, origins), 0.5), frame, i)
}

# What network `net` forecasts from the end of these series of the frame, each n long: a column for
# each, and what the outputs are measured in.
said_last <- function(view, net, own, n) {
  net$output_mode <- "last"
  H <- dim(view$base)[1L]
  output <- rnn_predict(net, view$x[, own, , drop = FALSE], lengths = rep(n, length(own)))
  list(
    output = matrix(output, ncol = length(own)), base = matrix(view$base[, own, n], H),
    spread = view$spread[own], level = view$level[own, n]
  )
}

bind_said <- function(said) {
  part <- function(name, bind) do.call(bind, lapply(said, `[[`, name))
  list(
    output = part("output", cbind), base = part("base", cbind), spread = part("spread", c),
    level = part("level", c)
  )
}

# Paths of series i, transformed: h x npaths. Each is of one network, drawn among all, which goes on
# from it beyond its horizon.
drawn_paths <- function(object, i, h, xreg, npaths, seed) {
  all <- all_networks(object)
  n <- length(object$series[[i]])
  frame <- frame_of(object, object$series[i], xreg[i], 0)
  of <- draw_among(length(all$net), npaths, seed)
  said <- bind_said(Map(function(net, v) said_last(frame$view[[v]], net, 1L, n), all$net, all$view))
  z <- draw_steps(object, said, of, seed)
  own <- lapply(seq_along(all$net), function(k) which(of == k))
  used <- which(lengths(own) > 0L)
  place <- order(unlist(own)) # of each path among those of its network, one after the other
  while (nrow(z) < h) {
    y <- finite(invert(z, frame, 1L))
    paths <- lapply(seq_len(npaths), function(k) c(as.numeric(object$series[[i]]), y[, k]))
    ahead <- frame_of(object, paths, rep(xreg[i], npaths), nrow(z))
    said <- bind_said(lapply(used, function(k) {
      said_last(ahead$view[[all$view[k]]], all$net[[k]], own[[k]], n + nrow(z))
    }))
    z <- rbind(z, draw_steps(object, said, place, seed + 1e6 * nrow(z)))
  }
  z[seq_len(h), , drop = FALSE]
}

# The p-quantiles of paths, transformed: the first of them as forecast_blocks() gives the point
# forecasts, the others, a matrix for each series, as `ends`.
drawn_quantiles <- function(object, h, xreg, p, npaths, seed) {
  each <- lapply(seq_along(object$series), function(i) {
    drawn_numbers(drawn_paths(object, i, h, xreg, npaths, seed), p)
  })
  first <- vapply(each, function(q) q[, 1L], numeric(h))
  list(
    median = list(z = matrix(first, h), frame = frame_of(object)),
    ends = lapply(each, function(q) q[, -1L, drop = FALSE])
  )
}
