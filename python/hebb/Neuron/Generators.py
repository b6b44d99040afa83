"""The parameters of every generator: ``print(hebb.Neuron.Generators)``."""
from .._pages import show

show(__name__, "generator")
