"""SPAIC's example of assemblies: parts with parts of their own, connected by projections.

SPAIC's script writes two neuron models of its own in PyTorch; here their equations are 'lif'. It
also leaves the assembly without input; the projection `conn1_3` gives it one, and the learning rate is higher.
"""
import arguments
import hebb as spaic
import hebb.functional as F
from hebb.connection import IncludedTypePolicy

args = arguments.read(__doc__, train=6000, test=1000)
train_set, test_set = arguments.sets(args)
run_time = 50.0
train_loader = spaic.Dataloader(train_set, batch_size=100, shuffle=True, drop_last=False, seed=0)
test_loader = spaic.Dataloader(test_set, batch_size=100, shuffle=False)


class Assemb1(spaic.Assembly):
    def __init__(self):
        super(Assemb1, self).__init__()
        self.assemb_layer1 = spaic.NeuronGroup(100, model='lif', neuron_type=['entry'])
        self.assemb_layer2 = spaic.NeuronGroup(78, model='lif', neuron_type=['exc'])
        self.assemb_layer3 = spaic.NeuronGroup(10, model='lif', neuron_type=['exc'])
        self.assemb_conn12 = spaic.Connection(self.assemb_layer1, self.assemb_layer2)
        self.assemb_conn23 = spaic.Connection(self.assemb_layer2, self.assemb_layer3)
        self.assemb_conn13 = spaic.Connection(self.assemb_layer1, self.assemb_layer3)


class TestNet(spaic.Network):
    def __init__(self):
        super(TestNet, self).__init__()
        self.input = spaic.Encoder(num=784, coding_method='poisson')
        self.layer1 = spaic.NeuronGroup(100, model='lif')
        self.layer3 = Assemb1()
        self.layer4 = spaic.NeuronGroup(10, model='lif')
        self.output = spaic.Decoder(num=10, dec_target=self.layer4, coding_method='spike_counts')
        self.conn1 = spaic.Connection(self.input, self.layer1, link_type='full')
        self.conn1_3 = spaic.Projection(self.layer1, self.layer3, link_type='full',
                                        policies=[IncludedTypePolicy(post_types=['entry'])])
        self.conn3_4 = spaic.Projection(self.layer3, self.layer4, link_type='full',
                                        policies=[IncludedTypePolicy(pre_types=['exc'])])
        self.learner = spaic.Learner(trainable=self, algorithm='STCA', alpha=1.0)
        self.learner.set_optimizer('Adam', 0.005)
        self.set_backend_dt(dt=1.0)
        self.mon_V = spaic.StateMonitor(self.layer1, 'V')
        self.spk_l1 = spaic.SpikeMonitor(self.layer1, 'O')


Net = TestNet()
Net.build()
print("connections:", ", ".join(name for name in Net.parameters() if name.endswith("weight")))
for epoch in range(args.epochs):
    for learn, loader in ((True, train_loader), (False, test_loader)):
        Net.train(learn)
        right = count = 0
        for data, label in loader:
            Net.input(data)
            Net.run(run_time)
            output = F.standardise(Net.output.predict)
            if learn:
                batch_loss = F.cross_entropy(output, label)
                Net.learner.optim_zero_grad()
                batch_loss.backward()
                Net.learner.optim_step()
            right += (output.argmax(1) == label).sum()
            count += len(label)
        print(f"epoch {epoch}: {'training' if learn else 'test'}: "
              f"accuracy {100 * right / count:.2f} %")
