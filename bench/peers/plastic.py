"""Networks that learn by plasticity, in BindsNET, Brian2 (C++ standalone) and SPAIC, and SPAIC's
own MNIST example. Prints rows of JSON with the rates of both layers: a silent network is fast for
nothing."""
import argparse
import collections.abc
import contextlib
import importlib.machinery
import importlib.metadata
import io
import os
import sys
import time
import types

import numpy as np

from common import Clock, Work, repeat


def stub(name):
    """A module that is imported and not used here (data sets and pictures)."""
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    module.__path__ = []

    def attribute(key):
        if key.startswith("__"):
            raise AttributeError(key)
        return type(key, (), {})
    module.__getattr__ = attribute
    sys.modules[name] = module
    return module


def import_bindsnet():
    """BindsNET of PyPI expects an older torch and a torchvision: both only for its data sets."""
    try:
        import torchvision  # noqa: F401
    except Exception:
        top = stub("torchvision")
        for part in ("datasets", "transforms", "utils", "io", "datasets.utils"):
            module = stub("torchvision." + part)
            if "." not in part:
                setattr(top, part, module)
    six = types.ModuleType("torch._six")
    six.container_abcs, six.string_classes = collections.abc, (str, bytes)
    six.int_classes = (int,)
    sys.modules.setdefault("torch._six", six)
    from bindsnet.models import DiehlAndCook2015
    from bindsnet.network.monitors import Monitor
    return DiehlAndCook2015, Monitor


def say(clock, work, o, version, inputs, outputs, what):
    cells = work.steps * work.batch
    rates = [inputs / (cells * work.sizes[0]), outputs / (cells * work.sizes[1])]
    clock.rows(work.workload, o.system, version, o.threads, check=what,
               spikes_per_neuron_step=rates, output_spikes_per_sample=outputs / work.batch)


def bindsnet(work, o):
    import torch
    torch.set_num_threads(o.threads)
    with contextlib.redirect_stdout(io.StringIO()):
        Model, Monitor = import_bindsnet()
    net = Model(n_inpt=784, n_neurons=work.sizes[1], dt=work.dt, norm=78.4)
    monitor = Monitor(net.layers["Ae"], ["s"], time=work.steps)
    images = work.images.reshape(-1, 784)
    clock, count, fired, came = Clock(), 0, [], []

    def once():
        nonlocal count
        p = torch.from_numpy(images[count % len(images)] * 0.06375 * work.dt)
        count += 1
        spikes = (torch.rand(work.steps, 1, 784) < p).byte()
        came.append(float(spikes.sum()))
        clock.timed("total", lambda: net.run(inputs={"X": spikes}, time=work.steps * work.dt))
        net.reset_state_variables()
    once()
    clock.wall, clock.cpu = {}, {}
    repeat(o.seconds, o.repeats, once)
    net.add_monitor(monitor, "spikes")
    p = torch.from_numpy(images[0] * 0.06375 * work.dt)
    net.run(inputs={"X": (torch.rand(work.steps, 1, 784) < p).byte()}, time=work.steps * work.dt)
    fired = float(monitor.get("s").sum())
    version = "bindsnet %s, torch %s" % (importlib.metadata.version("bindsnet"), torch.__version__)
    say(clock, work, o, version, np.mean(came), fired,
        "DiehlAndCook2015: current-based LIF with an inhibitory layer; not hebb's equations")


EQUATIONS = """
dv/dt = ((v_rest - v) + ge*(0*mV - v) + gi*(-100*mV - v)) / (100*ms) : volt (unless refractory)
dge/dt = -ge/(1*ms) : 1
dgi/dt = -gi/(2*ms) : 1
dtheta/dt = -theta/(7e6*ms) : volt
"""


