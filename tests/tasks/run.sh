#!/bin/sh
# run.sh -- learns the tasks of this folder in R and in Octave: what a task asks for must be reached,
# and both must say the same. RSCRIPT and OCTAVE are the programs; bptt is found as their own
# variables say.
#
# Usage: run.sh [STEPS]: those of the adding problem; 200
set -u
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export STEPS="${1:-200}" CELLS="lstm gru"

for task in adding characters waves; do
  # shellcheck disable=SC2086 # a list of cells
  ${RSCRIPT:-Rscript} "$here/$task.R" $STEPS $CELLS >"$work/$task.R"
  ${OCTAVE:-octave-cli --no-gui --no-init-file --quiet} "$here/$task.m" >"$work/$task.m" 2>"$work/said"
  grep -v '^[0-9]* passed' "$work/$task.R"
  if diff "$work/$task.R" "$work/$task.m" >"$work/diff"; then
    echo "1 passed, 0 failed" >>"$work/counts"
  else
    cat "$work/diff" "$work/said"
    echo "0 passed, 1 failed" >>"$work/counts"
  fi
  grep -h '^[0-9]* passed' "$work/$task.R" "$work/$task.m" >>"$work/counts" || :
done
awk '{ p += $1; f += $3 } END { print p + 0 " passed, " f + (p != 11 && !f) " failed" }' "$work/counts"
