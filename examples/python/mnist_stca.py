"""SPAIC's first example: ten LIF neurons learn MNIST by STCA.

Of SPAIC's script the import and the loss have changed: hebb.functional stands for PyTorch's, and
the network learns without PyTorch (mnist_stca_torch.py keeps PyTorch's). Its StateMonitor of the
input is left out: 500 steps of 784 neurons for each sample, which nobody reads.
"""
import arguments
import hebb as spaic
import hebb.functional as F

args = arguments.read(__doc__)
train_set, test_set = arguments.sets(args)
run_time = 50.0
train_loader = spaic.Dataloader(train_set, batch_size=100, shuffle=True, drop_last=False, seed=0)
test_loader = spaic.Dataloader(test_set, batch_size=100, shuffle=False)


class TestNet(spaic.Network):
    def __init__(self):
        super(TestNet, self).__init__()
        self.input = spaic.Encoder(num=784, coding_method='poisson')
        self.layer1 = spaic.NeuronGroup(10, model='lif')
        self.output = spaic.Decoder(num=10, dec_target=self.layer1, coding_method='spike_counts')
        self.connection1 = spaic.Connection(pre=self.input, post=self.layer1, link_type='full')
        self.learner = spaic.Learner(trainable=self, algorithm='STCA')
        self.learner.set_optimizer('Adam', 0.001)
        backend = spaic.Torch_Backend('cpu')
        backend.dt = 0.1
        self.set_backend(backend)
        self.spk_l1 = spaic.SpikeMonitor(self.layer1, 'O')


def passed(net, loader, learn):
    """One pass over the data: mean loss and accuracy."""
    loss_sum = right = count = 0
    for data, label in loader:
        net.input(data)
        net.run(run_time)
        output = F.standardise(net.output.predict)  # over the batch, as SPAIC's script does
        loss = F.cross_entropy(output, label)
        if learn:
            net.learner.optim_zero_grad()
            loss.backward()
            net.learner.optim_step()
        loss_sum += loss.item()
        right += (output.argmax(1) == label).sum()
        count += len(label)
    return loss_sum / len(loader), right / count


Net = TestNet()
Net.build()
for epoch in range(args.epochs):
    loss, accuracy = passed(Net, train_loader, learn=True)
    print(f"epoch {epoch}: training: loss {loss:.4f}, accuracy {100 * accuracy:.2f} %")
    Net.eval()
    loss, accuracy = passed(Net, test_loader, learn=False)
    Net.train()
    print(f"epoch {epoch}: test: loss {loss:.4f}, accuracy {100 * accuracy:.2f} %")
