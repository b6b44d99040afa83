"""Initializers under SPAIC's name."""
from ..initializer import (BaseInitializer, constant, kaiming_normal, kaiming_uniform, normal,
                           sparse, uniform, xavier_normal, xavier_uniform)
