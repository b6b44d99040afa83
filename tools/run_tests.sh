#!/bin/sh
# Runs every test program of a build and closes with 'N passed, N failed, N skipped'.
set -u
build=${1:-build/release}
pattern=${2:-test_*}
here=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$here/../shared/goldens" ] && export HEBB_GOLDENS_DIR="${HEBB_GOLDENS_DIR:-$here/../shared/goldens}"
[ -d "$here/../shared/data" ] && export HEBB_DATA_DIR="${HEBB_DATA_DIR:-$here/../shared/data}"
passed=0 failed=0 skipped=0
log=$(mktemp)
for t in "$build"/$pattern; do
    [ -x "$t" ] && [ -f "$t" ] || continue
    "$t" >"$log" 2>&1
    rc=$?
    p=$(grep -c '^\[       OK \]' "$log"); f=$(grep -c '^\[  FAILED  \] [a-z_A-Z0-9]*$' "$log"); s=$(grep -c '^\[  SKIPPED \] [a-z_A-Z0-9]*$' "$log")
    f=$(grep '^\[  FAILED  \]' "$log" | sort -u | grep -vc 'test(s)'); s=$(grep '^\[  SKIPPED \]' "$log" | sort -u | grep -vc 'test(s)')
    [ "$rc" != 0 ] && [ "$f" = 0 ] && f=1
    echo "$(basename "$t"): $p passed, $f failed, $s skipped"
    grep '^skipped:' "$log" | sort -u
    [ "$f" != 0 ] && tail -60 "$log"
    passed=$((passed + p)); failed=$((failed + f)); skipped=$((skipped + s))
done
rm -f "$log"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
