#!/bin/sh
# Writes the tables of docs/performance.md between their marks: peers from results/peers.jsonl, the
# phases from results/bench.jsonl (copies of build/bench/peers.jsonl and results.jsonl). With
# --check it changes nothing and fails where they are old.
cd "$(dirname "$0")/.." || exit 1
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT
python3 bench/peers/run.py --table results/peers.jsonl >"$new/peers" || exit 1
python3 bench/peers/phases.py results/bench.jsonl >"$new/phases" || exit 1
awk -v dir="$new" '
/^<!-- (peers|phases) -->$/ { print; while ((getline line < (dir "/" $2)) > 0) print line; inside = 1; next }
/^<!-- end -->$/ { inside = 0 }
!inside' docs/performance.md >"$new/performance.md"
if [ "${1:-}" = --check ]; then
    diff "$new/performance.md" docs/performance.md
    exit
fi
cp "$new/performance.md" docs/performance.md
