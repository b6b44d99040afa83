"""The parameters of every decoder: ``print(hebb.Neuron.Decoders)``."""
from .._pages import show

show(__name__, "decoder")
