# Training: the call of the core's loop.

#' Train a network
#'
#' Goes through the data again and again, each time following the gradient of the
#' loss. The loop runs in C; Ctrl-C ends it, and what has been trained by then is
#' the result.
#'
#' An *epoch* goes through all sequences once, `batch_size` of them at a time, in
#' an order that is drawn for every epoch anew; after each batch the weights take a
#' step. The same `seed` gives the same bits for any number of threads, in the
#' Octave package too, and whether or not the training was interrupted and
#' resumed.
#'
#' @section Optimizers:
#' With gradient \eqn{g}, learning rate \eqn{r} and weight decay \eqn{d}, the weight
#' \eqn{w} becomes \eqn{w'} at step \eqn{t}, counted from 1. All but `"adamw"` have
#' \eqn{g + d w} in place of \eqn{g}. What they keep is 0 at first. The steps are
#' those of PyTorch.
#'
#' * `"sgd"`: \eqn{b' = \mu b + g}{b' = mu b + g}, \eqn{w' = w - r b'} with
#'   `momentum` \eqn{\mu}{mu}; with `nesterov` \eqn{w' = w - r (g + \mu b')}{w' = w -
#'   r (g + mu b')} (Robbins and Monro 1951, Polyak 1964, Sutskever et al. 2013).
#' * `"adam"`: \eqn{m' = \beta_1 m + (1 - \beta_1) g}{m' = beta1 m + (1 - beta1) g},
#'   \eqn{v' = \beta_2 v + (1 - \beta_2) g^2}{v' = beta2 v + (1 - beta2) g^2},
#'   \eqn{w' = w - r \frac{m' / (1 - \beta_1^t)}{\sqrt{v' / (1 - \beta_2^t)} +
#'   \epsilon}}{w' = w - r (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) +
#'   epsilon)} (Kingma and Ba 2015).
#' * `"adamw"`: the same after \eqn{w := (1 - r d) w} (Loshchilov and Hutter 2019).
#' * `"rmsprop"`: \eqn{v' = \alpha v + (1 - \alpha) g^2}{v' = alpha v + (1 - alpha)
#'   g^2}, \eqn{b' = \mu b + g / (\sqrt{v'} + \epsilon)}{b' = mu b + g / (sqrt(v') +
#'   epsilon)}, \eqn{w' = w - r b'} (Tieleman and Hinton 2012).
#' * `"adagrad"`: \eqn{v' = v + g^2}, \eqn{w' = w - r g / (\sqrt{v'} + \epsilon)}{w'
#'   = w - r g / (sqrt(v') + epsilon)} (Duchi, Hazan and Singer 2011).
#' * `"lbfgs"`: an epoch is an iteration over all data, with a line search for the
#'   strong Wolfe conditions (Nocedal and Wright 2006, algorithms 7.5 and 3.5); the
#'   loss has \eqn{d / 2} times the sum of squares of the weights added to it.
#'
#' @section Schedules:
#' The rate of a step that begins after \eqn{e} epochs, with the part of this one
#' that is done, of \eqn{E} is `learn_rate` times
#'
#' * `"constant"`: 1.
#' * `"step"`: `schedule_factor`^floor(\eqn{e} / `schedule_epochs`).
#' * `"cosine"`: \eqn{(1 + \cos(\pi e / E)) / 2}{(1 + cos(pi e / E)) / 2} (Loshchilov
#'   and Hutter 2017).
#' * `"one_cycle"`: with half a cosine from 1/25 to 1 over the first 0.3 of the
#'   epochs, then with half a cosine to 1/250000 (Smith and Topin 2018).
#' * `"plateau"`: `schedule_factor`^drops; it drops after more than `schedule_epochs`
#'   epochs without a loss that is better by a ten thousandth, where there is
#'   validation a validation loss.
#'
#' @section Interrupted:
#' Ctrl-C ends the training: the network and the history are what there is by then,
#' with a warning of class `bptt_interrupted_warning`. When a loss, a gradient or a
#' step is not finite the training ends with a `bptt_nonfinite_warning` that says
#' where; the result has the last weights that are finite, or the best ones where
#' there is validation. A checkpoint that can no longer be written gives a
#' `bptt_unsaved_warning` at the end. An error in `callback` ends it without a
#' result.
#'
#' @inheritParams rnn_bptt
#' @param net A network, see [rnn_net()]; its parameters are the first weights.
#' @param loss,delta,levels,class_weights,weights,reduction,truncate,memory,lengths,format
#'   As in [rnn_bptt()], where `loss` is not a function. The loss of a batch is the
#'   mean over its elements that count, and the loss of an epoch the mean over all
#'   of them.
#' @param optimizer `"adam"`, `"adamw"`, `"sgd"`, `"rmsprop"`, `"adagrad"` or
#'   `"lbfgs"`, see below.
#' @param learn_rate Length of the steps. `NULL`: 0.01, of `"lbfgs"` 1.
#' @param momentum,nesterov Of `"sgd"` and `"rmsprop"` the share of the last step
#'   that is made again; of `"sgd"` whether it looks ahead.
#' @param beta1,beta2 Of `"adam"` and `"adamw"`: the shares of the mean gradient and
#'   of the mean square that are kept.
#' @param alpha Of `"rmsprop"`: the share of the mean square that is kept.
#' @param epsilon What is added where a step is divided. `NULL`: 1e-8, of
#'   `"adagrad"` 1e-10.
#' @param weight_decay Penalty on large weights.
#' @param lbfgs_pairs Of `"lbfgs"`: steps that it remembers.
#' @param schedule How the learning rate changes over time: `"constant"`, `"step"`,
#'   `"cosine"`, `"one_cycle"` or `"plateau"`, see below.
#' @param schedule_epochs,schedule_factor Of `"step"` and `"plateau"`: epochs before
#'   the rate drops, and what it is then multiplied by.
#' @param warmup Epochs, or a part of one, in which the rate rises from 0 at first: a
#'   step that ends after \eqn{e} of \eqn{w} epochs has \eqn{e / w} of it (Goyal et
#'   al. 2017).
#' @param clip_value,clip_norm Limits of the gradient's elements and then of its
#'   norm, as [rnn_clip()] sets them. Not for `"lbfgs"`.
#' @param noise Variance \eqn{v} of normal noise that is added to the clipped
#'   gradient: at step \eqn{t}, counted from 0, it is \eqn{v / (1 + t)^{0.55}}{v / (1
#'   + t)^0.55} (Neelakantan et al. 2015).
#' @param average Whether to validate and return the exponential mean of the weights
#'   in place of the last ones. After step \eqn{t}, counted from 1, the mean is
#'   \eqn{k} times itself plus \eqn{1 - k} times the weights, \eqn{k = \min(0.999, (1
#'   + t) / (10 + t))}{k = min(0.999, (1 + t) / (10 + t))} (Polyak and Juditsky 1992).
#' @param batch_size Sequences, or windows, to a step. `"lbfgs"` takes all at once.
#' @param shuffle Whether they come in another order in every epoch. All in one batch
#'   stay as they are.
#' @param window,stride Cut every sequence into windows of so many steps. The last
#'   one ends where the sequence does, the others every `stride` steps before; the
#'   oldest steps that do not fill a window are left out. A shorter sequence is one
#'   window. Where the network has outputs at the last step alone, the target is
#'   given for every step, and that of each window's last one counts.
#' @param stateful With `TRUE`, the windows of a sequence follow each other from its
#'   first step on, and each begins with the state that the one before ended with:
#'   truncated backpropagation with a step of the optimizer after each window. Not
#'   for bidirectional networks, nor for those with outputs at the last step alone.
#' @param validation Data to find the validation loss with after every epoch, without
#'   dropout; then the weights of the epoch with the lowest one are kept. A share, say
#'   0.2: the last part in time of each sequence. The network runs through the whole
#'   sequence, and only the targets of that part count; of windows, those count that
#'   end in it. For a network with outputs at the last step alone, and no `window`, it
#'   is the last sequences. Or a list with elements `x`, `target` and, if need be,
#'   `weights` and `lengths`. `NULL`: none.
#' @param validation_by `"time"` or `"sequence"`: which of both a share is.
#' @param epochs Stop after so many epochs.
#' @param patience Stop after so many epochs without a lower validation loss.
#' @param max_time Stop after so many seconds.
#' @param callback A function, called as `callback(state)` after every epoch; `TRUE`
#'   stops the training. `state` is a list of `repeat`, `epoch`, `epochs`, what the
#'   history has of this epoch, `time_left` in seconds, and `net`, the network as it
#'   is.
#' @param checkpoint Name of a file that the state of the training is kept in. It is
#'   written under another name and renamed, so that whenever the process is killed
#'   there is a whole one. `NULL`: none.
#' @param checkpoint_every,checkpoint_minutes Write it after so many epochs, and as
#'   soon as so many minutes have passed; at the start and at the end in any case.
#' @param resume Name of a checkpoint to go on from, to the same bits as without a
#'   break. Data and options must be what they were, but for `epochs`, `patience`,
#'   `max_time`, `checkpoint` and what belongs to it, `repeats`, `threads`, `memory`,
#'   `callback` and `verbose`. The seed is that of the file.
#' @param repeats Train so many networks: the first from the weights of `net`, the
#'   others from weights drawn with the seeds `seed + 1`, `seed + 2`, ... They are
#'   trained side by side on the `threads`, with a `callback` one after the other.
#'   Checkpoints are `file`, `file.2`, ...
#' @param init,recurrent_init,forget_bias,chrono How these weights are drawn, as in
#'   [rnn_net()].
#' @param seed A whole number from 0 to 2^53 for all that is random: the order of the
#'   batches, dropout, noise, and those weights. `NULL` draws it from R's generator,
#'   so that [set.seed()] decides.
#' @param verbose Whether to show how far the training is: with package `cli` as its
#'   progress bars, else on a line of its own. Not while a document is knit. With
#'   package `progressr`, progress is reported to the handlers that the user has
#'   chosen, whatever `verbose` is.
#' @return A list of class `rnn_fit`:
#'
#'   * `net`, the trained network; with `repeats` a list of them, which
#'     [rnn_predict()] takes as well
#'   * `history`, a data frame with a row for each epoch: `epoch`; `loss`, the mean
#'     over the epoch, during which the weights change; `validation_loss` after it,
#'     if there is any; `learn_rate` of its last step; `grad_norm`, the mean norm of
#'     the gradient before any clipping; `clipped`, the share of the steps whose
#'     gradient was clipped; `seconds` since the training began. With `repeats` it has
#'     a first column `repeat`.
#'   * `stopped`, why it ended: `"epochs"`, `"patience"`, `"max_time"`, `"callback"`,
#'     `"interrupt"`, `"diverged"` or, of `"lbfgs"`, `"converged"`
#'   * `best_epoch`, the epoch after which `net` had its weights
#'   * `seed`, also where it was drawn, `clip_norm`, and `call`
#'
#'   [predict()], [plot()], [summary()], [coef()], [update()] and [as.data.frame()]
#'   work on it, and `tidy()`, `glance()` and `augment()`, see
#'   [rnn_fit].
#' @section Errors:
#' Arguments that are wrong, a checkpoint that cannot be written at the start and a
#' file that is none give a `bptt_input_error`, see [bptt-package].
#' @references
#' Duchi, J., Hazan, E. and Singer, Y. (2011). Adaptive subgradient methods for
#' online learning and stochastic optimization. *Journal of Machine Learning
#' Research* 12, 2121--2159.
#'
#' Goyal, P. et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1
#' hour. arXiv:1706.02677.
#'
#' Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization.
#' *ICLR*. arXiv:1412.6980.
#'
#' Loshchilov, I. and Hutter, F. (2017). SGDR: stochastic gradient descent with warm
#' restarts. *ICLR*. arXiv:1608.03983.
#'
#' Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization.
#' *ICLR*. arXiv:1711.05101.
#'
#' Neelakantan, A. et al. (2015). Adding gradient noise improves learning for very
#' deep networks. arXiv:1511.06807.
#'
#' Nocedal, J. and Wright, S. J. (2006). *Numerical optimization*, 2nd edition.
#' Springer. \doi{10.1007/978-0-387-40065-5}
#'
#' Polyak, B. T. (1964). Some methods of speeding up the convergence of iteration
#' methods. *USSR Computational Mathematics and Mathematical Physics* 4(5), 1--17.
#'
#' Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation
#' by averaging. *SIAM Journal on Control and Optimization* 30(4), 838--855.
#'
#' Robbins, H. and Monro, S. (1951). A stochastic approximation method. *Annals of
#' Mathematical Statistics* 22(3), 400--407.
#'
#' Smith, L. N. and Topin, N. (2018). Super-convergence: very fast training of neural
#' networks using large learning rates. arXiv:1708.07120.
#'
#' Sutskever, I., Martens, J., Dahl, G. and Hinton, G. (2013). On the importance of
#' initialization and momentum in deep learning. *ICML*, PMLR 28, 1139--1147.
#'
#' Tieleman, T. and Hinton, G. (2012). Lecture 6.5: rmsprop. *Coursera: Neural
#' networks for machine learning*.
#' @seealso [rnn_tune()] for a search over options, [rnn_metrics()] for scores
#' @export
#' @examples
#' y <- as.vector(scale(sqrt(sunspot.year)))
#' net <- rnn_net(1, 8, 1, "gru", seed = 1)
#' fit <- rnn_train(net, head(y, -1), tail(y, -1),
#'   validation = 0.2, patience = 30, epochs = 300, seed = 1
#' )
#' fit
#' plot(fit)
#' tail(predict(fit, y), 1) # the year after the last
#'
#' # Windows, an ensemble, another optimizer
#' fit <- rnn_train(net, head(y, -1), tail(y, -1), window = 30, stride = 10, epochs = 20)
#' fit <- rnn_train(net, head(y, -1), tail(y, -1), repeats = 3, epochs = 20)
#' fit <- rnn_train(net, head(y, -1), tail(y, -1), optimizer = "lbfgs", epochs = 20)
#'
#' # Half of it today, the rest tomorrow
#' file <- tempfile()
#' half <- rnn_train(net, head(y, -1), tail(y, -1), epochs = 50, checkpoint = file)
#' fit <- rnn_train(net, head(y, -1), tail(y, -1), epochs = 100, resume = file)
#' unlink(file)
rnn_train <- function(net, x, target = NULL, ..., lengths = NULL, format = NULL,
                      loss = "mse", delta = 1, levels = c(0.1, 0.5, 0.9),
                      class_weights = NULL, weights = NULL, reduction = "mean",
                      optimizer = "adam", learn_rate = NULL, momentum = 0, nesterov = FALSE,
                      beta1 = 0.9, beta2 = 0.999, alpha = 0.99, epsilon = NULL,
                      weight_decay = 0, lbfgs_pairs = 10,
                      schedule = "constant", schedule_epochs = 10, schedule_factor = 0.1,
                      warmup = 0, clip_norm = 1, clip_value = Inf, noise = 0, average = FALSE,
                      batch_size = 32, shuffle = TRUE, window = NULL, stride = 1,
                      stateful = FALSE, truncate = Inf,
                      validation = NULL, validation_by = NULL,
                      epochs = 100, patience = Inf, max_time = Inf, callback = NULL,
                      checkpoint = NULL, checkpoint_every = 1, checkpoint_minutes = Inf,
                      resume = NULL, repeats = 1, init = "glorot",
                      recurrent_init = "orthogonal", forget_bias = 1, chrono = NULL,
                      memory = "store", precision = "double", seed = NULL,
                      threads = getOption("bptt.threads", 1), verbose = interactive()) {
  args <- arguments(...)
  args["verbose"] <- NULL
  if (!isTRUE(verbose) && !isFALSE(verbose)) {
    input_error("verbose", "`verbose` is neither TRUE nor FALSE; expected one of them")
  }
  if (is.null(seed) && is.null(resume)) args[["seed"]] <- random_seed()
  for (file in c("checkpoint", "resume")) {
    if (is.character(args[[file]])) args[[file]] <- path.expand(args[[file]])
  }
  if (is.list(validation)) {
    lists <- vapply(validation, is.list, NA)
    args[["validation"]][lists] <- lapply(validation[lists], as_arrays)
  }
  if (is.function(callback)) {
    args[["callback"]] <- function(state) isTRUE(callback(with_classes(state)))
  }
  progress <- new_progress(verbose, epochs, repeats)
  args[["progress"]] <- progress$show
  on.exit(progress$end())
  out <- run("rnn_train", args)
  new_rnn_fit(out, match.call(), clip_norm)
}

with_classes <- function(x) {
  x[["net"]] <- as_nets(x[["net"]])
  x
}

# One network, or a list of them.
as_nets <- function(net) {
  if (!is.null(net[["cell"]])) {
    return(structure(net, class = "rnn_net"))
  }
  lapply(net, structure, class = "rnn_net")
}

new_rnn_fit <- function(out, call, clip_norm) {
  out <- with_classes(out)
  columns <- function(history) as.data.frame(history, optional = TRUE)
  if (is.null(out$history[["loss"]])) {
    out$history <- do.call(rbind, lapply(seq_along(out$history), function(i) {
      frame <- columns(out$history[[i]])
      cbind(`repeat` = rep(i, nrow(frame)), frame)
    }))
  } else {
    out$history <- columns(out$history)
  }
  if (all(is.nan(out$history$validation_loss))) out$history$validation_loss <- NULL
  structure(c(out, list(clip_norm = clip_norm, call = call)), class = "rnn_fit")
}
