"""Initializers: how weights and biases are drawn. The library draws them."""
from __future__ import annotations

from typing import Any

from . import tables


class BaseInitializer:
    """How an array is drawn: a name and its numbers, such as ``kaiming_uniform(a=2.236)``."""

    kind = ""

    def __init__(self, **values: Any) -> None:
        self.values = {name: value for name, value in values.items() if value is not None}

    def as_text(self) -> str:
        """As a run file has it."""
        inside = ", ".join(f"{name}={value}" if isinstance(value, str) else f"{name}={value!r}"
                           for name, value in self.values.items())
        return f"{self.kind}({inside})"

    def __repr__(self) -> str:
        return self.as_text()


class uniform(BaseInitializer):
    """Uniform between a and b."""

    kind = "uniform"

    def __init__(self, a: float = 0.0, b: float = 1.0) -> None:
        super().__init__(a=a, b=b)


class normal(BaseInitializer):
    """Normal."""

    kind = "normal"

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        super().__init__(mean=mean, std=std)


class xavier_uniform(BaseInitializer):
    """Glorot and Bengio's, uniform."""

    kind = "xavier_uniform"

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(gain=gain)


class xavier_normal(BaseInitializer):
    """Glorot and Bengio's, normal."""

    kind = "xavier_normal"

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(gain=gain)


class kaiming_uniform(BaseInitializer):
    """He and colleagues', uniform."""

    kind = "kaiming_uniform"

    def __init__(self, a: float = 0.0, mode: str = None, nonlinearity: str = None) -> None:
        super().__init__(a=a, mode=mode, nonlinearity=nonlinearity)


class kaiming_normal(BaseInitializer):
    """He and colleagues', normal."""

    kind = "kaiming_normal"

    def __init__(self, a: float = 0.0, mode: str = None, nonlinearity: str = None) -> None:
        super().__init__(a=a, mode=mode, nonlinearity=nonlinearity)


class constant(BaseInitializer):
    """One value everywhere."""

    kind = "constant"

    def __init__(self, constant_value: float = 0.0) -> None:
        super().__init__(constant_value=constant_value)


class sparse(BaseInitializer):
    """Normal, with a share of zeros in each column."""

    kind = "sparse"

    def __init__(self, sparsity: float = 0.1, std: float = 0.01) -> None:
        super().__init__(sparsity=sparsity, std=std)


def _document() -> None:
    for made in BaseInitializer.__subclasses__():
        made.__doc__ = f"{tables.page(made.kind, 'initializer')}"


_document()
