#!/bin/sh
# Installs the Debian packages that building and testing need; does nothing where all are there.
set -u
packages="build-essential cmake pkg-config libopenblas-dev libyaml-dev libcjson-dev zlib1g-dev libcmocka-dev curl ca-certificates"
[ "${1:-}" = --ci ] && packages="$packages clang clang-format libclang-rt-14-dev"
missing=""
for p in $packages; do
    case $p in
        cmake) command -v cmake >/dev/null && continue ;;
        build-essential) command -v gcc >/dev/null && command -v make >/dev/null && continue ;;
    esac
    dpkg -s "$p" >/dev/null 2>&1 || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then run=""
elif command -v sudo >/dev/null; then run="sudo"
else
    echo "These Debian packages are missing, and neither root nor sudo is at hand; please install them:$missing" >&2
    exit 1
fi
echo "installing:$missing" >&2
$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq $missing >/dev/null
