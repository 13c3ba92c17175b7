#!/bin/sh
# notebooks.sh FOLDER -- runs every notebook afresh, with the packages that the environment names,
# and writes them with their output to FOLDER. An error in a cell is a failure.
set -u
out=$1
passed=0 failed=0
export OCTAVE_CLI_OPTIONS=--no-line-editing
export PYDEVD_DISABLE_FILE_VALIDATION=1 # or Python warns of itself

# What nbconvert lets pass: an error of Octave is text like any other to it.
errors() {
  /usr/bin/python3 - "$1" <<'EOF'
import json, re, sys

found = False
for cell in json.load(open(sys.argv[1]))["cells"]:
    for output in cell.get("outputs", []):
        text = "".join(output.get("text", []))
        if output["output_type"] == "error":
            text = "\n".join(output["traceback"])
        elif not re.search(r"^(error:|parse error)", text, re.MULTILINE):
            continue
        found = True
        print("".join(cell["source"]), text, sep="\n")
sys.exit(found)
EOF
}

for notebook in notebooks/*.ipynb; do
  if /usr/bin/python3 -m nbconvert --log-level WARN --to notebook --execute \
    --ExecutePreprocessor.record_timing=False \
    --output-dir "$out" "$notebook" &&
    errors "$out/${notebook##*/}"; then
    echo "$notebook: ok"
    passed=$((passed + 1))
  else
    echo "$notebook: failed"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
