## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{metrics} =} rnn_metrics (@var{target}, @var{prediction})
## @deftypefnx {} {@var{metrics} =} rnn_metrics (@dots{}, @var{name}, @var{value}, @dots{})
## Scores of predictions against what came true.
##
## @var{target} holds numbers or classes, as a target of @code{rnn_bptt} does, and
## @var{prediction} what was predicted, in the same form.  What is NaN in the
## target does not count, and there the predictions may be anything.
## @var{metrics} is a struct with those of the fields below that there is
## something for, and @code{n}, the count of the numbers of the target that are
## not missing.
##
## A @dfn{series} is one feature of one sequence.  A score that is a mean over
## series leaves out those of which nothing counts.  Predictions that are a matrix
## of sequences x time need the format @qcode{"BT"}, or they are read as one
## sequence of several features.  Outputs at the last step alone, a matrix of
## outputs x sequences, are read so: the sequences count as steps.
##
## @strong{Options} are pairs of a name and a value; the empty matrix stands for
## the default.
##
## @table @asis
## @item @qcode{"type"}
## What the predictions are.  @qcode{"response"} (default): numbers.
## @qcode{"prob"}: probabilities of classes, which are the features and add up to
## 1, give or take 0.02 for rounding; one feature is the probability of class 1 of 0 and 1, as @code{rnn_predict} gives it for
## a network of one output.  @qcode{"class"}: classes.  Classes are whole
## numbers from 1; two classes may also be 0 and 1.
##
## @item @qcode{"levels"}
## The levels of predictions that are quantiles, rising, above 0 and below 1.
## Their features are as the outputs of the loss @qcode{"quantile"}: all of the
## first level, then all of the second, @dots{}
##
## @item @qcode{"lower"}, @qcode{"upper"}
## The ends of prediction intervals, in the form of the target.
##
## @item @qcode{"level"}
## The level of these intervals in per cent: 95 by default; at least 1, below 100.
##
## @item @qcode{"insample"}
## What came before the target, for @code{mase} and @code{msis}: in the form of
## the target with steps of its own, more than the period.  NaN does not count.
##
## @item @qcode{"period"}
## The steps of a season, for the scale of @code{mase} and @code{msis}; 1 by
## default.
##
## @item @qcode{"lengths"}, @qcode{"format"}
## Of @var{prediction}, as in @code{rnn_forward}.
## @end table
##
## @strong{Scores of numbers}, y being one of the target and f its prediction:
##
## @table @code
## @item rmse
## sqrt (mean ((y - f)^2)), over all numbers (Hyndman & Koehler 2006).
##
## @item mae
## mean |y - f|, over all numbers (Hyndman & Koehler 2006).
##
## @item smape
## 100 mean 2|f - y| / (|f| + |y|) of each series, then the mean over series
## (Makridakis 1993; Makridakis et al.@: 2020).  Where both are 0 the ratio
## counts as 0.
##
## @item mase
## With @qcode{"insample"}: mean |y - f| / s of each series, then the mean over
## series (Hyndman & Koehler 2006).  The scale s is the mean of
## |z(t) - z(t-m)| over the steps t = m+1, m+2, @dots{} of the series z in
## @qcode{"insample"}, m being the period.  A series whose scale is 0, or which has
## no two numbers that are not NaN a period apart, is left out; if that leaves
## none, the score is NaN.
##
## @item levels, pinball
## With @qcode{"levels"}: those, and of each level q the mean of
## max (q (y - f), (q - 1) (y - f)) over all numbers, f being the quantile
## (Koenker & Bassett 1978).
##
## @item mean_pinball
## The mean of that over the levels.  The four scores above are then those of
## the median, if 0.5 is one of the levels.
##
## @item level, coverage
## With @qcode{"lower"} and @qcode{"upper"}, the ends l and u of intervals: their
## level, and the share of the numbers with l <= y <= u (Christoffersen 1998).
##
## @item width
## mean (u - l), over all numbers (Gneiting, Balabdaoui & Raftery 2007).
##
## @item msis
## With @qcode{"insample"} as well: the mean of the interval score, u - l, plus
## 2/a (l - y) where y < l, plus 2/a (y - u) where y > u, at a level of 100 (1 - a)
## per cent (Gneiting & Raftery 2007), of each series, divided by the scale s of
## @code{mase}, then the mean over series (Makridakis et al.@: 2020).  The same
## series are left out as for @code{mase}.
## @end table
##
## @strong{Scores of classes}, n(j,k) being how often the class was j and k was
## predicted.  Of probabilities, the prediction is the class of the largest, the
## first of equals.  A ratio 0/0 counts as 0, as it does in scikit-learn.
##
## @table @code
## @item accuracy
## sum over k of n(k,k) / n.
##
## @item class
## The classes, of which the following have one row each: 1, 2, @dots{} to the
## largest one met, or to the number of features of probabilities; or 0 and 1.
##
## @item confusion
## The matrix of all n(j,k): a row for each class that is true, a column for each
## that is predicted.
##
## @item precision
## n(k,k) / sum over j of n(j,k).
##
## @item recall
## n(k,k) / sum over j of n(k,j).
##
## @item f1
## 2 n(k,k) / sum over j of (n(j,k) + n(k,j)), the harmonic mean of the two.
##
## @item macro_precision, macro_recall, macro_f1
## The mean of each over those classes that are in the target or predicted.
##
## @item micro_precision, micro_recall, micro_f1
## The same ratios of sums over all classes.  Where every number of the target
## is of one class and has one prediction, as here, all three are the accuracy.
##
## @item log_loss
## Of probabilities: mean of -log (p), p being the probability of the class that
## is true, clipped to [1e-15, 1] (Good 1952).
## @end table
##
## All but the last are in Sokolova & Lapalme (2009).  Their macro F1 is the
## harmonic mean of the macro precision and recall; @code{macro_f1} is the mean
## of the F1 of the classes, as in scikit-learn (on the two: Opitz & Burst 2019).
##
## Predictions that are NaN or infinite where the target is not, a target that is
## NaN everywhere and arguments that do not fit together give the error
## @code{bptt:invalidInput}, what does not fit into memory
## @code{bptt:outOfMemory}.
##
## @example
## @group
## metrics = rnn_metrics ([3, 5, 4], [2, 5, 6], "insample", [1, 2, 4, 3]);
## metrics.mae, metrics.mase
##      @result{} 1
##      @result{} 0.7500
## @end group
## @end example
##
## References:
##
## P. F. Christoffersen, "Evaluating interval forecasts", International Economic
## Review 39, 1998.
##
## T. Gneiting, F. Balabdaoui, A. E. Raftery, "Probabilistic forecasts, calibration
## and sharpness", Journal of the Royal Statistical Society B 69, 2007.
##
## T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and
## estimation", Journal of the American Statistical Association 102, 2007.
##
## I. J. Good, "Rational decisions", Journal of the Royal Statistical Society B 14,
## 1952.
##
## R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy",
## International Journal of Forecasting 22, 2006.
##
## R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46, 1978.
##
## S. Makridakis, "Accuracy measures: theoretical and practical concerns",
## International Journal of Forecasting 9, 1993.
##
## S. Makridakis, E. Spiliotis, V. Assimakopoulos, "The M4 Competition: 100,000 time
## series and 61 forecasting methods", International Journal of Forecasting 36,
## 2020.
##
## J. Opitz, S. Burst, "Macro F1 and macro F1", arXiv:1911.03347, 2019.
##
## M. Sokolova, G. Lapalme, "A systematic analysis of performance measures for
## classification tasks", Information Processing & Management 45, 2009.
##
## @seealso{rnn_predict, rnn_bptt}
## @end deftypefn

