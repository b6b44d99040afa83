"""The Learner chapter's third example in full: ten populations learn digits by reward alone.

2,000 neurons see random patches of the image; of the ten populations the first to fire answers,
and one number, whether the answer was right, is all that the network is told.
"""
import arguments
import hebb as spaic

args = arguments.read(__doc__, train=12000, test=1000)
train_set, test_set = arguments.sets(args)
label_num, pop_size, run_time, time_step = 10, 10, 50.0, 50


class TestNet(spaic.Network):
    def __init__(self):
        super(TestNet, self).__init__(dt=1.0, latency='same_step')
        self.input = spaic.Encoder(num=784, coding_method='bernoulli', max_prob=0.2)
        self.layer2 = spaic.NeuronGroup(2000, model='lif', tau_m=20.0, v_th=3.2)
        self.layer3 = spaic.NeuronGroup(label_num * pop_size, model='wta_lif', tau_m=20.0,
                                        pop_size=pop_size, v_th=400.0, start_time=40.0)
        self.connection2 = spaic.Connection(self.input, self.layer2, link_type='patches', margin=2)
        self.connection3 = spaic.Connection(self.layer2, self.layer3, link_type='full',
                                            w_mean=10.0, w_std=0.28, w_min=0, w_max=20)
        self.output = spaic.Decoder(num=label_num * pop_size, dec_target=self.layer3,
                                    coding_method='spike_counts', pop_size=pop_size)
        self.reward = spaic.Reward(num=label_num, dec_target=self.layer3, coding_time=run_time,
                                   coding_method='global_reward', pop_size=pop_size,
                                   dec_sample_step=time_step)
        self._learner = spaic.Learner(trainable=[self.connection3], algorithm='RSTDP', lr=1,
                                      A_plus=1e-1, A_minus=-1e-2)


Net = TestNet()
for epoch in range(args.epochs):
    for data, label in spaic.Dataloader(train_set, batch_size=1):
        Net.input(data)
        Net.reward(label)
        Net.run(run_time)
        output = Net.output.predict
        Net._learner.optim_step()
    Net.eval()
    right = 0
    for data, label in spaic.Dataloader(test_set, batch_size=100):
        Net.input(data)
        Net.run(run_time)
        right += (Net.output.predict.argmax(1) == label).sum()
    Net.train()
    print(f"epoch {epoch}: test: accuracy {100 * right / len(test_set):.2f} %")
