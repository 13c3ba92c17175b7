# What an argument may be, where R and not the core says so; each returns it.

check_whole <- function(n, name, least, most, call = sys.call(sys.parent())) {
  good <- is.numeric(n) && length(n) == 1L && isTRUE(n >= least && n <= most && n == round(n))
  if (!good) {
    large <- is.numeric(n) && length(n) == 1L && isTRUE(n > most)
    bound <- if (large) paste("at most", format(most, scientific = FALSE)) else paste("at least", least)
    input_error(name, paste0("`", name, "` is ", what_is(n), "; expected a whole number of ", bound), call)
  }
  as.numeric(n)
}

check_flag <- function(x, name, call = sys.call(sys.parent())) {
  if (!isTRUE(x) && !isFALSE(x)) {
    input_error(name, paste0("`", name, "` is ", what_is(x), "; expected TRUE or FALSE"), call)
  }
  x
}

check_choice <- function(x, name, among, call = sys.call(sys.parent())) {
  if (!is.character(x) || length(x) != 1L || !x %in% among) {
    quoted <- dQuote(among, FALSE)
    expected <- paste(paste(quoted[-length(quoted)], collapse = ", "), "or", quoted[length(quoted)])
    input_error(name, paste0("`", name, "` is ", what_is(x), "; expected ", expected), call)
  }
  x
}

# What it is, for a sentence.
what_is <- function(x) {
  if (is.null(x)) {
    "NULL"
  } else if (!is.atomic(x) || length(x) != 1L) {
    paste0("of class `", class(x)[1L], "` and of length ", length(x))
  } else if (is.character(x)) {
    dQuote(x, FALSE)
  } else {
    format(x)
  }
}

# Levels in per cent, ascending; shares below 1 are made per cent.
check_level <- function(level, call = sys.call(sys.parent())) {
  if (!is.numeric(level) || length(level) == 0L || !all(is.finite(level))) {
    input_error("level", "`level` is not a vector of numbers; expected levels in per cent", call)
  }
  if (all(level > 0 & level < 1)) level <- 100 * level
  if (any(level <= 0 | level >= 100)) {
    input_error("level", "`level` has a level outside (0, 100); expected levels in per cent", call)
  }
  sort(unique(level))
}
