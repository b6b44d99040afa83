"""The Learner chapter of SPAIC: its three examples and its training loop as printed.

The lines between "as printed" and "end" are the chapter's, to the letter; the class bodies around
them are ours. `import hebb as spaic` is what a reader does.
"""
import textwrap
import unittest

import numpy as np

import hebb
import hebb as spaic

EXAMPLE_1 = """
        self.learner = spaic.Learner(trainable=self, algorithm='STCA', alpha=0.5)
        self.learner.set_optimizer('Adam', 0.001)
        self.learner.set_schedule('StepLR', 0.01)
"""
EXAMPLE_2 = """
        #STDP learner
        self._learner = spaic.Learner(trainable=self.connection1, algorithm='full_online_STDP', w_norm=3276.8)
"""
EXAMPLE_3 = """
        # global reward
        self.reward = spaic.Reward(num=label_num, dec_target=self.layer3, coding_time=run_time,
                                     coding_method='global_reward', pop_size=pop_size, dec_sample_step=time_step)
        # RSTDP
        self._learner = spaic.Learner(trainable=[self.connection3], algorithm='RSTDP',
                                 lr=1, A_plus=1e-1, A_minus=-1e-2)
"""
LOOP = """
        Net.input(data)
        Net.reward(label)
        Net.run(run_time)
        output = Net.output.predict
        Net._learner.optim_step()
"""


def as_printed(code, name="spaic", **values):
    """Runs the chapter's lines; `name` is what the package was imported as."""
    space = dict(values, spaic=spaic, hebb=hebb)
    exec(textwrap.dedent(code).replace("spaic.", name + "."), space)
    return space


class Example1(unittest.TestCase):
    """STCA, Adam and StepLR."""

    def network(self, name):
        class TestNet(spaic.Network):
            def __init__(self):
                super(TestNet, self).__init__()
                self.input = spaic.Encoder(num=784, coding_method='poisson')
                self.layer1 = spaic.NeuronGroup(200, model='lif')
                self.layer2 = spaic.NeuronGroup(10, model='lif')
                self.connection1 = spaic.Connection(self.input, self.layer1, link_type='full')
                self.connection2 = spaic.Connection(self.layer1, self.layer2, link_type='full')
                self.output = spaic.Decoder(num=10, dec_target=self.layer2,
                                            coding_method='spike_counts')
                as_printed(EXAMPLE_1, name, self=self)
                backend = spaic.Torch_Backend('cpu')
                backend.dt = 1.0
                self.set_backend(backend)

        return TestNet()

    def learn(self, Net, epochs, samples):
        train = spaic.Dataloader(hebb.Strokes(limit=samples), batch_size=25, shuffle=True, seed=1)
        for _epoch in range(epochs):
            for data, label in train:
                Net.input(data)
                Net.run(20.0)
                output = hebb.functional.standardise(Net.output.predict)
                batch_loss = hebb.functional.cross_entropy(output, label)
                Net.learner.optim_zero_grad()
                batch_loss.backward()
                Net.learner.optim_step()
            Net.learner.optim_schedule()
        return batch_loss

    def accuracy(self, Net):
        right = 0
        for data, label in spaic.Dataloader(hebb.Strokes(is_train=False, limit=500), 100):
            Net.input(data)
            Net.run(20.0)
            right += int((Net.output.predict.argmax(1) == label).sum())
        return right / 500

    def test_it_learns_above_90_percent(self):
        Net = self.network("spaic")
        loss = self.learn(Net, 10, 4000)
        self.assertIsInstance(loss.item(), float)
        self.assertGreater(self.accuracy(Net), 0.9)

    def test_both_names_give_the_same_bits(self):
        nets = [self.network(name) for name in ("spaic", "hebb")]
        for net in nets:
            self.learn(net, 1, 200)
        first, second = (net.parameters() for net in nets)
        for name, values in first.items():
            self.assertTrue(np.array_equal(values, second[name]), name)

    def test_the_schedule_is_a_factor(self):
        Net = self.network("spaic")
        Net.build()
        self.assertEqual(Net.learner.lr, 0.001)
        for _step in range(30):  # StepLR's own step_size
            Net.learner.optim_schedule()
        self.assertAlmostEqual(Net.learner.lr, 0.001 * 0.01, places=12)


