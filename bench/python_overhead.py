"""What Python costs: a batch through 784-400-10 against the same calls from C.

Two lines: the package's input / run / predict beside hebb_net_input, _run and _predict called with
nothing around them, and its loop of training beside hebb_fit's own (C alone), with the share by
which Python is slower; user and system time of this process, the median of interleaved rounds.
Usage: python_overhead.py [ROUNDS]
"""
import ctypes
import os
import resource
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

import numpy as np  # noqa: E402

import hebb  # noqa: E402
from hebb import _lib  # noqa: E402

BATCH, STEPS, BATCHES = 100, 20, 20


def network(threads=1):
    """784 Poisson inputs, 400 hidden, 10 outputs."""
    net = hebb.Network(dt=1.0, threads=threads)
    net.input = hebb.Encoder(num=784, coding_method='poisson')
    net.layer1 = hebb.NeuronGroup(400, model='lif')
    net.layer2 = hebb.NeuronGroup(10, model='lif')
    net.connection1 = hebb.Connection(net.input, net.layer1, link_type='full')
    net.connection2 = hebb.Connection(net.layer1, net.layer2, link_type='full')
    net.output = hebb.Decoder(num=10, dec_target=net.layer2, coding_method='spike_counts')
    net.learner = hebb.Learner(trainable=net, algorithm='STCA', alpha=0.5)
    net.learner.set_optimizer('Adam', 0.001)
    return net


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_python(net, samples, labels, epoch):
    for first in range(0, BATCH * BATCHES, BATCH):
        places = np.arange(first, first + BATCH)
        net.presentation(epoch, places)
        net.input(samples[first:first + BATCH])
        net.run(STEPS)
        loss = hebb.functional.cross_entropy(net.output.predict, labels[first:first + BATCH])
        net.learner.optim_zero_grad()
        loss.backward()
        net.learner.optim_step()
        loss.item()


def read_in_python(net, samples):
    for first in range(0, BATCH * BATCHES, BATCH):
        net.input(samples[first:first + BATCH])
        net.run(STEPS)
        net.output.predict


def read_in_c(net, samples):
    handle, name, output = net._net, _lib.text(net.input.id), _lib.text(net.output.id)
    values, batch, classes = ctypes.POINTER(ctypes.c_float)(), ctypes.c_size_t(), ctypes.c_size_t()
    into = ctypes.byref(values), ctypes.byref(batch), ctypes.byref(classes)
    for first in range(0, BATCH * BATCHES, BATCH):
        here = samples[first:first + BATCH]
        for status in (_lib.lib.hebb_net_input(handle, name, here.ctypes.data, BATCH, 784),
                       _lib.lib.hebb_net_run(handle, float(STEPS)),
                       _lib.lib.hebb_net_predict(handle, output, *into)):
            assert status in (None, 0)


def compare(what, in_c, in_python, rounds):
    times = []
    for _round in range(rounds):
        start = cpu()
        in_c()
        middle = cpu()
        in_python()
        times.append((middle - start, cpu() - middle))
    c, python = (statistics.median(each) / BATCHES * 1000 for each in zip(*times))
    share = statistics.median(b / a - 1 for a, b in times)
    print(f"{what}: C {c:.3f} ms, Python {python:.3f} ms: {100 * share:+.1f} %")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    samples, labels = hebb.Strokes(limit=BATCH * BATCHES).arrays()
    ours, theirs = network(), network()
    theirs.fit((samples, labels), batch_size=BATCH, time=STEPS, shuffle=False)
    in_python(ours, samples, labels, 1)
    print(f"784-400-10, batch {BATCH}, {STEPS} steps, one thread, CPU time of a batch")
    compare("a training batch", lambda: theirs.fit((samples, labels), batch_size=BATCH, time=STEPS,
                                                   shuffle=False),
            lambda: in_python(ours, samples, labels, 1), rounds)
    reader = network()
    reader.train(False)
    read_in_python(reader, samples)
    compare("input, run, predict", lambda: read_in_c(reader, samples),
            lambda: read_in_python(reader, samples), rounds)


if __name__ == "__main__":
    main()
