# run.R -- the speed of bptt beside its peers; README.md says how to read what it prints.
#
# A contender is a process that reads one setting a line,
#
#     call cell D H B T truncate lengths        bptt lstm 8 64 32 100 Inf -
#
# and answers with the milliseconds of one call, "nan" if it does not do this. Empty lines mean
# nothing; its first line says what it is. All contenders are asked in turn, round after round, so
# that a clock that drifts or a neighbour on the machine touches all of them alike. Who is not
# installed is left out.
#
# Environment variables:
#   PART="table call"  which parts; all by default, see the end
#   ROUNDS=7           how often each contender is asked
#   SIZES="S M"        which rows of the table; all of S M L XL by default
#   CELLS="lstm"       which cells; all of rnn gru lstm by default
#   R, OCTAVE, PYTHON  the programs
#   BUILD              where the compiled contenders are and the results go: build/bench

variable <- function(name, default) {
  value <- Sys.getenv(name)
  if (nzchar(value)) strsplit(value, " +")[[1]] else default
}
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
here <- function(file) file.path(dirname(script), file)
build <- variable("BUILD", "build/bench")
rounds <- as.integer(variable("ROUNDS", 7))
cells <- variable("CELLS", c("rnn", "gru", "lstm"))
all_sizes <- list( # D H B T
  S = c(1, 32, 1, 200), M = c(8, 64, 32, 100), L = c(32, 128, 64, 100), XL = c(64, 512, 128, 50)
)
sizes <- all_sizes[variable("SIZES", names(all_sizes))]

# ---------------------------------------------------------------------------- contenders

cpu <- if (file.exists("/proc/cpuinfo")) readLines("/proc/cpuinfo") else ""
has <- function(flag) any(grepl(paste0("^flags.*\\b", flag, "\\b"), cpu))
best_isa <- if (has("avx512f")) "avx512" else if (has("avx2")) "avx2" else "portable"
best_blas <- c(avx512 = "SKYLAKEX", avx2 = "HASWELL", portable = "")[[best_isa]]

# Who is asked: a command, and what of the environment is its own. A thread that has slept while
# others were asked may take tens of milliseconds to get a core of its own again.
contender <- function(command, ..., threads = 1) {
  list(
    command = command, threads = threads,
    environment = c(
      OMP_NUM_THREADS = threads, OPENBLAS_NUM_THREADS = threads,
      BATCH_SECONDS = if (threads > 1) 0.15 else 0.02, ...
    )
  )
}
ours <- function(language, precision, threads = 1, ...) {
  command <- switch(language,
    C = file.path(build, "ours"),
    R = paste(variable("R", "Rscript"), here("server.R")),
    Octave = paste(variable("OCTAVE", "octave-cli --no-gui -q"), here("server.m"))
  )
  contender(paste(command, precision, threads), ..., threads = threads)
}
pytorch <- function(precision, threads = 1, blas = "", ...) {
  contender(paste(variable("PYTHON", "/usr/bin/python3"), here("server.py"), precision, threads),
    if (nzchar(blas)) c(OPENBLAS_CORETYPE = blas), ...,
    threads = threads
  )
}
peak <- function(precision, isa) contender(paste(file.path(build, "peak"), precision, isa))

contenders <- list(
  "peak double" = peak("double", best_isa),
  "peak single" = peak("single", best_isa),
  "peak double avx2" = peak("double", "avx2"),
  "peak single avx2" = peak("single", "avx2"),
  "oneDNN single" = contender(paste(file.path(build, "onednn"), 1)),
  "oneDNN single x2" = contender(paste(file.path(build, "onednn"), 2), threads = 2),
  "PyTorch double" = pytorch("double"),
  "PyTorch single" = pytorch("single"),
  "PyTorch double best" = pytorch("double", blas = best_blas),
  "PyTorch single best" = pytorch("single", blas = best_blas),
  "PyTorch double best x2" = pytorch("double", threads = 2, blas = best_blas),
  "PyTorch double SSE2" =
    pytorch("double", blas = "PRESCOTT", ATEN_CPU_CAPABILITY = "default"),
  "R double avx2" = ours("R", "double", BPTT_ISA = "avx2"),
  "R single avx2" = ours("R", "single", BPTT_ISA = "avx2"),
  "R double portable" = ours("R", "double", BPTT_ISA = "portable"),
  "CRAN rnn" = contender(paste(variable("R", "Rscript"), here("cran.R")),
    R_LIBS = file.path(dirname(build), "Rlib-bench")
  )
)
for (language in c("C", "R", "Octave")) {
  for (precision in c("double", "single")) {
    contenders[[paste(language, precision)]] <- ours(language, precision)
    contenders[[paste(language, precision, "x2")]] <- ours(language, precision, 2)
  }
}

