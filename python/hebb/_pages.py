"""Modules that stand where SPAIC's readers look for parameters, and print them."""
from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Sequence

from . import tables


class _Pages(ModuleType):
    """A module that prints the pages of its components and has each as an attribute."""

    _kind = ""
    _shown: Sequence[str] = ()

    def __repr__(self) -> str:
        return "\n".join(tables.page(name, self._kind) for name in self._shown)

    __str__ = __repr__

    def _repr_markdown_(self) -> str:
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        if name in self._shown:
            return tables.info(name, self._kind)
        raise AttributeError(f"{self.__name__} has no '{name}'; it has: {', '.join(self._shown)}")

    def __dir__(self):
        return sorted(set(super().__dir__()) | set(self._shown))


def show(module: str, kind: str, only: Sequence[str] = (), without: Sequence[str] = ()) -> None:
    """Makes a module print the pages of these components of a kind."""
    here = sys.modules[module]
    here.__class__ = _Pages
    here._kind = kind
    here._shown = tuple(only) or tuple(n for n in tables.names(kind) if n not in without)
    here.__doc__ = f"{here.__doc__}\n\n{here!r}"
