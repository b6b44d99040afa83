#!/bin/sh
# Trains examples with several seeds and keeps what they reach:
#   tools/results.sh [-s "0 1 2"] [-j THREADS] NAME...      (examples/NAME.yaml)
# appends a line to results/results.jsonl for each run: command, machine, commit and the
# object that `hebb train --json` printed. `make results` writes docs/results.md from it.
set -eu
cd "$(dirname "$0")/.."
seeds="0 1 2" threads=1 hebb=${HEBB:-build/release/hebb}
while getopts s:j: option; do
    case $option in
        s) seeds=$OPTARG ;;
        j) threads=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
machine=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for name in "$@"; do
    for seed in $seeds; do
        command="hebb train examples/$name.yaml --seed $seed --threads $threads"
        echo "$command" >&2
        $hebb train "examples/$name.yaml" --seed "$seed" --threads "$threads" --json -q \
            -o "$folder/$name-$seed" >"$folder/out"
        printf '{"command": "%s", "machine": "%s", "commit": "%s", "result": %s}\n' \
            "$command" "$machine" "$commit" "$(tail -1 "$folder/out")" >>results/results.jsonl
    done
done
