"""Loading a network under SPAIC's name."""
from ..io import network_load
