"""hebb: spiking neural networks, built, run and taught; the names and shapes are SPAIC's.

    import hebb

    class Net(hebb.Network):
        def __init__(self):
            super().__init__(dt=1.0)
            self.input = hebb.Encoder(num=784, coding_method='poisson')
            self.layer1 = hebb.NeuronGroup(100, model='lif')
            self.layer2 = hebb.NeuronGroup(10, model='lif')
            self.connection1 = hebb.Connection(self.input, self.layer1, link_type='full')
            self.connection2 = hebb.Connection(self.layer1, self.layer2, link_type='full')
            self.output = hebb.Decoder(num=10, dec_target=self.layer2)
            self.learner = hebb.Learner(trainable=self, algorithm='STCA', alpha=0.5)
            self.learner.set_optimizer('Adam', 0.001)

``import hebb as spaic`` brings a SPAIC script over; ``import hebb.torch as spaic`` does so for
scripts whose losses are PyTorch's. What there is of everything: ``hebb.names("learner")``,
``hebb.info("STCA")``.
"""
from ._lib import ArgumentError, Error, FileError, OutOfMemory, StateError, lib as _library
from . import functional
from .backend import Backend, Torch_Backend
from .base import Assembly
from .coding import Action, Decoder, Encoder, Generator, Reward
from .connection import (Connection, ConnectPolicy, ExcludedTypePolicy, IncludedTypePolicy,
                         IndexConnectPolicy, Projection)
from .data import (CustomDataset, Dataloader, Dataset, FashionMNIST, LibraryDataset, MNIST,
                   Strokes, YinYang, fetch)
from .functional import Loss, Prediction
from .io import network_load, network_save
from .initializer import (BaseInitializer, constant, kaiming_normal, kaiming_uniform, normal,
                          sparse, uniform, xavier_normal, xavier_uniform)
from .learner import Learner
from .monitor import SpikeMonitor, StateMonitor
from .network import Network
from .neuron import NeuronGroup
from .tables import info, kinds, names, parameters
from . import IO, Learning, Library, Neuron
from .Library import Network_loader, Network_saver
from . import plot

__version__ = _library.hebb_version().decode()


def build_info() -> str:
    """What the library was built with."""
    return _library.hebb_build_info().decode()
