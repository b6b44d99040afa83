#!/usr/bin/env python3
"""Runs the workloads of hebb-bench beside their peers, interleaved (peer, hebb, peer, hebb, ...),
with the same number of threads, and writes rows of JSON and a table of Markdown. Workloads that
the file of rows already has for this commit, machine and thread count are left alone, so that a
run that was stopped goes on. Sees the standard library only; the peers run in their own Python."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ALL = ["torch", "torch-autograd", "snntorch", "spikingjelly", "norse"]
BIG = ["torch", "snntorch", "spikingjelly"]
PEERS = {
    "w1": ALL + ["torch-compile", "spyx"], "w2": ALL + ["spyx"], "w1_clif": ["torch"], "w2_clif": ["torch"],
    "recurrent": ["torch"], "infer": ["torch", "snntorch"],
    "w3_512": ALL, "w3_512_dx": ALL, "w3_512_real": ALL,
    "w3_2048": BIG, "w3_2048_dx": BIG, "w3_2048_real": BIG,
    "diehl_cook_400": ["bindsnet", "brian2"], "diehl_cook_1600": ["bindsnet", "brian2"],
    "spaic_stdp": ["spaic"], "spaic": ["spaic"],
}
SCRIPT = {"bindsnet": "plastic.py", "brian2": "plastic.py", "spaic": "plastic.py",
          "spyx": "jax_spyx.py"}


def run(command, limit):
    """Rows and one line of error."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return [], "took more than %d s" % limit
    rows = []
    for line in done.stdout.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            pass
    if done.returncode or not rows:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return [], last[:300]
    return rows, None


def hebb(o, workload, *more):
    return [o.bench, workload, "--threads", str(o.threads), *more]


def measure(o, workload):
    """The rows of all systems, several rounds interleaved and put together."""
    dump = os.path.join(o.out, "dump", workload)
    os.makedirs(os.path.dirname(dump), exist_ok=True)
    rows, why = run(hebb(o, workload, "--seconds", "0", "--repeats", "1", "--dump", dump), 300)
    if why:
        print("%s: hebb: %s" % (workload, why))
        return []
    gathered, failed = [], {}
    rounds = 1 if "2048" in workload else o.rounds
    for _ in range(rounds):
        for system in PEERS[workload]:
            if (o.systems and system not in o.systems) or system in failed:
                continue
            script = os.path.join(HERE, SCRIPT.get(system, "gradient.py"))
            command = [o.python, script, system, dump, "--threads", str(o.threads),
                       "--seconds", str(o.seconds), "--repeats", str(o.repeats)]
            rows, why = run(command, o.limit)
            if why:
                failed[system] = why
                print("%s: %s: %s" % (workload, system, why), flush=True)
                continue
            gathered += rows
            mine, why = run(hebb(o, workload, "--seconds", str(o.seconds)), o.limit)
            gathered += mine
    shutil.rmtree(dump, ignore_errors=True)
    for system, why in failed.items():
        gathered.append({"workload": workload, "system": system, "phase": "failed",
                         "threads": o.threads, "error": why})
    return [dict(row, machine=o.machine, commit=o.commit, command=o.command)
            for row in together(gathered)]


def together(rows):
    """One row for each system and phase: the median of the rounds' medians, least and most."""
    kept = {}
    for row in rows:
        kept.setdefault((row["system"], row["phase"]), []).append(row)
    ours, ours_cpu = {}, {}
    for (system, phase), group in kept.items():
        if system == "hebb":
            ours[phase] = statistics.median(r["seconds_median"] for r in group)
            ours_cpu[phase] = statistics.median(r["cpu_seconds_median"] for r in group)
    out = []
    for (_, phase), group in kept.items():
        row = dict(group[0])
        if phase != "failed":
            medians = [r["seconds_median"] for r in group]
            row.update(seconds_median=statistics.median(medians),
                       seconds_min=min(r["seconds_min"] for r in group),
                       cpu_seconds_median=statistics.median(r["cpu_seconds_median"] for r in group),
                       seconds_spread=[min(medians), max(medians)],
                       rounds=len(group), repeats=sum(r["repeats"] for r in group),
                       peak_bytes=max(r["peak_bytes"] for r in group),
                       peak_above_start_bytes=max(r["peak_above_start_bytes"] for r in group))
            row.pop("seconds_max", None)
            if phase in ours:
                row["ratio_to_hebb"] = row["seconds_median"] / ours[phase]
                row["cpu_ratio_to_hebb"] = row["cpu_seconds_median"] / ours_cpu[phase]
        out.append(row)
    return out


def milliseconds(seconds):
    return "%.3g" % (1000 * seconds) if seconds < 1 else "%.0f" % (1000 * seconds)


def memory_ratio(peer, mine):
    """Brian2's program is compiled and run on its own, so its process says nothing."""
    if peer["system"] == "brian2":
        return "-"
    return "%.1f" % (peer["peak_above_start_bytes"] / mine["peak_above_start_bytes"])


