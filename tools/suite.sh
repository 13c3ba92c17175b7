#!/bin/sh
# suite.sh -- runs a test suite, and adds up what suites have counted.
#
#   tools/suite.sh GROUP/NAME COMMAND...   shows and keeps what COMMAND prints, in
#                                          build/log/GROUP/NAME.log. It has to end with a line
#                                          "N passed, N failed" and to have passed something;
#                                          where it does not, that is one failure.
#   tools/suite.sh --reset                 forgets all counts
#   tools/suite.sh --sum [GROUP]           one line of counts for each suite, and their sum
set -u
log=build/log

case $1 in
  --reset) rm -rf "$log"; exit 0 ;;
  --sum)
    find "$log/${2:-}" -name '*.count' | sort | xargs cat /dev/null |
      awk '{ printf "%-36s %7d passed %5d failed\n", $1, $2, $3; p += $2; f += $3 }
        END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }'
    exit ;;
esac

name=$1
shift
mkdir -p "$(dirname "$log/$name")"
rm -f "$log/$name.count"
echo "--- $name"
start=$(date +%s)
{ "$@" 2>&1; echo $? >"$log/$name.status"; } | tee "$log/$name.log"
status=$(cat "$log/$name.status")
# Octave may say so as it leaves, of no consequence
leaving='error: ignoring const execution_exception& while preparing to exit'
set -- $(grep -vxF "$leaving" "$log/$name.log" |
  sed -n '$s/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p')
passed=${1:-0} failed=${2:-0}
# a suite that died, or counted nothing, has failed whatever it says
if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; }; then
  echo "$name: exit status $status after $passed passed, 0 failed"
  failed=1
fi
echo "$name $passed $failed" >"$log/$name.count"
# and how long it had the processor, in user mode: the clock also counts what else ran
times >"$log/$name.status"
used=$(sed -n '$s/m\([0-9]*\).*/ * 60 + \1/p' "$log/$name.status")
rm "$log/$name.status"
echo "--- $name: $(($(date +%s) - start)) s, of the processor $(($used)) s"
[ "$failed" -eq 0 ]
