# Scores of predictions against what came true.

#' Scores of predictions
#'
#' Compares predictions with what came true: errors of point forecasts, the
#' pinball loss of quantiles, coverage and width of intervals; or accuracy,
#' confusion matrix, precision, recall and F1 of classes.
#'
#' What is missing in the target does not count, and there the predictions may
#' be anything. A *series* is one feature of one sequence; a score that is a mean
#' over series leaves out those of which nothing counts. Predictions that are a
#' matrix of sequences x time need `format = "BT"`, or they are read as one
#' sequence of several features. Outputs at the last step alone that are a matrix
#' of outputs x sequences need `format = "CT"`: the sequences count as steps.
#'
#' @section Scores of numbers:
#' With \eqn{y} a number of the target and \eqn{f} its prediction:
#' * `rmse`: \eqn{\sqrt{\mathrm{mean}\,(y - f)^2}}{sqrt(mean((y - f)^2))}, over all
#'   numbers,
#' * `mae`: \eqn{\mathrm{mean}\,|y - f|}{mean |y - f|}, over all numbers (for both:
#'   Hyndman and Koehler 2006, section 2.1),
#' * `smape`: \eqn{100\,\mathrm{mean}\,2|f - y| / (|f| + |y|)}{100 mean 2|f - y| /
#'   (|f| + |y|)} of each series, then the mean over series (Makridakis 1993;
#'   Makridakis, Spiliotis and Assimakopoulos 2020). Where both are 0 the ratio
#'   counts as 0.
#' * `mase`, with `insample`: \eqn{\mathrm{mean}\,|y - f| / s}{mean |y - f| / s} of
#'   each series, then the mean over series (Hyndman and Koehler 2006), where
#'   \eqn{s = \mathrm{mean}\,|z_t - z_{t-m}|}{s = mean |z[t] - z[t-m]|} is the
#'   scale: over the steps \eqn{t = m + 1, m + 2, \ldots}{t = m + 1, m + 2, ...} of
#'   the series \eqn{z} in `insample`, \eqn{m} being `period`. A series whose
#'   scale is 0, or whose `insample` has no two numbers that are not missing
#'   `period` steps apart, is left out; if that leaves none, the score is `NaN`.
#'
#' With `levels`, each quantile \eqn{f} of level \eqn{q}:
#' * `pinball`: \eqn{\mathrm{mean}\,\max(q (y - f), (q - 1)(y - f))}{mean max(q (y -
#'   f), (q - 1) (y - f))} of each level, over all numbers (Koenker and Bassett
#'   1978),
#' * `mean_pinball`: the mean of that over the levels,
#'
#' and `rmse`, `mae`, `smape`, `mase` are those of the median, if 0.5 is one of
#' the levels.
#'
#' With `lower` and `upper`, the ends \eqn{l} and \eqn{u} of intervals at level
#' \eqn{100 (1 - a)} per cent:
#' * `coverage`: the share of the numbers with \eqn{l \le y \le u}{l <= y <= u}
#'   (Christoffersen 1998),
#' * `width`: \eqn{\mathrm{mean}\,(u - l)}{mean (u - l)}, over all numbers (the
#'   sharpness of Gneiting, Balabdaoui and Raftery 2007),
#' * `msis`, with `insample`: the mean of the interval score
#'   \eqn{u - l + \frac{2}{a}(l - y)[y < l] + \frac{2}{a}(y - u)[y > u]}{u - l + 2/a
#'   (l - y) [y < l] + 2/a (y - u) [y > u]} (Gneiting and Raftery 2007) of each
#'   series, divided by the scale \eqn{s} above, then the mean over series
#'   (Makridakis, Spiliotis and Assimakopoulos 2020). The same series are left
#'   out as for `mase`.
#'
#' @section Scores of classes:
#' Of \eqn{K} classes, \eqn{n_{jk}}{n[j,k]} is how often the class was \eqn{j} and
#' \eqn{k} was predicted. With `type = "prob"` the prediction is the class of the
#' largest probability, the first of equals. A ratio 0/0 counts as 0, as it does
#' in scikit-learn.
#' * `accuracy`: \eqn{\sum_k n_{kk} / n}{sum n[k,k] / n},
#' * `confusion`: the matrix of all \eqn{n_{jk}}{n[j,k]}: a row for each class that
#'   is true, a column for each that is predicted,
#' * `precision`: \eqn{n_{kk} / \sum_j n_{jk}}{n[k,k] / sum over j of n[j,k]},
#' * `recall`: \eqn{n_{kk} / \sum_j n_{kj}}{n[k,k] / sum over j of n[k,j]},
#' * `f1`: \eqn{2 n_{kk} / \sum_j (n_{jk} + n_{kj})}{2 n[k,k] / sum over j of (n[j,k] +
#'   n[k,j])}, the harmonic mean of the two,
#' * `macro_precision`, `macro_recall`, `macro_f1`: the mean of each over those
#'   classes that are in the target or predicted,
#' * `micro_precision`, `micro_recall`, `micro_f1`: the same ratios of sums over all
#'   classes. Where every number of the target is of one class and has one
#'   prediction, as here, all three are the accuracy.
#' * `log_loss`, with `type = "prob"`: \eqn{\mathrm{mean}\,-\log p}{mean -log p} of the
#'   probability \eqn{p} of the class that is true, \eqn{p} clipped to
#'   \[1e-15, 1\] (Good 1952).
#'
#' All but the last are in Sokolova and Lapalme (2009). Their macro F1 is the
#' harmonic mean of the macro precision and recall; `macro_f1` is the mean of the
#' F1 of the classes, as in scikit-learn (on the two: Opitz and Burst 2019).
#'
#' @param target What came true: a series in one of the forms of [bptt_series], as
#'   a target for `prediction`. Missing values (`NA`) do not count. Classes are
#'   whole numbers from 1, or a factor; two classes may also be 0 and 1.
#' @param prediction What was predicted, in one of the forms of [bptt_series]:
#'   numbers in the form of the target; with `levels`, the quantiles of each level
#'   as the outputs of `loss = "quantile"` are, all features of the first level,
#'   then all of the second, ...; classes, in the form of the target; or their
#'   probabilities, the classes as features, which add up to 1, give or take 0.02
#'   for rounding. One feature is the probability of
#'   class 1 of 0 and 1, as [rnn_predict()] gives it for a network of one output.
#' @param type What the predictions are: `"response"`, numbers; `"prob"`,
#'   probabilities of classes; `"class"`, classes, which a factor is in any case.
#'   Factors must have the same levels.
#' @param levels The levels of predictions that are quantiles: rising, above 0 and
#'   below 1.
#' @param lower,upper The ends of prediction intervals, in the form of the target.
#' @param level The level of these intervals in per cent: at least 1, below 100.
#' @param insample What came before the target, for `mase` and `msis`: in the form of
#'   the target with steps of its own, more than `period`. Missing values do not
#'   count.
#' @param period The steps of a season, for the scale of `mase` and `msis`.
#' @param lengths,format Of `prediction`; see [bptt_series].
#' @param ... Not used.
#' @return A list of class `rnn_metrics` with those scores that there is something
#'   for, and `n`, the count of the numbers of the target that are not missing. With
#'   `levels` and `level` as they were given; with `class`, the classes, by which
#'   `confusion`, `precision`, `recall` and `f1` are named: the levels of a factor,
#'   or numbers. These are 1, 2, ... to the largest one met, or to the number of
#'   features of probabilities.
#'
#'   `as.data.frame()` gives a row for each number but those of `confusion`: `score`,
#'   its name, `of`, the level or the class, `NA` where it is of all, and `value`.
#' @section Errors:
#' Predictions that are missing or infinite where the target is not, a target that
#' is missing everywhere, and arguments that do not fit together give a
#' `bptt_input_error`: see [bptt-package].
#' @references
#' Christoffersen, P. F. (1998). Evaluating interval forecasts. *International
#' Economic Review* 39(4), 841--862. \doi{10.2307/2527341}
#'
#' Gneiting, T., Balabdaoui, F. and Raftery, A. E. (2007). Probabilistic forecasts,
#' calibration and sharpness. *Journal of the Royal Statistical Society B* 69(2),
#' 243--268. \doi{10.1111/j.1467-9868.2007.00587.x}
#'
#' Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules, prediction,
#' and estimation. *Journal of the American Statistical Association* 102(477),
#' 359--378. \doi{10.1198/016214506000001437}
#'
#' Good, I. J. (1952). Rational decisions. *Journal of the Royal Statistical Society
#' B* 14(1), 107--114. \doi{10.1111/j.2517-6161.1952.tb00104.x}
#'
#' Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of forecast
#' accuracy. *International Journal of Forecasting* 22(4), 679--688.
#' \doi{10.1016/j.ijforecast.2006.03.001}
#'
#' Koenker, R. and Bassett, G. (1978). Regression quantiles. *Econometrica* 46(1),
#' 33--50. \doi{10.2307/1913643}
#'
#' Makridakis, S. (1993). Accuracy measures: theoretical and practical concerns.
#' *International Journal of Forecasting* 9(4), 527--529.
#' \doi{10.1016/0169-2070(93)90079-3}
#'
#' Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4 Competition:
#' 100,000 time series and 61 forecasting methods. *International Journal of
#' Forecasting* 36(1), 54--74. \doi{10.1016/j.ijforecast.2019.04.014}
#'
#' Opitz, J. and Burst, S. (2019). Macro F1 and macro F1. arXiv:1911.03347.
#'
#' Sokolova, M. and Lapalme, G. (2009). A systematic analysis of performance measures
#' for classification tasks. *Information Processing & Management* 45(4), 427--437.
#' \doi{10.1016/j.ipm.2009.03.002}
#' @seealso [rnn_predict()]
#' @export
#' @examples
#' # Twelve months after six years, forecast by the same months of the year before
#' y <- as.numeric(window(AirPassengers, 1954, c(1959, 12)))
#' target <- as.numeric(window(AirPassengers, 1960))
#' naive <- tail(y, 12)
#' rnn_metrics(target, naive, insample = y, period = 12,
#'   lower = naive - 60, upper = naive + 60, level = 80)
#'
#' # Quantiles
#' quantiles <- cbind(naive - 40, naive, naive + 80)
#' rnn_metrics(target, quantiles, levels = c(0.1, 0.5, 0.9))
#'
#' # Classes
#' truth <- factor(c("up", "up", "down", "down", "same"))
#' said <- factor(c("up", "down", "down", "down", "up"), levels = levels(truth))
#' scores <- rnn_metrics(truth, said)
#' scores
#' as.data.frame(scores)
rnn_metrics <- function(target, prediction, ..., type = "response", levels = NULL, lower = NULL,
                        upper = NULL, level = 95, insample = NULL, period = 1, lengths = NULL,
                        format = NULL) {
  args <- arguments(...)
  for (series in c("prediction", "lower", "upper", "insample")) {
    if (is.list(args[[series]])) args[[series]] <- as_arrays(args[[series]])
  }
  result <- run("rnn_metrics", args)
  if (!is.null(result[["levels"]])) names(result[["pinball"]]) <- result[["levels"]]
  class <- result[["class"]]
  if (!is.null(class)) {
    dimnames(result[["confusion"]]) <- list(truth = class, predicted = class)
    for (score in c("precision", "recall", "f1")) names(result[[score]]) <- class
  }
  structure(result, class = "rnn_metrics")
}

