# backtest.R -- demo.R's forecasts from earlier years, none of which sees the years that demo.R
# holds out. The size of the networks, the penalty and the number of iterations were chosen by the
# means that this prints: they flatter the LSTM a little.
#
#   Rscript demo/backtest.R
source("demo/demo.R")

sunspots <- read.csv("demo/sunspots.csv")$sunspots
known <- length(sunspots) - cycle # what lies behind is for demo.R
origins <- seq(known - cycle, by = -66, length.out = 17)

errors <- t(sapply(origins, function(origin) {
  past <- sunspots[seq_len(origin)]
  truth <- sunspots[origin + seq_len(cycle)]
  c(
    year = 1749 + origin %/% 12,
    LSTM = rmse(forecast_lstm(past, cycle)$mean, truth),
    naive = rmse(forecast_naive(past, cycle), truth),
    AR = rmse(forecast_ar(past, cycle)$mean, truth)
  )
}))
cat("R: from seventeen earlier years, the RMSE of the next 132 months\n")
cat(sprintf("%6s %8s %15s %8s\n", "year", "LSTM", "seasonal naive", "AR"))
row <- function(year, error) {
  cat(sprintf("%6s %8.2f %15.2f %8.2f\n", year, error[1], error[2], error[3]))
}
for (i in seq_len(nrow(errors))) row(errors[i, "year"], errors[i, -1])
row("mean", colMeans(errors[, -1]))
