"""The library behind the package: libhebb, its functions, and its errors as Python's.

Everything here is private to the package. The rest of it sees three things: ``lib`` (the
functions), ``Context`` (a ``hebb_ctx`` with its lock) and ``Params`` (keyword arguments as the
library reads them).
"""
from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import glob
import numbers
import os
import threading
import weakref
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int, c_int32,
                    c_size_t, c_ubyte, c_uint32, c_uint64, c_void_p)
from typing import Any, Callable, Dict, Iterable, List, Optional

import numpy as np

# ---- errors ------------------------------------------------------------------------------------


class Error(Exception):
    """What the library refused, in its own sentence.

    Attributes
    ----------
    status : int
        The ``hebb_status`` (negative).
    """

    status = -90


class ArgumentError(Error, ValueError):
    """An unknown option, a name that is not there, a number or size that is not allowed."""


class StateError(Error, RuntimeError):
    """A call out of order, or something that this build cannot do."""


class OutOfMemory(Error, MemoryError):
    """The library had no memory left."""


class FileError(Error, OSError):
    """A file that could not be read or written."""


_STATE, _UNSUPPORTED, _MEMORY, _IO, _INTERNAL = -5, -8, -10, -20, -90
_CLASSES = {_STATE: StateError, _UNSUPPORTED: StateError, _MEMORY: OutOfMemory, _IO: FileError,
            _INTERNAL: Error}
STOPPED = 2


def error_of(status: int, sentence: str) -> Error:
    """The exception for a status and its sentence."""
    made = _CLASSES.get(status, ArgumentError)(sentence or f"the library returned {status}")
    made.status = status
    return made


# ---- the library -------------------------------------------------------------------------------


def _candidates() -> Iterable[str]:
    here = os.path.dirname(os.path.abspath(__file__))
    if os.environ.get("HEBB_LIBRARY"):
        yield os.environ["HEBB_LIBRARY"]
        return
    for pattern in ("libhebb.so*", "libhebb*.dylib", "hebb*.dll"):  # the wheel carries it
        yield from sorted(glob.glob(os.path.join(here, pattern)), key=len)
    checkout = os.path.dirname(os.path.dirname(here))  # a checkout after `make`
    for name in ("libhebb.so", "libhebb.dylib"):
        yield os.path.join(checkout, "build", "release", name)
    found = ctypes.util.find_library("hebb")
    if found:
        yield found


def _load() -> ctypes.CDLL:
    tried = []
    for path in _candidates():
        if os.path.isabs(path) and not os.path.exists(path):
            tried.append(path)
            continue
        try:
            return ctypes.CDLL(path)
        except OSError as problem:
            tried.append(f"{path} ({problem})")
    raise ImportError("hebb: libhebb was not found; build it with `make` in the checkout, install "
                      "the wheel, or name it in HEBB_LIBRARY. Tried: " + "; ".join(tried))


FUNCTION = CFUNCTYPE(c_double, c_void_p, c_double)
PROGRESS = CFUNCTYPE(c_int, c_void_p, c_void_p)
CLOSURE = CFUNCTYPE(c_int, c_void_p, POINTER(c_double))
LOG = CFUNCTYPE(None, c_void_p, c_char_p)


class Param(Structure):
    """``hebb_param``."""

    _fields_ = [("name", c_char_p), ("number", c_double), ("kind", c_int), ("text", c_char_p),
                ("list", POINTER(c_double)), ("count", c_size_t), ("shape", POINTER(c_size_t)),
                ("ndim", c_size_t), ("call", FUNCTION), ("call_integral", FUNCTION),
                ("user", c_void_p)]


class ContextOptions(Structure):
    """``hebb_ctx_options``."""

    _fields_ = [("struct_size", c_size_t), ("allocator", c_void_p), ("threads", c_int),
                ("seed", c_uint64), ("log", LOG), ("log_user", c_void_p)]


