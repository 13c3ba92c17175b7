# Reads the golden files; tests/golden/README.md describes their format.

golden_dir <- function() test_path("..", "golden")

# A list of cases, each a list of its name, its settings, and its arrays by name.
read_golden <- function(path) {
  words <- strsplit(grep("^(#|$)", readLines(path), value = TRUE, invert = TRUE), " ")
  verb <- vapply(words, `[`, "", 1L)
  is_statement <- grepl("^[a-z]+$", verb) & verb != "nan"
  numbers <- split(words[!is_statement], cumsum(is_statement)[!is_statement])
  statements <- words[is_statement]

  cases <- list()
  count <- NULL
  for (i in seq_along(statements)) {
    rest <- statements[[i]][-1L]
    switch(statements[[i]][1L],
      cases = count <- as.integer(rest),
      case = case <- list(name = rest, set = list(), array = list()),
      set = case$set[[rest[1L]]] <- rest[-1L],
      array = case$array[[rest[1L]]] <- golden_array(rest[-1L], numbers[[as.character(i)]]),
      end = cases <- c(cases, list(case)),
      stop("unknown statement in ", path, ": ", statements[[i]][1L])
    )
  }
  if (!identical(length(cases), count)) stop(path, " is not complete")
  cases
}

golden_array <- function(dims, words) {
  dims <- as.integer(dims)
  numbers <- as.numeric(sub("nan", "NaN", unlist(words), fixed = TRUE))
  if (length(numbers) != prod(dims)) stop("an array lacks numbers")
  if (length(dims) > 1L) array(numbers, dims) else numbers
}

# The arrays "<prefix>W_xh", ... as a list of W_xh, ...
golden_group <- function(case, prefix) {
  group <- case$array[startsWith(names(case$array), prefix)]
  stats::setNames(group, substring(names(group), nchar(prefix) + 1L))
}

golden_net <- function(case) {
  param <- golden_group(case, "param.")
  net <- do.call(rnn_net, c(
    list(dim(case$array$x)[1L], ncol(param$W_hh), length(param$b_y), seed = 1),
    case$set[intersect(names(case$set), c("cell", "activation", "reset"))]
  ))
  stopifnot(identical(names(net$param), names(param)))
  net$param <- param
  net
}

golden_state <- function(case, fields = c(h = "h0", c = "c0")) {
  fields <- fields[fields %in% names(case$array)]
  if (length(fields) > 0L) stats::setNames(case$array[fields], names(fields))
}

golden_options <- function(case) {
  options <- case$set[setdiff(names(case$set), c("cell", "activation", "reset"))]
  numeric <- intersect(names(options), c("truncate", "clip_value", "clip_norm"))
  options[numeric] <- lapply(options[numeric], as.numeric)
  c(options, list(state = golden_state(case), lengths = case$array$lengths))
}

# What rnn_bptt() is to return, by the names of the file.
golden_expected <- function(case) {
  known <- c("x", "target", "lengths", "h0", "c0")
  names <- grep("^param[.]", setdiff(names(case$array), known), value = TRUE, invert = TRUE)
  case$array[names]
}

golden_actual <- function(result) {
  c(
    list(
      loss = result$loss, y = result$y, h_last = result$state$h, c_last = result$state$c,
      dx = result$dx, dh0 = result$dstate$h, dc0 = result$dstate$c, grad_norm = result$grad_norm
    ),
    stats::setNames(result$grad, paste0("grad.", names(result$grad)))
  )
}
