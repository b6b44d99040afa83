#!/bin/sh
# Runs the test programs of a build and the scripts of tests/, and closes with
# 'N passed, N failed, N skipped'. Usage: run_tests.sh [BUILD [NAME...]]; names are patterns.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$here/build/release}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 'test_*'
build=$(cd "$build" && pwd) || exit 1
[ -d "$here/../shared/goldens" ] && export HEBB_GOLDENS_DIR="${HEBB_GOLDENS_DIR:-$here/../shared/goldens}"
[ -d "$here/../shared/data" ] && export HEBB_DATA_DIR="${HEBB_DATA_DIR:-$here/../shared/data}"
export HEBB_BUILD="$build" HEBB_SOURCE="$here"
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
limit=
command -v timeout >/dev/null && limit="timeout -k 10 ${HEBB_TEST_SECONDS:-900}"

names() { # lines of a kind, each name once, without the closing count of cmocka
    grep "^\[$1\]" "$log" | sort -u | grep -vc 'test(s)'
}
run() { # name, command...
    name=$1
    shift
    $limit "$@" >"$log" 2>&1 </dev/null
    rc=$?
    p=$(grep -c '^\[       OK \]' "$log")
    f=$(names '  FAILED  ')
    s=$(names '  SKIPPED ')
    [ "$rc" != 0 ] && [ "$f" = 0 ] && f=1
    [ "$rc" = 124 ] && echo "$name: stopped after ${HEBB_TEST_SECONDS:-900} s"
    echo "$name: $p passed, $f failed, $s skipped"
    grep '^skipped:' "$log" | sort -u
    [ "$f" != 0 ] && grep -v '^\[ *\(OK\|RUN\) *\]' "$log" | tail -60
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
for pattern; do
    for t in "$build"/$pattern; do
        [ -f "$t" ] && [ -x "$t" ] && run "$(basename "$t")" "$t"
    done
    for t in "$here"/tests/$pattern.sh; do
        [ -f "$t" ] && run "$(basename "$t" .sh)" sh "$t"
    done
done
conformance() { # the golden files, a case a line; its closing line counts them
    [ -x "$build/hebb-conformance" ] || return
    if [ -z "${HEBB_GOLDENS_DIR:-}" ]; then
        echo "skipped: hebb-conformance: HEBB_GOLDENS_DIR is not set"
        return
    fi
    $limit "$build/hebb-conformance" "$HEBB_GOLDENS_DIR" >"$log" 2>&1 </dev/null
    rc=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
    f=$(echo "$line" | awk '{ print $3 + 0 }')
    [ "$rc" != 0 ] && [ "$f" = 0 ] && f=1
    echo "hebb-conformance: ${line:-no closing line}"
    [ "$f" != 0 ] && grep -iE 'fail|error' "$log" | tail -40
    passed=$((passed + $(echo "$line" | awk '{ print $1 + 0 }'))) failed=$((failed + f))
    skipped=$((skipped + $(echo "$line" | awk '{ print $5 + 0 }')))
}
case " $* " in *' test_* '*) conformance ;; esac
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
