# Generic functions of package generics, so that library(bptt) alone is enough to call them.

#' @importFrom generics forecast
#' @export
generics::forecast

#' @importFrom generics accuracy
#' @export
generics::accuracy

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment
