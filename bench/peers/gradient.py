"""Networks that learn by gradients, in PyTorch and the libraries on it, in their best form:
each Linear over all steps at once wherever there is no recurrence, then the neurons step by step.
Prints rows of JSON; `check` says how far loss and gradients are from hebb's."""
import argparse
import importlib.metadata

import numpy as np
import torch
import torch.nn.functional as F

from common import Clock, Work, apart, repeat

DECAY = 0.9


class Window(torch.autograd.Function):
    """A spike where x > 0; its gradient passes where |x| < 0.5."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.abs() < 0.5)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]


class Lif(torch.autograd.Function):
    """A whole sequence of LIF neurons with its backward pass written by hand: the fastest
    that PyTorch's own operations gave, and a tape of two bytes a neuron and step."""

    @staticmethod
    def forward(ctx, current):
        spikes = torch.empty_like(current)
        fired = torch.empty(current.shape, dtype=torch.bool)
        window = torch.empty_like(fired)
        v = torch.zeros_like(current[0])
        for t in range(len(current)):
            v.mul_(DECAY).add_(current[t])
            torch.gt(v, 1, out=fired[t])
            torch.lt((v - 1).abs_(), 0.5, out=window[t])
            v.masked_fill_(fired[t], 0)
            spikes[t] = fired[t]
        ctx.save_for_backward(fired, window)
        return spikes

    @staticmethod
    def backward(ctx, grad):
        fired, window = ctx.saved_tensors
        out = grad * window
        carried = torch.zeros_like(grad[0])
        for t in range(len(grad) - 1, -1, -1):
            out[t].add_(carried.masked_fill_(fired[t], 0))
            torch.mul(out[t], DECAY, out=carried)
        return out


def torch_hand(work):
    return lambda layer, current: Lif.apply(current)


def torch_autograd(work):
    def run(layer, current):
        v, out = torch.zeros_like(current[0]), []
        for x in current.unbind(0):
            u = DECAY * v + x
            s = Window.apply(u - 1)
            v = u * (1 - s.detach())
            out.append(s)
        return torch.stack(out)
    return run


def torch_compile(work):
    """The same, its whole sequence compiled by torch.compile: the loop over time is unrolled."""
    plain = torch_autograd(work)
    compiled = torch.compile(lambda current: plain(0, current), dynamic=False)
    return lambda layer, current: compiled(current)


def clif(work):
    """SPAIC's clif: two traces, a reset trace, trained V0 (decays at dt 1 ms)."""
    p, q, e = np.exp(-1 / 12), np.exp(-1 / 8), np.exp(-1 / 20)
    beta = 12 / 8
    v0 = beta ** (beta / (beta - 1)) / (beta - 1)
    gains = [torch.full((n,), v0, requires_grad=True) for n in work.sizes[1:]]

    def run(layer, current):
        driven, out = current * gains[layer], []
        M = S = E = torch.zeros_like(current[0])
        for x in driven.unbind(0):
            M, S = p * M + x, q * S + x
            s = Window.apply(M - S - E - 1)
            E = e * E + s.detach()
            out.append(s)
        return torch.stack(out)
    run.gains = gains
    return run


def snntorch(work):
    import snntorch as snn
    lif = [snn.Leaky(beta=DECAY, spike_grad=Window.apply, reset_mechanism="zero")
           for _ in work.sizes[1:]]

    def run(layer, current):
        mem, out = lif[layer].init_leaky(), []
        for x in current.unbind(0):
            s, mem = lif[layer](x, mem)
            out.append(s)
        return torch.stack(out)
    return run


def spikingjelly(work):
    from spikingjelly.activation_based import functional, neuron, surrogate
    lif = [neuron.LIFNode(tau=10.0, decay_input=False, v_threshold=1.0, v_reset=0.0,
                          surrogate_function=surrogate.Rect(alpha=1.0), detach_reset=True,
                          step_mode="m") for _ in work.sizes[1:]]

    def run(layer, current):
        functional.reset_net(lif[layer])
        return lif[layer](current)
    return run


def norse(work):
    from norse.torch.functional import lif_box as box
    p = box.LIFBoxParameters(tau_mem_inv=torch.as_tensor(100.0), alpha=torch.as_tensor(100.0))

    def run(layer, current):
        state, out = box.LIFBoxFeedForwardState(v=torch.zeros_like(current[0])), []
        for x in (10 * current).unbind(0):  # norse scales the input by dt / tau
            s, state = box.lif_box_feed_forward_step(x, state, p, 0.001)
            out.append(s)
        return torch.stack(out)
    return run


SYSTEMS = {"torch": torch_hand, "torch-autograd": torch_autograd,
           "torch-compile": torch_compile, "snntorch": snntorch,
           "spikingjelly": spikingjelly, "norse": norse}


