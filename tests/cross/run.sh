#!/bin/sh
# run.sh -- the same nets on the same input in R and in Octave: every bit of every result is the
# same. Each side writes a line for each array: its name and its numbers as hexadecimal digits.
# RSCRIPT and OCTAVE are the programs; bptt is found as their own variables say.
set -eu
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export CROSS_FOLDER="$work" # where files go from one to the other
${RSCRIPT:-Rscript} "$here/cross.R" >"$work/lines.R"
${OCTAVE:-octave-cli --no-gui --no-init-file --quiet} "$here/cross.m" >"$work/lines.octave"

total=$(wc -l <"$work/lines.R")
different=$(diff "$work/lines.R" "$work/lines.octave" | tee "$work/diff" | grep -c '^[<>]' || :)
cut -c 1-100 "$work/diff"
echo "$((total > different ? total - different : 0)) passed, $different failed"
[ "$different" -eq 0 ]
