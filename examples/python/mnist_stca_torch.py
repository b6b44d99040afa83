"""The same with PyTorch's own loss: `import hebb.torch as spaic` is all that a script changes.

Needs PyTorch. The tensor's backward() reaches the engine, which computes the gradients.
"""
import torch
import torch.nn.functional as F

import arguments
import hebb.torch as spaic

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


def answers(net, data):
    net.input(data)
    net.run(run_time)
    output = net.output.predict
    return (output - torch.mean(output).detach()) / (torch.std(output).detach() + 0.1)


Net = TestNet()
Net.build()
for epoch in range(args.epochs):
    for data, label in train_loader:
        label = torch.tensor(label, device='cpu')
        batch_loss = F.cross_entropy(answers(Net, data), label)
        Net.learner.optim_zero_grad()
        batch_loss.backward(retain_graph=False)
        Net.learner.optim_step()
    right = 0
    with torch.no_grad():
        for data, label in test_loader:
            right += (torch.argmax(answers(Net, data), 1) == torch.tensor(label)).sum().item()
    print(f"epoch {epoch}: test: accuracy {100 * right / len(test_set):.2f} %")
