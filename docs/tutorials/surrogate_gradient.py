# %% [markdown]
# # Learning by surrogate gradient
#
# A spike is a step: its slope is zero, and once infinite. Backpropagation through time becomes
# possible when the backward pass sees a smooth window in its place, a *surrogate*. Here a network
# with one hidden layer learns drawn digits in a few seconds, and we look at what it does.
#
# This file is a notebook in percent format: Jupyter (with jupytext), VS Code and Spyder open it
# cell by cell; `python3 docs/tutorials/surrogate_gradient.py` runs it and writes the pictures.

# %%
import os

import numpy as np

import hebb
import hebb.functional as F

pictures = os.environ.get("HEBB_PICTURES", ".")  # where the pictures go
train, test = hebb.Strokes(limit=4000), hebb.Strokes(is_train=False, limit=500)

# %% [markdown]
# ## The network
# An encoder draws Bernoulli spikes from the brightness of each point. LIF neurons hide behind it;
# `li` neurons, which have a potential and do not fire, give the answer by their mean potential.


# %%
class Digits(hebb.Network):
    def __init__(self):
        super().__init__(dt=1.0, latency='same_step')
        start = hebb.kaiming_uniform(a=2.236)
        self.input = hebb.Encoder(num=784, coding_method='bernoulli')
        self.hidden = hebb.NeuronGroup(100, model='lif', tau_m=5.0)
        self.answer = hebb.NeuronGroup(10, model='li', tau_m=10.0)
        self.c1 = hebb.Connection(self.input, self.hidden, weight=start)
        self.c2 = hebb.Connection(self.hidden, self.answer, weight=start)
        self.output = hebb.Decoder(num=10, dec_target=self.answer, coding_method='voltage_mean')
        self.learner = hebb.Learner(trainable=self, algorithm='STCA', alpha=0.5)
        self.learner.set_optimizer('Adam', 0.002)
        self.spikes = hebb.SpikeMonitor(self.hidden)
        self.potential = hebb.StateMonitor(self.answer, 'V')


net = Digits()

# %% [markdown]
# ## The loop
# Present a batch for 20 ms, read the answer, compute the loss, send its gradient back, step.

# %%
losses, accuracies = [], []
for epoch in range(4):
    total = 0.0
    for data, label in hebb.Dataloader(train, batch_size=50, shuffle=True, seed=epoch):
        net.input(data)
        net.run(20.0)
        loss = F.cross_entropy(net.output.predict, label)
        net.learner.optim_zero_grad()
        loss.backward()
        net.learner.optim_step()
        total += loss.item()
    losses.append(total / 80)
    result = net.evaluate(test, batch_size=100, time=20.0)
    accuracies.append(result["accuracy"])
    print(f"epoch {epoch + 1}: loss {losses[-1]:.3f}, test accuracy {100 * accuracies[-1]:.1f} %")

# %% [markdown]
# The same loop in the library, for when nothing in it is yours:
# `net.fit(train, epochs=4, batch_size=50, time=20.0, test=test, progress=True)`.
#
# ## What it does
# One sample again: the spikes of the hidden neurons and the potentials of the ten that answer.

# %%
samples, labels = test[:1]
net.eval()
net.input(samples)
net.run(20.0)
print("label", labels[0], "- answer", int(np.argmax(net.output.predict[0])))
try:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(10, 8))
    hebb.plot.raster(net.spikes, ax=axes[0, 0])
    hebb.plot.trace(net.potential, neurons=range(10), ax=axes[0, 1])
    hebb.plot.curve({"loss": losses, "accuracy": accuracies}, ax=axes[1, 0])
    hebb.plot.confusion(result, ax=axes[1, 1])
    figure.tight_layout()
    figure.savefig(os.path.join(pictures, "surrogate_gradient.png"))
except ImportError:
    print("the pictures need matplotlib")

# %% [markdown]
# ## Further
# - Another window: `Learner(algorithm='sbp', surrogate='atan')`; `hebb.names("surrogate")` lists them.
# - `hebb.info("STCA")` has the equation, the parameters and the source.
# - `net.save("digits.yaml")` writes a file that the command `hebb` reads.
