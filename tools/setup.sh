#!/bin/sh
# Installs the Debian packages that building and testing need; does nothing where all are there.
# --test: also what all tests need; --ci: also what .ci/run needs.
set -u
packages="build-essential cmake pkg-config libopenblas-dev libyaml-dev libcjson-dev zlib1g-dev libcmocka-dev libcairo2-dev curl ca-certificates"
[ -n "${1:-}" ] && packages="$packages python3 python3-numpy"
[ "${1:-}" = --ci ] && packages="$packages clang clang-format libclang-rt-14-dev git"
if ! command -v dpkg >/dev/null || ! command -v apt-get >/dev/null; then
    command -v cc >/dev/null && command -v cmake >/dev/null && command -v pkg-config >/dev/null &&
        pkg-config --exists openblas yaml-0.1 libcjson zlib cmocka && exit 0
    echo "This is no Debian system; please install the counterparts of: $packages" >&2
    exit 1
fi
missing=""
for p in $packages; do
    case $p in # a program from elsewhere will do
        cmake | curl | git | clang | clang-format) command -v "$p" >/dev/null && continue ;;
        build-essential) command -v gcc >/dev/null && command -v make >/dev/null && continue ;;
        python3 | python3-numpy) python3 -c 'import numpy' 2>/dev/null && continue ;;
        pkg-config) command -v pkg-config >/dev/null && continue ;;
    esac
    dpkg -s "$p" 2>/dev/null | grep -q '^Status: .* installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then
    run=""
elif command -v sudo >/dev/null; then
    run="sudo"
else
    echo "These Debian packages are missing, and neither root nor sudo is at hand; please install them:$missing" >&2
    exit 1
fi
echo "installing:$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if $run apt-get update -qq >"$log" 2>&1 &&
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >>"$log" 2>&1; then
    exit 0
fi
tail -20 "$log" >&2
echo "apt-get could not install$missing; its last words are above (no network? no rights?)" >&2
exit 1
