# %% [markdown]
# # Learning by spike timing
#
# No labels, no gradient: a synapse grows where its input fired shortly before its neuron, and
# shrinks elsewhere (spike-timing-dependent plasticity). With competition between the neurons each
# comes to stand for a pattern of its own. This is the network of Diehl & Cook (2015), small.

# %%
import os

import numpy as np

import hebb

pictures = os.environ.get("HEBB_PICTURES", ".")
neurons, time = 100, 250.0
train, test = hebb.Strokes(limit=3000), hebb.Strokes(is_train=False, limit=300)

# %% [markdown]
# ## The network
# Input drives the conductance `ge` of the excitatory neurons. Who fires holds the others down
# (link `lateral`, conductance `gi`), and its own threshold rises a little, so that others get
# their turn. `w_norm` keeps the sum of each neuron's weights at 78.


# %%
class Digits(hebb.Network):
    def __init__(self):
        super().__init__(dt=0.5, seed=1)
        self.input = hebb.Encoder(num=784, coding_method='poisson', unit_conversion=0.3)
        self.excitatory = hebb.NeuronGroup(neurons, model='diehl_cook_exc', one_winner=True)
        self.c1 = hebb.Connection(self.input, self.excitatory, post_var_name='ge',
                                  weight=hebb.uniform(a=0.003, b=0.3))
        self.inhibition = hebb.Connection(self.excitatory, self.excitatory, link_type='lateral',
                                          w_mean=17, post_var_name='gi')
        self.output = hebb.Decoder(num=neurons, dec_target=self.excitatory)
        self.learner = hebb.Learner(trainable=self.c1, algorithm='diehl_cook', w_norm=78)
        self.spikes = hebb.SpikeMonitor(self.excitatory)


net = Digits()

# %% [markdown]
# ## Watching
# The samples go by, one after the other. Nothing is called beside `run`: the rule works while the
# network runs. We only note who fired for what.

# %%
fired, shown = np.zeros((10, neurons)), np.zeros(10)
for number, (data, label) in enumerate(hebb.Dataloader(train, batch_size=1)):
    net.input(data)
    net.run(time)
    if number >= len(train) // 2:  # by then they have settled
        fired[label[0]] += net.output.predict[0]
        shown[label[0]] += 1

# %% [markdown]
# ## Reading it
# Each neuron gets the label that it fired most for; the label whose neurons fire most, on average,
# is the answer. `eval` lets the weights rest.

# %%
assigned = (fired / shown[:, None]).argmax(0)
groups = np.stack([assigned == label for label in range(10)]).astype(float)
net.eval()
confusion = np.zeros((10, 10), int)
for data, label in hebb.Dataloader(test, batch_size=100):
    net.input(data)
    net.run(time)
    votes = np.asarray(net.output.predict) @ groups.T / np.maximum(groups.sum(1), 1)
    np.add.at(confusion, (label, votes.argmax(1)), 1)
accuracy = confusion.trace() / confusion.sum()
print(f"test accuracy without a label while it learned: {100 * accuracy:.1f} %")
print("sum of each neuron's weights:", np.unique(net.c1.weight.sum(1).round(2)))

# %% [markdown]
# ## What the neurons stand for
# The weights of a neuron, laid out as the image that it prefers.

# %%
try:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(16, 5))
    hebb.plot.weights(net.c1, side=28, ax=axes[0])
    hebb.plot.raster(net.spikes, ax=axes[1])
    hebb.plot.confusion(confusion, ax=axes[2])
    figure.tight_layout()
    figure.savefig(os.path.join(pictures, "stdp.png"))
except ImportError:
    print("the pictures need matplotlib")

# %% [markdown]
# ## Further
# - `examples/mnist_diehl_cook_400.yaml` is this network at full size, for `hebb train`.
# - SPAIC's pair rules: `algorithm='nearest_online_stdp'` and `'full_online_stdp'`;
#   `print(hebb.Learning.STDP_Learner)` shows the parameters of all.
