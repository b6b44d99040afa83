"""SPAIC's folder of saving and loading."""
from . import Network_loader, Network_saver
