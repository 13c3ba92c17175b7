# Functions for R's own optimizers.

#' An objective for R's optimizers
#'
#' Makes of a network, series and a target the functions that [optim()],
#' [nlminb()] and the like take.
#'
#' `fn` and `gr` share their work: the loss and the gradient of a vector of
#' parameters are computed together, once, and the last are kept. Where the loss
#' is not finite, `fn` returns it as it is, with a warning each time: line
#' searches step back from there.
#'
#' A network with dropout leaves out the same units at every evaluation, so that
#' the objective is a function.
#'
#' @inheritParams rnn_bptt
#' @param seed Seed of the dropout between layers, for all evaluations. `NULL`
#'   draws one from R's generator, once, if the network has dropout.
#' @param ... Options of [rnn_bptt()], all but `wrt`.
#' @return A list of
#' * `par`: the parameters of `net` as one vector, to start from,
#' * `fn`: a function of such a vector that returns the loss,
#' * `gr`: one that returns the gradient as a vector,
#' * `net`: one that returns the network with these parameters.
#' @inheritSection rnn_bptt Errors
#' @seealso [rnn_pack()]
#' @export
#' @examples
#' net <- rnn_net(input = 1, hidden = 4, output = 1, cell = "gru", seed = 1)
#' x <- sin(0:40 / 3)
#' target <- sin(1:41 / 3)
#' objective <- rnn_objective(net, x, target)
#' fit <- optim(objective$par, objective$fn, objective$gr,
#'   method = "L-BFGS-B", control = list(maxit = 50)
#' )
#' c(before = objective$fn(objective$par), after = fit$value)
#' trained <- objective$net(fit$par)
#' nlminb(objective$par, objective$fn, objective$gr, control = list(iter.max = 20))$objective
rnn_objective <- function(net, x, target = NULL, ..., loss = "mse", delta = 1,
                          levels = c(0.1, 0.5, 0.9), class_weights = NULL, weights = NULL, dy = NULL,
                          reduction = "mean", truncate = Inf, clip_norm = Inf, clip_value = Inf,
                          state = NULL, lengths = NULL, format = NULL, memory = "store",
                          precision = "double", seed = NULL, threads = getOption("bptt.threads", 1)) {
  args <- with_seed(arguments(...))
  call <- sys.call()
  evaluate <- function(args) {
    result <- run("rnn_objective", args, call)
    list(loss = result$loss, grad = rnn_pack(result$grad))
  }
  # The first evaluation says now what is wrong with the arguments.
  last <- evaluate(args)
  last$par <- rnn_pack(net)

  net_at <- function(par) {
    net$param <- rnn_unpack(par, net)
    net
  }
  at <- function(par) {
    if (!identical(par, last$par)) {
      args$net <- net_at(par)
      # par + 0 is a copy: an optimizer may change its vector in place.
      last <<- c(evaluate(args), list(par = par + 0))
    }
    last
  }
  list(
    par = last$par,
    fn = function(par) at(par)$loss,
    gr = function(par) at(par)$grad,
    net = net_at
  )
}
