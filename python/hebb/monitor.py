"""Monitors: what they record can be read after a run."""
from __future__ import annotations

import ctypes
from typing import Any, List, Optional

import numpy as np

from ._lib import POINTER, c_double, c_size_t, c_uint32, lib, text
from .base import Component, target_of
from .connection import Connection
from .neuron import Driven

_PARAMETERS = ("weight", "bias", "delay")


class _Monitor(Component):
    _fallback = "O"

    def __init__(self, target: Any, var_name: Optional[str] = None, index: Any = "full",
                 dt: Optional[float] = None, get_grad: bool = False, nbatch: Any = False,
                 name: Optional[str] = None) -> None:
        super().__init__(name)
        self.target = target_of(target, f"{type(self).__name__}: target", (Driven, Connection))
        self.var_name = var_name or self._fallback
        if not isinstance(self.var_name, str):
            raise TypeError(f"{type(self).__name__}: var_name = {var_name!r:.40} is not a text")
        if get_grad:
            raise ValueError(f"{type(self).__name__}: get_grad is not supported; "
                             "Connection.gradient() gives the gradient of weights")
        self.index, self.dt, self.nbatch = index, dt, nbatch
        self.is_recording = True
        self.clear()

    def monitor_on(self) -> None:
        """Records from the next run on (it does by default)."""
        self.is_recording = True

    def monitor_off(self) -> None:
        """Keeps what it has; records nothing in the next runs."""
        self.is_recording = False

    def clear(self) -> None:
        """Forgets what it holds."""
        self._runs: List[Any] = []
        self._pieces: List[Any] = []
        self._fresh = False

    def _snapshot(self) -> Any:
        raise NotImplementedError

    def _before_run(self, goes_on: bool) -> None:
        """Keeps what the library is about to overwrite."""
        if self._fresh and goes_on:
            self._pieces.append(self._snapshot())
        elif not goes_on:
            if self._fresh and self.nbatch and self.nbatch != -1:
                self._runs.append(self._whole())
                if self.nbatch is not True:
                    del self._runs[:max(0, len(self._runs) - int(self.nbatch) + 1)]
            if self.is_recording:
                self._pieces = []
            elif self._fresh:
                self._pieces = [self._whole()]
        self._fresh = False

    def _after_run(self) -> None:
        self._fresh = self.is_recording

    def _whole(self) -> Any:
        pieces = self._pieces + ([self._snapshot()] if self._fresh else [])
        return self._joined(pieces)

    def _joined(self, pieces: List[Any]) -> Any:
        raise NotImplementedError

    def _wanted(self) -> Any:
        """Places among the neurons, or None for all."""
        if isinstance(self.index, str):
            return None
        places = np.asarray(self.index)
        return places[0] if places.ndim == 2 and len(places) == 1 else places


class StateMonitor(_Monitor):
    """Records a variable of a group after every step, or the weights of a connection after runs.

    Parameters
    ----------
    target : NeuronGroup, Encoder or Connection
        What is watched.
    var_name : str
        "V", "O", "Isyn" or another variable of the model; of a connection "weight", "bias",
        "delay", or "R", "D", "WgtSum" of its synapse filter. Default "V".
    index : list of int, optional
        The neurons to answer for; default all.
    nbatch : bool or int
        True: keep all runs; k: the last k runs; False: the last run alone.

    Attributes
    ----------
    values : ndarray
        [batch, neurons..., steps]; of weights [post, pre, 1].
    times : ndarray
        [steps] in ms, after the step.
    """

    _fallback = "V"

    @property
    def _of_parameter(self) -> bool:
        return isinstance(self.target, Connection) and self.var_name in _PARAMETERS

    def _create(self, net: Any) -> int:
        if self._of_parameter:
            return 0
        return lib.hebb_state_monitor(net, text(self.id), text(self.target.id),
                                      text(self.var_name), None)

    def _describe(self) -> dict:
        return {"state": self.target.id, "variable": self.var_name}

    def _snapshot(self) -> Any:
        network = self._need_network()
        if self._of_parameter:
            return (np.array([network._time]), self.target.get_value(self.var_name)[..., None])
        with network._running() as (net, context):
            values, times, shape = POINTER(c_double)(), POINTER(c_double)(), (c_size_t * 3)()
            context.check(lib.hebb_monitor_values(net, text(self.id), ctypes.byref(values),
                                                  ctypes.byref(times), shape))
            steps, batch, count = shape
            if not steps * batch * count:
                return np.zeros(steps), np.zeros((batch, count, steps))
            found = np.ctypeslib.as_array(values, (steps, batch, count)).transpose(1, 2, 0).copy()
            return np.ctypeslib.as_array(times, (steps,)).copy(), found

    def _joined(self, pieces: List[Any]) -> Any:
        if not pieces:
            return np.zeros(0), np.zeros((0, 0, 0))
        times = np.concatenate([times for times, _values in pieces])
        values = np.concatenate([values for _times, values in pieces], axis=-1)
        wanted = self._wanted()
        if not self._of_parameter:
            if wanted is not None:
                values = values[:, wanted]
            elif isinstance(self.target, Driven) and len(self.target.shape) > 1:
                values = values.reshape(values.shape[0], *self.target.shape, -1)
        return times, values

    @property
    def values(self) -> np.ndarray:
        return self._whole()[1]

    tensor_values = values

    @property
    def times(self) -> np.ndarray:
        return self._whole()[0]

    @property
    def nbatch_values(self) -> List[np.ndarray]:
        """`values` of each run that is kept, oldest first."""
        return [values for _times, values in self._runs + [self._whole()]]

    @property
    def nbatch_times(self) -> List[np.ndarray]:
        """`times` of each run that is kept, oldest first."""
        return [times for times, _values in self._runs + [self._whole()]]

    def plot_weight(self, time_id: int = -1, side: Optional[int] = None,
                    n_sqrt: Optional[int] = None, **kwargs: Any) -> Any:
        """Draws the weights as images, one for each neuron; needs matplotlib."""
        from . import plot

        return plot.weights(self.values[..., time_id], side=side, columns=n_sqrt,
                            w_max=kwargs.get("wmax"), w_min=kwargs.get("wmin"))


