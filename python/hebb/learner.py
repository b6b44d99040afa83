"""Learners: what is trained, by which rule, with which optimizer."""
from __future__ import annotations

import ctypes
import numbers
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import tables
from ._lib import (CLOSURE, Params, StateError, address, c_double, c_void_p, lib, names_of,
                   numbers_of, text)
from .base import Assembly, Component, ignore
from .coding import Action, Decoder, Reward
from .connection import Projection

_GRADIENT = ("stca", "stbp", "sbp")
#: What set_schedule's values without a name stand for, in PyTorch's order.
_ORDER = {"lambdalr": ("lr_lambda",), "steplr": ("step_size", "gamma"),
          "multisteplr": ("milestones", "gamma"), "exponentiallr": ("gamma",),
          "cosineannealinglr": ("T_max", "eta_min"),
          "reducelronplateau": ("mode", "factor", "patience"),
          "cycliclr": ("base_lr", "max_lr", "step_size_up", "step_size_down", "mode"),
          "cosineannealingwarmrestarts": ("T_0", "T_mult", "eta_min")}


def _canonical(kind: str, name: Any, what: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{what} = {name!r:.40} is not a text")
    first = tables.page(name, kind).split("\n", 1)[0]
    return first[2:].split(" (")[0]


class Learner(Component):
    """Trains parts of a network.

    Parameters
    ----------
    trainable : Network, Assembly, NeuronGroup, Connection, Projection or a list of these
        What is trained. The network itself: everything. A group comes with its incoming
        connections. None: everything.
    algorithm : str
        The rule, in any case. "STCA", "STBP" and "sbp" are trained by gradients: give them an
        optimizer. All others change weights while the network runs.
    pathway : object or list, optional
        Accepted for SPAIC's sake: gradients pass untrained parts in any case.
    **kwargs
        Parameters of the algorithm, see below.

    Examples
    --------
    >>> self.learner = hebb.Learner(trainable=self, algorithm='STCA', alpha=0.5)
    >>> self.learner.set_optimizer('Adam', 0.001)
    >>> self.learner.set_schedule('StepLR', 0.01)
    """

    def __init__(self, trainable: Any = None, pathway: Any = None, algorithm: Any = None,
                 name: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(name)
        if algorithm is None:
            raise ValueError("Learner: algorithm is missing; hebb.names('learner') lists them")
        self.algorithm = _canonical("learner", algorithm, "Learner: algorithm")
        self.trainable = trainable
        ignore(kwargs, "run_time", "param_run_update", "required_grad")
        self.parameters: Dict[str, Any] = kwargs
        self._optimizer: Optional[Tuple[str, float, Dict[str, Any]]] = None
        self._schedule: Optional[Tuple[str, Dict[str, Any]]] = None
        self._pointer: Any = None
        self._active = True
        self._decoder: Any = None
        self._keep: List[Any] = []
        self.schedule_every: Optional[str] = None
        self._loss: Tuple[str, Any, Dict[str, Any]] = ("cross_entropy", None, {})
        self._targets()  # refuses what cannot be trained

    @property
    def is_gradient(self) -> bool:
        """Whether it learns by gradients of a loss."""
        return self.algorithm.lower() in _GRADIENT

    # ---- what is set before the build ----
    def set_optimizer(self, optim_name: str, optim_lr: float = 0.001, **kwargs: Any) -> None:
        """Chooses the optimizer.

        Parameters
        ----------
        optim_name : str
            One of ``hebb.names("optimizer")`` or an alias, such as SPAIC's 'Adamx' and 'Rpop'.
        optim_lr : float
            Learning rate, at least 0.
        **kwargs
            Its parameters: ``hebb.info(optim_name)``.
        """
        name = _canonical("optimizer", optim_name, "set_optimizer: optim_name")
        if isinstance(optim_lr, bool) or not isinstance(optim_lr, numbers.Real):
            raise TypeError(f"set_optimizer: optim_lr = {optim_lr!r:.40} is not a number")
        self._optimizer = (name, float(optim_lr), kwargs)
        if self._pointer is not None:
            self._apply_optimizer(self._need_network()._context)

    def set_schedule(self, lr_schedule_name: str, *values: Any, **kwargs: Any) -> None:
        """Chooses how the learning rate changes; ``optim_schedule()`` makes its steps.

        Parameters
        ----------
        lr_schedule_name : str
            One of ``hebb.names("schedule")``.
        *values, **kwargs
            Its parameters: ``hebb.info(lr_schedule_name)``; those without a name in PyTorch's
            order. A first value of StepLR that is no whole number is gamma.
        """
        name = _canonical("schedule", lr_schedule_name, "set_schedule: lr_schedule_name")
        order = _ORDER.get(name.lower(), ())
        if name == "StepLR" and values and isinstance(values[0], numbers.Real) \
                and float(values[0]) % 1 != 0:
            order = ("gamma", "step_size")
        if len(values) > len(order):
            raise TypeError(f"set_schedule: {name} takes {len(order)} values without a name, "
                            f"not {len(values)}")
        for key, value in zip(order, values):
            if key in kwargs:
                raise TypeError(f"set_schedule: {key} is given twice")
            kwargs[key] = value
        self._schedule = (name, kwargs)
        if self._pointer is not None:
            self._apply_schedule(self._need_network()._context)

    def set_loss(self, loss: str = "cross_entropy", decoder: Optional[Decoder] = None,
                 **kwargs: Any) -> None:
        """The loss that ``fit`` uses; a loop of yours computes its own.

        Parameters
        ----------
        loss : str
            One of ``hebb.names("loss")``.
        decoder : Decoder, optional
            Whose prediction it judges; default the network's first.
        **kwargs
            The loss's parameters.
        """
        self._loss = (_canonical("loss", loss, "set_loss: loss"), decoder, kwargs)

    # ---- build ----
    def _targets(self) -> Optional[List[Component]]:
        """What is trained, or None for everything."""
        given = self.trainable
        if given is None or getattr(given, "_is_network", False):
            return None
        items = list(given) if isinstance(given, (list, tuple)) else [given]
        if not items:
            raise ValueError("Learner: trainable is an empty list")
        found: List[Component] = []
        for item in items:
            if getattr(item, "_is_network", False):
                return None
            if isinstance(item, Projection):
                found += item.get_connections()
            elif isinstance(item, Assembly):
                found += item.get_groups() + item.get_connections()
                for part in item.parts():
                    if isinstance(part, Projection):
                        found += part.get_connections()
            elif isinstance(item, str):  # a full name, such as "layer1.tau_m"
                found.append(item)
            elif isinstance(item, Component):
                if not isinstance(item, (Reward, Action)):
                    found.append(item)
            else:
                raise TypeError(f"Learner: trainable: {type(item).__name__} is not a part of a "
                                f"network: {item!r:.60}")
        return found

    def _names(self, network: Any) -> Optional[List[str]]:
        targets = self._targets()
        wanted = [group for group in network.get_groups()
                  if getattr(group, "parameter_variables", None)]
        if targets is None and not (self.is_gradient and wanted):
            return None
        if targets is None:
            targets = network.get_groups() + network._all_connections()
        decoders = isinstance(targets[0], Decoder) and len(targets) == 1
        if not self.is_gradient:
            targets = [item for item in targets if not isinstance(item, Decoder) or decoders]
        names = [item if isinstance(item, str) else item.id for item in targets]
        if self.is_gradient:
            names += [f"{group.id}.{variable}" for group in wanted if group in targets
                      for variable in group.parameter_variables]
        return list(dict.fromkeys(names))

    def _create(self, net: Any, context: Any, network: Any) -> None:
        pointer = c_void_p()
        names = self._names(network)
        params = Params(self.parameters, self.id, context)
        self._keep = [params]
        context.check(lib.hebb_learner_create(
            net, text(self.algorithm), None if names is None else names_of(names), params.array,
            ctypes.byref(pointer)))
        self._pointer = pointer
        self._apply_optimizer(context)
        self._apply_schedule(context)

    def _apply_optimizer(self, context: Any) -> None:
        if self._optimizer is None:
            return
        name, rate, given = self._optimizer
        params = Params(given, f"{self.id}: {name}", context)
        self._keep.append(params)
        context.check(lib.hebb_learner_set_optimizer(self._pointer, text(name), rate,
                                                     params.array))

    def _apply_schedule(self, context: Any) -> None:
        if self._schedule is None:
            return
        name, given = self._schedule
        params = Params(given, f"{self.id}: {name}", context)
        self._keep.append(params)
        context.check(lib.hebb_learner_set_schedule(self._pointer, text(name), params.array))

    def _teach(self, context: Any, labels: Any) -> None:
        given = numbers_of(labels, np.int32, self.id).ravel()
        if given.size:
            context.check(lib.hebb_learner_teach(self._pointer, address(given), given.size))

    # ---- learning ----
    def optim_zero_grad(self) -> None:
        """Sets its gradients to 0."""
        with self._need_network()._built() as (_net, context):
            if self.is_gradient:
                context.check(lib.hebb_learner_zero_grad(self._pointer))

    zero_grad = optim_zero_grad

    def optim_step(self, closure: Optional[Callable[[], Any]] = None) -> None:
        """One step of the optimizer; plastic rules apply what still waits.

        Parameters
        ----------
        closure : callable, optional
            For LBFGS: runs the batch again (optim_zero_grad, run, backward) and returns the loss.
        """
        network = self._need_network()
        with network._built() as (_net, context):
            if not self._active or (self.is_gradient and self._optimizer is None):
                return
            if closure is None:
                context.check(lib.hebb_learner_optim_step(self._pointer))
                return
            call = CLOSURE(lambda _user, loss: _evaluate(context, closure, loss))
            context.check(lib.hebb_learner_optim_step_closure(self._pointer, call, None))

    step = optim_step

    def optim_schedule(self, metric: Optional[float] = None) -> None:
        """One step of the schedule; `metric` is read by ReduceLROnPlateau."""
        if self._schedule is not None and self._schedule[0] == "ReduceLROnPlateau" \
                and metric is None:
            raise ValueError("optim_schedule: ReduceLROnPlateau needs the metric, such as "
                             "optim_schedule(loss.item())")
        with self._need_network()._built() as (_net, context):
            context.check(lib.hebb_learner_schedule_step(
                self._pointer, 0.0 if metric is None else float(metric)))

    @property
    def lr(self) -> float:
        """The learning rate now."""
        with self._need_network()._built() as (_net, _context):
            return float(lib.hebb_learner_lr(self._pointer))

    def active(self) -> None:
        """Lets it learn (it does by default)."""
        self._active = True

    def deactive(self) -> None:
        """Lets it learn nothing: optim_step does nothing, plastic rules rest in the next runs."""
        self._active = False

    def teach(self, labels: Any) -> None:
        """Labels [batch] for rules such as "tempotron", spikes [steps, batch, num] for ReSuMe."""
        given = numbers_of(labels, np.float32, "teach")
        with self._need_network()._built() as (_net, context):
            if given.ndim == 3:
                context.check(lib.hebb_learner_teach_spikes(self._pointer, address(given),
                                                            *given.shape))
            else:
                self._teach(context, labels)

    def fit(self, data: Any, **options: Any) -> Dict[str, float]:
        """Trains on a data set with the library's own loop; see ``Network.fit``."""
        return self._need_network()._fit(self, data, options)

    def _describe(self, network: Any) -> dict:
        names = self._names(network)
        made = {"algorithm": self.algorithm}
        if names is not None:
            made["trainable"] = names
        made.update(self.parameters)
        if self._optimizer is not None:
            made["optimizer"] = dict(name=self._optimizer[0], lr=self._optimizer[1],
                                     **self._optimizer[2])
        if self._schedule is not None:
            made["schedule"] = dict(name=self._schedule[0], **self._schedule[1])
        return made


def _evaluate(context: Any, closure: Callable[[], Any], loss: Any) -> int:
    """A closure's call: an exception ends the step and is raised after it."""
    try:
        loss[0] = float(closure())
        return 0
    except BaseException as problem:
        context.pending = problem
        return StateError.status


Learner.__doc__ += tables.documented("learner", "Algorithms")
