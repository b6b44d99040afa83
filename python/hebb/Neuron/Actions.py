"""The parameters of every action: ``print(hebb.Neuron.Actions)``."""
from .._pages import show

show(__name__, "action")
