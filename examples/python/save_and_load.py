"""SPAIC's example of saving: train a little, save, load, and get the same answers.

SPAIC's network begins with a convolution, for which hebb has no link yet; a full connection
stands in its place.
"""
import numpy as np

import arguments
import hebb as spaic
import hebb.functional as F
from hebb.Library import Network_loader, Network_saver

args = arguments.read(__doc__, train=10000)
train_set, test_set = arguments.sets(args)
dt, run_time = 0.1, 3.0
train_loader = spaic.Dataloader(train_set, batch_size=100, shuffle=False, drop_last=False)


class TestNet(spaic.Network):
    def __init__(self):
        super(TestNet, self).__init__()
        self.input = spaic.Encoder(shape=(1, 28, 28), coding_method='poisson')
        self.layer1 = spaic.NeuronGroup(shape=(4, 13, 13), model='if')
        self.layer3 = spaic.NeuronGroup(shape=(10,), model='if')
        self.connection1 = spaic.Connection(self.input, self.layer1, link_type='full')
        self.connection3 = spaic.Connection(self.layer1, self.layer3, link_type='full')
        self._learner = spaic.Learner(algorithm='STCA', trainable=[self])
        self._learner.set_optimizer('Adam', 0.001)
        self.output = spaic.Decoder(num=10, dec_target=self.layer3, time=run_time,
                                    coding_method='spike_counts')
        self.monitor2 = spaic.SpikeMonitor(self.layer3)
        self.monitor3 = spaic.StateMonitor(self.layer3, 'V')


net = TestNet()
net.set_backend(spaic.Torch_Backend('cpu'))
net.set_backend_dt(dt)
net.build()
for epoch in range(args.epochs):
    right = 0
    for data, label in train_loader:
        net.input(data.reshape(-1, 1, 28, 28))
        net.run(run_time)
        output = net.output.predict
        batch_loss = F.cross_entropy(output, label)
        net._learner.optim_zero_grad()
        batch_loss.backward()
        net._learner.optim_step()
        right += (output.argmax(1) == label).sum()
    print(f"epoch {epoch}: training: accuracy {100 * right / len(train_set):.2f} %")

Network_saver.network_save(Net=net, path=args.out, filename="saved_net", combine=False,
                           save_weight=True)
load_net = Network_loader.network_load(path=args.out, filename="saved_net", device='cpu',
                                       load_weight=True)


def answers(which):
    which.presentation(0, np.arange(100))  # the same spikes for both
    which.input(test_set.arrays()[0][:100])
    which.run(run_time)
    return np.asarray(which.output.predict)


same = np.array_equal(answers(net), answers(load_net))
print("the loaded network answers", "the same" if same else "something else")
