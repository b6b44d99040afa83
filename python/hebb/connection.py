"""Connections between groups, projections between assemblies, and their policies."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import tables
from ._lib import Params, lib, text
from .base import Assembly, Component, ignore, target_of
from .neuron import Driven


class Connection(Component):
    """Drives one group by another.

    Parameters
    ----------
    pre, post : NeuronGroup, Encoder or Generator
        The source and the target.
    link_type : str
        How neurons are paired; default "full".
    syn_type : str or list of str, optional
        Synapse filter; default "basic".
    max_delay : float
        Longest delay in ms, default 0: none.
    pre_var_name, post_var_name : str
        What is read of the source and what it drives; default "O" and "Isyn".
    **kwargs
        Parameters of the link, see below. `weight` is [post, pre].

    Attributes
    ----------
    weight, bias, delay : ndarray
        The values now (a copy), once the network is built; set them with an array or a number.
    """

    _is_connection = True

    def __init__(self, pre: Driven, post: Driven, name: Optional[str] = None,
                 link_type: str = "full", syn_type: Any = None, max_delay: Optional[float] = None,
                 sparse_with_mask: bool = False, pre_var_name: str = "O",
                 post_var_name: str = "Isyn", syn_kwargs: Optional[Dict[str, Any]] = None,
                 **kwargs: Any) -> None:
        super().__init__(name)
        self.pre = target_of(pre, "Connection: pre", Driven)
        self.post = target_of(post, "Connection: post", Driven)
        link_type = link_type or "full"
        if not isinstance(link_type, str):
            raise TypeError(f"Connection: link_type = {link_type!r:.40} is not a text")
        tables.page(link_type, "connection")
        self.link_type = link_type
        chain = [syn_type] if isinstance(syn_type, str) else list(syn_type or [])
        plain = [kind for kind in chain if kind not in ("basic", "flatten", "conv")]
        if len(plain) > 1:
            raise ValueError(f"Connection: syn_type = {chain!r:.80}: one synapse filter is allowed")
        ignore(kwargs, "flatten", "weight_norm", "is_parameter", "is_sparse", "requires_grad")
        self.parameters: Dict[str, Any] = dict(kwargs)
        if plain:
            self.parameters["syn_type"] = plain[0]
        if max_delay:
            self.parameters["max_delay"] = max_delay
        if pre_var_name != "O":
            self.parameters["pre_var_name"] = pre_var_name
        if post_var_name != "Isyn":
            self.parameters["post_var_name"] = post_var_name
        self.parameters.update(syn_kwargs or {})

    def _create(self, net: Any, context: Any, groups: Dict[Component, int]) -> int:
        for end in (self.pre, self.post):
            if end not in groups:
                raise ValueError(f"{self.id}: the {type(end).__name__} at one of its ends is not "
                                 "a part of the network; set it as an attribute")
        params = Params(self.parameters, self.id, context)
        return lib.hebb_connect(net, text(self.id), groups[self.pre], groups[self.post],
                                text(self.link_type), params.array)

    def _describe(self) -> dict:
        return dict({"from": self.pre.id, "to": self.post.id, "link": self.link_type},
                    **self.parameters)

    def get_value(self, name: str) -> np.ndarray:
        """A parameter of the built network: "weight", "bias", "delay"."""
        return self._need_network().get_parameter(f"{self.id}.{name}")

    def set_value(self, name: str, value: Any) -> None:
        """Sets a parameter of the built network."""
        self._need_network().set_parameter(f"{self.id}.{name}", value)

    def gradient(self, name: str = "weight") -> np.ndarray:
        """What the last backward passes added up to."""
        return self._need_network().get_gradient(f"{self.id}.{name}")


def _value_property(name: str, meaning: str) -> property:
    def read(self: Connection) -> np.ndarray:
        return self.get_value(name)

    def write(self: Connection, value: Any) -> None:
        self.set_value(name, value)

    return property(read, write, doc=meaning)


Connection.weight = _value_property("weight", "Weights [post, pre] (a copy).")
Connection.bias = _value_property("bias", "Currents [post] added in every step (a copy).")
Connection.delay = _value_property("delay", "Delays [post, pre] in ms (a copy).")
Connection.__doc__ += tables.documented("connection", "Link types")


# ---- projections -------------------------------------------------------------------------------


class ConnectPolicy:
    """Chooses which groups of two assemblies a Projection connects."""

    def __init__(self, level: int = -1) -> None:
        self.level = level

    def allows(self, pre: Any, post: Any, pre_index: int, post_index: int) -> bool:
        """Whether this pair is connected."""
        raise NotImplementedError


class IncludedTypePolicy(ConnectPolicy):
    """Pairs whose source has one of `pre_types` and whose target one of `post_types`."""

    def __init__(self, pre_types: Optional[Sequence[str]] = None,
                 post_types: Optional[Sequence[str]] = None, level: int = -1) -> None:
        super().__init__(level)
        self.pre_types, self.post_types = pre_types, post_types

    def allows(self, pre: Any, post: Any, pre_index: int, post_index: int) -> bool:
        return ((self.pre_types is None or _has_type(pre, self.pre_types))
                and (self.post_types is None or _has_type(post, self.post_types)))


class ExcludedTypePolicy(IncludedTypePolicy):
    """Pairs whose source has none of `pre_types` and whose target none of `post_types`."""

    def allows(self, pre: Any, post: Any, pre_index: int, post_index: int) -> bool:
        return not ((self.pre_types is not None and _has_type(pre, self.pre_types))
                    or (self.post_types is not None and _has_type(post, self.post_types)))


class IndexConnectPolicy(ConnectPolicy):
    """Pairs by the places of their groups: group `pre_indexs[k]` to group `post_indexs[k]`."""

    def __init__(self, pre_indexs: List[int], post_indexs: List[int], level: int = -1) -> None:
        super().__init__(level)
        if len(pre_indexs) != len(post_indexs):
            raise ValueError("IndexConnectPolicy: pre_indexs and post_indexs differ in length")
        self.pairs = set(zip(pre_indexs, post_indexs))

    def allows(self, pre: Any, post: Any, pre_index: int, post_index: int) -> bool:
        return (pre_index, post_index) in self.pairs


def _has_type(part: Any, kinds: Any) -> bool:
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    return hasattr(part, "has_type") and part.has_type(kinds)


class Projection(Component):
    """Connects the groups of two assemblies, pair by pair.

    Parameters
    ----------
    pre, post : Assembly or NeuronGroup
        The sources and the targets.
    policies : list of ConnectPolicy
        A pair must be allowed by all of them; none: every pair is connected.
    link_type : str
        Of all its connections.
    ConnectionParameters : dict, optional
        Parameters of all its connections.
    """

    def __init__(self, pre: Any, post: Any, policies: Any = (), link_type: str = "full",
                 ConnectionParameters: Optional[Dict[str, Any]] = None,
                 name: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(name)
        self.pre = target_of(pre, "Projection: pre", (Assembly, Driven))
        self.post = target_of(post, "Projection: post", (Assembly, Driven))
        self.policies = [policies] if isinstance(policies, ConnectPolicy) else list(policies or [])
        for policy in self.policies:
            target_of(policy, "Projection: policies", ConnectPolicy)
        self.link_type = link_type or "full"
        tables.page(self.link_type, "connection")
        self.parameters = dict(ConnectionParameters or {}, **kwargs)
        self._connections: Dict[Any, Connection] = {}

    @staticmethod
    def _ends(part: Any) -> List[Any]:
        return part.get_groups() if isinstance(part, Assembly) else [part]

    def get_connections(self, recursive: bool = True) -> List[Connection]:
        """Its connections, one for each pair that all policies allow."""
        found = []
        for i, pre in enumerate(self._ends(self.pre)):
            for j, post in enumerate(self._ends(self.post)):
                if not all(policy.allows(pre, post, i, j) for policy in self.policies):
                    continue
                made = self._connections.get((pre, post))
                if made is None:
                    made = Connection(pre, post, link_type=self.link_type, **self.parameters)
                    self._connections[pre, post] = made
                made.name, made._owner = f"{self.name}_{pre.id}_{post.id}", self._owner
                found.append(made)
        return found
