"""The bridge to PyTorch; runs where PyTorch is there."""
import importlib.util
import unittest

import numpy as np

import hebb

HAS_TORCH = importlib.util.find_spec("torch") is not None


@unittest.skipUnless(HAS_TORCH, "PyTorch is not there")
class Bridge(unittest.TestCase):
    def network(self, spaic, optimizer=True):
        net = spaic.Network(dt=1.0)
        net.input = spaic.Encoder(num=784, coding_method='poisson')
        net.layer1 = spaic.NeuronGroup(10, model='lif')
        net.connection1 = spaic.Connection(net.input, net.layer1, link_type='full_connection')
        net.output = spaic.Decoder(num=10, dec_target=net.layer1, coding_method='spike_counts')
        net.learner = spaic.Learner(trainable=net, algorithm='STCA')
        if optimizer:
            net.learner.set_optimizer('Adam', 0.001)
        return net

    def test_the_loop_of_spaics_example(self):
        import torch
        import torch.nn.functional as F

        import hebb.torch as spaic

        Net, same = self.network(spaic), self.network(hebb)
        train = hebb.Dataloader(hebb.Strokes(limit=500), batch_size=50)
        for data, label in train:
            Net.input(data)
            Net.output(label)
            Net.run(20.0)
            output = Net.output.predict
            output = (output - torch.mean(output).detach()) / (torch.std(output).detach() + 0.1)
            label = torch.tensor(label, device='cpu')
            batch_loss = F.cross_entropy(output, label)
            Net.learner.optim_zero_grad()
            batch_loss.backward(retain_graph=False)
            Net.learner.optim_step()
            same.input(data)
            same.run(20.0)
            ours = hebb.functional.cross_entropy(same.output.predict, label, standardise=True)
            self.assertAlmostEqual(ours.item(), batch_loss.item(), places=4)
            same.learner.optim_zero_grad()
            ours.backward()
            same.learner.optim_step()
        np.testing.assert_allclose(Net.connection1.weight, same.connection1.weight, atol=1e-4)
        with torch.no_grad():
            Net.run(20.0)
            self.assertFalse(Net.output.predict.requires_grad)

    def test_an_optimizer_of_pytorchs(self):
        import torch

        import hebb.torch as spaic

        net = self.network(spaic, optimizer=False)
        data, label = hebb.Strokes(limit=20).arrays()
        params = net.get_testparams()
        optim = torch.optim.SGD(params, lr=0.01)
        net.input(data)
        net.run(20.0)
        before = net.connection1.weight
        optim.zero_grad()
        torch.nn.functional.cross_entropy(net.output.predict, torch.tensor(label)).backward()
        gradient = net.connection1.gradient()
        optim.step()
        net.run(20.0)
        np.testing.assert_allclose(net.connection1.weight, before - 0.01 * gradient, atol=1e-6)


class Without(unittest.TestCase):
    def test_the_package_needs_no_pytorch(self):
        import sys

        if "torch" not in sys.modules:
            self.assertNotIn("torch", sys.modules)
        self.assertTrue(hebb.__version__)


if __name__ == "__main__":
    unittest.main()