def brian2(work, o):
    """Diehl and Cook's excitatory neurons with lateral inhibition and their published rule."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import brian2 as b2
    from brian2 import ms, mV, Hz  # noqa: F401
    folder = os.path.join(o.dump, "brian2")
    n, samples = work.sizes[1], o.samples
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    if o.threads > 1:
        b2.prefs.devices.cpp_standalone.openmp_threads = o.threads
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b2.defaultclock.dt = work.dt * ms
    clock = Clock()
    v_rest = -65 * mV  # noqa: F841
    rates = np.repeat(np.asarray(work.images.reshape(-1, 784)[:samples], float), 1, axis=0)
    table = b2.TimedArray(rates * 63.75 * Hz, dt=work.steps * work.dt * ms)  # noqa: F841
    source = b2.PoissonGroup(784, rates="table(t, i)")
    growth = 0.1 if n > 1000 else 0.05
    cells = b2.NeuronGroup(n, EQUATIONS, threshold="v > -72*mV + theta",
                           reset="v = v_rest; theta += %g*mV" % growth, refractory=5 * ms,
                           method="euler")
    cells.v, cells.theta = v_rest, 20 * mV
    learned = b2.Synapses(source, cells, """w : 1
        dpre/dt = -pre/(20*ms) : 1 (event-driven)
        dpost1/dt = -post1/(20*ms) : 1 (event-driven)
        dpost2/dt = -post2/(40*ms) : 1 (event-driven)""",
                          on_pre="ge_post += w; pre = 1; w = clip(w - 0.0001*post1, 0, 1)",
                          on_post="w = clip(w + 0.01*pre*post2, 0, 1); post1 = 1; post2 = 1")
    learned.connect()
    learned.w = "78.0/784 * 2*rand()"
    lateral = b2.Synapses(cells, cells, on_pre="gi_post += 17")
    lateral.connect(condition="i != j")
    out, came = b2.SpikeMonitor(cells, record=False), b2.SpikeMonitor(source, record=False)
    net = b2.Network(source, cells, learned, lateral, out, came)
    net.run(samples * work.steps * work.dt * ms)
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        b2.device.build(directory=folder, compile=True, run=False, debug=False)
    built = time.perf_counter() - started
    for _ in range(o.runs):
        b2.device.run(directory=folder, with_output=False, run_args=[])
        seconds = b2.device._last_run_time / samples
        clock.wall.setdefault("total", []).append(seconds)
        clock.cpu.setdefault("total", []).append(seconds)
    version = "brian2 %s, C++ standalone" % importlib.metadata.version("brian2")
    what = ("the network of hebb without normalising and one_winner; its own run time, "
            "without %.0f s of compiling" % built)
    say(clock, work, o, version, came.num_spikes / samples, out.num_spikes / samples, what)


def spaic_net(work, o):
    import torch
    torch.set_num_threads(o.threads)
    with contextlib.redirect_stdout(io.StringIO()):
        import spaic
    plastic = work.workload == "spaic_stdp"
    run_time = work.steps * work.dt
    backend = spaic.Torch_Backend("cpu")
    backend.dt = work.dt
    n = work.sizes[1]

    class Net(spaic.Network):
        def __init__(self):
            super().__init__()
            self.input = spaic.Encoder(num=784, coding_time=run_time, coding_method="poisson",
                                       unit_conversion=0.25 if plastic else 1.0)
            model = "lifstdp_ex" if plastic else "lif"
            self.layer1 = spaic.NeuronGroup(n, model=model)
            if plastic:
                self.layer2 = spaic.NeuronGroup(n, model="lifstdp_ih")
            self.output = spaic.Decoder(num=n, dec_target=self.layer1, coding_time=run_time,
                                        coding_method="spike_counts")
            weight = np.random.rand(n, 784) * 0.3 if plastic else work.layers()[0]
            self.connection1 = spaic.Connection(self.input, self.layer1, link_type="full",
                                                weight=weight)
            if plastic:
                eye = np.eye(n)
                self.connection2 = spaic.Connection(self.layer1, self.layer2, link_type="full",
                                                    weight=eye * 23)
                self.connection3 = spaic.Connection(self.layer2, self.layer1, link_type="full",
                                                    weight=(1 - eye) * -120)
                self.learner = spaic.Learner(algorithm="full_online_stdp",
                                             trainable=self.connection1)
            else:
                self.learner = spaic.Learner(algorithm="STCA", trainable=self, alpha=0.5)
                self.learner.set_optimizer("Adam", 1e-9)
            self.set_backend(backend)

    with contextlib.redirect_stdout(io.StringIO()):
        net = Net()
        net.build(backend)
    return spaic, net, run_time


def spaic(work, o):
    import torch
    _, net, run_time = spaic_net(work, o)
    labels = torch.from_numpy(work.labels[:work.batch])
    clock, count, said = Clock(), 0, []

    def forward():
        nonlocal count
        net.input(work.images[count % len(work.images)])
        count += 1
        net.run(run_time)
        return net.output.predict

    def once():
        if work.workload == "spaic_stdp":
            said.append(float(clock.timed("total", forward).sum()))
            return
        out = clock.timed("forward", forward)
        said.append(float(out.sum()))
        loss = clock.timed("loss", lambda: torch.nn.functional.cross_entropy(out, labels))
        net.learner.optim_zero_grad()
        clock.timed("backward", loss.backward)
        clock.timed("step", net.learner.optim_step)
        clock.total(["forward", "loss", "backward", "step"])
    once()
    clock.wall, clock.cpu = {}, {}
    repeat(o.seconds, o.repeats, once)
    version = "SPAIC %s, torch %s" % (importlib.metadata.version("SPAIC"), torch.__version__)
    scale = 0.25 if work.workload == "spaic_stdp" else 1.0
    came = float(work.images.mean()) * scale * work.dt * work.steps * work.batch * 784
    say(clock, work, o, version, came, float(np.mean(said)),
        "trains are drawn by each side; the forward phase includes the encoder")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=["bindsnet", "brian2", "spaic"])
    parser.add_argument("dump")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--samples", type=int, default=20, help="presentations of a Brian2 run")
    parser.add_argument("--runs", type=int, default=2, help="Brian2 runs")
    o = parser.parse_args()
    np.random.seed(1)
    globals()[o.system](Work(o.dump), o)


if __name__ == "__main__":
    main()
