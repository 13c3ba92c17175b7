# The formals of the R functions against the table of the core.

options <- as.data.frame(bptt:::run("bptt_options", list())[["table"]])

# What rnn_train shows while it goes on, R knows how to: the user says whether.
options <- options[options$name != "progress", ]
only_in_r <- "verbose"

# What rnnar() asks for in steps of its own.
options <- options[!grepl("^rnnar_", options$`function`), ]

# Threads may be set for the whole session.
default_in_r <- function(row) {
  if (row$name == "threads") paste0("getOption(\"bptt.threads\", ", row$initial, ")") else row$initial
}

test_that("every option of the core is an argument with the core's default, and no other", {
  exported <- unique(unlist(strsplit(options$`function`, " ")))
  expect_true(all(exported %in% getNamespaceExports("bptt")))
  expect_gt(nrow(options), 20)
  for (name in exported) {
    rows <- options[grepl(paste0("\\b", name, "\\b"), options$`function`), ]
    args <- formals(getExportedValue("bptt", name))
    expect_setequal(setdiff(names(args), c("...", only_in_r)), rows$name)
    for (i in seq_len(nrow(rows))) {
      default <- paste(deparse(args[[rows$name[i]]]), collapse = "")
      expect_identical(default, default_in_r(rows[i, ]), label = paste(name, rows$name[i]))
    }
  }
})

# Other pages may refer to the first.
test_that("every option is on the help page of its first function with its choices", {
  pages <- tools::Rd_db("bptt")
  text <- vapply(pages, function(page) {
    paste(utils::capture.output(tools::Rd2txt(page)), collapse = " ")
  }, "")
  page_of <- function(name) {
    alias <- paste0("\\alias{", name, "}")
    found <- function(page) grepl(alias, paste(as.character(page), collapse = ""), fixed = TRUE)
    names(pages)[vapply(pages, found, NA)]
  }
  for (i in which(options$type %in% c("choice", "set", "loss"))) {
    page <- page_of(strsplit(options$`function`[i], " ")[[1L]][1L])
    expect_length(page, 1L)
    for (choice in strsplit(options$range[i], "|", fixed = TRUE)[[1L]]) {
      expect_match(text[[page]], choice, fixed = TRUE, label = paste(page, options$name[i]))
    }
  }
})

test_that("NULL stands for the default of any option", {
  p <- problem("gru")
  default <- rnn_bptt(p$net, p$x, p$target)
  optional <- options$name[grepl("rnn_bptt", options$`function`) & options$initial != ""]
  for (name in setdiff(optional, "target")) {
    args <- c(list(p$net, p$x, p$target), stats::setNames(list(NULL), name))
    expect_identical(do.call(rnn_bptt, args), default, label = name)
  }
})

test_that("the option bptt.threads is the default of threads", {
  p <- problem("gru")
  one <- rnn_bptt(p$net, p$x, p$target)
  old <- options(bptt.threads = 2)
  on.exit(options(old))
  expect_identical(rnn_bptt(p$net, p$x, p$target), one)
  o <- rnn_objective(p$net, p$x, p$target)
  expect_identical(o$fn(o$par), one$loss)
  options(bptt.threads = "two")
  for (run in list(rnn_bptt, rnn_objective, rnn_gradcheck)) {
    expect_error(run(p$net, p$x, p$target), "`threads` is \"two\"", class = "bptt_input_error")
  }
  for (run in list(rnn_forward, rnn_predict)) {
    expect_error(run(p$net, p$x), "`threads` is \"two\"", class = "bptt_input_error")
    expect_identical(run(p$net, p$x, threads = 1), run(p$net, p$x, threads = NULL))
  }
})

test_that("the core has the package's version", {
  info <- bptt_info()
  expect_identical(info$version, as.character(utils::packageVersion("bptt")))
  expect_true(info$isa %in% c("avx512", "avx2", "neon", "portable"))
})
