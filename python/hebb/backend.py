"""Backends, as SPAIC's scripts name them: here they hold dt and the network's options."""
from __future__ import annotations

from typing import Optional


class Backend:
    """What a network runs with.

    Parameters
    ----------
    device : str
        Must be the processor: "cpu". Anything else is noted and the processor is used.

    Attributes
    ----------
    dt : float
        The step in ms, default 0.1.
    latency : str
        "one_step" (default): a spike arrives in the next step; "same_step": in the same.
    compat : str
        "none" (default), or "spaic" for SPAIC 0.6.3's numbers, quirks included.
    precision : str
        "float" (default) or "double".
    schedule : str
        "auto" (default): whole sequences where possible; "step": step by step.
    """

    backend_name = "hebb"

    def __init__(self, device: str = "cpu", dt: float = 0.1, latency: str = "one_step",
                 compat: str = "none", precision: str = "float", schedule: str = "auto") -> None:
        self.device = str(device)
        self.dt = dt
        self.latency = latency
        self.compat = compat
        self.precision = precision
        self.schedule = schedule
        self.runtime: Optional[float] = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} dt={self.dt} ms>"


class Torch_Backend(Backend):
    """SPAIC's name for its backend; there is no PyTorch in it here."""

    backend_name = "pytorch"