def summary(rows):
    """Markdown: hebb beside the fastest peer of each workload; its phases by themselves where w3 asks for them."""
    lines = ["| workload | phase | threads | hebb ms | fastest peer | its ms | ratio | ratio of CPU time | ratio of memory "
             "above start |", "|---|---|---|---|---|---|---|---|---|"]
    kept = {}
    for row in rows:
        products = row["workload"].startswith("w3")
        if row["phase"] in (("forward", "backward") if products else ("total",)):
            kept.setdefault((row["workload"], row["phase"], row["threads"]), []).append(row)
    for (workload, phase, threads), group in kept.items():
        mine = [r for r in group if r["system"] == "hebb"]
        peers = [r for r in group if r["system"] != "hebb"]
        if not mine or not peers:
            continue
        best = min(peers, key=lambda r: r["seconds_median"])
        lines.append("| %s | %s | %d | %s | %s | %s | %.1f | %.1f | %s |" % (
            workload, phase, threads, milliseconds(mine[0]["seconds_median"]), best["system"],
            milliseconds(best["seconds_median"]), best["seconds_median"] / mine[0]["seconds_median"],
            best["cpu_seconds_median"] / mine[0]["cpu_seconds_median"],
            memory_ratio(best, mine[0])))
    return lines + [""]


def table(rows):
    """Markdown: a summary, then a line for each workload, system and phase of interest."""
    lines = summary(rows) + ["| workload | system | phase | threads | ms, median (spread) | x hebb (by CPU time) | MB above start "
             "| output spikes a neuron and step | same answers? |", "|---|---|---|---|---|---|---|---|---|"]
    versions, marks = {}, []
    for row in rows:
        mark = "%s, commit %s" % (row["machine"], row["commit"])
        if mark not in marks:
            marks.append(mark)
        if row["phase"] == "failed":
            lines.append("| %s | %s | not measured: %s |||||||" % (
                row["workload"], row["system"], row["error"].replace("|", "/")))
            continue
        if row["phase"] not in ("total", "forward", "backward"):
            continue
        if row["phase"] == "forward" and "infer" in row["workload"]:
            continue
        versions[row["system"]] = row["version"]
        low, high = row.get("seconds_spread", [row["seconds_median"]] * 2)
        rates = row.get("spikes_per_neuron_step")
        shown = 1 if row["workload"] == "spaic_stdp" else -1
        rate = row.get("output_rate", rates[shown] if rates else 0)
        lines.append("| %s | %s | %s | %d | %s (%s to %s) | %.2f (%.2f) | %.0f | %s | %s |" % (
            row["workload"], row["system"], row["phase"], row["threads"],
            milliseconds(row["seconds_median"]), milliseconds(low), milliseconds(high),
            row.get("ratio_to_hebb", 1), row.get("cpu_ratio_to_hebb", 1),
            row["peak_above_start_bytes"] / 1e6, "%.2g" % rate,
            row.get("check", "")))
    lines.append("")
    lines.append("Versions: %s." % "; ".join(sorted(set(versions.values()))))
    lines.append("")
    lines += ["Measured on: %s." % mark for mark in marks]
    return "\n".join(lines) + "\n"


def machine():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return "%s, %d cores" % (names[0] if names else "unknown", os.cpu_count())


def commit():
    def git(*arguments):
        return subprocess.run(["git", *arguments], capture_output=True, text=True, cwd=HERE)
    name = git("rev-parse", "--short", "HEAD").stdout.strip() or "none"
    return name + ("-changed" if git("diff", "--quiet", "HEAD").returncode else "")


def read(path):
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*")
    parser.add_argument("--bench", default="build/release/hebb-bench")
    parser.add_argument("--python", default="build/peers-venv/bin/python")
    parser.add_argument("--out", default="build/bench")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.5, help="a process")
    parser.add_argument("--repeats", type=int, default=100, help="at most, of a peer's process")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--limit", type=int, default=240, help="seconds until a process is stopped")
    parser.add_argument("--systems", nargs="*", default=[])
    parser.add_argument("--again", action="store_true", help="measure what is there, too")
    parser.add_argument("--table", metavar="ROWS", help="only print the table of a file of rows")
    o = parser.parse_args()
    if o.table:
        print(table(read(o.table)), end="")
        return
    for name in o.workloads:
        if name not in PEERS:
            parser.error("no workload %s; there are %s" % (name, " ".join(PEERS)))
    os.environ.update(OMP_NUM_THREADS=str(o.threads), OPENBLAS_NUM_THREADS=str(o.threads),
                      MKL_NUM_THREADS=str(o.threads))
    o.machine, o.commit = machine(), commit()
    o.command = "make bench-peers"
    path = os.path.join(o.out, "peers.jsonl")
    os.makedirs(o.out, exist_ok=True)
    for workload in o.workloads or PEERS:
        kept = read(path)

        def same(row, workload=workload):
            return row["workload"] == workload and row["threads"] == o.threads
        done = any(same(r) and r["commit"] == o.commit and r["machine"] == o.machine for r in kept)
        if done and not o.again:
            print("%s: there already" % workload, flush=True)
            continue
        rows = measure(o, workload)
        kept = [r for r in read(path) if not same(r)] + rows
        with open(path + ".new", "w") as f:
            f.writelines(json.dumps(r) + "\n" for r in kept)
        os.replace(path + ".new", path)
        with open(os.path.join(o.out, "peers.md"), "w") as f:
            f.write(table(kept))
        print("%s: done" % workload, flush=True)
    print(table([r for r in read(path) if r["phase"] in ("total", "backward", "forward", "failed")]))
    print("rows: %s" % path, file=sys.stderr)


if __name__ == "__main__":
    main()
