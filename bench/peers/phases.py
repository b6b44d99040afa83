"""The table of hebb's own figures, from the rows that tools/bench.sh wrote."""
import json
import sys


def label(row):
    if row["phase"] == "epoch":
        return "%s, an epoch of %d samples" % (row["workload"], row["samples"])
    sizes = "-".join(str(n) for n in row["sizes"])
    return "%s (%s, T=%d, B=%d)" % (row["workload"], sizes, row["steps"], row["batch"])


def main():
    kept = {}
    with open(sys.argv[1]) as f:
        for line in f:
            row = json.loads(line)
            kept.setdefault((label(row), row["threads"]), {})[row["phase"]] = row  # the latest
    print("| workload | threads | forward ms | backward ms | all ms, median (least) | of CPU | peak MB |")
    print("|---|---|---|---|---|---|---|")
    marks = []
    for (name, threads), phases in kept.items():
        row = phases.get("total") or phases["epoch"]

        def ms(phase, key="seconds_median"):
            return "%.3g" % (1000 * phases[phase][key]) if phase in phases else ""
        whole = "%.3g (%.3g)" % (1000 * row["seconds_median"], 1000 * row["seconds_min"])
        cpu = ms("total", "cpu_seconds_median")
        print("| %s | %d | %s | %s | %s | %s | %.0f |" % (
            name, threads, ms("forward"), ms("backward"), whole, cpu, row["peak_bytes"] / 1e6))
        mark = "%s, commit %s" % (row["machine"], row["commit"])
        if mark not in marks:
            marks.append(mark)
    print("\nMeasured on: %s." % "; ".join(marks))


if __name__ == "__main__":
    main()
