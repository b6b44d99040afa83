"""The parameters of STBP: ``print(hebb.Learning.STBP_Learner)``."""
from .._pages import show

show(__name__, "learner", only=("STBP",))
