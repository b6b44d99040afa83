"""Networks to and from files: run files, SPAIC-like folders, weights."""
from __future__ import annotations

import json
import numbers
import os
import random
from typing import Any, Dict, List, Optional

import numpy as np

from ._lib import FileError, c_void_p, lib, numbers_of, shared, text
from .coding import Decoder, Encoder, Generator, Reward, _Source
from .connection import Connection
from .learner import Learner
from .monitor import SpikeMonitor, StateMonitor, _Monitor
from .network import Network
from .neuron import NeuronGroup

_WEIGHTS = os.path.join("parameters", "_parameters_dict.safetensors")
_OPTIONS = ("dt", "latency", "compat", "precision", "schedule")

# ---- to a tree ---------------------------------------------------------------------------------


def _plain(value: Any, what: str) -> Any:
    """A parameter as YAML and JSON have it."""
    if hasattr(value, "as_text"):
        return value.as_text()
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    if callable(value) and not hasattr(value, "__array__"):
        raise ValueError(f"{what}: a Python function cannot be written to a file")
    array = numbers_of(value, np.float64, what)
    return array.tolist()


def _entry(part: Any) -> Dict[str, Any]:
    return {name: _plain(value, f"{part.id}: {name}") for name, value in part._describe().items()
            if value is not None}


def tree_of(net: Network, weights: bool = False) -> Dict[str, Any]:
    """The network section of a run file; weights: the trained ones in the place of given ones."""
    backend = net._backend
    made: Dict[str, Any] = {"dt": float(backend.dt)}
    made.update({key: getattr(backend, key) for key in _OPTIONS[1:]})
    groups = [part for part in net.parts() if isinstance(part, (NeuronGroup, _Source))]
    made["groups"] = {part.id: _entry(part) for part in groups}
    made["connections"] = {part.id: _entry(part) for part in net._all_connections()}
    values = net.parameters() if weights else {}
    for name, array in values.items():
        part, _dot, variable = name.partition(".")
        if part in made["connections"] and variable in ("weight", "bias", "delay"):
            made["connections"][part][variable] = array.tolist()
    made["decoders"] = {part.id: _entry(part) for part in net._of(Decoder)}
    made["rewards"] = {part.id: dict(_entry(part), **({"num": part._asked} if part._asked else {}))
                       for part in net._of(Reward)}
    made["monitors"] = {part.id: _entry(part) for part in net._of(_Monitor)
                        if not getattr(part, "_of_parameter", False)}
    return {key: value for key, value in made.items() if value != {}}


def _learner_entry(learner: Learner, net: Network) -> Dict[str, Any]:
    made: Dict[str, Any] = {}
    for name, value in learner._describe(net).items():
        if isinstance(value, dict):
            made[name] = {key: _plain(x, f"{learner.id}: {key}") for key, x in value.items()
                          if x is not None}
        elif name == "trainable":
            made[name] = list(value)
        elif value is not None:
            made[name] = _plain(value, f"{learner.id}: {name}")
    return made


def _whole(net: Network, weights: bool = False) -> Dict[str, Any]:
    made: Dict[str, Any] = {"name": net.name or type(net).__name__, "seed": int(net._seed),
                            "network": tree_of(net, weights)}
    learners = net._of(Learner)
    if len(learners) == 1:
        made["learner"] = _learner_entry(learners[0], net)
    elif learners:
        made["learners"] = {part.id: _learner_entry(part, net) for part in learners}
    return made


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        number = float(value)
        if number != number or number in (float("inf"), float("-inf")):
            return ".nan" if number != number else "inf" if number > 0 else "-inf"
        return repr(int(value)) if number == int(number) and abs(number) < 1e15 else repr(number)
    return json.dumps(str(value), ensure_ascii=False)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(x)}" for key, x in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(x) for x in value) + "]"
    return _scalar(value)


def yaml_of(tree: Dict[str, Any]) -> str:
    """A tree as YAML: sections as blocks, entries on one line."""
    lines: List[str] = []

    def add(node: Dict[str, Any], depth: int) -> None:
        for key, value in node.items():
            head = "  " * depth + f"{key}:"
            if isinstance(value, dict) and depth < 2 and value:
                lines.append(head)
                add(value, depth + 1)
            else:
                lines.append(f"{head} {_flow(value)}")

    add(tree, 0)
    return "\n".join(lines) + "\n"