class NetOptions(Structure):
    """``hebb_net_options``."""

    _fields_ = [("struct_size", c_size_t), ("dt", c_double), ("latency", c_char_p),
                ("compat", c_char_p), ("precision", c_char_p), ("schedule", c_char_p),
                ("soft", c_int), ("batch_max", c_int), ("time_max", c_double)]


class Progress(Structure):
    """``hebb_progress``."""

    _fields_ = [("epoch", c_int), ("epochs", c_int), ("batch", c_size_t), ("batches", c_size_t),
                ("phase", c_char_p), ("loss", c_double), ("accuracy", c_double),
                ("seconds", c_double)]


class FitOptions(Structure):
    """``hebb_fit_options``."""

    _fields_ = [("struct_size", c_size_t), ("epochs", c_int), ("batch_size", c_size_t),
                ("time", c_double), ("shuffle", c_int), ("test", c_void_p),
                ("schedule_every_batch", c_int), ("progress", PROGRESS), ("user", c_void_p),
                ("retry", c_int), ("retry_spikes", c_double), ("retry_gain", c_double),
                ("retry_group", c_char_p)]


class Metrics(Structure):
    """``hebb_metrics``."""

    _fields_ = [("loss", c_double), ("accuracy", c_double), ("seconds", c_double),
                ("count", c_size_t)]


