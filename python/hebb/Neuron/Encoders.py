"""The parameters of every encoder: ``print(hebb.Neuron.Encoders)``."""
from .._pages import show

show(__name__, "encoder")
