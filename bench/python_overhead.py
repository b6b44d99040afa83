"""What Python costs: a batch through 784-400-10 against the same calls from C.

Three lines: a batch through hebb_fit's own loop (C alone), the package's
input / run / predict / loss / backward / step, and the share by which Python is slower; user and
system time of this process, the median of interleaved rounds. Usage: python_overhead.py [ROUNDS]
"""
import os
import resource
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

import numpy as np  # noqa: E402

import hebb  # noqa: E402

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


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    samples, labels = hebb.Strokes(limit=BATCH * BATCHES).arrays()
    ours, theirs = network(), network()
    theirs.fit((samples, labels), batch_size=BATCH, time=STEPS, shuffle=False)
    in_python(ours, samples, labels, 1)
    times = []
    for _round in range(rounds):
        start = cpu()
        theirs.fit((samples, labels), batch_size=BATCH, time=STEPS, shuffle=False)
        middle = cpu()
        in_python(ours, samples, labels, 1)
        times.append((middle - start, cpu() - middle))
    c, python = (statistics.median(each) / BATCHES * 1000 for each in zip(*times))
    share = statistics.median(b / a - 1 for a, b in times)
    print(f"784-400-10, batch {BATCH}, {STEPS} steps, one thread, CPU time of a training batch")
    print(f"hebb_fit {c:.3f} ms, Python's own loop {python:.3f} ms: {100 * share:+.1f} %")


if __name__ == "__main__":
    main()
