#!/bin/sh
# The quick part of the check, under a minute: fast tests, layers, format.
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/release}
failed=0
step() {
    name=$1
    shift
    if out=$("$@" 2>&1); then
        echo "$name: ok"
    else
        failed=1
        echo "$name: FAILED"
        printf '%s\n' "$out" | tail -40
    fi
}
step layers sh tools/check_layers.sh
step format sh tools/check_format.sh
HEBB_FAST=1 sh tools/run_tests.sh "$build" || failed=1
[ "$failed" = 0 ]