class Example2(unittest.TestCase):
    """full_online_STDP honours w_norm."""

    def test_rows_are_normalised(self):
        for name in ("spaic", "hebb"):
            class TestNet(spaic.Network):
                def __init__(self):
                    super(TestNet, self).__init__()
                    self.input = spaic.Encoder(num=784, coding_method='poisson',
                                               unit_conversion=0.6375)
                    self.layer1 = spaic.NeuronGroup(20, model='lifstdp_ex')
                    self.connection1 = spaic.Connection(self.input, self.layer1, link_type='full',
                                                        weight=np.random.rand(20, 784) * 0.3)
                    as_printed(EXAMPLE_2, name, self=self)

            Net = TestNet()
            data, _label = hebb.Strokes(limit=1)[0:1]
            Net.input(data)
            Net.run(25.6)
            sums = np.abs(Net.connection1.weight).sum(1)
            np.testing.assert_allclose(sums, 3276.8, rtol=1e-5)


label_num, pop_size, run_time, time_step = 10, 10, 30.0, 30


def trained_below():
    """Weights of two layers that Example 1's rule taught; the third learns by reward alone."""
    class Below(spaic.Network):
        def __init__(self):
            super(Below, self).__init__(dt=1.0, latency='same_step')
            self.input = spaic.Encoder(num=784, coding_method='poisson')
            self.layer1 = spaic.NeuronGroup(150, model='lif')
            self.layer2 = spaic.NeuronGroup(10, model='li', tau_m=20.0)
            self.connection1 = spaic.Connection(self.input, self.layer1, link_type='full')
            self.connection2 = spaic.Connection(self.layer1, self.layer2, link_type='full')
            self.output = spaic.Decoder(num=10, dec_target=self.layer2,
                                        coding_method='final_step_voltage')
            self.learner = spaic.Learner(trainable=self, algorithm='STCA', alpha=0.5)
            self.learner.set_optimizer('Adam', 0.001)

    net = Below()
    net.fit(hebb.Strokes(limit=4000), epochs=5, batch_size=25, time=20)
    return net.connection1.weight, net.connection2.weight


class Example3(unittest.TestCase):
    """RSTDP by a global reward, and the chapter's training loop.

    The chapter's rule has no baseline under its reward, so that it learns well only which class
    means what: the two layers below were trained before, without knowing the populations of
    layer3. From random features it comes to 0.7 in 16,000 samples.
    """

    SAMPLES = 3000

    @classmethod
    def setUpClass(cls):
        cls.below = trained_below()

    def network(self, name="spaic"):
        below = self.below

        class TestNet(spaic.Network):
            def __init__(self):
                super(TestNet, self).__init__(dt=1.0, latency='same_step')
                self.input = spaic.Encoder(num=784, coding_method='poisson')
                self.layer1 = spaic.NeuronGroup(150, model='lif')
                self.layer2 = spaic.NeuronGroup(10, model='wta_lif', tau_m=20.0, v_th=0.0,
                                                start_time=20.0)
                self.layer3 = spaic.NeuronGroup(label_num * pop_size, model='wta_lif', tau_m=20.0,
                                                pop_size=pop_size, v_th=1.0, start_time=25.0)
                self.connection1 = spaic.Connection(self.input, self.layer1, weight=below[0])
                self.connection2 = spaic.Connection(self.layer1, self.layer2, weight=below[1])
                self.connection3 = spaic.Connection(self.layer2, self.layer3, link_type='full',
                                                    w_mean=25.0, w_std=2.0, w_min=0, w_max=50)
                self.output = spaic.Decoder(num=label_num * pop_size, dec_target=self.layer3,
                                            coding_method='spike_counts', pop_size=pop_size)
                as_printed(EXAMPLE_3, name, self=self, label_num=label_num, pop_size=pop_size,
                           run_time=run_time, time_step=time_step)

        return TestNet()

    def learn(self, Net, loop, samples):
        step = compile(textwrap.dedent(loop), "the chapter's loop", "exec")
        space = dict(Net=Net, run_time=run_time)
        for data, label in spaic.Dataloader(hebb.Strokes(limit=samples), batch_size=1):
            space.update(data=data, label=label)
            exec(step, space)
        self.assertEqual(space["output"].shape, (1, label_num))

    def accuracy(self, Net):
        Net.eval()
        right = 0
        for data, label in spaic.Dataloader(hebb.Strokes(is_train=False, limit=500), 100):
            Net.input(data)
            Net.run(run_time)
            right += int((Net.output.predict.argmax(1) == label).sum())
        return right / 500

    def test_the_loop_learns_above_80_percent(self):
        Net = self.network()
        self.learn(Net, LOOP, self.SAMPLES)
        self.assertGreaterEqual(self.accuracy(Net), 0.8)

    def test_without_the_reward_it_stays_at_chance(self):
        Net = self.network("hebb")
        Net.build()
        before = Net.connection3.weight
        with self.assertWarns(UserWarning):
            self.learn(Net, LOOP.replace("Net.reward(label)\n", "\n"), 300)
        self.assertTrue(np.array_equal(before, Net.connection3.weight))
        self.assertLess(self.accuracy(Net), 0.25)


