"""Data sets under SPAIC's name."""
from ..data import (CustomDataset, Dataset, FashionMNIST, LibraryDataset, MNIST, Strokes, YinYang,
                    fetch)
