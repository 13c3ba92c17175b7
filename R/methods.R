# What R's generic functions say of a network, and change in it.

#' Methods for networks
#'
#' `coef()` and `as.vector()` give the parameters as one vector, in the order of
#' [rnn_pack()], the former with names: `"W_xh[2,1]"`, `"b_h[3]"`. `summary()`
#' describes each layer, `format()` gives one line of text, `all.equal()`
#' compares two networks, and `update()` makes a network that differs from one
#' in some respect.
#'
#' `update()` takes arguments of [rnn_net()] by name; what it is not given is as
#' in `object`. If only `activation`, `output_mode` and `dropout` change, or
#' nothing does, the parameters stay. Any other change asks for other parameters,
#' and so does `seed`: all of them are drawn anew. With another `cell`,
#' `activation` and `reset` go back to their defaults unless they are given too.
#' How parameters were drawn is not stored in a network: `init`,
#' `recurrent_init`, `forget_bias` and `chrono` have the defaults of [rnn_net()]
#' in every call that does not give them.
#'
#' @param object,x,target,current Networks as made by [rnn_net()].
#' @param mode `"any"`, `"numeric"` or `"double"`.
#' @param tolerance Differences of parameters up to this, relative to their
#'   mean size, do not count; see [all.equal()].
#' @param ... `update()`: arguments of [rnn_net()]. The others: not used.
#' @param param New parameters: a list of some or all, by name, or a vector of
#'   all, as `coef()` and [rnn_pack()] give. `NULL`: none.
#' @param seed Draws parameters anew, with this seed, as in [rnn_net()]. `NULL`:
#'   only if it has to be, with R's generator.
#' @param digits Significant digits to print.
#' @return `coef()`, `as.vector()`: a numeric vector. `format()`: a string.
#'   `update()`: a network. `all.equal()`: `TRUE`, or sentences that say what
#'   differs. `summary()`: a list of class `summary.rnn_net` with `text`, the
#'   line of `format()`, `parameters`, their number, and `layers`, a data frame
#'   with a row for each layer and direction: its `inputs`, `units` and
#'   `parameters`, and of the gates' blocks of its `W_hh` the largest
#'   `spectral_radius` and the largest `singular_value`; see [rnn_gradflow()].
#'   Eigenvalues of large layers take their time: those of an lstm of 512 units
#'   some seconds.
#' @section Errors:
#' Those of [rnn_net()] and [rnn_unpack()].
#' @seealso [rnn_net()], [rnn_pack()], [rnn_save()]
#' @name rnn_net_methods
#' @examples
#' net <- rnn_net(2, c(4, 3), 1, "gru", seed = 1)
#' head(coef(net), 3)
#' summary(net)
#'
#' last <- update(net, output_mode = "last")
#' all.equal(last, net)
#' wider <- update(net, hidden = c(8, 3), seed = 2)
#' again <- update(net, seed = 2)
#' zero <- update(net, param = 0 * coef(net))
NULL

#' @rdname rnn_net_methods
#' @importFrom stats coef
#' @export
coef.rnn_net <- function(object, ...) {
  place_names <- function(name) {
    p <- object[["param"]][[name]]
    at <- if (is.null(dim(p))) seq_along(p) else paste(row(p), col(p), sep = ",")
    paste0(name, "[", at, "]")
  }
  theta <- rnn_pack(object)
  names(theta) <- unlist(lapply(names(object[["param"]]), place_names))
  theta
}

#' @rdname rnn_net_methods
#' @rawNamespace S3method(as.vector, rnn_net)
as.vector.rnn_net <- function(x, mode = "any") {
  mode <- match.arg(mode, c("any", "numeric", "double"))
  rnn_pack(x)
}

#' @rdname rnn_net_methods
#' @export
summary.rnn_net <- function(object, ...) {
  theta <- rnn_pack(object) # a network that is not whole is refused here
  param <- object[["param"]]
  W_hh <- param[grepl("^W_hh", names(param))]
  name <- sub("^W_hh", "h", names(W_hh))
  suffix <- sub("^W_hh", "", names(W_hh))
  of_layer <- function(s) param[paste0(c("W_xh", "W_hh", "b_h", "b_hn"), s)]
  largest <- function(f) apply(of_gates(W_hh, name, f), 2L, max)
  structure(
    list(
      text = format(object),
      parameters = length(theta),
      layers = data.frame(
        inputs = vapply(paste0("W_xh", suffix), function(W) ncol(param[[W]]), 0L),
        units = vapply(W_hh, ncol, 0L),
        parameters = vapply(suffix, function(s) sum(lengths(of_layer(s))), 0L),
        spectral_radius = largest(spectral_radius),
        singular_value = largest(singular_value),
        row.names = name
      )
    ),
    class = "summary.rnn_net"
  )
}

#' @rdname rnn_net_methods
#' @export
print.summary.rnn_net <- function(x, digits = 3L, ...) {
  cat(x[["text"]], "\n", plural(x[["parameters"]], "parameter"), "\n\n", sep = "")
  print(x[["layers"]], digits = digits)
  invisible(x)
}

#' @rdname rnn_net_methods
#' @method all.equal rnn_net
#' @export
all.equal.rnn_net <- function(target, current, tolerance = sqrt(.Machine$double.eps), ...) {
  if (!inherits(current, "rnn_net")) {
    return(paste0("target is a network, current is of class ", class(current)[1L]))
  }
  differences <- function(a, b, what) {
    different <- function(field) {
      only <- if (is.null(b[[field]])) "target" else if (is.null(a[[field]])) "current"
      if (!is.null(only)) {
        return(paste0(what, " `", field, "`: only in ", only))
      }
      same <- all.equal(a[[field]], b[[field]], tolerance = tolerance)
      if (!isTRUE(same)) paste0(what, " `", field, "`: ", paste(same, collapse = "; "))
    }
    unlist(lapply(union(names(a), names(b)), different))
  }
  structure_of <- function(net) unclass(net)[setdiff(names(net), "param")]
  found <- c(
    differences(structure_of(target), structure_of(current), "field"),
    differences(target[["param"]], current[["param"]], "parameter")
  )
  if (is.null(found)) TRUE else found
}

#' @rdname rnn_net_methods
#' @importFrom stats update
#' @export
update.rnn_net <- function(object, ..., param = NULL, seed = NULL) {
  call <- sys.call()
  fields <- unclass(object)[setdiff(names(object), "param")]
  changes <- list(...)
  is_same <- function(field) {
    isTRUE(all.equal(changes[[field]], fields[[field]], tolerance = 0, check.attributes = FALSE))
  }
  given <- names(changes)
  changed <- given[!vapply(given, function(field) nzchar(field) && is_same(field), NA)]
  stays <- all(changed %in% c("activation", "output_mode", "dropout")) && is.null(seed)
  kept <- if (stays) object[["param"]]
  whole <- !is.null(param) && !is.list(param)
  # Where nothing is drawn, R's generator is left alone.
  if (is.null(seed)) seed <- if (stays || whole) 0 else random_seed()
  dropped <- c(given, if ("cell" %in% changed) c("activation", "reset"))
  own <- if (!whole) c(kept[setdiff(names(kept), names(param))], param)
  args <- c(fields[setdiff(names(fields), dropped)], changes, list(param = own, seed = seed))
  net <- structure(run("rnn_net", args, call)[["net"]], class = "rnn_net")
  if (whole) net[["param"]] <- as_argument(rnn_unpack(param, net), "theta", "param", call)
  net
}
