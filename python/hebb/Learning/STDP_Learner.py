"""The parameters of STDP, and of RSTDP, which readers are sent here for: ``print(hebb.Learning.STDP_Learner)``."""
from .._pages import show

show(__name__, "learner", without=("STCA", "STBP", "sbp"))
