"""The parameters of sbp: ``print(hebb.Learning.SurrogateBP_Learner)``."""
from .._pages import show

show(__name__, "learner", only=("sbp",))
