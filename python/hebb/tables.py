"""The component tables: what exists, and what its parameters mean.

Everything is read from the library, so that it cannot differ from ``hebb info``.
"""
from __future__ import annotations

import re
from typing import List, NamedTuple

from ._lib import lib, shared, text


class Parameter(NamedTuple):
    """A parameter of a component, as its table has it."""

    name: str
    aliases: str
    unit: str
    default: str
    allowed: str
    meaning: str


def kinds() -> List[str]:
    """The kinds of components: "neuron", "connection", "learner", ..."""
    found: List[str] = []
    while True:
        kind = lib.hebb_component_kind(len(found))
        if kind is None:
            return found
        found.append(kind.decode())


def names(kind: str) -> List[str]:
    """The names of all components of a kind.

    >>> "lif" in hebb.names("neuron")
    True
    """
    found: List[str] = []
    while True:
        name = lib.hebb_component_name(text(kind), len(found))
        if name is None:
            return found
        found.append(name.decode())


def summary(kind: str, name: str) -> str:
    """One line of meaning; "" where there is no such component."""
    for index, known in enumerate(names(kind)):
        if known == name:
            return lib.hebb_component_summary(text(kind), index).decode()
    return ""


def page(name: str, kind: str = None) -> str:
    """A component's page as Markdown: meaning, equation, parameters, source.

    Parameters
    ----------
    name : str
        Its name or an alias, in any case.
    kind : str, optional
        Where a name stands for several, the kind that is meant.

    Raises
    ------
    ArgumentError
        Where there is none of that name; the sentence suggests the nearest.
    """
    context = shared()
    with context.use():
        return context.text_of(lib.hebb_component_page, text(kind), text(name))


class Page(str):
    """A page that a notebook shows as Markdown and a prompt as plain text."""

    def _repr_markdown_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return str(self)


def info(name: str, kind: str = None) -> Page:
    """A component's page, as ``hebb info NAME`` prints it.

    >>> hebb.info("STCA")
    """
    return Page(page(name, kind))


def parameters(name: str, kind: str = None) -> List[Parameter]:
    """A component's parameters."""
    found = []
    for line in page(name, kind).splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 6 and re.match(r"^`\w+`$", cells[0]):
            found.append(Parameter(cells[0].strip("`"), cells[1].replace("`", ""), *cells[2:]))
    return found


def documented(kind: str, heading: str) -> str:
    """A NumPy-style section that lists the components of a kind with their parameters."""
    lines = ["", heading, "-" * len(heading)]
    for name in names(kind):
        lines.append(f"{name} : {summary(kind, name)}")
        for p in parameters(name, kind):
            unit = f" {p.unit}" if p.unit else ""
            lines.append(f"    {p.name} = {p.default}{unit} -- {p.meaning} ({p.allowed})")
    return "\n    ".join(lines) + "\n    "