class SpikeMonitor(_Monitor):
    """Records the spikes of a group.

    Parameters
    ----------
    target : NeuronGroup, Encoder or Generator
        What is watched.

    Attributes
    ----------
    spk_index, spk_times : list of ndarray
        For each sample the neurons that fired and when (ms), ordered by neuron, then time.
    spk_count : ndarray
        [batch, neurons...] spikes.
    """

    def __init__(self, target: Any, var_name: Optional[str] = None, *args: Any,
                 **kwargs: Any) -> None:
        super().__init__(target, var_name, *args, **kwargs)
        target_of(target, "SpikeMonitor: target", Driven)
        if self.var_name != "O":
            raise ValueError(f"SpikeMonitor: var_name = '{self.var_name}' is not allowed; spikes "
                             "are 'O'")

    def _create(self, net: Any) -> int:
        return lib.hebb_spike_monitor(net, text(self.id), text(self.target.id), None)

    def _describe(self) -> dict:
        return {"spikes": self.target.id}

    def _snapshot(self) -> Any:
        network, samples = self._need_network(), []
        with network._running() as (net, context):
            for sample in range(network._batch):
                neurons, times = POINTER(c_uint32)(), POINTER(c_double)()
                count = c_size_t()
                context.check(lib.hebb_monitor_spikes(
                    net, text(self.id), sample, ctypes.byref(neurons), ctypes.byref(times),
                    ctypes.byref(count)))
                n = count.value
                samples.append((np.ctypeslib.as_array(neurons, (n,)).astype(np.int64) if n
                                else np.zeros(0, np.int64),
                                np.ctypeslib.as_array(times, (n,)).copy() if n else np.zeros(0)))
        return network._last_time, network._time, samples

    def _joined(self, pieces: List[Any]) -> Any:
        if len(pieces) < 2:
            return pieces[0] if pieces else (0.0, 0.0, [])
        merged = []
        for parts in zip(*(samples for _start, _end, samples in pieces)):
            neurons = np.concatenate([index for index, _times in parts])
            times = np.concatenate([when for _index, when in parts])
            order = np.lexsort((times, neurons))
            merged.append((neurons[order], times[order]))
        return pieces[0][0], pieces[-1][1], merged

    def _samples(self) -> List[Any]:
        samples, wanted = self._whole()[2], self._wanted()
        if wanted is None:
            return samples
        kept = [(index, times, np.isin(index, wanted)) for index, times in samples]
        return [(index[keep], times[keep]) for index, times, keep in kept]

    @property
    def spk_index(self) -> List[np.ndarray]:
        return [index for index, _times in self._samples()]

    @property
    def spk_times(self) -> List[np.ndarray]:
        return [times for _index, times in self._samples()]

    @property
    def spk_count(self) -> np.ndarray:
        counts = [np.bincount(index, minlength=self.target.num) for index in self.spk_index]
        return np.array(counts).reshape(len(counts), *self.target.shape)

    @property
    def spk_rate(self) -> np.ndarray:
        """Mean rate of each neuron in Hz [batch, neurons...]."""
        start, end, _samples = self._whole()
        return self.spk_count / ((end - start) / 1000.0) if end > start else self.spk_count * 0.0

    @property
    def time(self) -> np.ndarray:
        """Times of the steps (ms)."""
        network, (start, end, _samples) = self._need_network(), self._whole()
        steps = int(round((end - start) / network.dt))
        return start + network.dt * np.arange(1, steps + 1)

    @property
    def time_spk_rate(self) -> np.ndarray:
        """Share of the samples in which a neuron fired, step by step [neurons..., steps]."""
        return self._raster().mean(0).reshape(*self.target.shape, -1)

    @property
    def time_pop_rate(self) -> np.ndarray:
        """Share of the neurons that fired, step by step [batch, steps]."""
        return self._raster().mean(1)

    def _raster(self) -> np.ndarray:
        network, (start, end, _samples) = self._need_network(), self._whole()
        steps, samples = int(round((end - start) / network.dt)), self._samples()
        made = np.zeros((len(samples), self.target.num, max(steps, 1)))
        for sample, (index, times) in enumerate(samples):
            at = np.rint((times - start) / network.dt).astype(int) - 1
            made[sample, index, np.clip(at, 0, made.shape[2] - 1)] = 1
        return made
