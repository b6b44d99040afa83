"""SPAIC's folder of data."""
from ..data import Dataloader
from . import Dataset, Initializer
