"""The parameters of every reward: ``print(hebb.Neuron.Rewards)``."""
from .._pages import show

show(__name__, "reward")
