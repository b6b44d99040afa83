# %% [markdown]
# # Learning by reward
#
# The network answers, and is told one number: how good the answer was. Between reinforcement and
# synapse stands an *eligibility trace*, which remembers which synapses took part; the reward then
# decides whether they grow or shrink (reward-modulated STDP).

# %%
import os

import numpy as np

import hebb

pictures = os.environ.get("HEBB_PICTURES", ".")
label_num, pop_size, run_time, time_step = 10, 10, 50.0, 50
train, test = hebb.Strokes(limit=12000), hebb.Strokes(is_train=False, limit=500)

# %% [markdown]
# ## The network
# 2,000 neurons see random patches of the image; their weights stay as they are. Ten populations of
# ten compete, and the first to fire answers. The reward and the rule are the Learner chapter's.


# %%
class Digits(hebb.Network):
    def __init__(self):
        super().__init__(dt=1.0, latency='same_step')
        self.input = hebb.Encoder(num=784, coding_method='bernoulli', max_prob=0.2)
        self.layer2 = hebb.NeuronGroup(2000, model='lif', tau_m=20.0, v_th=3.2)
        self.layer3 = hebb.NeuronGroup(label_num * pop_size, model='wta_lif', tau_m=20.0,
                                       pop_size=pop_size, v_th=400.0, start_time=40.0)
        self.connection2 = hebb.Connection(self.input, self.layer2, link_type='patches', margin=2)
        self.connection3 = hebb.Connection(self.layer2, self.layer3, w_mean=10.0, w_std=0.28,
                                           w_min=0, w_max=20)
        self.output = hebb.Decoder(num=label_num * pop_size, dec_target=self.layer3,
                                   coding_method='spike_counts', pop_size=pop_size)
        self.reward = hebb.Reward(num=label_num, dec_target=self.layer3, coding_time=run_time,
                                  coding_method='global_reward', pop_size=pop_size,
                                  dec_sample_step=time_step)
        self._learner = hebb.Learner(trainable=[self.connection3], algorithm='RSTDP', lr=1,
                                     A_plus=1e-1, A_minus=-1e-2)
        self.spikes = hebb.SpikeMonitor(self.layer3)


net = Digits()

# %% [markdown]
# ## The loop
# `net.reward(label)` says what the next run is judged by. `net.reward.values` are the rewards that
# it gave: +1 for the right answer, -1 for a wrong one.

# %%
rewards = []
for data, label in hebb.Dataloader(train, batch_size=1):
    net.input(data)
    net.reward(label)
    net.run(run_time)
    rewards.append(net.reward.values.sum())
steps = np.array(rewards).reshape(24, -1).mean(1)
print("mean reward, 500 samples each:", " ".join(f"{r:+.2f}" for r in steps))

# %% [markdown]
# ## Testing
# `eval` lets the weights rest.

# %%
net.eval()
confusion = np.zeros((10, 10), int)
for data, label in hebb.Dataloader(test, batch_size=100):
    net.input(data)
    net.run(run_time)
    np.add.at(confusion, (label, net.output.predict.argmax(1)), 1)
accuracy = confusion.trace() / confusion.sum()
print(f"test accuracy by reward alone: {100 * accuracy:.1f} %")

# %%
try:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(16, 5))
    hebb.plot.curve(steps, ylabel="mean reward", xlabel="500 samples", ax=axes[0])
    hebb.plot.raster(net.spikes, ax=axes[1])
    hebb.plot.confusion(confusion, ax=axes[2])
    figure.tight_layout()
    figure.savefig(os.path.join(pictures, "reward.png"))
except ImportError:
    print("the pictures need matplotlib")

# %% [markdown]
# ## Further
# - Leave out `net.reward(label)`: a warning says that nothing is learned, and nothing is.
# - `algorithm='RSTDPET'` has a trace that decays; `print(hebb.Neuron.Rewards)` shows every reward.
# - An agent: `hebb.Action` chooses, `environment_reward` takes any number from you.
