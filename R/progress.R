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
    if (state[["repeat"]] > 1 || !is.null(state$repeats)) {
      paste0("network ", paste(c(state[["repeat"]], state$repeats), collapse = " of "), ", ")
    },
    "epoch ", format(state$epoch, scientific = FALSE), " of ", format(state$epochs, scientific = FALSE),
    if (is.finite(state$loss)) paste0(": loss ", format(state$loss, digits = 4)),
    number("validation", state$validation_loss),
    number("gradient", state$grad_norm),
    if (is.finite(state$clipped)) paste0(", ", round(100 * state$clipped), " % clipped"),
    if (is.finite(state$time_left)) paste0(", ", time_text(state$time_left), " left")
  )
}

time_text <- function(seconds) {
  if (seconds < 100) {
    return(paste(ceiling(seconds), "s"))
  }
  minutes <- ceiling(seconds / 60)
  if (minutes < 100) paste(minutes, "min") else paste(ceiling(minutes / 60), "h")
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

# One line on standard error, written over, and at the end wiped out. It must not be longer than
# the line of a terminal, from where there is no way back.
line_bar <- function() {
  width <- 0
  write <- function(text) {
    cat("\r", formatC(text, width = -width), sep = "", file = stderr())
    width <<- nchar(text)
  }
  list(
    show = function(state) write(substr(progress_text(state), 1L, getOption("width") - 1L)),
    end = function() {
      if (width == 0) {
        return()
      }
      write("")
      cat("\r", file = stderr())
    }
  )
}

progressr_bar <- function(steps) {
  signal <- progressr::progressor(steps = steps, auto_finish = FALSE, on_exit = FALSE)
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
