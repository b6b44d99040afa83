#!/bin/sh
# Measures hebb and writes build/bench/results.jsonl, a line a measurement: the phases of the
# workloads of hebb-bench (one thread, w2 with all of them too), W1 against T, batch and neurons,
# and whole epochs of the files in bench/. Prints the medians.
#   tools/bench.sh [BUILD] [--quick]    --quick: a second in all, to see that it works
# WORKLOADS="w1 linear epochs": only these. HEBB_BENCH_LIMIT=N: N training samples of an epoch (6000;
# 0: all); HEBB_BENCH_TIMES=N: N epochs each (3); SECONDS_EACH=S: seconds a workload (3).
set -u
cd "$(dirname "$0")/.." || exit 1
build=build/release
seconds=${SECONDS_EACH:-3}
times=${HEBB_BENCH_TIMES:-3}
limit=${HEBB_BENCH_LIMIT:-6000}
chosen=${WORKLOADS:-}
for word in "$@"; do
    case $word in
    --quick) seconds=0 times=1 limit=200 chosen=${chosen:-"w1 infer diehl_cook_400 epochs"} ;;
    *) build=$word ;;
    esac
done
hebb=$build/hebb
bench=$build/hebb-bench
out=build/bench
[ -d ../shared/data ] && export HEBB_DATA_DIR="${HEBB_DATA_DIR:-$PWD/../shared/data}"
mkdir -p "$out"
results=$out/results.jsonl
machine="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
commit=$(git rev-parse --short HEAD 2>/dev/null || echo none)
git diff --quiet HEAD 2>/dev/null || commit=$commit-changed
cores=$(nproc)
chosen=${chosen:-"$("$bench" --list | tr '\n' ' ') threads linear epochs"}

number() { # key: of the JSON object in $out/said
    sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" "$out/said"
}
# workload [options]: its rows into the results, its medians to the screen.
phases() {
    "$bench" "$@" --seconds "$seconds" >"$out/said" || exit 1
    sed "s|}\$|, \"machine\": \"$machine\", \"commit\": \"$commit\", \"command\": \"hebb-bench $* --seconds $seconds\"}|" \
        "$out/said" >>"$results"
    awk -F'[:,]' '
    function value(key,   at, rest) {
        at = index($0, "\"" key "\": ")
        rest = substr($0, at + length(key) + 4)
        sub(/[,}].*/, "", rest)
        gsub(/"/, "", rest)
        return rest
    }
    value("phase") ~ /^(total|forward|backward)$/ {
        printf "%-34s %-9s %8d %12.4f %12.4f %10.1f\n", said, value("phase"), value("threads"),
               1000 * value("seconds_median"), 1000 * value("seconds_min"), value("peak_bytes") / 1e6
    }' said="$*" "$out/said"
}
# A whole epoch of each file, `times` times at 1 thread and at all.
epochs() {
    set=mnist
    "$hebb" data show mnist >/dev/null 2>&1 || set=strokes
    [ $set = mnist ] || echo "MNIST is not there ('hebb data get mnist'); measured with strokes"
    threads=1
    [ "$cores" -gt 1 ] && threads="1 $cores"
    for file in bench/*.yaml; do
        name=$(basename "$file" .yaml)
        for j in $threads; do
            : >"$out/seconds"
            i=0
            while [ $i -lt "$times" ]; do
                i=$((i + 1))
                rm -rf "$out/run"
                "$hebb" train "$file" -q -j "$j" --set data.set=$set --set data.train_limit="$limit" --json \
                    -o "$out/run" >"$out/said" || exit 1
                number seconds_per_epoch >>"$out/seconds"
            done
            epoch_row
        done
    done
}
epoch_row() {
    sorted=$(sort -g "$out/seconds" | tr '\n' ' ')
    median=$(echo "$sorted" | awk '{ print NF % 2 ? $((NF + 1) / 2) : ($(NF / 2) + $(NF / 2 + 1)) / 2 }')
    least=${sorted%% *}
    samples=$(number train_samples)
    command="hebb train $file -j $j --set data.set=$set --set data.train_limit=$limit --json"
    echo "{\"workload\": \"$name\", \"system\": \"hebb\", \"phase\": \"epoch\", \"threads\": $j, \"seconds_median\": $median, \"seconds_min\": $least, \"repeats\": $times, \"samples\": $samples, \"peak_bytes\": $(number peak_memory_bytes), \"input\": \"$set\", \"test_accuracy\": $(number test_accuracy), \"version\": \"$("$hebb" -V)\", \"machine\": \"$machine\", \"commit\": \"$commit\", \"command\": \"$command\"}" >>"$results"
    awk -v n="$name, $samples samples" -v j="$j" -v m="$median" -v l="$least" -v p="$(number peak_memory_bytes)" 'BEGIN {
        printf "%-34s %-9s %8d %12.1f %12.1f %10.1f\n", n, "epoch", j, 1000 * m, 1000 * l, p / 1e6 }'
}
printf '%-34s %-9s %8s %12s %12s %10s\n' workload phase threads 'ms, median' 'ms, least' 'peak MB'
for workload in $chosen; do
    case $workload in
    threads)
        [ "$cores" -gt 1 ] && for w in w1 w2; do phases $w --threads "$cores"; done
        ;;
    linear) # time and memory against T, batch and hidden neurons
        for n in 20 50 100 200 500 1000 2000; do phases w1 --steps $n --batch 20; done
        for n in 25 50 100 200 400; do phases w1 --batch $n; done
        for n in 100 200 400 800 1600; do phases w1 --hidden $n; done
        ;;
    epochs) epochs ;;
    *) phases "$workload" ;;
    esac
done
echo "machine: $machine; commit: $commit; every measurement: $results"
# What Python adds to a batch.
if [ -f "$build/libhebb.so" ] && python3 -c 'import numpy' 2>/dev/null; then
    HEBB_LIBRARY=$(cd "$build" && pwd)/libhebb.so python3 bench/python_overhead.py
fi
