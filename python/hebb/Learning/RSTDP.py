"""The parameters of reward-modulated STDP: ``print(hebb.Learning.RSTDP)``."""
from .._pages import show

show(__name__, "learner", only=("RSTDP", "RSTDPET", "switch_rstdp"))