function metrics = rnn_metrics (target, prediction, varargin)

  if (nargin < 2)
    print_usage ();
  endif

  metrics = __bptt__ ("rnn_metrics", "target", target, "prediction", prediction, ...
                      varargin{:});

endfunction

%!test # the example of the help text
%! m = rnn_metrics ([3, 5, 4], [2, 5, 6], "insample", [1, 2, 4, 3]);
%! assert (fieldnames (m), {"n"; "rmse"; "mae"; "smape"; "mase"});
%! assert (m.n, 3);
%! assert (m.rmse, sqrt (5 / 3), 1e-15);
%! assert (m.mae, 1);
%! assert (m.smape, 100 * (2/5 + 0 + 4/10) / 3, 1e-13);
%! assert (m.mase, 1 / (4/3), 1e-15);

%!test # what is missing does not count; 0/0 is 0
%! m = rnn_metrics ([0; NaN; 2; NaN], [0; 9; 6; NaN]);
%! assert (m, struct ("n", 2, "rmse", sqrt (8), "mae", 2, "smape", 50), 1e-15);

%!test # a row and a column are the same series
%! x = [3, 1, 4, 1, 5];
%! y = [2, 7, 1, 8, 2];
%! m = rnn_metrics (x, y, "insample", y);
%! assert (rnn_metrics (x', y, "insample", y'), m);
%! assert (rnn_metrics (x, y', "insample", y), m);
%! assert (rnn_metrics ({x}, {y}, "insample", {y'}), m);
%! assert (rnn_metrics (single (x), int8 (y), "insample", y), m);

%!test # series of unequal length: smape and mase are means over them
%! target = {[1, 2, 3], [4, NaN]};
%! prediction = {[1, 2, 6], [2, 0]};
%! past = {[1, 2, 4, 8], [1, NaN, 2, 3, 0]};
%! m = rnn_metrics (target, prediction, "insample", past, "period", 2);
%! assert (m.n, 4);
%! assert (m.mae, 5 / 4);
%! assert (m.smape, (100 * (2 * 3/9) / 3 + 100 * 2 * 2/6) / 2, 1e-13);
%! assert (m.mase, (1 / mean ([3, 6]) + 2 / mean ([1, 2])) / 2, 1e-15);

%!test # the same in one array, padded
%! target = [1, 2, 3; 4, NaN, 7];
%! prediction = [1, 2, 6; 2, 0, 0];
%! a = rnn_metrics (target, prediction, "format", "BT", "lengths", [3, 2], ...
%!                  "insample", [1, 2, 4, 8, NaN; 1, NaN, 2, 3, 0], "period", 2);
%! b = rnn_metrics ({[1, 2, 3], [4, NaN]}, {[1, 2, 6], [2, 0]}, ...
%!                  "insample", {[1, 2, 4, 8], [1, NaN, 2, 3, 0]}, "period", 2);
%! assert (a, b);
%! c = rnn_metrics (target, reshape (prediction, 1, 2, 3), "lengths", [3, 2], ...
%!                  "insample", [1, 2, 4, 8, NaN; 1, NaN, 2, 3, 0], "period", 2);
%! assert (c, b);

%!test # a series that never changed has no scale
%! m = rnn_metrics ([1, 2; 3, 4], [1, 3; 3, 5], "insample", [7, 7, 7; 1, 3, 1]);
%! assert (m.mase, 0.25);
%! m = rnn_metrics ([1, 2], [1, 3], "insample", [7, 7, 7]);
%! assert (m.mase, NaN);

%!test # quantiles, as rnn_bptt has them
%! levels = [.2, .5, .9];
%! y = [1, 2, 5, NaN];
%! f = [0, 3, 4, 1; 1, 1, 6, 1; 3, 5, 5, 1];
%! m = rnn_metrics (y, f, "levels", levels);
%! assert (fieldnames (m), {"n"; "rmse"; "mae"; "smape"; "levels"; "pinball"; ...
%!                          "mean_pinball"});
%! assert (m.levels, levels');
%! assert (m.pinball, [.2 + .8 + .2; .5 + .5; .2 + .3] / 3, 1e-15);
%! assert (m.mean_pinball, mean (m.pinball), 1e-15);
%! assert (m.mae, 2 / 3, 1e-15);
%! net = rnn_net (3, 3, 3, "activation", "identity");
%! net.param = struct ("W_xh", eye (3), "W_hh", zeros (3), "b_h", zeros (3, 1), ...
%!                     "W_hy", eye (3), "b_y", zeros (3, 1));
%! loss = rnn_bptt (net, f, y, "loss", "quantile", "levels", levels);
%! assert (m.mean_pinball, loss, 1e-15);
%! m = rnn_metrics (y, f([1, 3],:), "levels", levels([1, 3]));
%! assert (fieldnames (m), {"n"; "levels"; "pinball"; "mean_pinball"});

%!test # quantiles of two features: all of the first level, then all of the second
%! f = [1, 2; 10, 20; 3, 4; 30, 40];
%! m = rnn_metrics ([2, 2; 20, NaN], f, "levels", [.25, .75]);
%! assert (m.pinball, [.25 * 1 + 0 + .25 * 10; .25 * 1 + .25 * 2 + .25 * 10] / 3, 1e-15);

%!test # intervals
%! y = [1, 2, 3, 4];
%! l = [0, 2, 4, 1];
%! u = [1, 3, 6, 3];
%! m = rnn_metrics (y, y, "lower", l, "upper", u);
%! assert ({m.level, m.coverage, m.width}, {95, .5, 1.5});
%! m = rnn_metrics (y, y, "lower", l, "upper", u, "level", 80, "insample", [1, 3, 4]);
%! assert (m.level, 80);
%! assert (m.msis, (6 + 10 * 1 + 10 * 1) / 4 / 1.5, 1e-15);
%! m = rnn_metrics (y, y, "lower", l, "upper", u, "insample", [1, 3, 4]);
%! assert (m.msis, (6 + 40 * 1 + 40 * 1) / 4 / 1.5, 1e-15);

%!test # classes
%! truth = [1, 1, 2, 2, 2, 3];
%! said = [1, 2, 2, 2, 1, 2];
%! m = rnn_metrics (truth, said, "type", "class");
%! assert (fieldnames (m), {"n"; "accuracy"; "class"; "confusion"; "precision"; ...
%!                          "recall"; "f1"; "macro_precision"; "macro_recall"; ...
%!                          "macro_f1"; "micro_precision"; "micro_recall"; "micro_f1"});
%! assert (m.accuracy, .5);
%! assert (m.class, (1:3)');
%! assert (m.confusion, [1, 1, 0; 1, 2, 0; 0, 1, 0]);
%! assert (m.precision, [1/2; 2/4; 0]);
%! assert (m.recall, [1/2; 2/3; 0]);
%! assert (m.f1, [1/2; 4/7; 0]);
%! assert (m.macro_precision, 1/3, 1e-15);
%! assert (m.macro_recall, mean ([1/2, 2/3, 0]), 1e-15);
%! assert (m.macro_f1, mean ([1/2, 4/7, 0]), 1e-15);
%! assert ({m.micro_precision, m.micro_recall, m.micro_f1}, {.5, .5, .5});

%!test # two classes, 0 and 1, and NaN
%! m = rnn_metrics ([0; 1; 1; NaN; 0], [false; true; false; true; true], "type", "class");
%! assert (m.class, [0; 1]);
%! assert (m.confusion, [1, 1; 1, 1]);

%!test # probabilities; the first of equals; a probability of 0
%! p = [.5, .1, 0, .2; .5, .9, .3, .2; 0, 0, .7, .6];
%! m = rnn_metrics ([2, 2, 1, 3], p, "type", "prob");
%! assert (m.confusion, [0, 0, 1; 1, 1, 0; 0, 0, 1]);
%! assert (m.log_loss, -mean (log ([.5, .9, 1e-15, .6])), 1e-14);

%!test # a class that is neither there nor predicted is not in the macro means
%! p = [.9, .2; .1, .8; 0, 0];
%! m = rnn_metrics ([1, 2], p, "type", "prob");
%! assert (m.precision, [1; 1; 0]);
%! assert ({m.macro_precision, m.macro_recall, m.macro_f1}, {1, 1, 1});

%!test # one probability, of class 1
%! m = rnn_metrics ([0, 1, 1], [.2, .5, .7], "type", "prob");
%! assert (m.class, [0; 1]);
%! assert (m.confusion, [1, 0; 1, 1]);
%! assert (m.log_loss, -mean (log ([.8, .5, .7])), 1e-15);

%!test # what rnn_predict returns
%! net = rnn_net (2, 4, 3, "seed", 1);
%! x = reshape (sin (1:36), 2, 3, 6);
%! truth = 1 + mod (reshape (1:18, 3, 6), 3);
%! lengths = [6, 2, 5];
%! p = rnn_predict (net, x, "type", "prob", "lengths", lengths);
%! k = rnn_predict (net, x, "type", "class", "lengths", lengths);
%! a = rnn_metrics (truth, p, "type", "prob", "lengths", lengths);
%! b = rnn_metrics (truth, k, "type", "class", "lengths", lengths);
%! assert (a.n, 13);
%! assert (rmfield (a, "log_loss"), b);
%! assert (a.log_loss, rnn_bptt (net, x, truth, "loss", "cross_entropy", ...
%!                               "lengths", lengths), 1e-14);

%!error <Invalid call> rnn_metrics ()
%!error <Invalid call> rnn_metrics (1)
%!error id=bptt:invalidInput rnn_metrics (1:3, 1:4)
%!error id=bptt:invalidInput rnn_metrics (1:3, 1:3, "periods", 2)
%!error id=bptt:invalidInput rnn_metrics ([], [])