# ---------------------------------------------------------------------------- asking

note <- function(...) cat(..., "\n", sep = "", file = stderr())
scratch <- tempfile("bench")
dir.create(scratch)
hellos <- character() # what they say they are, by name
open_ends <- list() # of those who run: to, from; FALSE for those left out

start <- function(name) {
  if (!is.null(open_ends[[name]])) {
    return(is.list(open_ends[[name]]))
  }
  it <- contenders[[name]]
  path <- file.path(scratch, paste0(gsub(" ", "_", name), c(".in", ".out", ".err")))
  system2("mkfifo", shQuote(path[1:2]))
  environment <- paste0(names(it$environment), "=", shQuote(it$environment), collapse = " ")
  redirect <- paste(c("<", ">", "2>"), shQuote(path), collapse = " ")
  system(paste("exec env", environment, it$command, redirect), wait = FALSE)
  to <- fifo(path[1], "w", blocking = TRUE)
  from <- fifo(path[2], "r", blocking = TRUE)
  hello <- readLines(from, 1)
  if (length(hello) == 0) {
    why <- readLines(path[3])
    note(name, ": left out: ", if (any(nzchar(why))) why[nzchar(why)][1] else "no answer")
    close(to)
    close(from)
    open_ends[[name]] <<- FALSE
    return(FALSE)
  }
  note(name, ": ", hello)
  hellos <<- c(hellos, setNames(hello, name))
  open_ends[[name]] <<- list(to = to, from = from)
  TRUE
}

# One contender, one setting. OpenMP's idle threads spin for some milliseconds before they sleep:
# those who come after wait for that.
ask <- function(name, setting) {
  end <- open_ends[[name]]
  # The empty line: Octave's fgetl() does not return a line before it has seen what follows.
  writeLines(c(setting, ""), end$to)
  answer <- readLines(end$from, 1)
  if (contenders[[name]]$threads > 1) Sys.sleep(0.03)
  if (length(answer) == 0) NaN else as.numeric(answer)
}

setting <- function(cell, size, call = "bptt", truncate = Inf, lengths = NULL) {
  lengths <- if (is.null(lengths)) "-" else paste(lengths, collapse = ",")
  paste(call, cell, paste(size, collapse = " "), truncate, lengths)
}

# Each contender's answers to each of the settings: a list, by contender, of matrices rounds x
# settings. Without those who are left out. Settings that are to be compared with each other
# alternate, too; each time they change costs an untimed call.
measure <- function(names, settings, times = rounds, alternate = FALSE) {
  names <- Filter(start, names)
  answers <- array(NaN, c(times, length(settings), length(names)))
  turns <- expand.grid(round = seq_len(times), s = seq_along(settings))
  if (alternate) turns <- turns[order(turns$round), ]
  for (turn in split(turns, seq_len(nrow(turns)))) {
    note("  ", turn$round, "/", times, " ", substr(settings[turn$s], 1, 60))
    for (n in seq_along(names)) answers[turn$round, turn$s, n] <- ask(names[n], settings[turn$s])
  }
  result <- lapply(seq_along(names), function(n) matrix(answers[, , n], times))
  setNames(result, names)
}

# ---------------------------------------------------------------------------- tables

output <- NULL
say <- function(...) {
  cat(..., "\n", sep = "")
  output <<- c(output, paste0(...))
}

