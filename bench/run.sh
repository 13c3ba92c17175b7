#!/bin/sh
# run.sh -- the time of one rnn_bptt() call, from R and from Octave, beside a PyTorch step.
#
# Each of the three is a server: it reads one setting a line and answers with milliseconds per
# call; empty lines mean nothing. They are asked in turn, round after round, so that a clock that drifts or a neighbour on
# the machine touches all of them alike. Who is not installed is left out.
#
# ROUNDS=5      timed batches of each; the table shows their median and, in brackets, minimum
# SIZES="S M"   which rows; all of S M L XL by default
# CELLS="lstm"  which cells; all of rnn gru lstm by default
# R, OCTAVE, PYTHON: the programs; their own variables (R_LIBS, OCTAVE_PATH) say where bptt is.
set -eu
trap '' PIPE # a server that died answers with nothing
ROUNDS=${ROUNDS:-5}
here=$(dirname "$0")
export LC_ALL=C OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

work=$(mktemp -d)
stop() {
  exec 3>&- 5>&- 7>&- # end of input: the servers leave
  rm -rf "$work"
}

# start NAME FD-TO FD-FROM COMMAND...: the server's first line says what it is
peers=
start() {
  name=$1 to=$2 from=$3
  shift 3
  mkfifo "$work/$name.in" "$work/$name.out"
  "$@" <"$work/$name.in" >"$work/$name.out" 2>"$work/$name.err" 3>&- 4>&- 5>&- 6>&- &
  eval "exec $to>\"$work/$name.in\" $from<\"$work/$name.out\""
  if eval "read -r hello <&$from"; then
    echo "$name: $hello"
    peers="$peers $name:$to:$from"
  else
    echo "$name: left out: $(grep -m 1 . "$work/$name.err" || echo no answer)"
  fi
}

size() { # D H B T
  case $1 in
    S) echo 1 32 1 200 ;;
    M) echo 8 64 32 100 ;;
    L) echo 32 128 64 100 ;;
    XL) echo 64 512 128 50 ;;
  esac
}

# All rounds of one row: lines "name ms"
measure() {
  round=0
  while [ "$round" -lt "$ROUNDS" ]; do
    for peer in $peers; do
      to=${peer#*:} from=${peer##*:}
      to=${to%:*}
      # the empty line: Octave's fgetl() does not return a line before it has seen what follows
      printf '%s %s\n\n' "$1" "$(size "$2")" 2>/dev/null >&"$to" || :
      read -r ms <&"$from" || { ms=nan; grep -m 1 . "$work/${peer%%:*}.err" >&2 || :; }
      echo "${peer%%:*} $ms"
    done
    round=$((round + 1))
  done
}

# "name ms" lines -> one row: median (minimum) of each, and how many times PyTorch's each takes
row() {
  sort -k 1,1 -k 2,2n | awk -v label="$1" '
    { v[$1, ++n[$1]] = $2 }
    function median(who, k) {
      k = n[who]
      return k % 2 ? v[who, (k + 1) / 2] : (v[who, k / 2] + v[who, k / 2 + 1]) / 2
    }
    function cell(who) {
      return n[who] ? sprintf("%.4g (%.4g)", median(who), v[who, 1]) : "-"
    }
    function ratio(who) {
      return n[who] && n["PyTorch"] ? sprintf("%.1f", median("PyTorch") / median(who)) : "-"
    }
    END {
      printf "%-8s | %18s | %18s | %18s | %9s | %14s\n", label, cell("R"), cell("Octave"),
             cell("PyTorch"), ratio("R"), ratio("Octave")
    }'
}

trap stop EXIT
trap 'exit 1' INT TERM
echo "$(date +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)"
start R 3 4 "${R:-Rscript}" "$here/server.R"
start Octave 5 6 "${OCTAVE:-octave-cli}" --no-gui -q "$here/server.m"
start PyTorch 7 8 "${PYTHON:-/usr/bin/python3}" "$here/server.py"
echo "double, one thread, ms per call: median (minimum) of $ROUNDS rounds"
echo
printf '%-8s | %18s | %18s | %18s | %9s | %14s\n' "" R Octave PyTorch PyTorch/R PyTorch/Octave
for cell in ${CELLS:-rnn gru lstm}; do
  for s in ${SIZES:-S M L XL}; do
    measure "$cell" "$s" >"$work/times"
    row "$cell $s" <"$work/times"
  done
done