# Fields that are not scores of a whole or of parts that their names tell.
METRICS_NO_SCORE <- c("n", "levels", "level", "class", "confusion")

#' @rdname rnn_metrics
#' @param x What `rnn_metrics()` returned.
#' @param row.names,optional As in [as.data.frame()].
#' @export
as.data.frame.rnn_metrics <- function(x, row.names = NULL, optional = FALSE, ...) {
  scores <- unclass(x)[setdiff(names(x), METRICS_NO_SCORE)]
  of <- lapply(scores, function(score) if (is.null(names(score))) NA_character_ else names(score))
  data.frame(
    score = rep(names(scores), lengths(scores)),
    of = unlist(of, use.names = FALSE),
    value = unlist(scores, use.names = FALSE),
    row.names = row.names
  )
}

#' @rdname rnn_metrics
#' @param digits Significant digits to print.
#' @export
print.rnn_metrics <- function(x, digits = 4L, ...) {
  if (!is.list(x) || !is.numeric(x[["n"]])) {
    return(print_as_it_is(x, "Not a whole result of rnn_metrics(): there is no n"))
  }
  show <- function(scores) print(signif(scores, digits), digits = digits)
  show_each <- function(scores) {
    print(noquote(vapply(scores, format, "", digits = digits)), right = TRUE)
  }
  by_class <- !is.null(x[["confusion"]])
  cat("Scores of ", plural(x[["n"]], if (by_class) "class prediction" else "prediction"), "\n",
    sep = "")
  single <- setdiff(names(x)[lengths(x) == 1L], METRICS_NO_SCORE)
  single <- setdiff(single, c("precision", "recall", "f1", "pinball", "mean_pinball"))
  single <- single[!grepl("^m[ai]cro_", single)]
  if (length(single) > 0L) show_each(unclass(x)[single])
  if (!is.null(x[["level"]])) cat("(intervals at level ", x[["level"]], "%)\n", sep = "")
  if (!is.null(x[["pinball"]])) {
    cat("Pinball loss of the levels:\n")
    show(c(x[["pinball"]], mean = x[["mean_pinball"]]))
  }
  if (by_class) {
    kinds <- c("precision", "recall", "f1")
    of <- function(prefix) vapply(kinds, function(kind) x[[paste0(prefix, kind)]], 0)
    show(rbind(do.call(cbind, unclass(x)[kinds]), macro = of("macro_"), micro = of("micro_")))
    cat("Confusion matrix:\n")
    print(x[["confusion"]])
  }
  invisible(x)
}
