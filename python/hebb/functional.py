"""Losses on what a decoder predicted, with ``.item()`` and ``.backward()``.

Every loss is the library's own (``hebb.names("loss")``): value and gradient are the bits that
``hebb train`` computes.
"""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Optional

import numpy as np

from . import tables
from ._lib import Params, StateError, address, c_double, lib, numbers_of, shared, text


class Prediction(np.ndarray):
    """What a decoder answered [batch, classes]: a NumPy array that knows where it came from.

    Sums, differences, products and quotients with numbers or arrays keep that knowledge, so that
    a loss of ``(y - y.mean()) / (y.std() + 0.1)`` has a gradient, in which mean and standard
    deviation count as constants (as SPAIC's scripts detach them). Anything else gives a plain
    array.
    """

    _decoder: Any = None
    _run = -1
    _factor: Any = None  # d self / d predict, element by element; None: 1

    @classmethod
    def made(cls, values: np.ndarray, decoder: Any = None, run: int = -1,
             factor: Any = None) -> "Prediction":
        """An array with its origin."""
        array = np.asarray(values).view(cls)
        array._decoder, array._run, array._factor = decoder, run, factor
        return array

    def __array_finalize__(self, origin: Any) -> None:
        self._decoder, self._run, self._factor = None, -1, None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Prediction) else x for x in inputs]
        if "out" in kwargs:
            kwargs["out"] = tuple(np.asarray(x) for x in kwargs["out"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        tracked = [x for x in inputs if isinstance(x, Prediction) and x._decoder is not None]
        if method != "__call__" or len(tracked) != 1 or "out" in kwargs:
            return result
        factor = _factor_of(ufunc, inputs, plain)
        if factor is None or np.shape(result) != tracked[0].shape:
            return result
        so_far = tracked[0]._factor
        return Prediction.made(result, tracked[0]._decoder, tracked[0]._run,
                               factor if so_far is None else so_far * factor)

    def detach(self) -> "Prediction":
        """The numbers without their origin."""
        return Prediction.made(np.asarray(self))

    def cpu(self) -> "Prediction":
        """Itself: it lies with the processor already."""
        return self

    def numpy(self) -> np.ndarray:
        """The numbers alone."""
        return np.asarray(self)

    def backward(self, gradient: Any) -> None:
        """Sends dloss/dself [batch, classes], which you computed, through the network."""
        if self._decoder is None:
            raise StateError("backward: this array does not come from a decoder, or was changed "
                             "in a way that has no gradient here")
        slope = numbers_of(gradient, np.float64, "gradient")
        if slope.shape != self.shape:
            raise ValueError(f"gradient: its shape {slope.shape} is not {self.shape}")
        if self._factor is not None:
            slope = slope * self._factor
        self._decoder._need_network()._backward(self._decoder, self._run, slope)

    def __reduce__(self):
        return np.asarray(self).copy().__reduce__()


def _factor_of(ufunc: Any, inputs: tuple, plain: list) -> Any:
    """d result / d tracked input of the four kinds of arithmetic; None for others."""
    if ufunc is np.negative:
        return -1.0
    if ufunc is np.positive:
        return 1.0
    if len(inputs) != 2:
        return None
    first = isinstance(inputs[0], Prediction) and inputs[0]._decoder is not None
    other = plain[1] if first else plain[0]
    if ufunc is np.add:
        return 1.0
    if ufunc is np.subtract:
        return 1.0 if first else -1.0
    if ufunc is np.multiply:
        return np.asarray(other, np.float64)
    if ufunc in (np.divide, np.true_divide) and first:
        return 1.0 / np.asarray(other, np.float64)
    return None


class Loss:
    """A loss of one batch.

    ``item()`` is its value; ``backward()`` adds its gradient to those of the trainable
    parameters that it depends on.
    """

    def __init__(self, value: float, predict: Any, gradient: Optional[np.ndarray]) -> None:
        self._value, self._predict, self.gradient = float(value), predict, gradient

    def item(self) -> float:
        """The value."""
        return self._value

    def detach(self) -> float:
        """The value."""
        return self._value

    def __float__(self) -> float:
        return self._value

    def __format__(self, spec: str) -> str:
        return format(self._value, spec)

    def __repr__(self) -> str:
        return f"Loss({self._value:.6g})"

    def backward(self, gradient: Optional[float] = None, retain_graph: bool = False) -> None:
        """Adds the gradients; `gradient` is a factor on them (default 1)."""
        if not isinstance(self._predict, Prediction):
            raise StateError("backward: the loss was not computed on what a decoder predicted")
        slope = self.gradient if gradient is None else self.gradient * float(gradient)
        self._predict.backward(slope)

    def _combined(self, other: Any, own: float, others: float) -> "Loss":
        if isinstance(other, Loss):
            return _Sum([(self, own), (other, others)])
        return Loss(own * self._value + others * float(other), self._predict, own * self.gradient)

    def __add__(self, other: Any) -> "Loss":
        return self._combined(other, 1.0, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Loss":
        return self._combined(other, 1.0, -1.0)

    def __mul__(self, factor: float) -> "Loss":
        return self._combined(0.0, float(factor), 0.0)

    __rmul__ = __mul__

    def __truediv__(self, factor: float) -> "Loss":
        return self._combined(0.0, 1.0 / float(factor), 0.0)


class _Sum(Loss):
    """Losses, each with a factor."""

    def __init__(self, terms: list) -> None:
        super().__init__(sum(factor * float(loss) for loss, factor in terms), None, None)
        self._terms = terms

    def backward(self, gradient: Optional[float] = None, retain_graph: bool = False) -> None:
        scale = 1.0 if gradient is None else float(gradient)
        for loss, factor in self._terms:
            loss.backward(scale * factor)

    def _combined(self, other: Any, own: float, others: float) -> "Loss":
        terms = [(loss, own * factor) for loss, factor in self._terms]
        if isinstance(other, Loss):
            return _Sum(terms + [(other, others)])
        return _Sum(terms + [(Loss(float(other), None, None), others)] if other else terms)


def loss(name: str, predict: Any, target: Any, **params: Any) -> Loss:
    """A loss by its name.

    Parameters
    ----------
    name : str
        One of ``hebb.names("loss")``.
    predict : Prediction or array_like
        [batch, classes].
    target : array_like
        Labels [batch] as whole numbers, or targets [batch, classes].
    **params
        The loss's parameters: ``hebb.info(name)``.

    Raises
    ------
    ArgumentError
        For a label that is no class, predictions that are not finite, shapes that do not fit.
    """
    values = numbers_of(predict, np.float64, f"{name}: predict")
    if values.ndim != 2 or not values.size:
        raise ValueError(f"{name}: predict has shape {values.shape}; it must be [batch, classes]")
    batch, classes = values.shape
    raw = _plain(target, f"{name}: target")
    labels = targets = None
    if raw.ndim == 2 and raw.shape == values.shape and raw.dtype.kind == "f":
        targets = numbers_of(raw, np.float32, f"{name}: target")
    elif raw.size == batch and raw.ndim <= 2:
        labels = numbers_of(raw, np.int32, f"{name}: labels").ravel()
    elif raw.shape == values.shape:
        targets = numbers_of(raw, np.float32, f"{name}: target")
    else:
        raise ValueError(f"{name}: target has shape {raw.shape}; it must be [{batch}] labels or "
                         f"[{batch}, {classes}]")
    gradient, value, context = np.zeros_like(values), c_double(), shared()
    with context.use():
        array = Params(params, name, context)
        context.check(lib.hebb_loss_value(
            context.pointer, text(name), array.array, address(values), batch, classes,
            address(labels), address(targets), ctypes.byref(value), address(gradient)))
    return Loss(value.value, predict, gradient)


def _plain(values: Any, what: str) -> np.ndarray:
    if hasattr(values, "detach") and not isinstance(values, np.ndarray):
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    return array if array.dtype.kind == "f" else numbers_of(array, np.int64, what)


def standardise(predict: Any, eps: float = 0.1) -> Any:
    """(predict - mean) / (std + eps) over the whole batch, as SPAIC's scripts do before a loss.

    Mean and (unbiased) standard deviation carry no gradient.
    """
    values = numbers_of(predict, np.float64, "standardise")
    spread = values.std(ddof=1) if values.size > 1 else 0.0
    return (predict - values.mean()) / (spread + eps)


def softmax(predict: Any, dim: int = -1) -> np.ndarray:
    """Probabilities along an axis; carries no gradient."""
    values = numbers_of(predict, np.float64, "softmax")
    powers = np.exp(values - values.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)


def one_hot(labels: Any, num_classes: int) -> np.ndarray:
    """[batch, num_classes] with 1 at the label."""
    picked = numbers_of(labels, np.int64, "one_hot").ravel()
    if picked.size and (picked.min() < 0 or picked.max() >= num_classes):
        raise ValueError(f"one_hot: a label is outside 0..{num_classes - 1}")
    made = np.zeros((picked.size, num_classes), np.float32)
    made[np.arange(picked.size), picked] = 1
    return made


def accuracy(predict: Any, labels: Any) -> float:
    """Share of samples whose largest prediction is the label."""
    values = numbers_of(predict, np.float64, "accuracy")
    picked = numbers_of(labels, np.int64, "accuracy").ravel()
    return float((values.argmax(1) == picked).mean())


def _named(name: str) -> Callable[..., Loss]:
    def call(predict: Any, target: Any, **params: Any) -> Loss:
        return loss(name, predict, target, **params)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = tables.page(name, "loss")
    return call


for _name in tables.names("loss"):
    globals()[_name] = _named(_name)
for _alias, _name in (("mse_loss", "mse"), ("nll_loss", "nll")):
    if _name in globals():
        globals()[_alias] = globals()[_name]
standardize = standardise
