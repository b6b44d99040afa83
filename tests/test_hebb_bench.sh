#!/bin/sh
# What make bench and make bench-peers stand on: hebb-bench's rows, and that the network it dumps is
# the one that it measured. The oracle is a plain Python program that knows the equations alone.
. "$(dirname "$0")/shell_checks.sh"
bench=$HEBB_BUILD/hebb-bench
if [ ! -x "$bench" ]; then
    skip "hebb-bench" "hebb-bench is not built"
    finish
fi
unset HEBB_DATA_DIR
export XDG_CACHE_HOME="$work" # strokes, whatever the machine has
fields() { # rows: each has what the issue asks of a row
    for field in workload system phase threads seconds_median seconds_min peak_bytes; do
        [ "$(grep -c "\"$field\": " "$1")" = "$(wc -l <"$1")" ] || return 1
    done
    [ -s "$1" ]
}
small() { # workload: rows into rows.json, dump into $work/dump
    rm -rf "$work/dump"
    "$bench" "$1" --steps 6 --batch 3 --hidden 20 --seconds 0 --repeats 1 --dump "$work/dump" >"$work/rows.json"
}
check "a workload runs" small w1
check "each row has its fields" fields "$work/rows.json"
check "every phase is there" sh -c "grep -c phase '$work/rows.json' | grep -qx 6"
if command -v python3 >/dev/null; then
    cat >"$work/plain.py" <<'PY'
import array, json, math, sys
folder = sys.argv[1] + "/"
meta = json.load(open(folder + "meta.json"))
T, B, sizes = meta["steps"], meta["batch"], meta["sizes"]

def numbers(name, kind="f"):
    return array.array(kind, open(folder + name, "rb").read())
x = [[list(numbers("input.u8", "B")[(t * B + b) * 784:(t * B + b + 1) * 784]) for t in range(T)]
     for b in range(B)]
assert any(any(row) for row in x[0])
labels, loss = numbers("labels.i32", "i"), 0
for b in range(B):
    train = x[b]
    for k in (1, 2):
        w, pre = numbers("c%d.weight.f32" % k), sizes[k - 1]
        v, out = [0.0] * sizes[k], []
        for row in train:
            on = [i for i, s in enumerate(row) if s]
            u = [0.9 * v[j] + sum(w[j * pre + i] for i in on) for j in range(sizes[k])]
            out.append([u_j > 1 for u_j in u])
            v = [0.0 if u_j > 1 else u_j for u_j in u]
        train = out
    counts = [sum(row[c] for row in train) for c in range(10)]
    loss += math.log(sum(math.exp(c) for c in counts)) - counts[labels[b]]
print("loss", loss / B, "hebb", meta["loss"])
sys.exit(not abs(loss / B - meta["loss"]) < 1e-5)
PY
    check "the dumped network gives the loss that was measured" python3 "$work/plain.py" "$work/dump"
    check "the tables of rows" sh -c "sed 's/}\$/, \"machine\": \"m\", \"commit\": \"c\"}/' '$work/rows.json' >'$work/t.jsonl' &&
        python3 '$HEBB_SOURCE/bench/peers/phases.py' '$work/t.jsonl' | grep -q '784-20-10, T=6, B=3' &&
        python3 '$HEBB_SOURCE/bench/peers/run.py' --table '$work/t.jsonl' | grep -q '| w1 | hebb | total | 1 |'"
    if [ -f "$HEBB_SOURCE/results/bench.jsonl" ]; then
        check "docs/performance.md has the tables of results/" sh "$HEBB_SOURCE/tools/write_performance.sh" --check
    fi
else
    skip "the dumped network" "python3 is not there"
fi
bad_use() { "$bench" "$@" 2>"$work/said"; [ $? = 2 ] && grep -q -e "$words" "$work/said"; }
words="--list"
check "an unknown workload" bad_use w99
words="--wrong"
check "an unknown option" bad_use w1 --wrong 3
finish
