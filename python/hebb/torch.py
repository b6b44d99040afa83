"""The same package with PyTorch's tensors: ``import hebb.torch as spaic``.

``Net.output.predict`` is a tensor, and ``loss.backward()`` reaches the engine, so that SPAIC's
training loops with ``torch.nn.functional`` run as they are. Needs PyTorch.
"""
from __future__ import annotations

from typing import Any, Dict, List

import numpy as _np
import torch as _torch

import hebb as _hebb
from hebb import *  # noqa: F401,F403
from hebb import IO, Learning, Library, Neuron, functional  # noqa: F401

from ._lib import lib as _lib


class _Predict(_torch.autograd.Function):
    """A decoder's answer as a node of PyTorch's graph."""

    @staticmethod
    def forward(ctx: Any, anchor: Any, decoder: Any, values: Any) -> Any:
        ctx.decoder, ctx.run = decoder, values._run
        return _torch.from_numpy(_np.array(values, dtype=_np.float32))

    @staticmethod
    def backward(ctx: Any, slope: Any) -> Any:
        network = ctx.decoder._need_network()
        gather = getattr(network, "_gather", None)
        if gather is None:
            network._backward(ctx.decoder, ctx.run, slope.detach().cpu().numpy())
        else:
            gather(ctx.decoder, ctx.run, slope.detach().cpu().numpy())
        return _torch.zeros(1), None, None


class Decoder(_hebb.Decoder):
    __doc__ = _hebb.Decoder.__doc__

    @property
    def predict(self) -> Any:
        """The answer of the last run [batch, classes], a tensor with a gradient."""
        values = _hebb.Decoder.predict.fget(self)
        network = self._need_network()
        learns = network._training and any(x.is_gradient for x in network._of(_hebb.Learner))
        return _Predict.apply(_torch.zeros(1, requires_grad=learns), self, values)


class Network(_hebb.Network):
    __doc__ = _hebb.Network.__doc__

    def get_testparams(self) -> List[Any]:
        """All parameters as leaf tensors, for an optimizer of PyTorch's.

        After a backward pass they hold the gradients; what the optimizer makes of them is taken
        over at the next run.
        """
        self.__dict__["_tensors"] = {
            name: _torch.tensor(values, dtype=_torch.float32, requires_grad=True)
            for name, values in self.parameters().items()}
        self.__dict__["_versions"] = {name: t._version for name, t in self._tensors.items()}
        return list(self._tensors.values())

    def _handed_out(self) -> Dict[str, Any]:
        return self.__dict__.get("_tensors", {})

    def _run(self, call: Any, time: Any, goes_on: bool) -> None:
        for name, tensor in self._handed_out().items():
            if tensor._version != self._versions[name]:
                self.set_parameter(name, tensor)
                self._versions[name] = tensor._version
        super()._run(call, time, goes_on)

    def _gather(self, decoder: Any, run: int, slope: Any) -> None:
        tensors = self._handed_out()
        learners = [x for x in self._of(_hebb.Learner) if x.is_gradient]
        if tensors:  # the gradients of this pass alone
            with self._running() as (_net, context):
                for learner in learners:
                    context.check(_lib.hebb_learner_zero_grad(learner._pointer))
        self._backward(decoder, run, slope)
        for name, tensor in tensors.items():
            try:
                found = _torch.tensor(self.get_gradient(name), dtype=tensor.dtype)
            except _hebb.StateError:  # no learner trains it
                continue
            tensor.grad = found if tensor.grad is None else tensor.grad + found