# What is known of a row of answers: its median and its minimum. NULL: nobody was asked.
known <- function(answers, i) {
  if (is.null(answers) || anyNA(answers[, i])) {
    return(c(NA, NA))
  }
  c(median(answers[, i]), min(answers[, i]))
}
shown <- function(pair, digits = 3) {
  ifelse(is.na(pair[1]), "-", sprintf(
    "%s (%s)", format(signif(pair[1], digits), scientific = FALSE),
    format(signif(pair[2], digits), scientific = FALSE)
  ))
}

markdown <- function(labels, columns) {
  body <- do.call(cbind, c(list(labels), columns))
  head <- c("", names(columns))
  width <- pmax(nchar(head), apply(body, 2, function(v) max(nchar(v))))
  line <- function(v) paste0("| ", paste(sprintf("%-*s", width, v), collapse = " | "), " |")
  say(line(head))
  say("|", paste(strrep("-", width + 2), collapse = "|"), "|")
  for (i in seq_len(nrow(body))) say(line(body[i, ]))
  say("")
}

# Columns of a table: the times of one, or of each of some; the ratio of two.
times <- function(m, name, n, scale = 1) {
  vapply(seq_len(n), function(i) shown(scale * known(m[[name]], i)), "")
}
all_times <- function(m, names, n, scale = 1) {
  sapply(names, function(name) times(m, name, n, scale), simplify = FALSE)
}
ratios <- function(m, above, below, n) {
  vapply(seq_len(n), function(i) shown(known(m[[above]], i) / known(m[[below]], i)), "")
}

# 10^9 operations: three products (forward, backward, weights) of 2 G H (D + H), and the readout's.
operations <- function(cell, size) {
  gates <- c(rnn = 1, gru = 3, lstm = 4)[[cell]]
  6e-9 * (gates * size[2] * (size[1] + size[2]) + size[2]) * size[3] * size[4]
}
# Shares of the peak: both are in milliseconds, the peak's per 10^9 operations.
shares <- function(m, name, peak, work) {
  vapply(seq_along(work), function(i) {
    best <- c(median(m[[peak]]), min(m[[peak]]))
    shown(work[i] * best / known(m[[name]], i), 2)
  }, "")
}

grid <- function(sizes, cells) {
  rows <- expand.grid(size = names(sizes), cell = cells, stringsAsFactors = FALSE)
  rows$label <- paste(rows$cell, rows$size)
  rows$work <- mapply(function(s, cell) operations(cell, sizes[[s]]), rows$size, rows$cell)
  rows$setting <- mapply(function(s, cell) setting(cell, sizes[[s]]), rows$size, rows$cell)
  rows
}

# ---------------------------------------------------------------------------- parts

part_table <- function() {
  rows <- grid(sizes, cells)
  n <- nrow(rows)
  two <- c(
    "C double", "R double", "Octave double", "C single", "R single", "Octave single",
    "oneDNN single", "PyTorch double best"
  )
  one <- c(two, "PyTorch single best", "PyTorch double", "PyTorch single")
  m <- measure(c("peak double", "peak single", one, paste(two, "x2")), rows$setting)
  small <- which(rows$size == "S")
  cran <- measure("CRAN rnn", rows$setting[small])[["CRAN rnn"]]
  if (!is.null(cran)) {
    m[["CRAN rnn"]] <- matrix(NaN, rounds, n)
    m[["CRAN rnn"]][, small] <- cran
  }
  gflops <- function(name) {
    sprintf("%.0f GFLOP/s (%.0f)", 1000 / median(m[[name]]), 1000 / min(m[[name]]))
  }
  say("Peak of one core: double ", gflops("peak double"), ", single ", gflops("peak single"), ".\n")
  say("### Milliseconds, one thread\n")
  markdown(rows$label, all_times(m, c(one, "CRAN rnn"), n))
  say("### Ratios and shares of the peak, one thread\n")
  markdown(rows$label, list(
    "R single / oneDNN" = ratios(m, "R single", "oneDNN single", n),
    "R double / oneDNN" = ratios(m, "R double", "oneDNN single", n),
    "PyTorch best / R double" = ratios(m, "PyTorch double best", "R double", n),
    "PyTorch / R double" = ratios(m, "PyTorch double", "R double", n),
    "PyTorch best / R single" = ratios(m, "PyTorch single best", "R single", n),
    "Octave / R double" = ratios(m, "Octave double", "R double", n),
    "Octave / R single" = ratios(m, "Octave single", "R single", n),
    "R / C double" = ratios(m, "R double", "C double", n),
    "peak: R double" = shares(m, "R double", "peak double", rows$work),
    "peak: R single" = shares(m, "R single", "peak single", rows$work),
    "peak: oneDNN" = shares(m, "oneDNN single", "peak single", rows$work),
    "peak: PyTorch double best" = shares(m, "PyTorch double best", "peak double", rows$work)
  ))
  say("### How many times faster two threads are\n")
  markdown(rows$label, c(
    sapply(two, function(name) ratios(m, name, paste(name, "x2"), n), simplify = FALSE),
    list("R single x2 / oneDNN x2" = ratios(m, "R single x2", "oneDNN single x2", n))
  ))
}

