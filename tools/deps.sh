#!/bin/sh
# deps.sh -- finds out what of the tools below is missing and installs it with apt.
#
#   tools/deps.sh         what make, make demo, make test, make check and make sanitize need
#   tools/deps.sh notebooks   what make notebooks needs
#   tools/deps.sh fable   what RNNAR() needs of fable, from CRAN into the user's R library; without
#                         it the tests leave RNNAR() out. Status 3: CRAN was not reached
#   tools/deps.sh bench   the peers that make bench compares with
#   tools/deps.sh arm     what make check-arm needs
#
# Where all is there it does nothing, and needs no network. Where there is no apt it says what is
# missing, and fails. Packages are looked for by what they provide, not by their name, so that an
# R of one's own in /usr/local counts.
#
# tsibble and fabletools, in the releases that every mirror has, ask for newer releases of twelve
# packages than Debian 12 has, from rlang to ggplot2, and for three that it lacks. Those land in the
# user's library, too, and R prefers them to Debian's from then on. All of it is built from source:
# two and a half minutes on one core.
set -eu

has_command() { command -v "$1" >/dev/null 2>&1; }
has_r_package() { has_command Rscript && Rscript -e "find.package('$1')" >/dev/null 2>&1; }
has_octave_package() { has_command octave-cli && octave-cli --eval "pkg load $1" >/dev/null 2>&1; }
has_header() { printf '#include <%s>\n' "$1" | gcc -E -x c - >/dev/null 2>&1; }
has_tex_file() { has_command kpsewhich && kpsewhich "$1" >/dev/null; }
has_font() { fc-list 2>/dev/null | grep -q "/$1\."; }
has_python_module() { /usr/bin/python3 -c "import $1" >/dev/null 2>&1; }

# Lines of: Debian package | how to tell that it is there | what it is for
wanted_all='
gcc | has_command gcc | the C core
libc6-dev | has_header stdio.h | the C core
g++ | has_command g++ | the Octave package
make | has_command make | everything
r-base-core | has_command Rscript | the R package
r-cran-generics | has_r_package generics | the R package
r-cran-knitr | has_r_package knitr | make dist: the vignette
r-cran-rmarkdown | has_r_package rmarkdown | make dist: the vignette
r-cran-testthat | has_r_package testthat | make test
r-cran-matrix | has_r_package Matrix | make test: sparse matrices
r-cran-future.apply | has_r_package future.apply | make test: rnn_tune in parallel
r-cran-progressr | has_r_package progressr | make test: progress
r-cran-forecast | has_r_package forecast | make demo, make test, bench/accuracy.R
r-cran-ggplot2 | has_r_package ggplot2 | make test: plots of forecasts
r-cran-jsonlite | has_r_package jsonlite | make test: the notebooks
octave-parallel | has_octave_package parallel | make test: rnn_tune in parallel
expect | has_command expect | make test: Ctrl-C in a terminal
octave | has_command octave-cli | the Octave package
octave-dev | has_command mkoctfile | the Octave package
gnuplot-nox | has_command gnuplot | make demo: pictures from Octave
ghostscript | has_command gs | make demo: pictures from Octave
fonts-freefont-otf | has_font FreeSans | make demo: letters in them
valgrind | has_command valgrind | make sanitize
pandoc | has_command pandoc | make dist: the vignette
qpdf | has_command qpdf | make check
tidy | has_command tidy | make check
devscripts | has_command checkbashisms | make check: configure and cleanup
texlive-latex-base | has_tex_file hyperref.sty | make check: the manual
texlive-fonts-recommended | has_tex_file ptmr8t.tfm | make check: the manual
'
wanted_notebooks='
jupyter-nbconvert | has_python_module nbconvert | the notebooks
jupyter-notebook | has_python_module notebook | the notebooks
r-cran-irkernel | has_r_package IRkernel | the notebooks in R
python3-octave-kernel | has_python_module octave_kernel | the notebooks in Octave
'
wanted_fable='
r-cran-bh | has_r_package BH | to build tsibble and fabletools
r-cran-lubridate | has_r_package lubridate | the same
r-cran-numderiv | has_r_package numDeriv | the same
r-cran-tidyr | has_r_package tidyr | the same
r-cran-tidyselect | has_r_package tidyselect | the same
ca-certificates | test -e /etc/ssl/certs/ca-certificates.crt | to fetch them from CRAN
'
# The same lines, of packages on CRAN
wanted_cran='
tsibble | has_r_package tsibble | RNNAR() and its tests
fabletools | has_r_package fabletools | RNNAR() and its tests
'
wanted_bench='
python3-torch | has_python_module torch | make bench: PyTorch
libdnnl-dev | has_header dnnl.h | make bench: oneDNN
'

wanted_arm='
gcc-aarch64-linux-gnu | has_command aarch64-linux-gnu-gcc | make check-arm
libc6-dev-arm64-cross | test -e /usr/aarch64-linux-gnu/include/stdio.h | make check-arm
qemu-user | has_command qemu-aarch64 | make check-arm
'

case ${1:-} in
  '') wanted=$wanted_all wanted_cran= ;;
  notebooks) wanted=$wanted_notebooks wanted_cran= ;;
  fable) wanted=$wanted_fable ;;
  bench) wanted=$wanted_bench wanted_cran= ;;
  arm) wanted=$wanted_arm wanted_cran= ;;
  *) sed -n '2,/^set/{/^#/p}' "$0"; exit 2 ;;
esac

# missing LINES -- the names of what is missing; what each is for goes to standard error.
missing() {
  echo "$1" | while IFS='|' read -r package probe purpose; do
    test -n "$package" || continue
    # shellcheck disable=SC2086 # a probe is a command with its argument
    $probe && continue
    echo "missing: $package ($(echo $purpose))" >&2
    printf '%s ' $package
  done
}
run() { echo "deps: $*"; "$@"; }

install_debian() {
  if ! has_command apt-get; then
    echo "deps: there is no apt-get here; install what Debian calls: $*" >&2
    exit 1
  fi
  sudo=
  if test "$(id -u)" -ne 0; then
    if ! has_command sudo; then
      echo "deps: as root: apt-get install --no-install-recommends $*" >&2
      exit 1
    fi
    sudo=sudo
  fi
  run $sudo apt-get -q update
  run $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

# What they need comes along where it is missing or too old.
install_cran() {
  echo "deps: from CRAN: $*"
  Rscript -e '
    library <- Sys.getenv("R_LIBS_USER")
    dir.create(library, showWarnings = FALSE, recursive = TRUE)
    .libPaths(c(library, .libPaths()))
    mirror <- getOption("repos")["CRAN"]
    if (mirror %in% c(NA, "@CRAN@")) mirror <- "https://cloud.r-project.org"
    if (!nrow(available.packages(repos = mirror))) {
      message("deps: CRAN was not reached at ", mirror)
      quit(status = 3)
    }
    install.packages(commandArgs(TRUE), library, mirror,
      Ncpus = parallel::detectCores(), INSTALL_opts = "--no-test-load", quiet = TRUE
    )' "$@"
}

debian=$(missing "$wanted")
cran=$(missing "$wanted_cran")
# shellcheck disable=SC2086 # names, one a word
{
  test -z "$debian" || install_debian $debian
  test -z "$cran" || install_cran $cran
}
if test -z "$debian$cran"; then
  echo "deps: everything is there"
elif left=$(missing "$wanted$wanted_cran") && test -n "$left"; then
  echo "deps: still missing: $left" >&2
  exit 1
fi
