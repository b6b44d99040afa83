"""The library's own training loop, ``hebb_fit`` and ``hebb_evaluate``, from Python."""
from __future__ import annotations

import contextlib
import ctypes
import numbers
import signal
import threading
from typing import Any, Callable, Dict, Optional

import numpy as np

from ._lib import (POINTER, PROGRESS, STOPPED, Metrics, Params, Progress, address, c_void_p, lib,
                   numbers_of, text)


def arrays_of(data: Any, what: str) -> tuple:
    """(samples [count, size], labels [count], classes) of a data set."""
    classes = getattr(data, "class_number", None)
    if hasattr(data, "arrays"):
        data = data.arrays()
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"{what}: a Dataset or (samples, labels) is wanted, not "
                        f"{type(data).__name__}")
    samples = numbers_of(data[0], np.float32, f"{what}: samples")
    labels = numbers_of(data[1], np.int32, f"{what}: labels").ravel()
    if samples.ndim < 2 or not samples.size:
        raise ValueError(f"{what}: samples of shape {samples.shape} are not allowed; they must "
                         "be [count, size]")
    if len(samples) != len(labels):
        raise ValueError(f"{what}: {len(samples)} samples, but {len(labels)} labels")
    return samples.reshape(len(samples), -1), labels, classes or max(int(labels.max()) + 1, 1)


@contextlib.contextmanager
def dataset(context: Any, data: Any, what: str):
    """The data as the library holds it, for one call."""
    if data is None:
        yield None
        return
    samples, labels, classes = arrays_of(data, what)
    pointer = c_void_p()
    context.check(lib.hebb_dataset_from_arrays(
        context.pointer, address(samples), address(labels), len(samples), samples.shape[1],
        classes, ctypes.byref(pointer)))
    try:
        yield pointer
    finally:
        lib.hebb_dataset_free(pointer)