_P, _S, _N, _PARAMS = c_void_p, c_char_p, c_size_t, POINTER(Param)
_OUT, _SIZES, _NAMES = POINTER(c_void_p), POINTER(c_size_t), POINTER(c_char_p)
_CODING = [_P, _S, _PARAMS, c_double, _S, _P, _N, _N, _N, _P]
#: name -> (result, arguments); a result of None stands for hebb_status.
_PROTOTYPES: Dict[str, Any] = {
    "hebb_version": (_S, []),
    "hebb_build_info": (_S, []),
    "hebb_ctx_options_default": (ContextOptions, []),
    "hebb_ctx_create": (None, [POINTER(ContextOptions), _OUT]),
    "hebb_ctx_free": ("void", [_P]),
    "hebb_error": (_S, [_P]),
    "hebb_ctx_threads": (c_int, [_P]),
    "hebb_component_kind": (_S, [_N]),
    "hebb_component_name": (_S, [_S, _N]),
    "hebb_component_summary": (_S, [_S, _N]),
    "hebb_component_page": (None, [_P, _S, _S, _NAMES]),
    "hebb_nearest": (_S, [_S, _NAMES]),
    "hebb_file_describe": (None, [_P, _S, _NAMES]),
    "hebb_file_json": (None, [_P, _S, _NAMES]),
    "hebb_net_options_default": (NetOptions, []),
    "hebb_net_create": (None, [_P, POINTER(NetOptions), _OUT]),
    "hebb_net_free": ("void", [_P]),
    "hebb_net_from_file": (None, [_P, _S, _OUT]),
    "hebb_neurons": (c_int, [_P, _S, _N, _S, _PARAMS]),
    "hebb_encoder": (c_int, [_P, _S, _N, _S, _PARAMS]),
    "hebb_generator": (c_int, [_P, _S, _N, _S, _PARAMS]),
    "hebb_connect": (c_int, [_P, _S, c_int, c_int, _S, _PARAMS]),
    "hebb_decode": (c_int, [_P, _S, c_int, _S, _PARAMS]),
    "hebb_add_reward": (c_int, [_P, _S, c_int, _S, _PARAMS]),
    "hebb_state_monitor": (c_int, [_P, _S, _S, _S, _PARAMS]),
    "hebb_spike_monitor": (c_int, [_P, _S, _S, _PARAMS]),
    "hebb_net_build": (None, [_P]),
    "hebb_net_train": (None, [_P, c_int]),
    "hebb_net_input": (None, [_P, _S, _P, _N, _N]),
    "hebb_net_input_events": (None, [_P, _S, _P, _P, _P, _N]),
    "hebb_net_presentation": (None, [_P, c_uint64, _P, _N]),
    "hebb_net_run": (None, [_P, c_double]),
    "hebb_net_run_continue": (None, [_P, c_double]),
    "hebb_net_reset": (None, [_P]),
    "hebb_net_predict": (None, [_P, _S, POINTER(POINTER(c_float)), _SIZES, _SIZES]),
    "hebb_monitor_values": (None, [_P, _S, POINTER(POINTER(c_double)), POINTER(POINTER(c_double)),
                                   _SIZES]),
    "hebb_monitor_spikes": (None, [_P, _S, _N, POINTER(POINTER(c_uint32)),
                                   POINTER(POINTER(c_double)), _SIZES]),
    "hebb_net_reward": (None, [_P, _S, _P, _N]),
    "hebb_net_reward_values": (None, [_P, _S, POINTER(POINTER(c_double)),
                                      POINTER(POINTER(c_ubyte)), _SIZES]),
    "hebb_net_param_name": (_S, [_P, _N]),
    "hebb_net_param_shape": (None, [_P, _S, _SIZES, _SIZES]),
    "hebb_net_get": (None, [_P, _S, _P, _N]),
    "hebb_net_set": (None, [_P, _S, _P, _N]),
    "hebb_net_gradient": (None, [_P, _S, _P, _N]),
    "hebb_net_constant": (None, [_P, _S, POINTER(c_double)]),
    "hebb_net_save": (None, [_P, _S]),
    "hebb_net_load": (None, [_P, _S]),
    "hebb_learner_create": (None, [_P, _S, _NAMES, _PARAMS, _OUT]),
    "hebb_learner_set_optimizer": (None, [_P, _S, c_double, _PARAMS]),
    "hebb_learner_set_schedule": (None, [_P, _S, _PARAMS]),
    "hebb_learner_set_loss": (None, [_P, _S, _S, _PARAMS]),
    "hebb_learner_zero_grad": (None, [_P]),
    "hebb_learner_backward_from": (None, [_P, _P, _N, _N]),
    "hebb_learner_optim_step": (None, [_P]),
    "hebb_learner_optim_step_closure": (None, [_P, CLOSURE, _P]),
    "hebb_learner_schedule_step": (None, [_P, c_double]),
    "hebb_learner_teach": (None, [_P, _P, _N]),
    "hebb_learner_teach_spikes": (None, [_P, _P, _N, _N, _N]),
    "hebb_learner_lr": (c_double, [_P]),
    "hebb_dataset_open": (None, [_P, _S, _S, _S, _N, _OUT]),
    "hebb_dataset_from_arrays": (None, [_P, _P, _P, _N, _N, _N, _OUT]),
    "hebb_dataset_free": ("void", [_P]),
    "hebb_dataset_count": (_N, [_P]),
    "hebb_dataset_sample_size": (_N, [_P]),
    "hebb_dataset_classes": (_N, [_P]),
    "hebb_dataset_height": (_N, [_P]),
    "hebb_dataset_width": (_N, [_P]),
    "hebb_dataset_origin": (_S, [_P]),
    "hebb_dataset_samples": (None, [_P, _N, _N, _P, _P]),
    "hebb_fit_options_default": (FitOptions, []),
    "hebb_fit": (None, [_P, _S, _P, POINTER(FitOptions), POINTER(Metrics)]),
    "hebb_evaluate": (None, [_P, _S, _P, POINTER(FitOptions), POINTER(Metrics), _P]),
    "hebb_readout_create": (None, [_P, _S, _N, _PARAMS, _OUT]),
    "hebb_readout_fit": (None, [_P, _S, _P, POINTER(FitOptions)]),
    "hebb_readout_evaluate": (None, [_P, _S, _P, POINTER(FitOptions), POINTER(Metrics), _P]),
    "hebb_readout_predict": (None, [_P, _P, _N]),
    "hebb_data_get": (None, [_P, _S, _S]),
    "hebb_loss_value": (None, [_P, _S, _PARAMS, _P, _N, _N, _P, _P, POINTER(c_double), _P]),
    "hebb_net_action": (None, [_P, _S, _S, _PARAMS, c_uint64, _P, _N]),
    "hebb_encode": (None, _CODING),
}


