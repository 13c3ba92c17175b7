# accuracy.R -- bench/accuracy.R on small files: what it says of the seasonal naive forecast is what
# plain loops make of the definitions at its head; rnnar and ets have their rows; what it cannot
# take it says. The last line is "N passed, N failed".
#
#   Rscript tests/bench/accuracy.R, from the top folder

folder <- tempfile("accuracy")
dir.create(folder)
passed <- failed <- 0
check <- function(ok, ...) {
  if (isTRUE(ok)) passed <<- passed + 1 else failed <<- failed + 1
  if (!isTRUE(ok)) cat("failed:", ..., "\n", sep = " ")
}

# ---------------------------------------------------------------------------- the files

# A series of n values and a test part of so many steps; missing: where it has no value. No
# random numbers are in it.
make <- function(name, n, steps, period, level, missing = NULL) {
  t <- seq_len(n + steps)
  value <- level + 10 * sinpi(2 * t / period) + t / 8 + 4 * sin(t^2)
  value[missing] <- NA
  data.frame(
    series = name, t = t, value = round(value, 3),
    split = ifelse(t > n, "test", "train")
  )
}
write_series <- function(file, ...) {
  rows <- rbind(...)
  rows <- rows[order(sin(seq_len(nrow(rows)))), ] # t says what the order is
  connection <- if (endsWith(file, "gz")) gzfile(file, "w") else file(file, "w")
  write.csv(rows, connection, row.names = FALSE, quote = FALSE)
  close(connection)
  file
}
# With missing values at the end of the past and in the test part; with negative values; too short
# for a season; and of a few values near 0, whose intervals are cut off there.
monthly <- write_series(
  file.path(folder, "monthly.csv"),
  make("a", 60, 6, 12, 100, c(5, 60, 64)), make("b", 41, 12, 12, -40),
  make("c", 9, 3, 12, 30), make("7", 30, 6, 12, 12)
)
several <- write_series(
  file.path(folder, "several.csv.gz"),
  make("long", 70, 8, 4, 50, 11), make("short", 11, 8, 4, 20)
)

# ---------------------------------------------------------------------------- by plain loops

# What is at the head of accuracy.R, of the seasonal naive forecast.
by_hand <- function(file, periods, holdout = NULL) {
  rows <- read.csv(file, colClasses = c(series = "character"))
  out <- NULL
  for (name in c("a", "b", "c", "7", "long", "short")) {
    one <- rows[rows$series == name, ]
    if (!nrow(one)) next
    one <- one[order(one$t), ]
    past <- one$value[one$split == "train"]
    future <- one$value[one$split == "test"]
    if (!is.null(holdout)) {
      n <- length(past)
      steps <- if (n - holdout < 2 * periods[1] + 2) min(holdout, 6) else holdout
      future <- past[(n - steps + 1):n]
      past <- past[1:(n - steps)]
    }
    out <- rbind(out, cbind(series = name, as.data.frame(by_hand_one(past, future, periods))))
  }
  out
}

by_hand_one <- function(past, future, periods) {
  n <- length(past)
  lag <- max(1, periods[periods < n]) # the longest season that the past knows
  step <- function(m) {
    e <- NULL
    for (t in seq_len(n)) if (t > m && !is.na(past[t] - past[t - m])) e <- c(e, past[t] - past[t - m])
    e
  }
  q <- if (is.null(step(periods[1]))) mean(abs(step(1))) else mean(abs(step(periods[1])))
  negative <- any(past[!is.na(past)] < 0)
  cut <- function(x) if (negative || x > 0) x else 0
  smape <- error <- in80 <- in95 <- interval <- NULL
  for (k in seq_along(future)) {
    Y <- future[k]
    if (is.na(Y)) next
    at <- n + k # back to the last season with a value at this place
    while (at > n || is.na(past[at])) at <- at - lag
    sd <- sqrt(mean(step(lag)^2) * ((k - 1) %/% lag + 1))
    F <- cut(past[at])
    L <- cut(past[at] + qnorm(0.025) * sd)
    U <- cut(past[at] + qnorm(0.975) * sd)
    smape <- c(smape, 2 * abs(F - Y) / (abs(F) + abs(Y)))
    error <- c(error, abs(F - Y))
    in80 <- c(in80, Y >= cut(past[at] + qnorm(0.1) * sd) && Y <= cut(past[at] + qnorm(0.9) * sd))
    in95 <- c(in95, Y >= L && Y <= U)
    miss <- 0
    if (Y < L) miss <- L - Y
    if (Y > U) miss <- Y - U
    interval <- c(interval, U - L + 2 / 0.05 * miss)
  }
  list(
    smape = 100 * mean(smape), mase = mean(error) / q, cover80 = 100 * mean(in80),
    cover95 = 100 * mean(in95), msis = mean(interval) / q
  )
}

# ---------------------------------------------------------------------------- runs

# What a run prints and the status it leaves with.
run <- function(...) {
  output <- suppressWarnings(
    system2("Rscript", c("bench/accuracy.R", ...), stdout = TRUE, stderr = TRUE)
  )
  status <- attr(output, "status")
  list(text = output, status = if (is.null(status)) 0L else status)
}
# The numbers of the row of a method in the first table.
printed <- function(output, method) {
  row <- grep(paste0("^", method, " "), output$text, value = TRUE)
  if (length(row)) scan(text = sub("^[^ ]+", "", row[[1]]), quiet = TRUE)
}

