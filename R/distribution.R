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

# What a network forecasts from the n-th step of each column of a view: its outputs, a column for each,
# what they are measured in, and the state after that step.
said_of <- function(net, view, n, state = NULL) {
  said <- said_last(net, view$x, n, state)
  c(list(output = matrix(said$y, ncol = length(n)), state = said$state), units_at(view, n))
}

said_by_all <- function(object, frame, n) {
  all <- all_networks(object)
  Map(function(net, v) said_of(net, frame$view[[v]], n), all$net, all$view)
}

bind_said <- function(said) {
  part <- function(name, bind) do.call(bind, lapply(said, `[[`, name))
  list(
    output = part("output", cbind), base = part("base", cbind), spread = part("spread", c),
    level = part("level", c)
  )
}

# Of what has been said, or of a state or view, the columns of some series or paths.
columns_of_said <- function(said, own) {
  list(
    output = said$output[, own, drop = FALSE], base = said$base[, own, drop = FALSE],
    spread = said$spread[own], level = said$level[own]
  )
}

columns_of_state <- function(state, own) lapply(state, function(s) s[, own, drop = FALSE])

columns_of_view <- function(view, own) {
  list(
    x = view$x[, own, , drop = FALSE], base = view$base[, own, , drop = FALSE],
    spread = view$spread[own], level = view$level[own, , drop = FALSE]
  )
}

# Paths of series i, transformed: h x npaths. Each is of one network, drawn among all, which beyond its
# horizon goes on from its state and from the path. `first`: the first block of all series.
drawn_paths <- function(object, i, h, xreg, npaths, seed, first) {
  all <- all_networks(object)
  of <- draw_among(length(all$net), npaths, seed)
  z <- draw_steps(object, bind_said(lapply(first$said, columns_of_said, i)), of, seed)
  H <- nrow(z)
  used <- sort(unique(of))
  own <- lapply(used, function(k) which(of == k))
  place <- order(unlist(own)) # of each path among those of its network, one after the other
  states <- Map(function(k, paths) {
    columns_of_state(first$said[[k]]$state, rep(i, length(paths)))
  }, used, own)
  while (nrow(z) < h) {
    ahead <- frame_after(object, i, xreg, z, first$frame)
    said <- Map(function(k, paths, state) {
      view <- columns_of_view(ahead$view[[all$view[k]]], paths)
      said_of(all$net[[k]], view, rep(H, length(paths)), state)
    }, used, own, states)
    states <- lapply(said, `[[`, "state")
    z <- rbind(z, draw_steps(object, bind_said(said), place, seed + 1e6 * nrow(z)))
  }
  z[seq_len(h), , drop = FALSE]
}

# The p-quantiles of paths, transformed: the first of them as forecast_blocks() gives the point
# forecasts, the others, a matrix for each series, as `ends`.
drawn_quantiles <- function(object, h, xreg, p, npaths, seed) {
  first <- first_block(object, xreg)
  each <- lapply(seq_along(object$series), function(i) {
    drawn_numbers(drawn_paths(object, i, h, xreg, npaths, seed, first), p)
  })
  middle <- vapply(each, function(q) q[, 1L], numeric(h))
  list(
    median = list(z = matrix(middle, h), frame = first$frame),
    ends = lapply(each, function(q) q[, -1L, drop = FALSE])
  )
}
