#!/bin/sh
# The table of results/results.jsonl as Markdown: a row for each command, over its seeds; where a
# command was run again, the last time counts. `make results` puts it into docs/results.md and,
# shorter (--short), between the marks of README.md.
cd "$(dirname "$0")/.." || exit 1
awk -v short="${1:-}" '
function text(key,    part) { # of the first "key": "..."
    if (!match($0, "\"" key "\": \"[^\"]*\"")) return ""
    part = substr($0, RSTART, RLENGTH)
    sub("^\"" key "\": \"", "", part)
    return substr(part, 1, length(part) - 1)
}
function seconds(t) { return t < 100 ? sprintf("%.2g", t) : sprintf("%.0f", t) }
function number(key,    part) {
    if (!match($0, "\"" key "\": [-0-9.e+]+")) return 0
    part = substr($0, RSTART, RLENGTH)
    sub("^\"" key "\": ", "", part)
    return part + 0
}
function readouts(    part, list, i, pair, n) { # "vote": 0.9, ... of each group and seed
    if (!match($0, "\"readouts\": \\{[^}]*")) return
    part = substr($0, RSTART, RLENGTH)
    sub("^\"readouts\": \\{", "", part)
    n = split(part, list, ", ")
    for (i = 1; i <= n; i++) {
        split(list[i], pair, ": ")
        gsub("\"", "", pair[1])
        method[group, i] = pair[1]
        read_by[group, seed, i] = 100 * pair[2]
    }
    methods[group] = n
}
{
    command = text("command")
    if (!match(command, / --seed [0-9]+/)) next
    seed = substr(command, RSTART + 8, RLENGTH - 8)
    group = substr(command, 1, RSTART - 1) substr(command, RSTART + RLENGTH)
    if (!(group in seeds)) order[++groups] = group
    if (index(" " seeds[group] " ", " " seed " ") == 0) seeds[group] = seeds[group] (seeds[group] == "" ? "" : " ") seed
    accuracy[group, seed] = 100 * number("test_accuracy")
    epoch[group, seed] = number("seconds_per_epoch")
    memory[group, seed] = number("peak_memory_bytes") / 1e6
    readouts()
    epochs[group] = number("epochs")
    data[group] = text("data")
    machine[group] = text("machine")
    commit[group] = text("commit")
}
END {
    if (short != "") print "| data | test accuracy | epochs | s an epoch | MB | command |\n|---|---|---|---|---|---|"
    else print "| command | data | seeds | test accuracy, mean (lowest to highest) | epochs | s an epoch | MB | machine | commit |\n|---|---|---|---|---|---|---|---|---|"
    for (g = 1; g <= groups; g++) {
        group = order[g]
        n = split(seeds[group], list, " ")
        sum = time = most = 0; others = ""
        low = 101; high = -1
        for (i = 1; i <= n; i++) {
            a = accuracy[group, list[i]]
            sum += a; time += epoch[group, list[i]]
            if (memory[group, list[i]] > most) most = memory[group, list[i]]
            if (a < low) low = a
            if (a > high) high = a
        }
        for (k = 2; k <= methods[group]; k++) {
            total = 0
            for (i = 1; i <= n; i++) total += read_by[group, list[i], k]
            others = others sprintf(", %s %.2f %%", method[group, k], total / n)
        }
        if (methods[group] > 1) others = " " method[group, 1] others
        if (short != "") {
            printf "| %s | %.2f %%%s | %d | %s | %.0f | `%s` |\n", data[group], sum / n, others, epochs[group],
                seconds(time / n), most, group
        } else {
            printf "| `%s` | %s | %s | %.2f %% (%.2f to %.2f)%s | %d | %.3g | %.0f | %s | %s |\n", group, data[group],
                seeds[group], sum / n, low, high, others, epochs[group], time / n, most, machine[group], commit[group]
        }
    }
}' results/results.jsonl
