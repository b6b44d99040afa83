"""Networks: building, running, parameters."""
from __future__ import annotations

import contextlib
import ctypes
import math
import numbers
import warnings
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import training
from ._lib import (Context, StateError, address, c_double, c_float, c_size_t, c_void_p, lib,
                   numbers_of, text, POINTER)
from .backend import Backend
from .base import Assembly, Component
from .coding import Action, Decoder, Reward, _Source, read_floats
from .connection import Connection, Projection
from .functional import Prediction
from .learner import Learner
from .monitor import _Monitor
from .neuron import NeuronGroup


class Network(Assembly):
    """A spiking neural network.

    Subclass it and set its parts as attributes in ``__init__``, open it with ``with``, or use
    ``add_assembly``, ``add_connection``, ...; it is built at its first run.

    Parameters
    ----------
    dt : float, optional
        Step in ms; default 0.1, or what the backend says.
    seed : int
        Of all random numbers, default 0: the same seed gives the same bits at any number of
        threads.
    threads : int, optional
        1 to 256; default the cores that this process may use.
    **options
        latency ("one_step", "same_step"), compat ("none", "spaic"), precision ("float",
        "double"), schedule ("auto", "step"), as in a run file.

    Examples
    --------
    >>> Net.input(data)                       # [batch, num]
    >>> Net.run(50.0)                         # ms
    >>> loss = hebb.functional.cross_entropy(Net.output.predict, label)
    >>> Net.learner.optim_zero_grad()
    >>> loss.backward()
    >>> Net.learner.optim_step()
    """

    _is_network = True

    def __init__(self, name: Optional[str] = None, dt: Optional[float] = None, seed: int = 0,
                 threads: Optional[int] = None, backend: Optional[Backend] = None,
                 **options: Any) -> None:
        self.__dict__.update(_net=None, _context=None, _freed=False, _batch=1, _ran=False,
                             _runs=0, _time=0.0, _last_time=0.0, _training=True, _keep=[],
                             _names=(), _changed_since=True, _dirty_inputs={}, _warned=False,
                             _by_kind={})
        super().__init__(name)
        object.__setattr__(self, "_seed", seed)
        object.__setattr__(self, "_threads", threads)
        self._backend = backend if backend is not None else Backend()
        if dt is not None:
            self._backend.dt = dt
        for key, value in options.items():
            if key not in ("latency", "compat", "precision", "schedule"):
                raise TypeError(f"Network: there is no option '{key}'; there are latency, compat, "
                                "precision, schedule")
            setattr(self._backend, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") and not isinstance(value, Component):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def _changed(self) -> None:
        self.__dict__["_changed_since"] = True
        self._by_kind.clear()

    def _given(self, source: Component) -> None:
        self._dirty_inputs[source] = True

    # ---- options ----
    @property
    def dt(self) -> float:
        """The step in ms."""
        return float(self._backend.dt)

    def set_backend(self, backend: Any = None, device: str = "cpu", partition: bool = False) -> None:
        """Takes dt and options from a backend object; a name or None stands for the only one."""
        if isinstance(backend, Backend):
            self._backend = backend
        elif backend is not None and not isinstance(backend, str):
            if not hasattr(backend, "dt"):
                raise TypeError(f"set_backend: {type(backend).__name__} is not a backend: it has "
                                "no dt")
            self._backend = Backend(dt=backend.dt)
        self._changed()

    def set_backend_dt(self, backend: Any = None, dt: Optional[float] = None) -> None:
        """Sets the step in ms: set_backend_dt(0.1), or with a backend's name before it."""
        value = dt if dt is not None else backend
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"set_backend_dt: dt = {value!r:.40} is not a number")
        self._backend.dt = float(value)
        self._changed()

    def set_random_seed(self, seed: int) -> None:
        """The seed of all random numbers; the network is built anew with it."""
        object.__setattr__(self, "_seed", seed)
        self._discard()

    def train(self, mode: bool = True) -> None:
        """True: learners may change the network (the default); False: nothing is learned."""
        self._training = bool(mode)

    def eval(self) -> None:
        """The same as train(False)."""
        self.train(False)

    # ---- building ----
    def _all_connections(self) -> List[Connection]:
        found: List[Connection] = []
        for part in self.parts():
            if isinstance(part, Connection):
                found.append(part)
            elif isinstance(part, Projection):
                found += part.get_connections()
        return found

    def _of(self, kind: Any) -> List[Any]:
        """All parts of a kind; remembered until the network is changed."""
        if self._changed_since:
            return [part for part in self.parts() if isinstance(part, kind)]
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = [part for part in self.parts() if isinstance(part, kind)]
        return list(found)

    @property
    def _built_now(self) -> bool:
        return self._net is not None and not self._changed_since

    def build(self, backend: Any = None, strategy: int = 0, full_enable_grad: Any = None,
              device: Any = None, batch: int = 0, time: float = 0.0) -> None:
        """Checks the network and lays out its memory; ``run`` does it where it was not done.

        A network that was changed is built anew and keeps the parameters that are still there.

        Parameters
        ----------
        backend : Backend, optional
            As for ``set_backend``.
        strategy : int
            1: a spike arrives in the same step (latency "same_step").
        batch, time : int, float
            The largest batch and the longest run (ms) to plan memory for.
        """
        if backend is not None:
            self.set_backend(backend)
        if strategy:
            self._backend.latency = "same_step"
        if self._freed:
            raise StateError("the network was closed")
        if self._built_now:
            return
        kept = self.parameters() if self._net is not None else {}
        self._discard(keep_context=True)
        if self._context is None:
            self.__dict__["_context"] = Context(self._seed, self._threads)
        with self._context.use():
            try:
                self._construct(batch, time)
            except BaseException:
                self._discard(keep_context=True)
                raise
        for name, values in kept.items():
            if name in self._names and self.get_parameter(name).shape == values.shape:
                self.set_parameter(name, values)

    def _options(self, batch: int, time: float) -> Any:
        options, backend = lib.hebb_net_options_default(), self._backend
        if isinstance(backend.dt, bool) or not isinstance(backend.dt, numbers.Real):
            raise TypeError(f"dt = {backend.dt!r:.40} is not a number")
        options.dt = float(backend.dt)
        self._keep[:] = [text(getattr(backend, key)) for key in
                         ("latency", "compat", "precision", "schedule")]
        options.latency, options.compat, options.precision, options.schedule = self._keep
        options.batch_max = min(max([batch, 1] + [s._batch for s in self._of(_Source)]), 1 << 20)
        steps = time / options.dt if options.dt > 0 and time > 0 else 0
        options.time_max = time if 0 < steps <= 1e8 else 0.0
        return options

    def _construct(self, batch: int, time: float) -> None:
        context, net = self._context, c_void_p()
        options = self._options(batch, time)
        context.check(lib.hebb_net_create(context.pointer, ctypes.byref(options),
                                          ctypes.byref(net)))
        self.__dict__["_net"] = net
        self._check_names()
        groups: Dict[Component, int] = {}
        for part in self.parts():
            if isinstance(part, (NeuronGroup, _Source)):
                if getattr(part, "dt", None) not in (None, self.dt):
                    raise ValueError(f"{part.id}: dt = {part.dt} is not allowed; all parts run at "
                                     f"the network's step of {self.dt} ms")
                groups[part] = self._accepted(part._create(net, context))
        for connection in self._all_connections():
            self._accepted(connection._create(net, context, groups))
        for part in self._of((Decoder, Reward)):
            self._accepted(part._create(net, context, groups))
        for part in self._of(_Monitor):
            self._accepted(part._create(net))
        for learner in self._of(Learner):
            learner._create(net, context, self)
        self._choose_decoders()
        context.check(lib.hebb_net_build(net))
        found: List[str] = []
        while True:
            name = lib.hebb_net_param_name(net, len(found))
            if name is None:
                break
            found.append(name.decode())
        self.__dict__.update(_names=tuple(found), _changed_since=False, _ran=False)
        for source in self._of(_Source):
            self._dirty_inputs[source] = True

    def _check_names(self) -> None:
        seen: Dict[str, Any] = {}
        for part in list(self.parts()) + self._all_connections():
            other = seen.setdefault(part.id, part)
            if other is not part:
                raise ValueError(f"two parts of the network are called '{part.id}'")

    def _accepted(self, identity: int) -> int:
        if identity < 0:
            self._context.check(min(-1, self._status()))
        return identity

    def _status(self) -> int:
        # The first failure of a builder call is what the build reports.
        return lib.hebb_net_build(self._net)

    def _choose_decoders(self) -> None:
        """A gradient starts at a decoder; each learner of gradients is told one."""
        decoders = self._of(Decoder)
        for learner in self._of(Learner):
            if learner.is_gradient and decoders:
                self._context.check(lib.hebb_learner_set_loss(
                    learner._pointer, text(decoders[0].id), None, None))
                learner._decoder = decoders[0]

    def _discard(self, keep_context: bool = False) -> None:
        for learner in self._of(Learner):
            learner._pointer = None
        for part in self._of((Decoder, Action)):
            part._cached = None
        for monitor in self._of(_Monitor):
            monitor.clear()
        if self._net is not None:
            with self._context.use():
                lib.hebb_net_free(self._net)
        self.__dict__.update(_net=None, _changed_since=True, _names=(), _ran=False)
        if not keep_context:
            self.__dict__["_context"] = None

    def close(self) -> None:
        """Frees its memory now; it cannot be used after that."""
        self._discard()
        self.__dict__["_freed"] = True

    # ---- what the other parts use ----
    @contextlib.contextmanager
    def _built(self):
        """The built network, held for this thread."""
        self.build()
        with self._context.use() as context:
            yield self._net, context

    @contextlib.contextmanager
    def _running(self):
        """The same; refuses where nothing has run."""
        if self._freed:
            raise StateError("the network was closed")
        if not self._built_now or not self._ran:
            raise StateError("nothing has run yet: call run first")
        with self._context.use() as context:
            yield self._net, context

    # ---- running ----
    def run(self, backend_time: float) -> None:
        """Resets the state, then simulates `backend_time` ms.

        The run releases the interpreter's lock.

        Raises
        ------
        ArgumentError
            For a time that is not allowed, data that does not fit.
        """
        self._run(lib.hebb_net_run, backend_time, False)

    def run_continue(self, backend_time: float) -> None:
        """Goes on for `backend_time` ms from where the last run ended."""
        self._run(lib.hebb_net_run_continue, backend_time, True)

    def _run(self, call: Any, time: Any, goes_on: bool) -> None:
        if isinstance(time, bool) or not isinstance(time, numbers.Real):
            raise TypeError(f"run: the time {time!r:.40} is not a number")
        time = float(time)
        self.build(time=time if math.isfinite(time) else 0.0)
        with self._context.use() as context:
            for monitor in self._of(_Monitor):
                monitor._before_run(goes_on)
            for source in list(self._dirty_inputs):
                if source.network is self:
                    source._feed(self._net, context)
                del self._dirty_inputs[source]
            context.check(lib.hebb_net_train(self._net, int(self._will_learn(context, goes_on))))
            for part in self._of((Decoder, Action)):
                part._cached = None
            with context.calls_back():  # for functions that a parameter holds
                status = call(self._net, time)
            context.check(status)
            start = self._time if goes_on else 0.0
            steps = max(0, math.ceil(time / self.dt - 1e-6))
            self.__dict__.update(
                _ran=True, _runs=self._runs + 1, _last_time=start, _time=start + steps * self.dt,
                _batch=max([1] + [s._batch for s in self._of(_Source)]))
            for monitor in self._of(_Monitor):
                monitor._after_run()

    def _will_learn(self, context: Context, goes_on: bool) -> bool:
        """Hands rewards their labels; without labels there is nothing to learn in a run."""
        learners = [learner for learner in self._of(Learner) if learner._active]
        on = self._training and bool(learners or not self._of(Learner))
        for reward in self._of(Reward):
            if not reward._fresh and reward.coding_method.lower().startswith("environment"):
                reward.source, reward._fresh = np.zeros(1), True
            if reward._fresh or (goes_on and reward.source is not None):
                source = reward.source
                context.check(lib.hebb_net_reward(self._net, text(reward.id), address(source),
                                                  source.size))
            elif on and not any(learner.is_gradient for learner in learners):
                on = False
                if not self._warned:
                    self.__dict__["_warned"] = True
                    warnings.warn(f"{reward.id} was given nothing to judge this run by, so that "
                                  "nothing is learned in it", stacklevel=4)
            reward._fresh = False
        for learner in learners:
            if learner.algorithm == "tempotron":
                for decoder in self._of(Decoder):
                    if decoder.source is not None:
                        learner._teach(context, decoder.source)
        return on

    def reset(self) -> None:
        """Sets the state to where a run begins."""
        with self._built() as (net, context):
            context.check(lib.hebb_net_reset(net))

    init_run = reset

    def presentation(self, epoch: int, samples: Any = None) -> None:
        """Where the random trains of the next run stand: presentation `epoch` of samples [batch].

        The same numbers draw the same spikes. None: back to a counter that grows.
        """
        picked = None if samples is None else numbers_of(samples, np.uint64, "samples").ravel()
        if isinstance(epoch, bool) or not isinstance(epoch, numbers.Integral) \
                or not 0 <= epoch < 2 ** 32:
            raise ValueError(f"presentation: epoch = {epoch!r:.40} is not allowed; it must be a "
                             "whole number from 0 on")
        with self._built() as (net, context):
            context.check(lib.hebb_net_presentation(net, int(epoch), address(picked),
                                                    0 if picked is None else picked.size))

    def _predict(self, decoder: Decoder) -> Prediction:
        with self._running() as (net, context):
            values, batch, classes = POINTER(c_float)(), c_size_t(), c_size_t()
            context.check(lib.hebb_net_predict(net, text(decoder.id), ctypes.byref(values),
                                               ctypes.byref(batch), ctypes.byref(classes)))
            return Prediction.made(read_floats(values, (batch.value, classes.value)), decoder,
                                   self._runs)

    def _backward(self, decoder: Decoder, run: int, gradient: np.ndarray) -> None:
        learners = [learner for learner in self._of(Learner) if learner.is_gradient]
        if not learners:
            raise StateError("backward: the network has no learner of gradients (STCA, STBP, sbp)")
        with self._running() as (_net, context):
            if run != self._runs:
                raise StateError("backward: the network has run again since; what this "
                                 "prediction came from is gone")
            learner = learners[0]
            if learner._decoder is not decoder:
                context.check(lib.hebb_learner_set_loss(learner._pointer, text(decoder.id), None,
                                                        None))
                learner._decoder = decoder
            slope = numbers_of(gradient, np.float32, "gradient")
            if not np.all(np.isfinite(slope)):
                raise ValueError("backward: the gradient is not finite")
            context.check(lib.hebb_learner_backward_from(learner._pointer, address(slope),
                                                         *slope.shape))

    # ---- parameters ----
    def _parameter_names(self) -> Tuple[str, ...]:
        return self._names

    def get_parameter(self, name: str) -> np.ndarray:
        """A parameter by its full name, such as "connection1.weight"; a copy."""
        return self._read(lib.hebb_net_get, name)

    def get_gradient(self, name: str) -> np.ndarray:
        """The gradient of a parameter that a learner of gradients trains; a copy."""
        return self._read(lib.hebb_net_gradient, name)

    def _read(self, call: Any, name: str) -> np.ndarray:
        with self._built() as (net, context):
            values = np.zeros(self._shape(net, context, name))
            context.check(call(net, text(name), address(values), values.size))
            return values

    @staticmethod
    def _shape(net: Any, context: Context, name: str) -> Tuple[int, ...]:
        shape, ndim = (c_size_t * 4)(), c_size_t()
        context.check(lib.hebb_net_param_shape(net, text(name), shape, ctypes.byref(ndim)))
        return tuple(shape[:ndim.value])

    def set_parameter(self, name: str, value: Any) -> None:
        """Sets a parameter; a number fills it."""
        given = numbers_of(value, np.float64, str(name))
        with self._built() as (net, context):
            shape = self._shape(net, context, name)
            if given.ndim == 0:
                given = np.full(shape, float(given))
            if given.shape != shape:
                raise ValueError(f"{name}: an array of shape {given.shape} is not allowed; it "
                                 f"must be {shape}")
            context.check(lib.hebb_net_set(net, text(name), address(given), given.size))

    def parameters(self) -> Dict[str, np.ndarray]:
        """All parameters by their names (copies)."""
        if self._net is None:
            self.build()
        names = self._names
        with self._context.use() as context:
            found = {}
            for name in names:
                values = np.zeros(self._shape(self._net, context, name))
                context.check(lib.hebb_net_get(self._net, text(name), address(values),
                                               values.size))
                found[name] = values
            return found

    def constant(self, name: str) -> float:
        """A constant that the engine derived, such as "layer1.tauM"."""
        with self._built() as (net, context):
            value = c_double()
            context.check(lib.hebb_net_constant(net, text(name), ctypes.byref(value)))
            return value.value

    def get_testparams(self) -> List[np.ndarray]:
        """All parameters as a list (copies)."""
        return list(self.parameters().values())

    # ---- the library's own loops ----
    def _after_fit(self) -> None:
        """The library ran the network: nothing of an earlier run is left."""
        self.__dict__.update(_runs=self._runs + 1, _ran=False)
        # Its loop names the samples of a batch; the next run has samples of its own.
        self._context.check(lib.hebb_net_presentation(self._net, 0, None, 0))
        for part in self._of((Decoder, Action)):
            part._cached = None
        for source in self._of(_Source):
            self._dirty_inputs[source] = True
        for monitor in self._of(_Monitor):
            monitor.clear()

    def _fit(self, learner: Learner, data: Any, options: Dict[str, Any]) -> Dict[str, float]:
        return training.fit(self, learner, data, **options)

    def fit(self, data: Any, epochs: int = 1, batch_size: int = 100, time: Optional[float] = None,
            **options: Any) -> Dict[str, float]:
        """Trains with the library's own loop (``hebb_fit``) and the network's only learner.

        Parameters
        ----------
        data : Dataset or (samples, labels)
            What it learns from.
        epochs, batch_size : int
            How often all samples are shown, and how many at once.
        time : float
            How long a sample is shown (ms); must be given.
        test : Dataset or (samples, labels), optional
            What it is tested with after the last epoch.
        shuffle : bool
            Default True; the order depends on seed and epoch only.
        progress : bool or callable
            True: a bar (tqdm, if it is there); a function is called with a dict after every
            batch and stops the training by returning True.

        Returns
        -------
        dict
            loss, accuracy, seconds, count of the test set, or else of the last epoch.
        """
        learners = self._of(Learner)
        if len(learners) != 1:
            raise ValueError(f"fit: the network has {len(learners)} learners; call fit of one")
        return self._fit(learners[0], data,
                         dict(options, epochs=epochs, batch_size=batch_size, time=time))

    def evaluate(self, data: Any, batch_size: int = 100, time: Optional[float] = None,
                 **options: Any) -> Dict[str, Any]:
        """Tests without learning; adds ``confusion`` [label, prediction] to what ``fit`` returns."""
        learners = self._of(Learner)
        if not learners:
            raise ValueError("evaluate: the network has no learner")
        return training.evaluate(self, learners[0], data, batch_size=batch_size, time=time,
                                 **options)

    # ---- files ----
    def save_state(self, filename: Optional[str] = None, direct: Any = None, save: bool = True,
                   hdf5: bool = False) -> Any:
        """Saves the parameters (and kept state).

        Returns
        -------
        str or dict
            The file (``<direct>/<filename>/parameters/_parameters_dict.safetensors``); with
            save=False the parameters by their names.
        """
        from . import io

        return io.save_state(self, filename, direct, save)

    def state_from_dict(self, state: Any = False, filename: Optional[str] = None,
                        direct: Any = None, device: Any = None) -> None:
        """Takes parameters from a dict, or from what ``save_state`` wrote."""
        from . import io

        io.state_from_dict(self, state, filename, direct)

    def save_weights(self, path: str) -> None:
        """Writes the parameters (and kept state) to a safetensors file."""
        with self._built() as (net, context):
            context.check(lib.hebb_net_save(net, text(path)))

    def load_weights(self, path: str) -> None:
        """Reads them back, also from a checkpoint of ``hebb train``."""
        with self._built() as (net, context):
            context.check(lib.hebb_net_load(net, text(path)))

    def save(self, path: str) -> str:
        """Writes the network (and its only learner) as a run file that ``hebb`` reads."""
        from . import io

        return io.save(self, path)

    @classmethod
    def from_file(cls, path: str, seed: Optional[int] = None, **options: Any) -> "Network":
        """The network of a run file, with its learners."""
        from . import io

        return io.from_file(path, seed=seed, **options)

    # ---- looking ----
    def _repr_html_(self) -> str:
        from ._html import html_of

        return html_of(self)

    def __repr__(self) -> str:
        count = len(self.get_groups())
        return (f"<{type(self).__name__} of {count} group{'s' * (count != 1)}, "
                f"{len(self._all_connections())} connections, dt={self._backend.dt} ms"
                f"{', built' if self._built_now else ''}>")


