"""Groups of neurons."""
from __future__ import annotations

import numbers
from typing import Any, Optional, Sequence, Tuple

from . import tables
from ._lib import Params, lib, text
from .base import Component, ignore


def size_of(num: Any, shape: Any, what: str) -> Tuple[int, Tuple[int, ...]]:
    """(number, shape) from what was given of the two."""
    if num is None and shape is None:
        raise ValueError(f"{what}: num or shape is missing")
    if shape is not None:
        sides = (shape,) if isinstance(shape, numbers.Integral) else tuple(shape)
        count = 1
        for side in sides:
            if isinstance(side, bool) or not isinstance(side, numbers.Integral) or side < 1:
                raise ValueError(f"{what}: shape = {shape!r:.60} is not allowed; it must hold "
                                 "whole numbers of at least 1")
            count *= int(side)
        if num is not None and num != count:
            raise ValueError(f"{what}: num = {num!r:.30} and shape = {shape!r:.60} do not agree")
        num, shape = count, tuple(int(side) for side in sides)
    if isinstance(num, bool) or not isinstance(num, numbers.Integral):
        raise TypeError(f"{what}: num = {num!r:.60} is not a whole number")
    if not 1 <= num <= 1 << 26:
        raise ValueError(f"{what}: num = {num} is not allowed; it must be between 1 and {1 << 26}")
    return int(num), shape if shape is not None else (int(num),)


class Driven(Component):
    """What spikes: groups of neurons, encoders, generators."""

    num: int
    shape: Tuple[int, ...]


class NeuronGroup(Driven):
    """A group of neurons of one model.

    Parameters
    ----------
    num : int, optional
        How many neurons; or give `shape`.
    model : str
        Name of a model, in any case; default "lif".
    shape : tuple of int, optional
        How they are laid out; monitors answer in it.
    neuron_type : str or list of str, optional
        Labels that a Projection's policies go by, such as "exc".
    parameter_variables : list of str, optional
        Parameters of the model that a gradient learner of this group trains, such as ["tau_m"].
    **kwargs
        Parameters of the model, see below; a number, or an array with one for each neuron.

    Raises
    ------
    ArgumentError
        Where there is no such model; the network's build refuses parameters that it lacks.
    """

    _is_group = True

    def __init__(self, num: Optional[int] = None, model: Optional[str] = None,
                 shape: Optional[Sequence[int]] = None, neuron_type: Any = None,
                 neuron_position: Any = None, name: Optional[str] = None,
                 parameter_variables: Sequence[str] = (), varible_ranges: Any = None,
                 prefer_device: Any = None, **kwargs: Any) -> None:
        super().__init__(name)
        self.num, self.shape = size_of(num, shape, "NeuronGroup")
        model = kwargs.pop("neuron_model", model) or "lif"
        if not isinstance(model, str):
            raise TypeError("NeuronGroup: model must be the name of a model; models written in "
                            "Python are not run (they would be slow): hebb.names('neuron') lists "
                            "those there are")
        tables.page(model, "neuron")  # refuses what is not there
        self.model = self.model_name = model
        self.type = [neuron_type] if isinstance(neuron_type, str) else list(neuron_type or [])
        self.parameter_variables = list(parameter_variables or [])
        if varible_ranges:
            raise ValueError("NeuronGroup: varible_ranges is not supported")
        ignore(kwargs, "dt", "neuron_num")
        self.parameters = kwargs

    def add_type(self, kind: str) -> None:
        """A label that a Projection's policies go by."""
        self.type.append(kind)

    def has_type(self, kinds: Sequence[str]) -> bool:
        """Whether it has one of these labels."""
        return any(kind in self.type for kind in kinds)

    def _create(self, net: Any, context: Any) -> int:
        params = Params(self.parameters, self.id, context)
        return lib.hebb_neurons(net, text(self.id), self.num, text(self.model), params.array)

    def _describe(self) -> dict:
        return dict(neurons=self.model, num=self.num, **self.parameters)

    @staticmethod
    def custom_model(*_args: Any, **_kwargs: Any):
        """Refused: the engine does not run models written in Python."""
        raise ValueError("NeuronGroup.custom_model: models written in Python are not supported; "
                         "hebb.names('neuron') lists those there are")

    def __getattr__(self, name: str) -> Any:
        """Trainable parameters of the model in a network that was built: ``group.V0``."""
        if not name.startswith("_"):
            network = self.network
            key = f"{self.id}.{name}"
            if network is not None and key in network._parameter_names():
                return network.get_parameter(key)
        raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")


NeuronGroup.__doc__ += tables.documented("neuron", "Models")
