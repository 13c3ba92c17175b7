# test.R -- runs tests/testthat on the installed package; the last line is "N passed, N failed",
# in expectations. A test that was skipped, gave a warning or stopped counts as failed.
library(testthat)
results <- as.data.frame(test_dir(
  "tests/testthat",
  package = "bptt", load_package = "installed", stop_on_failure = FALSE,
  reporter = "check"
))
trouble <- results$failed + results$skipped + results$error + results$warning
cat(sprintf("%d passed, %d failed\n", sum(results$passed), sum(trouble)))
quit(status = any(trouble > 0))
