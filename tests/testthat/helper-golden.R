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

NET_SETTINGS <- c("cell", "activation", "reset", "bidirectional", "output_mode")
NUMERIC_SETTINGS <- c(
  "hidden", "bidirectional", "delta", "levels", "truncate", "clip_value", "clip_norm"
)
OPTION_ARRAYS <- c("target", "dy", "weights", "class_weights", "lengths")

# The settings, numbers as such.
golden_settings <- function(case) {
  settings <- case$set
  numeric <- intersect(names(settings), NUMERIC_SETTINGS)
  settings[numeric] <- lapply(settings[numeric], as.numeric)
  settings$bidirectional <- identical(settings$bidirectional, 1)
  settings
}

golden_net <- function(case) {
  param <- golden_group(case, "param.")
  settings <- golden_settings(case)
  net <- do.call(rnn_net, c(
    list(dim(case$array$x)[1L], settings$hidden, length(param$b_y), seed = 1),
    settings[intersect(names(settings), NET_SETTINGS)]
  ))
  stopifnot(identical(names(net$param), names(param)))
  net$param <- param
  net
}

golden_state <- function(case) {
  state <- golden_group(case, "state.")
  if (length(state) > 0L) state
}

# All that rnn_bptt() takes beside the network and the input.
golden_options <- function(case) {
  settings <- golden_settings(case)
  c(
    settings[setdiff(names(settings), c(NET_SETTINGS, "hidden"))],
    case$array[intersect(names(case$array), OPTION_ARRAYS)],
    list(state = golden_state(case))
  )
}

# What is to come out, by the names of the file.
golden_expected <- function(case) {
  names <- setdiff(names(case$array), c("x", OPTION_ARRAYS))
  case$array[grep("^(param|state)[.]", names, value = TRUE, invert = TRUE)]
}

golden_actual <- function(result, h) {
  prefixed <- function(prefix, list) stats::setNames(list, paste0(prefix, names(list)))
  c(
    result[c("loss", "y", "dx", "grad_norm")], list(h = h), prefixed("grad.", result$grad),
    prefixed("last.", result$state), prefixed("dstate.", result$dstate)
  )
}
