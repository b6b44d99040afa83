"""The loader under SPAIC's name."""
from ..data import Dataloader
