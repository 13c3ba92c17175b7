#!/bin/sh
# check.sh TARBALL FOLDER [FLAG] -- R CMD check --as-cran in FOLDER, with nothing less than
# "Status: OK".
# Switched off is what a machine without network, or with a small LaTeX, cannot do.
set -u
export _R_CHECK_SYSTEM_CLOCK_=false _R_CHECK_CRAN_INCOMING_REMOTE_=false
export _R_CHECK_FORCE_SUGGESTS_=false R_RD4PDF=times,hyper
export TZ="${TZ-UTC}" # where there is no systemd, asking it for the zone would be a NOTE
R CMD check --as-cran ${3-} -o "$2" "$1"
if grep -q '^Status: OK$' "$2"/bptt.Rcheck/00check.log; then
  echo "1 passed, 0 failed"
else
  cat "$2"/bptt.Rcheck/tests/*.fail 2>/dev/null
  echo "0 passed, 1 failed"
  exit 1
fi