# Unequal lengths: sequences from the shortest to the longest in even steps, this share of all
# steps real.
spread <- function(share, size) {
  mean <- share * size[4]
  reach <- min(mean - 1, size[4] - mean)
  round(seq(mean - reach, mean + reach, length.out = size[3]))
}

part_lengths <- function() {
  say("### Half of the steps real, over all of them\n")
  rows <- grid(all_sizes[c("M", "L")], cells)
  half <- mapply(
    function(s, cell) setting(cell, all_sizes[[s]], lengths = spread(0.5, all_sizes[[s]])),
    rows$size, rows$cell
  )
  versus(rows$label, half, rows$setting)
  say("### The same over half as many sequences, all of full length\n")
  few <- mapply(function(s, cell) {
    size <- all_sizes[[s]]
    setting(cell, replace(size, 3, size[3] / 2))
  }, rows$size, rows$cell)
  versus(rows$label, half, few)
}

part_deep <- function() {
  say("### Two layers in two directions over the sum of their parts, at M\n")
  say("The parts: twice a layer of one direction with the series for its input, twice one whose ",
    "input is both directions of the first.\n")
  size <- all_sizes$M
  settings <- c(rbind(
    vapply(cells, setting, "", size, "deep"), vapply(cells, setting, "", size),
    vapply(cells, setting, "", replace(size, 1, 2 * size[2]))
  ))
  m <- measure(c("R double", "R single", "Octave double"), settings, alternate = TRUE)
  columns <- sapply(names(m), function(name) {
    vapply(seq_along(cells), function(i) {
      part <- lapply(3 * i - 2:0, function(k) known(m[[name]], k))
      shown(part[[1]] / (2 * part[[2]] + 2 * part[[3]]))
    }, "")
  }, simplify = FALSE)
  markdown(cells, columns)
}

# A process of its own for each: what counts is the most that it ever had.
part_million <- function() {
  say("### A gradient through 1,000,000 steps: lstm, D = 1, H = 32, B = 1\n")
  say("Seconds of rnn_bptt, and the most memory of the process (VmHWM), in MB.\n")
  in_r <- paste(
    "library(bptt); x <- sin(seq_len(1e6) / 50); net <- rnn_net(1, 32, 1, 'lstm', seed = 1)",
    "s <- system.time(rnn_bptt(net, x, x, wrt = 'param', memory = '%s'))[[3]]",
    "h <- grep('VmHWM', readLines('/proc/self/status'), value = TRUE)",
    "cat(s, gsub('[^0-9]', '', h))",
    sep = "; "
  )
  in_octave <- paste(
    "x = sin ((1:1e6) / 50); net = rnn_net (1, 32, 1, 'lstm', 'seed', 1); tic",
    "[~, ~] = rnn_bptt (net, x, x, 'wrt', 'param', 'memory', '%s'); s = toc",
    "h = regexp (fileread ('/proc/self/status'), 'VmHWM:\\s*(\\d+)', 'tokens'){1}{1}",
    "printf ('%%g %%s', s, h)",
    sep = "; "
  )
  ask_once <- function(command, code) {
    answer <- system(paste(command, shQuote(code)), intern = TRUE, ignore.stderr = TRUE)
    number <- as.numeric(strsplit(tail(answer, 1), " ")[[1]])
    sprintf("%.1f s, %.0f MB", number[1], number[2] / 1024)
  }
  memory <- c("recompute", "store")
  markdown(memory, list(
    R = vapply(memory, function(m) {
      ask_once(paste(variable("R", "Rscript"), "-e"), sprintf(in_r, m))
    }, ""),
    Octave = vapply(memory, function(m) {
      octave <- paste(variable("OCTAVE", "octave-cli --no-gui -q"), collapse = " ")
      ask_once(paste(octave, "--eval"), sprintf(in_octave, m))
    }, "")
  ))
}

