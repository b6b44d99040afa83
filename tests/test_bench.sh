#!/bin/sh
# hebb bench and hebb info --memory: what they tell, and that it is true.
. "$(dirname "$0")/shell_checks.sh"
cd "$work" || exit 1
cat >wide.yaml <<'YAML'
name: wide
network:
  dt: 1.0
  groups:
    input: {encoder: bernoulli, num: 784}
    hidden: {neurons: clif, num: 500}
    output: {neurons: lif, num: 10}
  connections:
    c1: {from: input, to: hidden}
    c2: {from: hidden, to: output}
  decoders:
    class: {target: output, method: spike_counts}
learner: {algorithm: STBP, optimizer: {name: Adam, lr: 0.001}}
data: {set: strokes, train_limit: 300, test_limit: 20}
training: {time: 100, epochs: 1, batch_size: 100}
YAML

# ---- wrong uses ----
expect "bench without a file" 2 "the network's FILE.yaml is missing" bench
expect "training and inference at once" 2 "cannot be measured together" bench --train --inference wide.yaml
expect "no batches" 2 "--batches takes a whole number from 1" bench --batches 0 wide.yaml
expect "a file that is not there" 1 "" bench nowhere.yaml
expect "a trace that cannot be written" 1 "the trace '/nowhere/t.json' could not be written" \
    bench -b 10 -n 1 -r 1 -w 0 --trace /nowhere/t.json wide.yaml
expect "memory of a component" 2 "--memory goes with a FILE.yaml" info --memory lif
expect "JSON of a description" 2 "--json goes with --memory" info --json wide.yaml

# ---- what it tells ----
value() { # name, file: the number behind "name":
    sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" "$2" | head -1
}
more_than() { awk -v a="${1:-none}" -v b="$2" 'BEGIN { exit !(a + 0 > b) }'; }

call bench --batch 50 -n 2 -r 3 -j2 wide.yaml
check "a table of one measurement" grep -q "batches of 50, 100 steps, 2 threads; median of 3 x 2" out
for phase in load encode forward backward gradient optimizer; do
    check "the phase $phase" grep -q "^    $phase " out
done
call bench -n 2 -r 2 -j2 --json --trace trace.json wide.yaml
cp out train.json
check "one object" test "$(wc -l <train.json)" = 1
for name in samples_per_second ms_per_step seconds_median seconds_min spikes input_spikes \
    synaptic_operations_per_second dense_gflops_per_second peak_bytes peak_bytes_above_start; do
    check "$name is a number above 0" more_than "$(value $name train.json)" 0
done
if command -v python3 >/dev/null; then
    check "JSON and trace can be read" python3 - <<'PY'
import json
told = json.load(open("train.json"))
assert told["phase"] == "train" and told["batch"] == 100 and told["threads"] == 2, told
shares = [p["share"] for p in told["phases"].values()]
assert 0.98 < sum(shares) < 1.02, shares
ms = sum(p["ms"] for p in told["phases"].values())
assert abs(ms - told["ms_per_step"]) < 0.03 * told["ms_per_step"], ms
hidden = told["synaptic_operations"] - 500 * told["input_spikes"]
assert hidden % 10 == 0 and 0 < hidden // 10 <= told["spikes"]
events = json.load(open("trace.json"))["traceEvents"]
spans = [e for e in events if e["ph"] == "X"]
assert {e["name"] for e in spans} >= {"load", "encode", "forward", "backward", "gradient", "optimizer"}
assert {e["tid"] for e in spans} <= {0, 1} and all(e["dur"] >= 0 for e in spans)
# a span for each sample of each measured batch
assert sum(e["name"] == "backward" for e in spans) == 4 * 100
PY
else
    skip "JSON and trace can be read" "there is no python3"
fi
call bench -n 2 -r 1 --inference --json wide.yaml
check "inference has no backward pass" grep -q '"backward": {"ms": 0, "share": 0.0000}' out

# ---- bytes ----
# The whole is what the process holds above its start, within 10 %.
near() { # planned, measured
    awk -v p="${1:-0}" -v m="${2:-0}" 'BEGIN { print "planned", p, "measured", m; exit !(p > 0.9 * m && p < 1.1 * m) }'
}
# A sanitizer's allocator holds more than it is asked for.
case $HEBB_BUILD in
*san*) skip "planned and resident bytes" "sanitizers keep memory of their own" ;;
*)
    for setting in "" "--batch-size 40" "--set network.groups.hidden.neurons=lif"; do
        # shellcheck disable=SC2086
        call info --memory --json -j1 $setting wide.yaml
        planned=$(value total out)
        # shellcheck disable=SC2086
        call bench -n 2 -r 1 -j1 --json $(echo "$setting" | sed s/batch-size/batch/) wide.yaml
        check "planned and resident bytes ${setting:-as it is}" near "$planned" "$(value peak_bytes_above_start out)"
    done
    ;;
esac
call info --memory -j1 wide.yaml
check "lines of memory" grep -q '^tape  *[0-9]' out
check "the total is the sum" awk '/^total/ { exit sum != $2 } { sum += $2 }' out
finish
