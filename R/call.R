# The way to the core: collecting arguments, signalling what it says.

# The arguments of the function that calls this, by name. One that was not given and has no
# default is the empty symbol: the core is not shown it, and says that it is missing.
arguments <- function(...) {
  named <- as.list.environment(parent.frame())
  if (...length() == 0L) named else c(named, list(...))
}

# The core takes arrays and lists of arrays; a data frame is a matrix of its columns.
as_arrays <- function(x) {
  if (is.data.frame(x)) {
    return(as.matrix(x))
  }
  frames <- vapply(x, is.data.frame, NA)
  if (any(frames)) x[frames] <- lapply(x[frames], as.matrix)
  x
}

# A seed from R's generator, so that set.seed() decides.
random_seed <- function() sample.int(.Machine$integer.max, 1L)

# The same for the dropout of a network that has any, where the call gives none.
with_seed <- function(args) {
  net <- args[["net"]]
  dropout <- if (is.list(net)) net[["dropout"]]
  if (is.numeric(dropout) && isTRUE(dropout > 0) && is.null(args[["seed"]])) {
    args[["seed"]] <- random_seed()
  }
  args
}

# Calls a function of the core. Errors and warnings are those of `call`.
run <- function(name, args, call = sys.call(sys.parent())) {
  if (is.list(args[["x"]])) args[["x"]] <- as_arrays(args[["x"]])
  if (is.list(args[["target"]])) args[["target"]] <- as_arrays(args[["target"]])
  out <- .Call(C_bptt_R_call, name, args)
  condition <- out[[2L]]
  if (!is.null(condition)) {
    condition["call"] <- list(call)
    if (inherits(condition, "error")) stop(condition)
    warning(condition)
  }
  out[[1L]]
}