part_truncate <- function() {
  say("### Truncated, k = 20, over full\n")
  rows <- grid(all_sizes["L"], cells)
  cut <- mapply(
    function(s, cell) setting(cell, all_sizes[[s]], truncate = 20), rows$size, rows$cell
  )
  versus(rows$label, cut, rows$setting)
}

# One table: the time of the settings `above` over that of `below`, interleaved.
versus <- function(labels, above, below, scale = 1) {
  n <- length(labels)
  pairs <- c(rbind(above, below))
  m <- measure(c("R double", "R single", "Octave double"), pairs, alternate = TRUE)
  columns <- sapply(names(m), function(name) {
    vapply(seq_len(n), function(i) {
      shown(scale * known(m[[name]], 2 * i - 1) / known(m[[name]], 2 * i))
    }, "")
  }, simplify = FALSE)
  markdown(labels, columns)
}

part_batch <- function() {
  say("### Efficiency of B = 4 over that of B = 32, at H = 32\n")
  size <- c(8, 32, 32, 200)
  all <- vapply(cells, setting, "", size)
  few <- vapply(cells, setting, "", replace(size, 3, 4))
  versus(cells, all, few, 4 / 32)
}

part_isa <- function() {
  rows <- grid(all_sizes[c("M", "L")], cells)
  n <- nrow(rows)
  m <- measure(
    c(
      "peak double avx2", "peak single avx2", "R double avx2", "R single avx2",
      "R double portable", "PyTorch double SSE2"
    ),
    rows$setting
  )
  say("### Other instructions: AVX2, and the portable kernels\n")
  say("PyTorch is held to the instructions of the portable kernels (its own and OpenBLAS's).\n")
  markdown(rows$label, list(
    "R double avx2" = times(m, "R double avx2", n),
    "its share of its peak" = shares(m, "R double avx2", "peak double avx2", rows$work),
    "R single avx2" = times(m, "R single avx2", n),
    "its share of its peak" = shares(m, "R single avx2", "peak single avx2", rows$work),
    "R double portable" = times(m, "R double portable", n),
    "PyTorch double SSE2" = times(m, "PyTorch double SSE2", n),
    "PyTorch / portable" = ratios(m, "PyTorch double SSE2", "R double portable", n)
  ))
}

part_memory <- function() {
  say("### Bytes of memory per step and sequence\n")
  rows <- grid(all_sizes, cells)
  rows$setting <- sub("^bptt", "tape", rows$setting)
  m <- measure(c("C double", "C single"), rows$setting, 1)
  units <- vapply(rows$size, function(s) all_sizes[[s]][2], 0)
  markdown(rows$label, list(
    "double" = format(m[["C double"]][1, ]),
    "per unit" = sprintf("%.1f", m[["C double"]][1, ] / units),
    "single" = format(m[["C single"]][1, ]),
    "per unit" = sprintf("%.1f", m[["C single"]][1, ] / units)
  ))
}

