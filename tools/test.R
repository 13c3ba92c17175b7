# test.R -- runs tests/testthat on the installed package; the last line is "N passed, N failed",
# in expectations. A test that was skipped, gave a warning or stopped counts as failed.
#
#   Rscript tools/test.R [FILES THAT ARE LEFT OUT, a regular expression]
library(testthat)
Sys.setenv(NOT_CRAN = "true") # a test of worker processes runs, too
left_out <- c(commandArgs(TRUE), "^$")[1L]
if (length(find.package(c("fabletools", "tsibble"), quiet = TRUE)) < 2) {
  cat("There is no package fabletools here: RNNAR() is not tested (make fable-deps installs it).\n")
  left_out <- paste0(left_out, "|fable|tsibble")
}
results <- as.data.frame(test_dir(
  "tests/testthat",
  package = "bptt", load_package = "installed", stop_on_failure = FALSE,
  filter = left_out, invert = TRUE,
  reporter = "check"
))
trouble <- results$failed + results$skipped + results$error + results$warning
cat(sprintf("%d passed, %d failed\n", sum(results$passed), sum(trouble)))
quit(status = any(trouble > 0))
