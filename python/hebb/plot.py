"""Pictures of what a network did; needs matplotlib, which is imported when one is drawn.

Every function draws into `ax`, or a new figure, and returns the axes, so that titles, limits and
files are yours: ``hebb.plot.raster(net.spikes).figure.savefig("raster.png")``.
"""
from __future__ import annotations

import math
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from ._lib import numbers_of
from .connection import Connection
from .monitor import SpikeMonitor, StateMonitor

#: How many lines trace draws where it is not told which: more cannot be told apart.
_LINES = 5


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as problem:
        raise ImportError("hebb.plot draws with matplotlib, which is not installed: "
                          "pip install matplotlib") from problem
    return pyplot.subplots()[1]


def _sample(count: int, sample: int, what: str) -> int:
    if not -count <= sample < count:
        raise ValueError(f"{what}: sample = {sample} is not allowed; there are {count}")
    return sample


def raster(spikes: Any, neurons: Any = None, sample: int = 0, ax: Any = None,
           **style: Any) -> Any:
    """Draws spikes as points: time to the right, neurons upwards.

    Parameters
    ----------
    spikes : SpikeMonitor or array_like
        What a monitor recorded, or the times of the spikes in ms [spikes].
    neurons : array_like of int, optional
        Beside times: which neuron fired [spikes].
    sample : int
        Which sample of a monitor's batch.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    **style
        For ``Axes.scatter``: s, color, marker, ...

    Returns
    -------
    matplotlib.axes.Axes
    """
    if isinstance(spikes, SpikeMonitor):
        index = spikes.spk_index
        place = _sample(len(index), sample, "raster")
        times, neurons, title = spikes.spk_times[place], index[place], spikes.target.name
        height = spikes.target.num
    else:
        if neurons is None:
            raise TypeError("raster: beside times it needs the neurons")
        times = numbers_of(spikes, np.float64, "raster: times").ravel()
        neurons = numbers_of(neurons, np.int64, "raster: neurons").ravel()
        if len(times) != len(neurons):
            raise ValueError(f"raster: {len(times)} times and {len(neurons)} neurons do not fit")
        title, height = "", int(neurons.max(initial=0)) + 1
    ax = _axes(ax)
    ax.scatter(times, neurons, **dict(dict(s=12, marker="|", linewidths=0.8, color="black"), **style))
    ax.set(xlabel="time (ms)", ylabel="neuron", title=title or "", ylim=(-0.5, height - 0.5))
    return ax


