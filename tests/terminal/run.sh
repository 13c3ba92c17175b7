#!/bin/sh
# run.sh -- Ctrl-C as a user types it: R and Octave in a terminal, a long training in each, which
# must end at once with its result there. OCTAVE is the program; bptt is found as the variables of R
# and Octave say. Needs expect.
set -eu
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export TERM=dumb # no colours, no moving about
status=0
expect "$here/session.exp" R R --vanilla --quiet >"$work/R" 2>&1 || status=1
expect "$here/session.exp" octave \
  ${OCTAVE:-octave-cli --no-gui --no-init-file --no-history --quiet} >"$work/octave" 2>&1 || status=1
cat "$work/R" "$work/octave"
cat "$work/R" "$work/octave" | awk '/^ok /{ p++ } /^not ok /{ f++ } /^end /{ e++ }
  END { f += 2 - e; printf "%d passed, %d failed\n", p, f; exit f > 0 }'
[ $status -eq 0 ]
