# For the test scripts: source it, call ok, bad or check, end with `finish`.
# HEBB_BUILD and HEBB_SOURCE come from tools/run_tests.sh.
HEBB_SOURCE=${HEBB_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
HEBB_BUILD=${HEBB_BUILD:-$HEBB_SOURCE/build/release}
hebb=$HEBB_BUILD/hebb
failures=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
ok() { echo "[       OK ] $1"; }
bad() { # name, what was wrong
    echo "[  FAILED  ] $1"
    shift
    printf '    %s\n' "$@"
    failures=$((failures + 1))
}
skip() {
    echo "skipped: $2"
    echo "[  SKIPPED ] $1"
}
check() { # name, command...: must succeed
    name=$1
    shift
    if "$@" >"$work/check.out" 2>&1; then ok "$name"; else bad "$name" "$*" "$(tail -20 "$work/check.out")"; fi
}
# Runs the command hebb; its answers are in $rc, $work/out and $work/err.
call() {
    "$hebb" "$@" >"$work/out" 2>"$work/err"
    rc=$?
}
# name, exit code, words on stderr ('' for none asked), arguments...
expect() {
    name=$1 want=$2 words=$3
    shift 3
    call "$@"
    if [ "$rc" != "$want" ]; then
        bad "$name" "hebb $* ended with $rc, not $want" "$(cat "$work/err")"
    elif [ -n "$words" ] && ! grep -qF -- "$words" "$work/err"; then
        bad "$name" "hebb $* did not say: $words" "it said: $(cat "$work/err")"
    else
        ok "$name"
    fi
}
finish() {
    [ "$failures" = 0 ]
    exit
}