def trace(states: Any, times: Any = None, neurons: Optional[Sequence[int]] = None,
          sample: int = 0, threshold: Optional[float] = None, ax: Any = None,
          **style: Any) -> Any:
    """Draws a variable over time, a line for each neuron.

    Parameters
    ----------
    states : StateMonitor or array_like
        What a monitor recorded, or values [neurons, steps].
    times : array_like, optional
        Beside values: the times in ms [steps]; default the steps 1, 2, ...
    neurons : list of int, optional
        Which neurons; default the first five.
    sample : int
        Which sample of a monitor's batch.
    threshold : float, optional
        Drawn as a broken line.
    ax, **style
        As for ``raster``, for ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    label = "value"
    if isinstance(states, StateMonitor):
        values, times, label = states.values, states.times, states.var_name
        values = values[_sample(len(values), sample, "trace")]
        values = values.reshape(-1, values.shape[-1])
    else:
        values = np.atleast_2d(numbers_of(states, np.float64, "trace"))
    if values.ndim != 2:
        raise ValueError(f"trace: values have shape {values.shape}; they must be [neurons, steps]")
    if times is None:
        times = np.arange(1, values.shape[1] + 1)
    picked = list(range(min(len(values), _LINES))) if neurons is None else list(neurons)
    for neuron in picked:
        if not 0 <= neuron < len(values):
            raise ValueError(f"trace: neuron {neuron} is not there; there are {len(values)}")
    ax = _axes(ax)
    for neuron in picked:
        ax.plot(times, values[neuron], **dict(dict(label=f"neuron {neuron}", linewidth=1), **style))
    if threshold is not None:
        ax.axhline(threshold, color="grey", linestyle="--", linewidth=0.8)
    ax.set(xlabel="time (ms)", ylabel=label)
    if 1 < len(picked) <= 2 * _LINES:
        ax.legend(fontsize="small")
    return ax


def _tiles(values: np.ndarray, shape: Tuple[int, int], columns: Optional[int]) -> np.ndarray:
    """Rows of weights as images beside one another, parted by lines of NaN."""
    count, (height, width) = len(values), shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, row in enumerate(values):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        sheet[top:top + height, left:left + width] = row.reshape(shape)
    return sheet


def weights(matrix: Any, side: Any = None, columns: Optional[int] = None,
            w_min: Optional[float] = None, w_max: Optional[float] = None, ax: Any = None,
            **style: Any) -> Any:
    """Draws weights: an image for each target neuron, or the matrix itself.

    Parameters
    ----------
    matrix : Connection or array_like
        Weights [post, pre].
    side : int or (int, int), optional
        Height (and width) of the images that the inputs form; default a square, where the number
        of inputs is one. Other matrices are drawn whole.
    columns : int, optional
        Images in a row; default about as many as rows.
    w_min, w_max : float, optional
        The ends of the colours; default the smallest and the largest weight.
    ax, **style
        As for ``raster``, for ``Axes.imshow``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if isinstance(matrix, Connection):
        matrix = matrix.weight
    values = np.atleast_2d(numbers_of(matrix, np.float64, "weights"))
    if values.ndim != 2 or not values.size:
        raise ValueError(f"weights: an array of shape {values.shape} is not allowed; it must be "
                         "[post, pre]")
    root, shape = math.isqrt(values.shape[1]), None
    if side is not None:
        shape = (int(side), int(side)) if np.ndim(side) == 0 else (int(side[0]), int(side[1]))
        if shape[0] * shape[1] != values.shape[1]:
            raise ValueError(f"weights: side = {side} is not allowed; the targets have "
                             f"{values.shape[1]} inputs")
    elif root * root == values.shape[1] and root > 3:
        shape = (root, root)
    ax = _axes(ax)
    shown = values if shape is None else _tiles(values, shape, columns)
    image = ax.imshow(shown, **dict(dict(cmap="viridis", vmin=w_min, vmax=w_max,
                                         aspect="auto" if shape is None else "equal",
                                         interpolation="nearest"), **style))
    if shape is None:
        ax.set(xlabel="from", ylabel="to")
    else:
        ax.set_axis_off()
    ax.figure.colorbar(image, ax=ax, fraction=0.046)
    return ax


def curve(values: Any, ylabel: str = "", xlabel: str = "epoch", ax: Any = None,
          **style: Any) -> Any:
    """Draws what changed from epoch to epoch: losses, accuracies.

    Parameters
    ----------
    values : dict or array_like
        Numbers [epochs], or a dict of several by their names.
    ylabel, xlabel : str
        What they are.
    ax, **style
        As for ``raster``, for ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    series: Dict[str, Any] = values if isinstance(values, dict) else {"": values}
    lines = {name: numbers_of(line, np.float64, "curve").ravel() for name, line in series.items()}
    ax = _axes(ax)
    for name, line in lines.items():
        ax.plot(np.arange(1, len(line) + 1), line,
                **dict(dict(label=str(name) or None, marker="."), **style))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if isinstance(values, dict):
        ax.legend(fontsize="small")
    return ax


def confusion(matrix: Any, classes: Optional[Sequence[str]] = None, ax: Any = None,
              **style: Any) -> Any:
    """Draws how often which label was answered by what.

    Parameters
    ----------
    matrix : array_like
        Counts [label, prediction]: ``net.evaluate(...)["confusion"]``, or the dict that
        ``evaluate`` returns.
    classes : list of str, optional
        Names of the classes; default their numbers.
    ax, **style
        As for ``raster``, for ``Axes.imshow``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if isinstance(matrix, dict):
        matrix = matrix["confusion"]
    counts = numbers_of(matrix, np.float64, "confusion")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"confusion: an array of shape {counts.shape} is not allowed; it must be "
                         "[classes, classes]")
    names = [str(i) for i in range(len(counts))] if classes is None else list(classes)
    if len(names) != len(counts):
        raise ValueError(f"confusion: {len(names)} names for {len(counts)} classes")
    # Shares of a label's samples: a class with few samples is seen as well as one with many.
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    ax = _axes(ax)
    ax.imshow(shares, **dict(dict(cmap="Blues", vmin=0, vmax=1), **style))
    if len(counts) <= 20:
        for i, j in np.argwhere(counts > 0):
            ax.text(j, i, f"{counts[i, j]:g}", ha="center", va="center", fontsize="small",
                    color="white" if shares[i, j] > 0.5 else "black")
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="prediction", ylabel="label")
    return ax
