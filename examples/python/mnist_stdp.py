"""SPAIC's STDP example: excitatory and inhibitory neurons, no labels while it learns.

Each neuron is then given the label that it fired most for, and the label whose neurons fire most
is the answer. Of SPAIC's script the import and the bookkeeping in NumPy have changed.
"""
import numpy as np

import arguments
import hebb as spaic

args = arguments.read(__doc__, train=10000, test=1000)
train_set, test_set = arguments.sets(args)
np.random.seed(0)
backend = spaic.Torch_Backend('cpu')
backend.dt = 0.1
run_time = 256 * backend.dt
node_num, label_num = 784, 100
train_loader = spaic.Dataloader(train_set, batch_size=1, shuffle=False, drop_last=False)
test_loader = spaic.Dataloader(test_set, batch_size=100, shuffle=False)


class TestNet(spaic.Network):
    def __init__(self):
        super(TestNet, self).__init__()
        self.input = spaic.Encoder(num=node_num, time=run_time, coding_method='poisson',
                                   unit_conversion=0.6375)
        self.layer1 = spaic.NeuronGroup(label_num, model='lifstdp_ex')
        self.layer2 = spaic.NeuronGroup(label_num, model='lifstdp_ih')
        self.output = spaic.Decoder(num=label_num, dec_target=self.layer1, time=run_time,
                                    coding_method='spike_counts')
        one = np.eye(label_num)
        self.connection1 = spaic.Connection(self.input, self.layer1, link_type='full',
                                            weight=np.random.rand(label_num, 784) * 0.3)
        self.connection2 = spaic.Connection(self.layer1, self.layer2, link_type='full',
                                            weight=one * 22.5)
        self.connection3 = spaic.Connection(self.layer2, self.layer1, link_type='full',
                                            weight=(1 - one) * -120)
        self._learner = spaic.Learner(algorithm='nearest_online_stdp', trainable=self.connection1,
                                      run_time=run_time)
        self.mon_weight = spaic.StateMonitor(self.connection1, 'weight')
        self.set_backend(backend)


Net = TestNet()
Net.build(backend)
for epoch in range(args.epochs):
    fired, shown = np.zeros((10, label_num)), np.zeros(10)
    for data, label in train_loader:
        Net.input(data)
        Net.run(run_time)
        fired[label[0]] += Net.output.predict[0]
        shown[label[0]] += 1
    assigned = (fired / np.maximum(shown, 1)[:, None]).argmax(0)  # a label for each neuron

    Net.eval()
    groups = np.stack([assigned == label for label in range(10)]).astype(float)
    right = 0
    for data, label in test_loader:
        Net.input(data)
        Net.run(run_time)
        votes = np.asarray(Net.output.predict) @ groups.T / np.maximum(groups.sum(1), 1)
        right += (votes.argmax(1) == label).sum()
    Net.train()
    print(f"epoch {epoch}: test: accuracy {100 * right / len(test_set):.2f} %")

try:
    Net.mon_weight.plot_weight(side=28, n_sqrt=10).figure.savefig(f"{args.out}/stdp_weights.png")
    print(f"the weights: {args.out}/stdp_weights.png")
except ImportError as problem:
    print(problem)