def _write(path: str, content: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as problem:
        raise FileError(f"{path} cannot be written: {problem.strerror}") from problem


def save(net: Network, path: Any, **sections: Any) -> str:
    """Writes a network and its learners as a run file.

    Parameters
    ----------
    path : str
        Ends in .yaml, .yml or .json.
    **sections
        Other sections of a run file, such as ``data={'set': 'strokes'}`` and
        ``training={'time': 20, 'epochs': 3}``, with which ``hebb train`` runs it.
    """
    name, tree = os.fspath(path), dict(_whole(net), **sections)
    _write(name, json.dumps(tree, indent=1) if name.endswith(".json") else yaml_of(tree))
    return name


# ---- from a tree -------------------------------------------------------------------------------


def read_tree(path: Any) -> Dict[str, Any]:
    """A YAML or JSON file as Python's dicts and lists."""
    name = os.fspath(path)
    tree = json.loads(shared().text_of(lib.hebb_file_json, text(name)) or "null")
    if not isinstance(tree, dict):
        raise ValueError(f"{name}: a map of names and values is wanted")
    return tree


def _checked(path: str) -> None:
    """The library's own reading of the file, for its sentences with lines."""
    import ctypes

    context, net = shared(), c_void_p()
    with context.use():
        context.check(lib.hebb_net_from_file(context.pointer, text(path), ctypes.byref(net)))
        lib.hebb_net_free(net)


def _take(entry: Dict[str, Any], *names: str) -> List[Any]:
    return [entry.pop(name, None) for name in names]


def _groups_of(net: Network, tree: Dict[str, Any]) -> Dict[str, Any]:
    groups: Dict[str, Any] = {}
    for name, given in (tree.get("groups") or {}).items():
        entry = dict(given)
        neurons, encoder, generator, num = _take(entry, "neurons", "encoder", "generator", "num")
        if neurons is not None:
            groups[name] = NeuronGroup(num, model=neurons, **entry)
        elif encoder is not None:
            groups[name] = Encoder(num=num, coding_method=encoder, **entry)
        else:
            groups[name] = Generator(num=num, coding_method=generator, **entry)
    return groups


def from_tree(tree: Dict[str, Any], seed: Optional[int] = None, **options: Any) -> Network:
    """The network that a tree describes: a run file's, or a network section alone."""
    section = tree.get("network", tree)
    given = {key: section[key] for key in _OPTIONS if section.get(key) is not None}
    net = Network(seed=int(tree.get("seed") or 0) if seed is None else seed,
                  **dict(given, **options))
    groups = _groups_of(net, section)
    parts: Dict[str, Any] = dict(groups)
    for name, entry in (section.get("connections") or {}).items():
        entry = dict(entry)
        pre, post, link = _take(entry, "from", "to", "link")
        parts[name] = Connection(groups[pre], groups[post], link_type=link or "full", **entry)
    for key, kind in (("decoders", Decoder), ("rewards", Reward)):
        for name, entry in (section.get(key) or {}).items():
            entry = dict(entry)
            target, method = _take(entry, "target", "method")
            parts[name] = kind(dec_target=groups[target], coding_method=method, **entry)
    for name, entry in (section.get("monitors") or {}).items():
        entry = dict(entry)
        state, spikes, variable = _take(entry, "state", "spikes", "variable")
        parts[name] = SpikeMonitor(groups[spikes]) if spikes is not None \
            else StateMonitor(parts[state], variable or "O")
    for name, part in parts.items():
        net._put(name, part)
    learners = dict(tree.get("learners") or {})
    if tree.get("learner"):
        learners["learner"] = tree["learner"]
    for name, entry in learners.items():
        net._put(name, _learner_of(dict(entry), net, parts))
    return net


def _learner_of(entry: Dict[str, Any], net: Network, parts: Dict[str, Any]) -> Learner:
    algorithm, trainable, optimizer, schedule, loss = _take(
        entry, "algorithm", "trainable", "optimizer", "schedule", "loss")
    wanted: Any = None if trainable in (None, "all") else \
        [parts.get(name, name) for name in ([trainable] if isinstance(trainable, str)
                                            else trainable)]
    made = Learner(trainable=wanted, algorithm=algorithm, **entry)
    if optimizer:
        optimizer = dict(optimizer)
        name, rate = _take(optimizer, "name", "lr")
        made.set_optimizer(name, rate, **optimizer)
    if schedule:
        schedule = dict(schedule)
        name, made.schedule_every = _take(schedule, "name", "every")
        made.set_schedule(name, **schedule)
    if loss:
        loss = dict(loss)
        name, decoder = _take(loss, "name", "decoder")
        made.set_loss(name or "cross_entropy", parts.get(decoder), **loss)
    return made


def from_file(path: Any, seed: Optional[int] = None, **options: Any) -> Network:
    """The network of a run file, with its learners; see ``Network.from_file``."""
    name = os.fspath(path)
    tree = read_tree(name)
    _checked(name)
    return from_tree(tree, seed=seed, **options)


# ---- SPAIC's names -----------------------------------------------------------------------------


def network_save(Net: Network, filename: Optional[str] = None, path: Any = None,
                 trans_format: str = "json", combine: bool = False, save: bool = True,
                 save_weight: bool = True) -> Any:
    """Writes a network's structure and weights into a folder.

    Parameters
    ----------
    filename : str, optional
        Name of the folder and of the file in it; default the network's name and a number.
    path : str, optional
        Where the folder is made; default here.
    trans_format : str
        "json" or "yaml".
    combine : bool
        True: the weights stand in the same file.
    save : bool
        False: write nothing, return the structure as a dict.
    save_weight : bool
        False: leave the weights out.

    Returns
    -------
    str or dict
        The folder's name as `filename` gave it, or the structure.
    """
    if not isinstance(Net, Network):
        raise TypeError(f"network_save: {type(Net).__name__} is not a Network")
    if trans_format not in ("json", "yaml", "yml"):
        raise ValueError(f"network_save: trans_format = '{trans_format}' is not allowed; it must "
                         "be json or yaml")
    tree = _whole(Net, weights=combine)
    if not save:
        return tree
    filename = filename or f"{Net.name or type(Net).__name__}{random.randrange(10000)}"
    folder = os.path.join(os.fspath(path) if path else ".", filename)
    ending = "json" if trans_format == "json" else "yml"
    _make_folder(os.path.join(folder, "parameters"))
    name = os.path.join(folder, f"{os.path.basename(filename)}.{ending}")
    _write(name, json.dumps(tree, indent=1) if ending == "json" else yaml_of(tree))
    if save_weight and not combine:
        Net.save_weights(os.path.join(folder, _WEIGHTS))
    return filename


def network_load(filename: str, path: Any = None, device: Any = "cpu",
                 load_weight: bool = True) -> Network:
    """The network that ``network_save`` wrote."""
    folder = os.path.join(os.fspath(path) if path else ".", os.fspath(filename))
    stem = os.path.join(folder, os.path.basename(os.fspath(filename)))
    for ending in ("json", "yml", "yaml"):
        name = f"{stem}.{ending}"
        if os.path.exists(name):
            break
    else:
        raise FileError(f"there is no network in {folder}: neither {stem}.json nor {stem}.yml")
    if name.endswith(".json"):
        with open(name, encoding="utf-8") as file:
            net = from_tree(json.load(file))
    else:
        net = from_file(name)
    weights = os.path.join(folder, _WEIGHTS)
    if load_weight and os.path.exists(weights):
        net.load_weights(weights)
    return net


def _make_folder(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as problem:
        raise FileError(f"{path} cannot be made: {problem.strerror}") from problem


def _state_file(filename: Optional[str], direct: Any, net: Network) -> str:
    place = os.fspath(direct) if isinstance(direct, (str, os.PathLike)) else "."
    name = filename if filename else net.name or "autoname"
    return os.path.join(place, str(name).split(".")[0], _WEIGHTS)


def save_state(net: Network, filename: Optional[str], direct: Any, write: bool) -> Any:
    """See ``Network.save_state``."""
    if not write:
        return net.parameters()
    path = _state_file(filename, direct, net)
    _make_folder(os.path.dirname(path))
    net.save_weights(path)
    return path


def state_from_dict(net: Network, state: Any, filename: Optional[str], direct: Any) -> None:
    """See ``Network.state_from_dict``."""
    if isinstance(state, dict):
        for name, value in state.items():
            net.set_parameter(name, value)
        return
    if state not in (False, None):
        raise TypeError(f"state_from_dict: state is a {type(state).__name__}, not a dict")
    net.load_weights(_state_file(filename, direct, net))