part_call <- function() {
  say("### Microseconds of one call at T = 1, D = 1, H = 32, B = 1\n")
  calls <- expand.grid(call = c("bptt", "forward", "predict"), cell = cells)
  settings <- mapply(
    function(call, cell) setting(cell, c(1, 32, 1, 1), call), calls$call, calls$cell
  )
  who <- c("R double", "R single", "Octave double", "Octave single", "C double")
  m <- measure(who, settings)
  labels <- paste0("rnn_", calls$call, ", ", calls$cell)
  markdown(labels, all_times(m, names(m), length(settings), 1000))
}

part_carry <- function() {
  say("### Microseconds of one step forward with carried state (rnn_forward, T = 1)\n")
  rows <- expand.grid(batch = c(1, 1000), hidden = c(32, 128), cell = cells)
  settings <- mapply(
    function(b, h, cell) setting(cell, c(1, h, b, 1), "carry"), rows$batch, rows$hidden, rows$cell
  )
  m <- measure(c("R double", "Octave double"), settings)
  labels <- sprintf("%s, H = %d, B = %d", rows$cell, rows$hidden, rows$batch)
  markdown(labels, all_times(m, names(m), length(settings), 1000))
}

# Four plots of the lstm's cost: against T, B, H, and the share of steps that are real.
part_lines <- function() {
  who <- c("R double", "R single", "oneDNN single", "PyTorch double best")
  base <- c(D = 8, H = 64, B = 32, T = 100)
  along <- list(
    T = c(1, 3, 10, 30, 100, 300, 1000), B = c(1, 2, 4, 8, 16, 32, 64, 128),
    H = c(8, 16, 32, 64, 128, 256, 512)
  )
  label <- c(T = "steps T", B = "sequences B", H = "hidden units H")
  unit <- c(
    T = "microseconds per step", B = "microseconds per step and sequence",
    H = "microseconds per step"
  )
  file <- file.path(build, "cost.png")
  few <- min(rounds, 5)
  lines <- list()
  for (dim in names(along)) {
    settings <- vapply(along[[dim]], function(v) setting("lstm", replace(base, dim, v)), "")
    per <- if (dim == "H") base["T"] else if (dim == "T") along$T else base["T"] * along$B
    best <- function(answers) 1000 * apply(answers, 2, min) / per
    lines[[dim]] <- lapply(measure(who, settings, few, alternate = TRUE), best)
  }
  share <- seq(0.1, 1, by = 0.1)
  settings <- vapply(share, function(s) setting("lstm", base, lengths = spread(s, base)), "")
  m <- measure(c("R double", "R single"), settings, few, alternate = TRUE)
  real <- lapply(m, function(answers) apply(answers, 2, min))

  png(file, 1000, 900, res = 110, type = "cairo")
  colour <- setNames(c("#0b5fa5", "#5aa9e6", "#c1121f", "#6a994e"), who)
  par(mfrow = c(2, 2), mar = c(4.2, 4.2, 1, 1), las = 1)
  for (dim in names(along)) {
    all <- unlist(lines[[dim]])
    plot(range(along[[dim]]), range(all, finite = TRUE),
      type = "n", log = "xy", xlab = label[[dim]], ylab = unit[[dim]]
    )
    for (name in names(lines[[dim]])) {
      lines(along[[dim]], lines[[dim]][[name]], type = "o", pch = 16, col = colour[[name]])
    }
    if (dim == "H") {
      legend("topleft", names(lines$H), col = colour[names(lines$H)], lwd = 2, bty = "n")
    }
  }
  plot(c(0, 1), c(0, 1.05),
    type = "n", xlab = "share of real steps", ylab = "time over that of all steps"
  )
  abline(0, 1, col = "grey")
  for (name in names(real)) {
    of_all <- real[[name]] / real[[name]][length(share)]
    lines(share, of_all, type = "o", pch = 16, col = colour[[name]])
  }
  dev.off()
  say("### Cost against T, B, H and the share of real steps\n")
  say("lstm, D = 8, H = 64, B = 32, T = 100 but for what varies: ", file, "\n")
}

part_train <- function() {
  say("### Training: the loop's time over that of its gradients\n")
  say("rnn_train in C, double; asked: 1.05 at most.\n")
  lines <- strsplit(system(file.path(build, "train"), intern = TRUE), "\t")
  table <- do.call(rbind, lines)
  markdown(unique(table[, 1]), lapply(
    split(table[, 4], factor(paste(table[, 2], table[, 3]), unique(paste(table[, 2], table[, 3])))),
    identity
  ))
}

