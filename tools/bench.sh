#!/bin/sh
# Measures an epoch of training of every file in bench/ at 1 thread and at all of them, three times
# each, and prints the medians. build/bench/results.jsonl gets a line a measurement, with command,
# machine and commit. HEBB_BENCH_LIMIT=N: N training samples only; HEBB_BENCH_TIMES=N: N times.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/release}
hebb=$build/hebb
out=build/bench
times=${HEBB_BENCH_TIMES:-3}
limit=${HEBB_BENCH_LIMIT:-0}
[ -d ../shared/data ] && export HEBB_DATA_DIR="${HEBB_DATA_DIR:-$PWD/../shared/data}"
mkdir -p "$out"
results=$out/results.jsonl
machine="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
commit=$(git rev-parse --short HEAD 2>/dev/null || echo none)
git diff --quiet HEAD 2>/dev/null || commit=$commit-changed
set=mnist
"$hebb" data show mnist >/dev/null 2>&1 || set=strokes
[ $set = mnist ] || echo "MNIST is not there ('hebb data get mnist'); measured with strokes"
number() { # key: of the JSON object in $out/said
    sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" "$out/said"
}
cores=$(nproc)
threads=1
[ "$cores" -gt 1 ] && threads="1 $cores"
printf '%-10s %8s %9s %12s %12s %10s %10s\n' run threads samples 's/epoch' 'ms/batch' samples/s 'peak MB'
for file in bench/*.yaml; do
    name=$(basename "$file" .yaml)
    for j in $threads; do
        : >"$out/seconds"
        i=0
        while [ $i -lt "$times" ]; do
            i=$((i + 1))
            rm -rf "$out/run"
            command="hebb train $file -j $j --set data.set=$set --set data.train_limit=$limit --json"
            "$hebb" train "$file" -q -j "$j" --set data.set=$set --set data.train_limit="$limit" --json \
                -o "$out/run" >"$out/said" || exit 1
            seconds=$(number seconds_per_epoch)
            samples=$(number train_samples)
            peak=$(number peak_memory_bytes)
            echo "$seconds" >>"$out/seconds"
            echo "{\"run\": \"$name\", \"command\": \"$command\", \"threads\": $j, \"set\": \"$set\", \"samples\": $samples, \"seconds_per_epoch\": $seconds, \"peak_memory_bytes\": $peak, \"test_accuracy\": $(number test_accuracy), \"machine\": \"$machine\", \"commit\": \"$commit\", \"version\": \"$("$hebb" -V)\"}" >>"$results"
        done
        median=$(sort -g "$out/seconds" | awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }')
        awk -v n="$name" -v j="$j" -v s="$samples" -v t="$median" -v p="$peak" 'BEGIN {
            printf "%-10s %8d %9d %12.3f %12.3f %10.0f %10.0f\n", n, j, s, t, 1000 * t / (s / 100), s / t, p / 1e6 }'
    done
done
echo "machine: $machine; commit: $commit; every measurement: $results"
# What Python adds to a batch.
if [ -f "$build/libhebb.so" ] && python3 -c 'import numpy' 2>/dev/null; then
    HEBB_LIBRARY=$(cd "$build" && pwd)/libhebb.so python3 bench/python_overhead.py
fi
