# The help page on the forms of a series, shared by all functions that take one.

#' Series: what may be passed as input and target
#'
#' @description
#' A network reads sequences of feature vectors, one or several at a time (a
#' batch). Functions take them in the form in which you hold them, and results
#' come back in the same form, as plain numbers.
#'
#' @section Forms of `x`:
#' * **A 3-d array**: features x sequences x time. `format` tells another
#'   order.
#' * **A matrix**: one series, time x features, as a multivariate [ts()] is.
#' * **A vector**, a [ts()] for one: one series of one feature.
#' * **A data frame**: one series, a column for each feature.
#' * **A list** of vectors, matrices or data frames: one series each, of equal
#'   or unequal length. Results are lists with the same names, and each item is
#'   as long as its series.
#'
#' Integers and logicals are numbers. Inputs must be finite.
#'
#' @section `format`:
#' A string of the letters `C` (features), `B` (sequences of the batch) and
#' `T` (time), each at most once, that names the dims in their order. `T` must
#' be there; what is left out has size 1. `"BTC"` is an array of sequences x
#' time x features, as other frameworks have it; `"TB"` is a matrix that holds
#' series of one feature in its columns. For a list it speaks of the items:
#' `"TC"`, `"CT"` or `"T"`. The default is `"CBT"` for a 3-d array, `"TC"` for
#' a matrix and `"T"` for a vector.
#'
#' @section `lengths`:
#' Sequences of unequal length in one array are padded at their ends, and
#' `lengths`, a vector of whole numbers, one for each sequence, tells how many
#' steps of each count. What lies beyond is never looked at. There, outputs
#' are `NaN` and gradients with respect to `x` are 0.
#'
#' @section Targets:
#' The target has the form of `x`, with the network's outputs as features, or
#' fewer where the loss takes several outputs for each. If it has one feature, its dim may be left out: for an array `x` of D x B x T
#' it may be a matrix B x T. For one series of one target feature any vector
#' of T numbers will do.
#'
#' For `loss = "cross_entropy"` the target has one feature, the class: whole
#' numbers from 1 to the number of outputs, or a [factor()].
#'
#' A missing target (`NA`) is left out of the loss and of the gradient.
#'
#' @section One output for each series:
#' A network with `output_mode = "last"` has outputs at the last step of each
#' sequence alone: of `lengths`, or of each item of a list. They have the form
#' of `x` without the dim of the time: for an array of D x B x T, a matrix
#' O x B, for one of B x T x D (`format = "BTC"`), a matrix B x O. For a single
#' series they are a vector of O numbers. For a list of B series they are a matrix
#' with a row for each series, B x O, or a vector of B numbers if there is one
#' output. The target has the same form. If it has one feature, as classes do, a
#' vector or a factor of B will do for any `x`.
#'
#' @section Results:
#' Outputs, hidden states and gradients with respect to `x` have the form of
#' `x` and features of their own. If `x` has no dim for features, one is
#' appended when there is more than one: for a vector `x` of T numbers, two
#' outputs make a matrix T x 2.
#'
#' They are plain vectors, matrices and arrays: names, dimnames and the times of
#' a [ts()] are dropped, and a data frame gives a matrix. The names of a list are
#' kept. To put the times back:
#' `ts(predict(net, y), start = start(y), frequency = frequency(y))`.
#'
#' @section State:
#' A state is a list with an element `h` and, for cell `"lstm"`, an element
#' `c`, each a matrix of hidden units x sequences. For one sequence a vector
#' will do. `NULL` is zero. Further directions and layers have elements of their
#' own, named as their parameters are: `h`, `h_rev`, `h_l2`, `h_l2_rev`, and
#' `c` after each `h`. That of a reverse direction comes in before its own first
#' step, the last step of each sequence, and what comes out of it is its state at
#' step 1: to carry it on to the steps that follow makes no sense.
#' @name bptt_series
#' @examples
#' net <- rnn_net(input = 1, hidden = 4, output = 1, seed = 1)
#' rnn_predict(net, c(0.1, 0.2, 0.3))
#' rnn_predict(net, list(a = c(0.1, 0.2, 0.3), b = 0.5))
#'
#' # One output for each series
#' last <- rnn_net(input = 1, hidden = 4, output = 2, output_mode = "last", seed = 1)
#' rnn_predict(last, list(a = c(0.1, 0.2, 0.3), b = 0.5))
#'
#' # The same two series, padded, in the columns of a matrix
#' x <- cbind(a = c(0.1, 0.2, 0.3), b = c(0.5, NA, NA))
#' rnn_predict(net, x, format = "TB", lengths = c(3, 1))
NULL