# Eight candidates, alone and by two workers; each a process of its own, as packages are loaded.
part_tune <- function() {
  say("### Search: eight candidates of rnn_tune, seconds alone and on two workers\n")
  in_r <- paste(
    "library(bptt); x <- array(sin(1:25600), c(8, 32, 100)); y <- array(cos(1:3200), c(1, 32, 100))",
    "grid <- list(learn_rate = (1:8) / 1000)",
    "run <- function() system.time(rnn_tune(x, y, grid, input = 8, hidden = 64, cell = 'lstm',",
    "  format = 'CBT', epochs = 150, seed = 1))[[3]]",
    "alone <- run(); future::plan(future::multisession, workers = 2)",
    "future.apply::future_lapply(1:2, function(i) library(bptt)); cat(alone, run())",
    sep = "\n"
  )
  in_octave <- paste(
    "pkg load parallel; x = reshape (sin (1:25600), 8, 32, 100); y = reshape (cos (1:3200), 1, 32, 100)",
    "grid.learn_rate = (1:8) / 1000",
    "run = @(w) rnn_tune (x, y, grid, 'input', 8, 'hidden', 64, 'cell', 'lstm', 'format', 'CBT', 'epochs', 150, 'seed', 1, 'workers', w)",
    "tic; run (1); alone = toc; parcellfun (2, @(i) i, {1, 2}, 'VerboseLevel', 0); tic; run (2); printf ('%g %g\\n', alone, toc)",
    sep = "; "
  )
  ask_once <- function(command, code) {
    answer <- system(paste(command, shQuote(code)), intern = TRUE, ignore.stderr = TRUE)
    seconds <- as.numeric(strsplit(tail(answer, 1), " ")[[1]])
    sprintf("%.1f / %.1f = %.2f", seconds[1], seconds[2], seconds[1] / seconds[2])
  }
  markdown("alone / two workers", list(
    R = ask_once(paste(variable("R", "Rscript"), "-e"), in_r),
    Octave = ask_once(paste(variable("OCTAVE", "octave-cli"), "--quiet --no-init-file --eval"), in_octave)
  ))
}

part_adding <- function() {
  say("### The adding problem learnt: gru, H = 32, T = 600\n")
  say("rnn_train in R, single, one thread; error on 2000 fresh sequences; asked: 5.3e-5 at most.\n")
  command <- paste(variable("R", "Rscript"), here("adding.R"))
  answer <- strsplit(tail(system(command, intern = TRUE), 1), " ")[[1]]
  markdown("gru", list(
    "mean squared error" = answer[1], "steps of the optimizer" = answer[2], seconds = answer[3]
  ))
}

# ---------------------------------------------------------------------------- all

parts <- list(
  table = part_table, lengths = part_lengths, truncate = part_truncate, batch = part_batch,
  isa = part_isa, memory = part_memory, call = part_call, carry = part_carry, lines = part_lines,
  deep = part_deep, million = part_million, train = part_train, tune = part_tune,
  adding = part_adding
)
asked <- variable("PART", names(parts))
unknown <- setdiff(asked, names(parts))
if (length(unknown)) {
  stop("PART is one or more of ", paste(names(parts), collapse = " "), "; not ", unknown[1])
}
model <- sub("^[^:]*: *", "", grep("^model name", cpu, value = TRUE)[1])
say("## ", format(Sys.Date()), "\n")
say(model, " (", best_isa, "). Median (minimum) of ", rounds, " rounds.\n")
began <- Sys.time()
for (part in asked) parts[[part]]()
say(paste(unique(hellos[!grepl("^peak", names(hellos))]), collapse = "; "), ". ", format(
  round(difftime(Sys.time(), began, units = "mins"), 1)
), ".")
writeLines(output, file.path(build, "table.md"))
note("The tables are in ", file.path(build, "table.md"), ".")