class _Bar:
    """tqdm where it is there, else a line."""

    def __init__(self) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            tqdm = None
        self._tqdm, self._bar, self._at = tqdm, None, None

    def __call__(self, state: Dict[str, Any]) -> None:
        at = (state["phase"], state["epoch"])
        label = (f"{state['phase']} {state['epoch']}/{state['epochs']}: loss "
                 f"{state['loss']:.4f}, accuracy {100 * state['accuracy']:.2f} %")
        if self._tqdm is None:
            end = "\n" if state["batch"] == state["batches"] else "\r"
            print(f"{label}  {state['batch']}/{state['batches']}", end=end, flush=True)
            return
        if self._at != at:
            self.close()
            self._bar, self._at = self._tqdm(total=state["batches"]), at
        self._bar.set_description_str(label)
        self._bar.update(state["batch"] - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextlib.contextmanager
def _ctrl_c(context: Any):
    """Ctrl-C is noted, ends the training after the batch, and is raised then.

    An exception that is raised on the way into a callback would be lost.
    """
    noted = (threading.current_thread() is threading.main_thread()
             and signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    if not noted:
        yield
        return

    def note(_number: int, _frame: Any) -> None:
        context.pending = KeyboardInterrupt()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _callback(context: Any, watch: Optional[Callable[[Dict[str, Any]], Any]]) -> Any:
    """Called by the library after every batch; this is where Ctrl-C is heard."""
    def call(_user: Any, pointer: Any) -> int:
        try:
            if context.pending is not None:
                return 1
            if watch is None:
                return 0
            p = ctypes.cast(pointer, POINTER(Progress)).contents
            return int(bool(watch(dict(
                epoch=p.epoch, epochs=p.epochs, batch=p.batch, batches=p.batches,
                phase=p.phase.decode(), loss=p.loss, accuracy=p.accuracy, seconds=p.seconds))))
        except BaseException as problem:  # KeyboardInterrupt too: it is raised after the call
            if context.pending is None:
                context.pending = problem
            return 1

    return PROGRESS(call)


def _number(value: Any, name: str, whole: bool) -> Any:
    kind = numbers.Integral if whole else numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} = {value!r:.40} is not a {'whole ' * whole}number")
    if whole and not -1 << 31 < value < 1 << 31:
        raise ValueError(f"{name} = {value} is not allowed")
    return int(value) if whole else float(value)


def _options(given: Dict[str, Any]) -> Any:
    options = lib.hebb_fit_options_default()
    for name, value in given.items():
        if value is None:
            continue
        if name in ("shuffle", "schedule_every_batch"):
            setattr(options, name, int(bool(value)))
        elif name in ("time", "retry_spikes", "retry_gain"):
            setattr(options, name, _number(value, name, False))
        elif name in ("epochs", "retry"):
            setattr(options, name, _number(value, name, True))
        elif name == "batch_size":
            options.batch_size = max(0, _number(value, name, True))
        elif name == "retry_group":
            options.retry_group = text(getattr(value, "id", value))
        else:
            raise TypeError(f"there is no option '{name}'")
    return options


def _call(network: Any, learner: Any, data: Any, test: Any, progress: Any, encoder: Any,
          given: Dict[str, Any], call: Callable[..., int]) -> Dict[str, float]:
    options, metrics = _options(given), Metrics()
    bar = _Bar() if progress is True else None
    watch = bar if bar is not None else progress if callable(progress) else None
    name = text(getattr(encoder, "id", encoder))
    with network._context.use() as context:
        options.progress = hold = _callback(context, watch)
        with dataset(context, data, "data") as samples, dataset(context, test, "test") as tests:
            options.test = tests
            try:
                with context.calls_back(), _ctrl_c(context):
                    status = call(learner._pointer, name, samples, ctypes.byref(options),
                                  ctypes.byref(metrics))
                context.check(status)
            finally:
                if bar is not None:
                    bar.close()
                network._after_fit()
        del hold
    return dict(loss=metrics.loss, accuracy=metrics.accuracy, seconds=metrics.seconds,
                count=metrics.count, stopped=status == STOPPED)


def _set_loss(network: Any, learner: Any) -> None:
    """Tells the library the loss that the learner was given."""
    if not learner.is_gradient:
        return
    name, decoder, params = learner._loss
    decoder = decoder or learner._decoder
    with network._built() as (_net, context):
        array = Params(params, name, context)
        context.check(lib.hebb_learner_set_loss(
            learner._pointer, None if decoder is None else text(decoder.id), text(name),
            array.array))
        learner._decoder = decoder


def fit(network: Any, learner: Any, data: Any, test: Any = None, progress: Any = None,
        encoder: Any = None, **given: Any) -> Dict[str, float]:
    """See ``Network.fit``."""
    if learner.schedule_every == "batch":
        given.setdefault("schedule_every_batch", True)
    _prepare(network, given)
    _set_loss(network, learner)
    return _call(network, learner, data, test, progress, encoder, given, lib.hebb_fit)


def evaluate(network: Any, learner: Any, data: Any, progress: Any = None, encoder: Any = None,
             **given: Any) -> Dict[str, Any]:
    """See ``Network.evaluate``."""
    _prepare(network, given)
    _set_loss(network, learner)
    classes = arrays_of(data, "data")[2]
    confusion = np.zeros((classes, classes), np.uint64)

    def call(pointer: Any, name: Any, samples: Any, options: Any, metrics: Any) -> int:
        return lib.hebb_evaluate(pointer, name, samples, options, metrics, address(confusion))

    found = _call(network, learner, data, None, progress, encoder, given, call)
    return dict(found, confusion=confusion.astype(np.int64))


def _prepare(network: Any, given: Dict[str, Any]) -> None:
    """Builds for the batch and the time that are coming."""
    options = _options(given)
    network.build(batch=options.batch_size, time=options.time if options.time > 0 else 0.0)
