# How far a training is: shown where somebody looks, and told to progressr.

# A list of functions: show(state), now and then while it goes on, and end(). An interrupt waits
# until they are done: cli, for one, does not get over one.
new_progress <- function(verbose, epochs, repeats) {
  shown <- isTRUE(verbose) && !isTRUE(getOption("knitr.in.progress"))
  told <- requireNamespace("progressr", quietly = TRUE) && is_count(epochs) && is_count(repeats)
  parts <- c(
    if (shown) list(if (requireNamespace("cli", quietly = TRUE)) cli_bar(epochs) else line_bar()),
    if (told) list(progressr_bar(epochs * repeats))
  )
  if (length(parts) == 0L) {
    return(list(show = NULL, end = function() NULL))
  }
  list(
    show = function(state) suspendInterrupts(for (part in parts) part$show(state)),
    end = function() suspendInterrupts(for (part in parts) part$end())
  )
}

is_count <- function(n) is.numeric(n) && length(n) == 1L && !is.na(n) && n >= 1

# "epoch 12 of 100: loss 0.0123, validation 0.0145, gradient 0.02, 0 % clipped, 12 s left"
progress_text <- function(state) {
  number <- function(label, v) if (is.finite(v)) paste0(", ", label, " ", format(v, digits = 4))
  paste0(
    if (state[["repeat"]] > 1) paste0("network ", state[["repeat"]], ", "),
    "epoch ", format(state$epoch), " of ", format(state$epochs),
    if (is.finite(state$loss)) paste0(": loss ", format(state$loss, digits = 4)),
    number("validation", state$validation_loss),
    number("gradient", state$grad_norm),
    if (is.finite(state$clipped)) paste0(", ", round(100 * state$clipped), " % clipped"),
    if (is.finite(state$time_left)) paste0(", ", ceiling(state$time_left), " s left")
  )
}

cli_bar <- function(epochs) {
  id <- NULL
  list(
    show = function(state) {
      if (is.null(id)) {
        id <<- cli::cli_progress_bar(
          total = epochs, format = "{cli::pb_spin} {cli::pb_status}", .auto_close = FALSE
        )
      }
      cli::cli_progress_update(set = state$epoch, status = progress_text(state), id = id)
    },
    end = function() if (!is.null(id)) cli::cli_progress_done(id = id)
  )
}

# One line on standard error, written over.
line_bar <- function() {
  width <- 0
  list(
    show = function(state) {
      text <- progress_text(state)
      cat("\r", formatC(text, width = -width), sep = "", file = stderr())
      width <<- nchar(text)
    },
    end = function() if (width > 0) cat("\n", file = stderr())
  )
}

progressr_bar <- function(steps) {
  signal <- progressr::progressor(steps = steps, auto_finish = FALSE)
  done <- 0
  list(
    show = function(state) {
      now <- (state[["repeat"]] - 1) * state$epochs + state$epoch
      if (now > done) signal(progress_text(state), amount = now - done)
      done <<- max(done, now)
    },
    end = function() signal(type = "finish")
  )
}