agrees <- function(what, file, freq, ..., holdout = NULL, rows = NULL) {
  scores <- file.path(folder, "scores.csv")
  output <- run(file, freq, "--only=snaive", paste0("--out=", scores), ...)
  hand <- by_hand(file, as.numeric(strsplit(freq, ",")[[1]]), holdout)
  if (!is.null(rows)) hand <- hand[hand$series %in% rows, ]
  check(output$status == 0, what, "leaves with", output$status, tail(output$text, 1))
  if (output$status != 0) {
    return(invisible())
  }
  told <- read.csv(scores, colClasses = c(series = "character"))
  check(setequal(told$series, hand$series), what, "has the series", told$series)
  hand <- hand[match(told$series, hand$series), ]
  for (score in c("smape", "mase", "cover80", "cover95", "msis")) {
    check(
      all.equal(told[[score]], hand[[score]], tolerance = 1e-12), what, score, "is",
      told[[score]], "and by hand", hand[[score]]
    )
  }
  hand$series <- NULL
  means <- vapply(hand, mean, 0)
  expected <- sprintf(
    c("%.2f", "%.2f", "%.3f", "%.3f", "%.1f", "%.1f", "%.2f"),
    c(means[1], median(hand$smape), means[2], median(hand$mase), means[3:5])
  )
  check(
    identical(printed(output, "snaive")[1:7], as.numeric(expected)), what, "prints",
    printed(output, "snaive"), "and by hand", expected
  )
}
agrees("monthly", monthly, "12")
agrees("several seasons", several, "4,24")
agrees("held out", monthly, "12", "--holdout=7", holdout = 7)
first <- unique(read.csv(monthly, colClasses = c(series = "character"))$series)[1:2]
agrees("some series", monthly, "12", "--series=2", rows = first)

# A series is too short for thetaf: snaive stands in for it there, and that is said.
tiny <- write_series(
  file.path(folder, "tiny.csv"), make("a", 30, 4, 12, 100), make("one value", 1, 4, 12, 30)
)
output <- run(tiny, "12", "--only=thetaf,snaive")
check(
  output$status == 0 && any(grepl("failed on 1 series.*: one value$", output$text)),
  "a failure of thetaf:", output$text
)

# rnnar and ets: a row each, and their difference.
sane <- function(what, output, methods) {
  check(output$status == 0, what, "leaves with", output$status, output$text)
  check(!any(grepl("failed on", output$text)), what, output$text)
  for (method in methods) {
    numbers <- printed(output, method)
    check(
      length(numbers) == 8 && all(is.finite(numbers)) && all(numbers[1:4] > 0) &&
        all(numbers[5:6] >= 0 & numbers[5:6] <= 100) && numbers[8] >= 0,
      what, "prints of", method, numbers
    )
  }
  for (other in setdiff(methods, "rnnar")) {
    row <- tail(grep(paste0("^", other, " "), output$text, value = TRUE), 1) # of the second table
    difference <- as.numeric(c(strsplit(row, " +"), "")[[1]][-1])
    means <- printed(output, "rnnar")[c(1, 3)] - printed(output, other)[c(1, 3)]
    check(
      length(difference) == 6 && all(is.finite(difference)) &&
        all(abs(difference[c(1, 4)] - means) < c(0.011, 0.0011)) &&
        all(difference[c(2, 5)] <= difference[c(1, 4)]) &&
        all(difference[c(3, 6)] >= difference[c(1, 4)]),
      what, "prints of rnnar less", other, difference
    )
  }
}
sane("ets beside rnnar", run(monthly, "12", "--baselines=ets"), c("rnnar", "ets", "snaive"))
sane("rnnar, several seasons, held out", run(several, "4,24", "--holdout=8"), "rnnar")

# ---------------------------------------------------------------------------- bad input

refuses <- function(what, ...) {
  output <- run(...)
  check(
    output$status == 1 && any(grepl(what, output$text, fixed = TRUE)),
    "expected", shQuote(what), "but it said", output$text
  )
}
without <- file.path(folder, "without.csv")
for (column in c("series", "t", "value", "split")) {
  rows <- read.csv(monthly, colClasses = c(series = "character"))
  write.csv(rows[names(rows) != column], without, row.names = FALSE)
  refuses("expected series, t, value, split", without, "12")
}
for (freq in c("month", "0", "12,x", "Inf")) {
  refuses(paste0("FREQ is '", freq, "'; expected a number"), monthly, freq)
}
refuses("usage: Rscript bench/accuracy.R FILE.csv FREQ", monthly)
refuses("--hold=3 is not an option of accuracy.R", monthly, "12", "--hold=3")
refuses("--series is 'some'; expected a whole number", monthly, "12", "--series=some")
refuses("'prophet' is not a method; expected some of rnnar", monthly, "12", "--baselines=prophet")

all_past <- read.csv(monthly, colClasses = c(series = "character"))
write.csv(all_past[all_past$split == "train", ], without, row.names = FALSE)
refuses("has no test part; --holdout=H makes one", without, "12", "--only=snaive")

unlink(folder, recursive = TRUE)
cat(sprintf("%d passed, %d failed\n", passed, failed))
quit(status = failed > 0)
