"""SPAIC's folder of learning rules."""
from ..learner import Learner
from . import RSTDP, STBP_Learner, STCA_Learner, STDP_Learner, SurrogateBP_Learner, Tempotron_Learner