class Net:
    def __init__(self, work, system, dtype=torch.float32):
        self.work, self.system = work, system
        self.neurons = clif(work) if work.model == "clif" else SYSTEMS[system](work)
        self.weights = [torch.tensor(w, dtype=dtype, requires_grad=True) for w in work.layers()]
        self.rec = None
        if work.recurrent:
            n = work.sizes[1]
            self.rec = torch.tensor(work.weight("rec", n, n), requires_grad=True)
        self.params = list(self.weights) + getattr(self.neurons, "gains", [])
        if self.rec is not None:
            self.params.append(self.rec)
        self.optim = torch.optim.Adam(self.params, lr=1e-9)

    def recurrent(self, x):
        """One step of delay on every link, as hebb's latency one_step."""
        current = x @ self.weights[0].t()
        v, s, out = torch.zeros_like(current[0]), torch.zeros_like(current[0]), []
        before = torch.zeros_like(current[0])
        for c in current.unbind(0):
            u = DECAY * v + before + s @ self.rec.t()
            s, before = Window.apply(u - 1), c
            v = u * (1 - s.detach())
            out.append(s)
        hidden = torch.stack(out)
        late = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
        return torch_hand(self.work)(1, late @ self.weights[1].t()).sum(0)

    def forward(self, x):
        if self.rec is not None:
            return self.recurrent(x)
        for k, w in enumerate(self.weights):
            x = self.neurons(k, x @ w.t())
        return x.sum(0)

    def loss(self, out, labels):
        if self.work.product:
            return (out * torch.from_numpy(self.work.upstream)).sum()
        return F.cross_entropy(out, labels)


def spikes_in(work, i):
    if work.images is None:
        return torch.from_numpy(np.asarray(work.input, np.float32))
    images = torch.from_numpy(work.images[i % len(work.images)])
    return torch.bernoulli(images.expand(work.steps, -1, -1))


def in_double(work, net):
    """The same in float64: how far hebb is from it, and how far PyTorch's float32. A spike at the
    edge of the threshold or a window falls either way by the order of a sum."""
    exact = Net(work, "torch-autograd", torch.float64)
    x = torch.from_numpy(work.input.astype(np.float64))
    exact.loss(exact.forward(x), torch.from_numpy(work.labels[:work.batch])).backward()
    mine, theirs = [], []
    for k, (w, f) in enumerate(zip(exact.weights, net.weights)):
        truth = w.grad.numpy()
        mine.append(apart(work.weight("c%d" % (k + 1), *w.shape, gradient=True), truth))
        theirs.append(apart(f.grad.numpy(), truth))
    return "from float64, hebb is %.1e apart, this %.1e: spikes that flip at the threshold" % (
        max(mine), max(theirs))


def check(net):
    work = net.work
    x = torch.from_numpy(work.input.astype(np.float32)).requires_grad_(bool(work.relay))
    out = net.forward(x)
    loss = net.loss(out, torch.from_numpy(work.labels[:work.batch]))
    said, rate = [], out.detach().mean().item() / work.steps
    if work.workload == "infer":
        return "output rate %.6g, hebb %.6g" % (rate, work.rates[-1]), rate
    loss.backward()
    if not work.product:
        said.append("loss %.6g, hebb %.6g" % (loss.item(), work.loss))
    for k, w in enumerate(net.weights):
        mine = work.weight("c%d" % (k + 1), *w.shape, gradient=True)
        said.append("dW%d apart %.1e" % (k + 1, apart(w.grad.numpy(), mine)))
    if work.relay:
        mine = work.floats("c0.weight.grad")
        said.append("dX apart %.1e" % apart((x.grad * x.detach()).sum((0, 1)).numpy(), mine))
    worst = max(float(part.split()[-1]) for part in said if " apart " in part)
    if net.system == "torch" and worst > 1e-4 and not work.recurrent:
        said.append(in_double(work, net))
    if net.system == "norse":
        said.append("its SuperSpike in place of the box, so other gradients")
    return "; ".join(said), rate


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("dump")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--repeats", type=int, default=200)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    work = Work(o.dump)
    if work.model == "clif" and not o.system.startswith("torch"):
        raise SystemExit("has no clif neuron")
    if work.recurrent and o.system != "torch":
        raise SystemExit("not written for the recurrent workload; torch stands for it")
    net = Net(work, o.system)
    clock = Clock()
    same, rate = check(net)
    labels = torch.from_numpy(work.labels[:work.batch])
    clock.wall.clear()
    count = 0
    infer = work.workload == "infer"

    def once():
        nonlocal count
        x = clock.timed("input", lambda: spikes_in(work, count))
        count += 1
        if infer:
            with torch.inference_mode():
                clock.timed("forward", lambda: net.forward(x))
            return clock.total(["input", "forward"])
        x.requires_grad_(bool(work.relay))
        out = clock.timed("forward", lambda: net.forward(x))
        loss = clock.timed("loss", lambda: net.loss(out, labels))
        net.optim.zero_grad(set_to_none=False)
        clock.timed("backward", loss.backward)
        phases = ["input", "forward", "loss", "backward"]
        if not work.product:
            clock.timed("step", net.optim.step)
            phases.append("step")
        clock.total(phases)

    once()
    clock.wall, clock.cpu = {}, {}
    repeat(o.seconds, o.repeats, once)
    name = o.system.split("-")[0]
    version = "%s %s, torch %s" % (o.system, importlib.metadata.version(name), torch.__version__)
    clock.rows(work.workload, o.system, version, o.threads, check=same, output_rate=rate)


if __name__ == "__main__":
    main()
