"""Data sets and the loader."""
from __future__ import annotations

import ctypes
import numbers
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ._lib import Context, address, c_void_p, lib, numbers_of, text


class Dataset:
    """Labelled samples: ``len(set)`` of them, ``set[i]`` is (sample, label).

    Attributes
    ----------
    maxNum : int
        Values in a sample.
    class_number : int
        How many classes there are.
    """

    maxNum = 0
    class_number = 0

    def __len__(self) -> int:
        return len(self.arrays()[1])

    def __getitem__(self, index: Any) -> Tuple[Any, Any]:
        samples, labels = self.arrays()
        return samples[index], labels[index]

    def arrays(self) -> Tuple[np.ndarray, np.ndarray]:
        """All samples [count, size] and labels [count]."""
        raise NotImplementedError


class CustomDataset(Dataset):
    """Samples and labels of yours.

    Parameters
    ----------
    data : array_like
        [count, ...]
    label : array_like
        [count] whole numbers from 0 on.
    """

    def __init__(self, data: Any, label: Any) -> None:
        samples = numbers_of(data, np.float32, "CustomDataset: data")
        labels = numbers_of(label, np.int64, "CustomDataset: label").ravel()
        if samples.ndim < 1 or len(samples) != len(labels) or not len(labels):
            raise ValueError(f"CustomDataset: {samples.shape} samples and {labels.shape} labels "
                             "do not fit together")
        self._arrays = samples.reshape(len(samples), -1), labels
        self.maxNum = self._arrays[0].shape[1]
        self.class_number = int(labels.max()) + 1

    def arrays(self) -> Tuple[np.ndarray, np.ndarray]:
        return self._arrays


class LibraryDataset(Dataset):
    """A set that the library draws or reads.

    Parameters
    ----------
    source : str
        "strokes" and "yin-yang" (drawn), "mnist", "fashion-mnist", or a folder of IDX files.
    split : str
        "train", "test", for yin-yang also "validation".
    path : str, optional
        The folder of the files; default ``$HEBB_DATA_DIR/<source>`` and the cache.
    limit : int
        The first so many samples, 0 for all.
    seed : int
        Of what is drawn.

    Raises
    ------
    FileError
        Names the places where the files were looked for; ``hebb.fetch("mnist")`` gets them.
    """

    def __init__(self, source: str, split: str = "train", path: Optional[str] = None,
                 limit: int = 0, seed: int = 0) -> None:
        if isinstance(limit, bool) or not isinstance(limit, numbers.Integral) \
                or not 0 <= limit < 1 << 40:
            raise ValueError(f"limit = {limit!r:.40} is not allowed; it must be 0 or more")
        context, pointer = Context(seed, threads=1), c_void_p()
        with context.use():
            context.check(lib.hebb_dataset_open(context.pointer, text(source), text(split),
                                                text(path), int(limit), ctypes.byref(pointer)))
            count, size = lib.hebb_dataset_count(pointer), lib.hebb_dataset_sample_size(pointer)
            samples, labels = np.zeros((count, size), np.float32), np.zeros(count, np.int32)
            context.check(lib.hebb_dataset_samples(pointer, 0, count, address(samples),
                                                   address(labels)))
            self.class_number = lib.hebb_dataset_classes(pointer)
            self.image_shape = (lib.hebb_dataset_height(pointer), lib.hebb_dataset_width(pointer))
            self.origin = lib.hebb_dataset_origin(pointer).decode("utf-8", "replace")
            lib.hebb_dataset_free(pointer)
        self.maxNum = size
        self._arrays = samples, labels.astype(np.int64)

    def arrays(self) -> Tuple[np.ndarray, np.ndarray]:
        return self._arrays

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.origin}>"


class _Images(LibraryDataset):
    _source = ""

    def __init__(self, root: Optional[str] = None, is_train: bool = True, limit: int = 0,
                 seed: int = 0, **_kwargs: Any) -> None:
        super().__init__(self._source, "train" if is_train else "test", root, limit, seed)


class MNIST(_Images):
    """LeCun's digits; `root` is the folder of the four files, None where hebb keeps them."""

    _source, maxNum, class_number = "mnist", 784, 10


class FashionMNIST(_Images):
    """Zalando's clothes; `root` is the folder of the four files, None where hebb keeps them."""

    _source, maxNum, class_number = "fashion-mnist", 784, 10


class Strokes(_Images):
    """Drawn digits of 28 x 28 points that need no files; `limit` of them are drawn."""

    _source, maxNum, class_number = "strokes", 784, 10


class YinYang(_Images):
    """Points of the yin-yang set (Kriener and colleagues)."""

    _source, maxNum, class_number = "yin-yang", 4, 3


def fetch(name: str, folder: Optional[str] = None) -> None:
    """Fetches "mnist" or "fashion-mnist" with curl and checks what came."""
    context = Context(threads=1)
    with context.use():
        context.check(lib.hebb_data_get(context.pointer, text(name), text(folder)))


class Dataloader:
    """Walks a data set in batches of [data, label].

    Parameters
    ----------
    dataset : Dataset
        Anything with a length whose items are (sample, label).
    batch_size : int
        Samples in a batch.
    shuffle : bool
        A new order in every pass; drawn by `seed`, or by NumPy's global state
        (``np.random.seed``).
    drop_last : bool
        Leave out a last batch that is not full.
    sampler : iterable of int, optional
        The order, instead of `shuffle`.
    """

    def __init__(self, dataset: Any, batch_size: int = 1, shuffle: bool = False,
                 sampler: Optional[Sequence[int]] = None, batch_sampler: Any = None,
                 collate_fn: Any = None, drop_last: bool = False, seed: Optional[int] = None,
                 **_kwargs: Any) -> None:
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise TypeError(f"Dataloader: {type(dataset).__name__} is not a data set")
        if isinstance(batch_size, bool) or not isinstance(batch_size, numbers.Integral) \
                or batch_size < 1:
            raise ValueError(f"Dataloader: batch_size = {batch_size!r:.40} is not allowed; it "
                             "must be a whole number of at least 1")
        self.dataset, self.batch_size, self.shuffle = dataset, int(batch_size), bool(shuffle)
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.collate_fn, self.drop_last = collate_fn, bool(drop_last)
        self._random = np.random.RandomState(seed) if seed is not None else np.random

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        count = len(self.sampler) if self.sampler is not None else len(self.dataset)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    @property
    def batch_num(self) -> int:
        """How many batches there are."""
        return len(self)

    def _batches(self) -> Iterator[np.ndarray]:
        if self.batch_sampler is not None:
            yield from (np.asarray(places) for places in self.batch_sampler)
            return
        order = np.arange(len(self.dataset)) if self.sampler is None \
            else np.asarray(list(self.sampler))
        if self.shuffle and self.sampler is None:
            order = self._random.permutation(len(order))
        for first in range(0, len(order), self.batch_size):
            if self.drop_last and first + self.batch_size > len(order):
                return
            yield order[first:first + self.batch_size]

    def __iter__(self) -> Iterator[List[np.ndarray]]:
        whole = isinstance(self.dataset, Dataset) and self.collate_fn is None
        for places in self._batches():
            if whole:
                samples, labels = self.dataset.arrays()
                yield [samples[places], labels[places]]
                continue
            items = [self.dataset[int(place)] for place in places]
            if self.collate_fn is not None:
                yield self.collate_fn(items)
            else:
                yield [np.stack([np.asarray(x) for x, _y in items]),
                       np.asarray([y for _x, y in items])]