class _Library:
    """The functions of libhebb by their own names, loaded once."""

    def __init__(self) -> None:
        cdll = _load()
        for name, (result, arguments) in _PROTOTYPES.items():
            try:
                function = getattr(cdll, name)
            except AttributeError:
                raise ImportError(f"hebb: {cdll._name} has no {name}; it is of another version "
                                  "than this package") from None
            function.restype = None if result == "void" else c_int if result is None else result
            function.argtypes = arguments
            setattr(self, name, function)
        self.path = cdll._name


lib: Any = _Library()


def text(value: Optional[str]) -> Optional[bytes]:
    """A Python text for the library; TypeError where it is none."""
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"a text is wanted, not {type(value).__name__}: {value!r:.60}")
    made = os.fspath(value)
    if "\0" in made:
        raise ValueError(f"a text must not hold a NUL character: {made!r:.60}")
    return made.encode("utf-8", "surrogateescape")


# ---- context -----------------------------------------------------------------------------------


def _free_context(pointer: int, pid: int) -> None:
    if os.getpid() == pid:  # a forked child has no threads of the pool to join
        lib.hebb_ctx_free(pointer)


class Context:
    """A ``hebb_ctx``: one thread at a time may use it, the lock sees to that."""

    def __init__(self, seed: int = 0, threads: Optional[int] = None,
                 log: Optional[Callable[[str], None]] = None) -> None:
        options = lib.hebb_ctx_options_default()
        if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
            raise TypeError(f"seed = {seed!r} is not a whole number")
        if not 0 <= seed < 2 ** 64:
            raise ValueError(f"seed = {seed} is not allowed; it must be between 0 and 2^64 - 1")
        options.seed = int(seed)
        if threads is not None:
            if isinstance(threads, bool) or not isinstance(threads, numbers.Integral):
                raise TypeError(f"threads = {threads!r} is not a whole number")
            options.threads = max(-1, min(int(threads), 1 << 20))
        self._log = LOG(lambda _user, line: log(line.decode("utf-8", "replace"))) if log else None
        if self._log:
            options.log = self._log
        pointer = c_void_p()
        status = lib.hebb_ctx_create(ctypes.byref(options), ctypes.byref(pointer))
        if status < 0:
            raise error_of(status, (lib.hebb_error(None) or b"").decode("utf-8", "replace"))
        self.pointer, self.pid = pointer, os.getpid()
        self.lock = threading.RLock()
        self.calling = False  # inside a call that calls back
        self.pending: Optional[BaseException] = None  # what a callback raised
        self._finalizer = weakref.finalize(self, _free_context, pointer.value, self.pid)

    @contextlib.contextmanager
    def use(self):
        """Holds the context for this thread."""
        if os.getpid() != self.pid:
            raise StateError("a network does not live on in a forked process; build it there")
        with self.lock:
            if self.calling:
                raise StateError("the network is at work; its own callback may not use it")
            yield self

    @contextlib.contextmanager
    def calls_back(self):
        """While the library calls Python: nobody else may come in, exceptions wait."""
        self.calling, self.pending = True, None
        try:
            yield
        finally:
            self.calling = False
        if self.pending is not None:
            pending, self.pending = self.pending, None
            raise pending

    def check(self, status: int) -> int:
        """The status, or the exception that it stands for."""
        if self.pending is not None:
            pending, self.pending = self.pending, None
            raise pending
        if status >= 0:
            return status
        raise error_of(status, lib.hebb_error(self.pointer).decode("utf-8", "replace"))

    def text_of(self, function: Callable, *arguments: Any) -> str:
        """Calls a function whose last argument receives a text."""
        out = c_char_p()
        with self.use():
            self.check(function(self.pointer, *arguments, ctypes.byref(out)))
            return (out.value or b"").decode("utf-8", "replace")


_shared: List[Context] = []


