# Every row of tests/bad_inputs/table.txt: condition, argument, sentence, nothing changed.

bad_inputs <- function() {
  lines <- readLines(test_path("..", "bad_inputs", "table.txt"))
  count <- as.integer(sub("# rows ", "", grep("^# rows ", lines, value = TRUE)))
  rows <- strsplit(grep("^#", lines, value = TRUE, invert = TRUE)[-1L], "\t", fixed = TRUE)
  stopifnot(length(rows) == count, lengths(rows) == 6L)
  Filter(function(row) row[2L] != "-", rows)
}

# The objects that the rows speak of, made anew: they share no memory with those made before.
bad_input_objects <- function() {
  objects <- new.env(parent = globalenv())
  sys.source(test_path("..", "bad_inputs", "setup.R"), objects)
  objects
}

values <- function(objects) Filter(Negate(is.function), mget(sort(ls(objects)), objects))

test_that("each bad input gets its sentence, and nothing is changed", {
  skip_if_not_installed("Matrix")
  objects <- bad_input_objects()
  before <- values(bad_input_objects())
  for (row in bad_inputs()) {
    e <- tryCatch(eval(parse(text = row[2L]), objects), error = identity)
    expect_s3_class(e, "bptt_input_error")
    expect_identical(conditionMessage(e), row[5L], label = row[1L])
    expect_identical(e$argument, row[4L], label = row[1L])
    expect_identical(values(objects), before, label = row[1L])
  }
})
