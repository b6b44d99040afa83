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
# Tests run side by side (HEBB_TEST_JOBS, by default the cores), the long ones first; what each said
# stands in a file of $said until its turn to be reported comes.
jobs=${HEBB_TEST_JOBS:-$(nproc 2>/dev/null || echo 2)}
said=$(mktemp -d)
list=$said/list
for pattern; do
    for t in "$build"/$pattern; do
        [ -f "$t" ] && [ -x "$t" ] && echo "$t"
    done
    for t in "$here"/tests/$pattern.sh; do
        [ -f "$t" ] && echo "$t"
    done
done >"$list"
long='/test_(resume|stdp|rstdp|plastic_run|docs.sh|cli.sh|bptt|install.sh)$'
{ grep -E "$long" "$list"; grep -vE "$long" "$list"; } >"$said/order"
export said limit
xargs -P "$jobs" -I {} sh -c 'name=$(basename "$1" .sh)
    case $1 in *.sh) set -- sh "$1" ;; esac
    $limit "$@" >"$said/$name" 2>&1 </dev/null
    echo $? >"$said/$name.new" && mv "$said/$name.new" "$said/$name.rc"' sh {} <"$said/order" &
workers=$!
trap 'kill $workers 2>/dev/null; rm -rf "$log" "$said"' EXIT
trap 'exit 130' INT TERM

report() { # name
    name=$1
    while [ ! -f "$said/$name.rc" ]; do
        kill -0 $workers 2>/dev/null || [ -f "$said/$name.rc" ] || echo 125 >"$said/$name.rc"
        sleep 0.1
    done
    cp "$said/$name" "$log"
    rc=$(cat "$said/$name.rc")
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
while read -r t; do
    report "$(basename "$t" .sh)"
done <"$list"
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
