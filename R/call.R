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
  dropout <- if (is.list(net)) .subset2(net, "dropout") # no search for methods
  if (!is.numeric(dropout) || identical(dropout, 0)) {
    return(args)
  }
  if (isTRUE(dropout > 0) && is.null(args[["seed"]])) args[["seed"]] <- random_seed()
  args
}

# What the core signals, where something is wrong that only R can see.
input_error <- function(argument, message, call = sys.call(sys.parent())) {
  stop(structure(
    list(message = message, call = call, argument = argument),
    class = c("bptt_input_error", "error", "condition")
  ))
}

# Of a function of R alone: an argument that it does not know. `...`: those that fell to its dots.
refuse_unknown <- function(known, of, ..., call = sys.call(sys.parent())) {
  if (...length() == 0L) {
    return(invisible())
  }
  name <- names(substitute(list(...)))[2L]
  if (is.null(name) || !nzchar(name)) {
    input_error("...", paste0("an argument of ", of, " has no name; expected one of the options"), call)
  }
  known <- setdiff(known, "...")
  distance <- utils::adist(name, known)[1L, ]
  near <- min(distance) <= max(1, nchar(name) %/% 3)
  meant <- if (near) paste0("; did you mean `", known[which.min(distance)], "`?")
  input_error(name, paste0("`", name, "` is not an option of ", of, meant), call)
}

# A value of another function. What that says of its argument `from`, `call` says of its own `to`.
as_argument <- function(value, from, to, call) {
  tryCatch(value, bptt_input_error = function(e) {
    name <- function(argument) paste0("`", argument, "`")
    said <- gsub(name(from), name(to), e[["message"]], fixed = TRUE)
    input_error(if (e[["argument"]] == from) to else e[["argument"]], said, call)
  })
}

# A function with fewer arguments would fail when it is called, and not say why.
check_loss <- function(loss, call) {
  takes <- names(formals(args(loss)))
  if (is.null(args(loss)) || length(takes) >= 2L || "..." %in% takes) {
    return(invisible())
  }
  said <- paste0("`loss` is a function of ", plural(length(takes), "argument"))
  input_error("loss", paste0(said, "; expected a function of (y, target)"), call)
}

# A loss that is a function: calls it with the outputs and the target, and puts what it returned, a
# list, in its place. What is not finite in the outputs, the function's loss will show.
with_returned <- function(args, call) {
  loss <- args[["loss"]]
  if (is.list(loss)) {
    input_error("loss", "`loss` is a list; expected the name of a loss, or a function", call)
  }
  check_loss(loss, call)
  takes <- c("net", "x", "state", "lengths", "format", "precision", "seed", "threads")
  # The first result alone: the states of a long series would be larger than all else.
  forward <- run("rnn_forward", args[names(args) %in% takes], call, warns = FALSE, want = 1L)
  returned <- loss(forward[["y"]], args[["target"]])
  args["loss"] <- list(if (is.list(returned)) returned else list(returned))
  args["target"] <- NULL
  args
}

# Calls a function of the core, for this many of its results. Errors and warnings are those of
# `call`.
run <- function(name, args, call = sys.call(sys.parent()), warns = TRUE,
                want = .Machine[["integer.max"]]) {
  loss <- args[["loss"]]
  calls <- is.function(loss) && !name %in% c("rnn_gradcheck", "rnn_train") # for one gradient
  if (is.list(loss) || calls) args <- with_returned(args, call)
  # One by one: a loop takes as long as a step of a small network.
  if (is.list(args[["x"]])) args[["x"]] <- as_arrays(args[["x"]])
  if (is.list(args[["target"]])) args[["target"]] <- as_arrays(args[["target"]])
  if (is.list(args[["weights"]])) args[["weights"]] <- as_arrays(args[["weights"]])
  if (is.list(args[["dy"]])) args[["dy"]] <- as_arrays(args[["dy"]])
  out <- .Call(C_bptt_R_call, name, args, want)
  condition <- out[[2L]]
  if (!is.null(condition)) {
    condition["call"] <- list(call)
    if (inherits(condition, "error")) stop(condition)
    if (warns) warning(condition)
  }
  out[[1L]]
}
