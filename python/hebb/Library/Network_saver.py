"""Saving a network under SPAIC's name."""
from ..io import network_save
