"""What the peers share: the networks that `hebb-bench --dump` wrote, clocks, memory, rows."""
import contextlib
import json
import os
import time

import numpy as np


def memory(key):
    """Bytes of "VmRSS" or "VmHWM" of this process."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    return 0


class Work:
    """One workload: sizes, the input that hebb had, its weights, loss and gradients."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "meta.json")) as f:
            self.__dict__.update(json.load(f))
        shape = (self.steps, self.batch, self.sizes[0])
        if self.real:
            self.input = self.floats("input").reshape(shape)
        else:
            self.input = np.fromfile(os.path.join(folder, "input.u8"), np.uint8).reshape(shape)
        self.labels = np.fromfile(os.path.join(folder, "labels.i32"), np.int32).astype(np.int64)
        self.upstream = self.floats("upstream").reshape(self.batch, self.sizes[-1])
        self.images = None
        if os.path.exists(os.path.join(folder, "images.f32")):
            self.images = self.floats("images").reshape(-1, self.batch, 784)

    def floats(self, name):
        return np.fromfile(os.path.join(self.folder, name + ".f32"), np.float32)

    def weight(self, name, post, pre, gradient=False):
        return self.floats(name + ".weight" + (".grad" if gradient else "")).reshape(post, pre)

    def layers(self):
        return [self.weight("c%d" % (k + 1), n, self.sizes[k]) for k, n in enumerate(self.sizes[1:])]


def apart(mine, theirs):
    """Largest difference over the largest value of theirs."""
    return float(np.abs(np.asarray(mine) - theirs).max() / max(np.abs(theirs).max(), 1e-30))


class Clock:
    def __init__(self):
        self.wall, self.cpu = {}, {}
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")  # the peak counts from here on, without imports
        self.start_bytes = memory("VmRSS")

    def timed(self, phase, call):
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        self.wall.setdefault(phase, []).append(time.perf_counter() - wall)
        self.cpu.setdefault(phase, []).append(time.process_time() - cpu)
        return result

    def total(self, phases):
        for kept in (self.wall, self.cpu):
            kept.setdefault("total", []).append(sum(kept[p][-1] for p in phases))

    def rows(self, workload, system, version, threads, **more):
        peak = memory("VmHWM")
        for phase, wall in self.wall.items():
            cpu = self.cpu[phase]
            row = {
                "workload": workload, "system": system, "phase": phase, "threads": threads,
                "seconds_median": float(np.median(wall)), "seconds_min": min(wall),
                "seconds_max": max(wall), "cpu_seconds_median": float(np.median(cpu)),
                "cpu_seconds_min": min(cpu), "repeats": len(wall), "peak_bytes": peak,
                "peak_above_start_bytes": peak - self.start_bytes, "version": version,
            }
            row.update(more)
            print(json.dumps(row), flush=True)


def repeat(seconds, most, once):
    """Once to warm up, then for so many seconds, at least twice, at most `most` times."""
    end = time.perf_counter() + seconds
    for i in range(most):
        if i >= 2 and time.perf_counter() > end:
            break
        once()
