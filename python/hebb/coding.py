"""Nodes: encoders and generators drive a network; decoders, rewards and actions read it."""
from __future__ import annotations

import ctypes
from typing import Any, Dict, Optional, Sequence

import numpy as np

from . import tables
from ._lib import Params, address, c_double, c_float, c_size_t, lib, numbers_of, text, POINTER
from .base import Component, ignore, target_of
from .functional import Prediction
from .neuron import Driven, size_of

_OF_SPAIC = ("time", "position", "is_encoded", "node_type", "coding_var_name", "need_reset")


def _method(kind: str, method: Any, fallback: str) -> str:
    method = method or fallback
    if not isinstance(method, str):
        raise TypeError(f"coding_method = {method!r:.40} is not a text")
    tables.page(method, kind)
    return method


class _Source(Driven):
    """An encoder or a generator."""

    _kind, _create_call, _fallback = "encoder", "hebb_encoder", "poisson"

    def __init__(self, shape: Optional[Sequence[int]] = None, num: Optional[int] = None,
                 dec_target: Any = None, dt: Optional[float] = None, coding_method: Any = None,
                 coding_var_name: str = "O", node_type: Any = None, name: Optional[str] = None,
                 **kwargs: Any) -> None:
        super().__init__(name)
        what = type(self).__name__
        self.num, self.shape = size_of(num, shape, what)
        self.coding_method = _method(self._kind, coding_method, self._fallback)
        if dec_target is not None:
            raise ValueError(f"{what}: dec_target is not supported; connect it with a Connection")
        self.dt = dt
        ignore(kwargs, *_OF_SPAIC)
        self.parameters: Dict[str, Any] = kwargs
        self._data: Any = None

    def _create(self, net: Any, context: Any) -> int:
        params = Params(self.parameters, self.id, context)
        return getattr(lib, self._create_call)(net, text(self.id), self.num,
                                               text(self.coding_method), params.array)

    def _describe(self) -> dict:
        return dict({self._kind: self.coding_method, "num": self.num}, **self.parameters)

    def __call__(self, data: Any) -> None:
        """Gives it the values of the next runs.

        Parameters
        ----------
        data : array_like
            [batch, num] or [batch, *shape], finite numbers; for "null" a row for every step,
            [batch, steps, *shape]; for "mstb" a list of (times in ms, neurons), one a sample.
        """
        if self._events():
            self._data = self._read_events(data)
        else:
            values = numbers_of(data, np.float32, self.name or type(self).__name__)
            if self.coding_method.lower() in ("mstb",):
                raise TypeError("mstb takes a list of (times, neurons)")
            self._data = self._laid_out(values)
        network = self.network
        if network is not None:
            network._given(self)

    def _events(self) -> bool:
        return self._kind == "encoder" and self.coding_method.lower().startswith("mstb")

    def _laid_out(self, values: np.ndarray) -> np.ndarray:
        what = self.name or type(self).__name__
        if self._kind == "generator":
            return values.reshape(1, -1) if values.ndim < 2 else values
        if values.ndim == 1 and values.size == self.num:
            values = values.reshape(1, -1)  # one sample
        if values.ndim < 2 or values.size == 0:
            raise ValueError(f"{what}: data of shape {values.shape} is not allowed; it must be "
                             f"[batch, {self.num}] and hold at least one sample")
        if self.coding_method.lower().startswith("null"):
            if values.ndim == 2 and values.shape[1] == self.num:
                values = values[:, None, :]
            rows = values.reshape(values.shape[0], -1, self.num) \
                if values.size % (values.shape[0] * self.num) == 0 else None
            if rows is None:
                raise ValueError(f"{what}: data of shape {values.shape} is not allowed; it must "
                                 f"be [batch, steps, {self.num}]")
            return rows
        return values.reshape(values.shape[0], -1)

    def _read_events(self, data: Any) -> tuple:
        what = self.name or "mstb"
        try:
            pairs = [(numbers_of(t, np.float64, what).ravel(),
                      numbers_of(n, np.uint32, what).ravel()) for t, n in data]
        except (TypeError, ValueError) as problem:
            raise type(problem)(f"{what}: data must be a list of (times, neurons): {problem}") \
                from None
        if not pairs or any(len(t) != len(n) for t, n in pairs):
            raise ValueError(f"{what}: every sample needs as many times as neurons")
        offsets = np.cumsum([0] + [len(t) for t, _n in pairs]).astype(np.uintp)
        return (np.concatenate([t for t, _n in pairs]), np.concatenate([n for _t, n in pairs]),
                offsets)

    @property
    def _batch(self) -> int:
        if self._data is None:
            return 1
        return len(self._data[2]) - 1 if isinstance(self._data, tuple) else len(self._data)

    def _feed(self, net: Any, context: Any) -> None:
        data, name = self._data, text(self.id)
        if data is None:
            return
        if isinstance(data, tuple):
            times, neurons, offsets = data
            context.check(lib.hebb_net_input_events(net, name, address(times), address(neurons),
                                                    address(offsets), len(offsets) - 1))
            return
        batch = len(data)
        if data.ndim == 3:  # [batch, steps, num] -> [steps, batch, num]
            data = np.ascontiguousarray(data.transpose(1, 0, 2))
        context.check(lib.hebb_net_input(net, name, address(data), batch, data.size // batch))


class Encoder(_Source):
    """Turns values into spikes; call it with data before a run.

    Parameters
    ----------
    shape, num : tuple of int, int
        How many neurons, one of the two.
    coding_method : str
        How; default "poisson".
    **kwargs
        Parameters of the method, see below.

    Examples
    --------
    >>> Net.input(images)          # [batch, num], finite numbers
    >>> Net.run(50.0)              # ms
    """


class Generator(_Source):
    """Makes spikes or currents by itself, from its parameters or a source it is called with.

    Parameters
    ----------
    shape, num : tuple of int, int
        How many neurons, one of the two.
    coding_method : str
        How; default "poisson_generator".
    **kwargs
        Parameters of the method, see below.
    """

    _kind, _create_call, _fallback = "generator", "hebb_generator", "poisson_generator"


class _Reader(Component):
    """What reads a group."""

    _kind, _fallback = "decoder", "spike_counts"

    def __init__(self, num: Optional[int] = None, dec_target: Any = None,
                 dt: Optional[float] = None, coding_method: Any = None,
                 coding_var_name: str = "O", node_type: Any = None, name: Optional[str] = None,
                 **kwargs: Any) -> None:
        super().__init__(name)
        what = type(self).__name__
        if dec_target is None:
            raise ValueError(f"{what}: dec_target, the group that it reads, is missing")
        self.dec_target = target_of(dec_target, f"{what}: dec_target", Driven)
        self.coding_method = _method(self._kind, coding_method, self._fallback)
        self.num = size_of(num, None, what)[0] if num is not None else self.dec_target.num
        self.dt = dt
        ignore(kwargs, *_OF_SPAIC)
        self.parameters: Dict[str, Any] = kwargs
        self.source: Any = None

    def _describe(self) -> dict:
        return dict({"target": self.dec_target.id, "method": self.coding_method},
                    **self.parameters)

    def _target(self, groups: Dict[Component, int]) -> int:
        if self.dec_target not in groups:
            raise ValueError(f"{self.id}: its dec_target is not a part of the network; set it as "
                             "an attribute")
        return groups[self.dec_target]


class Decoder(_Reader):
    """Reads an answer from the spikes or potentials of a group.

    Parameters
    ----------
    num : int, optional
        How many neurons its target has (or classes: num times pop_size neurons).
    dec_target : NeuronGroup
        The group that it reads.
    coding_method : str
        How; default "spike_counts".
    **kwargs
        Parameters of the method, see below.

    Attributes
    ----------
    predict : Prediction
        The answer of the last run [batch, classes]: an array of its own, on which
        ``hebb.functional`` computes losses.
    """

    def __init__(self, num: Optional[int] = None, dec_target: Any = None, *args: Any,
                 **kwargs: Any) -> None:
        super().__init__(num, dec_target, *args, **kwargs)
        voters = self.parameters.get("pop_size") or 1
        if self.dec_target.num not in (self.num, self.num * voters):
            raise ValueError(f"Decoder: num = {self.num} is not allowed; its target has "
                             f"{self.dec_target.num} neurons")
        self._cached: Optional[Prediction] = None

    def _create(self, net: Any, context: Any, groups: Dict[Component, int]) -> int:
        params = Params(self.parameters, self.id, context)
        return lib.hebb_decode(net, text(self.id), self._target(groups),
                               text(self.coding_method), params.array)

    def __call__(self, labels: Any) -> None:
        """Stores the labels of the next run, which "tempotron" learns from."""
        self.source = labels

    @property
    def predict(self) -> Prediction:
        if self._cached is None:
            self._cached = self._need_network()._predict(self)
        return self._cached


class Reward(_Reader):
    """Judges the spikes of a group; learners such as RSTDP learn by it.

    Parameters
    ----------
    num : int, optional
        Neurons of the target, or labels: num times pop_size neurons.
    dec_target : NeuronGroup
        The group that it judges.
    coding_method : str
        How; default "global_reward".
    **kwargs
        Parameters of the method, see below.

    Examples
    --------
    >>> Net.input(data)
    >>> Net.reward(label)          # labels [batch] of the next run
    >>> Net.run(run_time)
    """

    _kind, _fallback = "reward", "global_reward"

    def __init__(self, shape: Any = None, num: Optional[int] = None, dec_target: Any = None,
                 **kwargs: Any) -> None:
        super().__init__(num, dec_target, **kwargs)
        self._asked = num
        self._fresh = False

    def _create(self, net: Any, context: Any, groups: Dict[Component, int]) -> int:
        given = dict(self.parameters)
        if self._asked is not None:
            given["num"] = self._asked
        params = Params(given, self.id, context)
        return lib.hebb_add_reward(net, text(self.id), self._target(groups),
                                   text(self.coding_method), params.array)

    def __call__(self, values: Any) -> None:
        """What the next run is judged by: labels [batch], or rewards for "environment_reward"."""
        array = numbers_of(values, np.float64, self.name or "reward").ravel()
        if array.size == 0:
            raise ValueError(f"{self.name or 'reward'}: there is no value")
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{self.name or 'reward'}: a value is not a finite number")
        self.source, self._fresh = array, True

    @property
    def values(self) -> np.ndarray:
        """The rewards of the last run [steps, outputs]; 0 in steps without one."""
        network = self._need_network()
        with network._running() as (net, context):
            values, given = POINTER(c_double)(), ctypes.POINTER(ctypes.c_ubyte)()
            shape = (c_size_t * 2)()
            context.check(lib.hebb_net_reward_values(net, text(self.id), ctypes.byref(values),
                                                     ctypes.byref(given), shape))
            if not shape[0] * shape[1]:
                return np.zeros((shape[0], shape[1]))
            return np.ctypeslib.as_array(values, (shape[0], shape[1])).copy()


class Action(_Reader):
    """What an agent does, chosen by what a group did in the last run.

    Parameters
    ----------
    num : int, optional
        Neurons of the target.
    dec_target : NeuronGroup
        The group that chooses.
    coding_method : str
        How; default "highest_spikes_action".
    **kwargs
        Parameters of the method, see below.

    Attributes
    ----------
    action : ndarray of int
        What each sample chose in the last run [batch].
    """

    _kind, _fallback = "action", "highest_spikes_action"

    def __init__(self, num: Optional[int] = None, dec_target: Any = None, *args: Any,
                 **kwargs: Any) -> None:
        super().__init__(num, dec_target, *args, **kwargs)
        self._draw = 0
        self._cached: Optional[np.ndarray] = None

    @property
    def action(self) -> np.ndarray:
        if self._cached is None:
            network = self._need_network()
            with network._running() as (net, context):
                chosen = np.zeros(network._batch, np.int32)
                params = Params(self.parameters, self.id, context)
                context.check(lib.hebb_net_action(
                    net, text(self.dec_target.id), text(self.coding_method), params.array,
                    self._draw, address(chosen), len(chosen)))
            self._draw += 1
            self._cached = chosen
        return self._cached

    predict = action


def read_floats(pointer: Any, shape: Sequence[int]) -> np.ndarray:
    """A copy of what the library points to."""
    if 0 in shape:
        return np.zeros(shape, np.float32)
    return np.ctypeslib.as_array(ctypes.cast(pointer, POINTER(c_float)), tuple(shape)).copy()


for _made, _kind, _heading in ((Encoder, "encoder", "Methods"), (Generator, "generator", "Methods"),
                               (Decoder, "decoder", "Methods"), (Reward, "reward", "Methods"),
                               (Action, "action", "Methods")):
    _made.__doc__ += tables.documented(_kind, _heading)