class EveryName(unittest.TestCase):
    """The other names of the chapter, each in a line that runs."""

    def network(self):
        class TestNet(spaic.Network):
            def __init__(self):
                super(TestNet, self).__init__(dt=1.0)
                self.input = spaic.Encoder(num=4, coding_method='poisson')
                self.layer1 = spaic.NeuronGroup(6, model='lif')
                self.layer2 = spaic.NeuronGroup(3, model='lif')
                self.connection1 = spaic.Connection(self.input, self.layer1, w_mean=0.5, w_std=0.1)
                self.connection2 = spaic.Connection(self.layer1, self.layer2, w_mean=0.3, w_std=0.1)
                self.output = spaic.Decoder(num=3, dec_target=self.layer2)

        return TestNet()

    def step(self, Net, closure=False):
        data, label = np.random.RandomState(0).rand(5, 4), np.array([0, 1, 2, 0, 1])

        def evaluate():
            Net.learner.optim_zero_grad()
            Net.input(data)
            Net.run(10.0)
            loss = spaic.functional.cross_entropy(Net.output.predict, label)
            loss.backward()
            return loss.item()

        evaluate()
        Net.learner.optim_step(evaluate if closure else None)

    def test_optimizers(self):
        for name in ('Adam', 'AdamW', 'SparseAdam', 'Adamx', 'ASGD', 'LBFGS', 'RMSprop', 'Rpop',
                     'SGD', 'Adadelta', 'Adagrad'):
            Net = self.network()
            Net.learner = spaic.Learner(trainable=Net, algorithm='STCA', alpha=5.0)
            Net.learner.set_optimizer(name, 0.01)
            Net.build()
            before = Net.connection2.weight
            self.step(Net, closure=name == 'LBFGS')
            self.assertFalse(np.array_equal(before, Net.connection2.weight), name)

    def test_schedules(self):
        for name, given in (('LambdaLR', dict(lr_lambda=lambda e: 0.5 ** e)),
                            ('StepLR', dict(step_size=1)), ('MultiStepLR', dict(milestones=[1])),
                            ('ExponentialLR', dict(gamma=0.5)),
                            ('CosineAnnealingLR', dict(T_max=4)),
                            ('ReduceLROnPlateau', dict(patience=0, factor=0.5)),
                            ('CyclicLR', dict(base_lr=0.01, max_lr=0.1, step_size_up=2)),
                            ('CosineAnnealingWarmRestarts', dict(T_0=3))):
            Net = self.network()
            Net.learner = spaic.Learner(trainable=Net, algorithm='STCA')
            Net.learner.set_optimizer('SGD', 0.1, momentum=0.9)
            Net.learner.set_schedule(name, **given)
            Net.build()
            first = Net.learner.lr
            for _step in range(2):
                Net.learner.optim_schedule(1.0) if name == 'ReduceLROnPlateau' \
                    else Net.learner.optim_schedule()
            self.assertNotEqual(first, Net.learner.lr, name)

    def test_targets(self):
        for target, trained in ((lambda Net: Net, (1, 1)), (lambda Net: Net.layer1, (1, 0)),
                                (lambda Net: [Net.layer1, Net.layer2], (1, 1))):
            Net = self.network()
            Net.learner = spaic.Learner(trainable=target(Net), algorithm='STCA', alpha=5.0)
            Net.learner.set_optimizer('Adam', 0.01)
            Net.build()
            before = [Net.connection1.weight, Net.connection2.weight]
            self.step(Net)
            after = [Net.connection1.weight, Net.connection2.weight]
            moved = tuple(int(not np.array_equal(a, b)) for a, b in zip(before, after))
            self.assertEqual(moved, trained)

    def test_algorithms(self):
        for name in ('STCA', 'STBP', 'full_online_STDP', 'RSTDP', 'RSTDPET'):
            self.assertTrue(spaic.Learner(algorithm=name).algorithm)

    def test_where_the_chapter_sends_readers(self):
        self.assertIn("reward_signal", str(spaic.Neuron.Rewards))
        for name in ("w_norm", "A_plus", "tau_minus"):
            self.assertIn(name, str(spaic.Learning.STDP_Learner))


if __name__ == "__main__":
    unittest.main()
