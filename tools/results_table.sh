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
{
    command = text("command")
    if (!match(command, / --seed [0-9]+/)) next
    seed = substr(command, RSTART + 8, RLENGTH - 8)
    group = substr(command, 1, RSTART - 1) substr(command, RSTART + RLENGTH)
    if (!(group in seeds)) order[++groups] = group
    if (index(" " seeds[group] " ", " " seed " ") == 0) seeds[group] = seeds[group] (seeds[group] == "" ? "" : " ") seed
    accuracy[group, seed] = 100 * number("test_accuracy")
    epoch[group, seed] = number("seconds_per_epoch")
    epochs[group] = number("epochs")
    data[group] = text("data")
    machine[group] = text("machine")
    commit[group] = text("commit")
}
END {
    if (short != "") print "| data | test accuracy | epochs | s an epoch | command |\n|---|---|---|---|---|"
    else print "| command | data | seeds | test accuracy, mean (lowest to highest) | epochs | s an epoch | machine | commit |\n|---|---|---|---|---|---|---|---|"
    for (g = 1; g <= groups; g++) {
        group = order[g]
        n = split(seeds[group], list, " ")
        sum = time = 0
        low = 101; high = -1
        for (i = 1; i <= n; i++) {
            a = accuracy[group, list[i]]
            sum += a; time += epoch[group, list[i]]
            if (a < low) low = a
            if (a > high) high = a
        }
        if (short != "") {
            printf "| %s | %.2f %% | %d | %s | `%s` |\n", data[group], sum / n, epochs[group], seconds(time / n), group
        } else {
            printf "| `%s` | %s | %s | %.2f %% (%.2f to %.2f) | %d | %.3g | %s | %s |\n", group, data[group],
                seeds[group], sum / n, low, high, epochs[group], time / n, machine[group], commit[group]
        }
    }
}' results/results.jsonl
