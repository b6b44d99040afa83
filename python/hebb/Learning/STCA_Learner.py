"""The parameters of STCA: ``print(hebb.Learning.STCA_Learner)``."""
from .._pages import show

show(__name__, "learner", only=("STCA",))