def shared() -> Context:
    """The context for what needs no network: tables, losses, files."""
    if not _shared or _shared[-1].pid != os.getpid():
        _shared[:] = [Context(threads=1)]
    return _shared[-1]


# ---- arrays and parameters ---------------------------------------------------------------------


def numbers_of(values: Any, dtype: Any, what: str) -> np.ndarray:
    """values as a C-ordered array of dtype, without a copy where it is one already."""
    if isinstance(values, np.ndarray) and values.dtype == dtype and values.flags.c_contiguous:
        return np.asarray(values)
    if hasattr(values, "detach") and not isinstance(values, np.ndarray):  # a tensor
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
        if array.dtype == object or array.dtype.kind not in "biuf":
            raise TypeError(f"{what}: numbers are wanted, not {array.dtype}")
        if np.dtype(dtype).kind in "iu" and array.dtype.kind == "f":
            if array.size and not np.all(np.isfinite(array) & (array == np.floor(array))):
                raise ValueError(f"{what}: whole numbers are wanted")
        if np.dtype(dtype).kind in "iu" and array.size and array.dtype.kind != "b" \
                and array.dtype != dtype:
            allowed = np.iinfo(dtype)
            if array.min() < allowed.min or array.max() > allowed.max:
                raise ValueError(f"{what}: a value is outside {allowed.min}..{allowed.max}")
        if array.dtype.itemsize <= np.dtype(dtype).itemsize:
            return np.asarray(array, dtype=dtype, order="C")
        with np.errstate(over="ignore"):  # what overflows is refused as not finite
            return np.asarray(array, dtype=dtype, order="C")
    except ValueError as problem:
        raise ValueError(f"{what}: {problem}" if what not in str(problem) else str(problem)) \
            from None


def address(array: Optional[np.ndarray]) -> Optional[int]:
    """Where its numbers lie."""
    return None if array is None else array.ctypes.data


class Params:
    """Keyword arguments as a NULL-terminated ``hebb_param`` list; keeps alive what it points to."""

    def __init__(self, values: Dict[str, Any], where: str, context: Optional[Context] = None):
        given = [(name, value) for name, value in values.items() if value is not None]
        self._keep: List[Any] = []
        self._context = context
        self.array = (Param * (len(given) + 1))()
        for slot, (name, value) in zip(self.array, given):
            slot.name = text(name)
            self._put(slot, value, f"{where}: {name}")

    def _put(self, slot: Param, value: Any, what: str) -> None:
        if hasattr(value, "as_text"):  # an initializer
            value = value.as_text()
        if isinstance(value, str):
            slot.kind, slot.text = 1, text(value)
        elif isinstance(value, (bool, np.bool_, numbers.Real)):
            slot.kind = 0
            try:
                slot.number = float(value)
            except OverflowError:
                raise ValueError(f"{what} = {value!r:.30} is too large") from None
        elif callable(value) and not hasattr(value, "__array__"):
            slot.kind, slot.call = 4, self._call(value)
        else:
            array = numbers_of(value, np.float64, what)
            shape = (c_size_t * max(array.ndim, 1))(*array.shape)
            self._keep += [array, shape]
            slot.kind = 0 if array.ndim == 0 else 2 if array.ndim == 1 else 3
            slot.number = float(array) if array.ndim == 0 else 0.0
            slot.list = ctypes.cast(array.ctypes.data, POINTER(c_double))
            slot.count, slot.shape, slot.ndim = array.size, shape, array.ndim

    def _call(self, function: Callable[[float], float]) -> Any:
        def call(_user: Any, x: float) -> float:
            try:
                return float(function(x))
            except BaseException as problem:  # it must not cross the library
                if self._context is not None and self._context.pending is None:
                    self._context.pending = problem
                return float("nan")

        made = FUNCTION(call)
        self._keep.append(made)
        return made


def names_of(values: Iterable[str]) -> Any:
    """Texts as a NULL-terminated array."""
    items = [text(value) for value in values]
    return (c_char_p * (len(items) + 1))(*items, None)
