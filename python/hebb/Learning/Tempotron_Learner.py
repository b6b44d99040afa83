"""The parameters of the tempotron: ``print(hebb.Learning.Tempotron_Learner)``."""
from .._pages import show

show(__name__, "learner", only=("tempotron",))
