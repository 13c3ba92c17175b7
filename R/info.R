# Facts about the build.

#' Version and instruction set
#'
#' @return A list of `version`, the version of the core, and `isa`, the
#'   instructions that its kernels use on this machine: `"avx512"`, `"avx2"`,
#'   `"neon"` or `"portable"`. The environment variable `BPTT_ISA`, set before
#'   the package is loaded, can ask for less than the machine has.
#' @export
#' @examples
#' bptt_info()
bptt_info <- function() {
  run("bptt_info", list())[["info"]]
}
