"""What all parts of a network share: a name, an owner, parameters."""
from __future__ import annotations

import sys
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ._lib import Error, StateError

_open_blocks: List["Assembly"] = []
_counters: Dict[str, int] = {}


def ignore(kwargs: Dict[str, Any], *names: str) -> None:
    """Drops keywords of SPAIC that have no bearing here."""
    for name in names:
        kwargs.pop(name, None)


class Component:
    """Base of groups, nodes, connections, learners and monitors.

    Attributes
    ----------
    name : str or None
        The attribute's name in the network.
    """

    def __init__(self, name: Optional[str] = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name = {name!r:.40} is not a text")
        self.name = name
        self._owner: Optional["Assembly"] = None
        if _open_blocks:
            _open_blocks[-1]._made.append(self)

    @property
    def network(self):
        """The network that it is a part of, or None."""
        part: Any = self
        while part._owner is not None:
            part = part._owner
        return part if getattr(part, "_is_network", False) else None

    @property
    def id(self) -> str:
        """Its name in the library and in files: the names on the way to it, joined by "_"."""
        names, part = [], self
        while part is not None and part._owner is not None:
            names.append(part.name or type(part).__name__)
            part = part._owner
        return "_".join(reversed(names)) or (self.name or type(self).__name__)

    def _need_network(self):
        network = self.network
        if network is None:
            raise StateError(f"{self.name or type(self).__name__} is not a part of a network yet")
        return network

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or '(no name yet)'}>"

    def __reduce_ex__(self, protocol: int):
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied: its numbers live in "
                        "the library. Use network_save and network_load, or save_state and "
                        "state_from_dict")


class Assembly(Component):
    """A part of a network that has parts itself.

    Subclass it, and set its parts as attributes in ``__init__``; or open it with ``with``, and
    every part that is made in the block becomes its own under the name of its variable.
    """

    def __init__(self, name: Optional[str] = None) -> None:
        self.__dict__["_items"] = {}
        self.__dict__["_made"] = []
        super().__init__(name)
        self._types: List[str] = []

    # ---- parts ----
    def __setattr__(self, name: str, value: Any) -> None:
        items = self.__dict__.get("_items")
        if items is not None and not name.startswith("_owner"):
            if isinstance(value, Component):
                if hasattr(type(self), name):
                    raise ValueError(f"the name '{name}' is taken: {type(self).__name__} has a "
                                     "method or property of that name")
                self._add(name, value)
            elif name in items:
                self._drop(name)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name in self._items:
            self._drop(name)
        object.__delattr__(self, name)

    def __iter__(self):
        raise TypeError(f"a {type(self).__name__} is not iterable; parts() walks its parts")

    def _add(self, name: str, part: Component) -> None:
        if part is self or (isinstance(part, Assembly) and part._holds(self)):
            raise ValueError(f"{name}: an assembly cannot be a part of itself")
        if part._owner is not None and not (part._owner is self and part.name == name):
            if self._items.get(name) is part:
                return
            raise ValueError(f"{name}: this {type(part).__name__} is already '{part.name}' of "
                             "another assembly; make a new one")
        if name in self._items and self._items[name] is not part:
            self._drop(name)
        part.name, part._owner = name, self
        self._items[name] = part
        self._changed()

    def _put(self, name: str, part: Component) -> None:
        """Adds a part under any name, also one that is no attribute ("class", "run")."""
        self._add(name, part)
        if name.isidentifier() and not hasattr(type(self), name):
            object.__setattr__(self, name, part)

    def __getitem__(self, name: str) -> Component:
        return self.select_assembly(name)

    def _drop(self, name: str) -> None:
        self._items.pop(name)._owner = None
        self._changed()

    def _changed(self) -> None:
        network = self.network
        if network is not None and network is not self:
            network._changed()

    def _holds(self, other: Any) -> bool:
        return any(part is other or (isinstance(part, Assembly) and part._holds(other))
                   for part in self._items.values())

    def _named(self, name: str, part: Any, kind: Any, call: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{call}: the name must be a text, not {name!r:.40}")
        if not isinstance(part, kind):
            raise TypeError(f"{call}: '{name}' is a {type(part).__name__}")
        setattr(self, name, part)

    def add_assembly(self, name: str, assembly: Component) -> None:
        """Adds a group, node or assembly under a name."""
        self._named(name, assembly, Component, "add_assembly")

    def add_connection(self, name: str, connection: Component) -> None:
        """Adds a connection under a name."""
        self._named(name, connection, Component, "add_connection")

    def add_projection(self, name: str, projection: Component) -> None:
        """Adds a projection under a name."""
        self._named(name, projection, Component, "add_projection")

    def del_assembly(self, name: str) -> None:
        """Removes a part; what is connected to it must go, too."""
        if name not in self._items:
            raise ValueError(f"there is no part '{name}'")
        delattr(self, name)

    del_connection = del_assembly

    def select_assembly(self, name: str) -> Component:
        """The part of that name."""
        if name not in self._items:
            raise ValueError(f"there is no part '{name}'; there are: {', '.join(self._items)}")
        return self._items[name]

    # ---- with ----
    def __enter__(self):
        _open_blocks.append(self)
        self._made.clear()
        return self

    def __exit__(self, kind: Any, _value: Any, _trace: Any) -> None:
        _open_blocks.remove(self)
        made, found = list(self._made), {}
        self._made.clear()
        if kind is not None:
            return
        frame = sys._getframe(1)
        for space in (frame.f_globals, frame.f_locals):
            found.update({id(value): name for name, value in space.items()
                          if isinstance(value, Component) and not name.startswith("__")})
        for part in made:
            if part._owner is None and part is not self:
                setattr(self, part.name or found.get(id(part)) or self._fresh_name(part), part)

    def _fresh_name(self, part: Component) -> str:
        stem, count = type(part).__name__.lower(), 1
        while f"{stem}{count}" in self._items:
            count += 1
        return f"{stem}{count}"

    # ---- looking ----
    def parts(self, recursive: bool = True) -> Iterator[Component]:
        """All parts in the order in which they were added."""
        for part in self._items.values():
            if isinstance(part, Assembly) and recursive:
                yield from part.parts()
            else:
                yield part

    def get_groups(self, recursive: bool = True) -> List[Component]:
        """Its groups of neurons (of sub-assemblies too)."""
        return [part for part in self.parts(recursive) if getattr(part, "_is_group", False)
                or (isinstance(part, Assembly) and not recursive)]

    def get_connections(self, recursive: bool = True) -> List[Component]:
        """Its connections (of sub-assemblies too)."""
        return [part for part in self.parts(recursive) if getattr(part, "_is_connection", False)]

    def add_type(self, kind: str) -> None:
        """A label that a Projection's policies go by."""
        self._types.append(kind)

    def has_type(self, kinds: Tuple[str, ...]) -> bool:
        """Whether it has one of these labels."""
        return any(kind in self._types for kind in kinds)

    def __contains__(self, part: Any) -> bool:
        return self._holds(part)

    def __dir__(self):
        return sorted(set(super().__dir__()) | set(self._items))


def target_of(part: Any, what: str, kinds: Any) -> Any:
    """part, if it is one of kinds; TypeError elsewhere."""
    if isinstance(part, kinds):
        return part
    raise TypeError(f"{what}: {type(part).__name__} is not allowed: {part!r:.60}")


__all__ = ["Assembly", "Component", "Error"]
