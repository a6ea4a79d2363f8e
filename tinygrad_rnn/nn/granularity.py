"""How finely a recurrent module is recorded: one node per sequence, per step, or per operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

GRANULARITIES = ("sequence", "step", "op")
_granularity: ContextVar[str] = ContextVar("granularity", default="sequence")


def get_granularity() -> str:
    """How finely recurrent modules are recorded here: what a layer of your own with several forms asks."""
    return _granularity.get()


@contextmanager
def granularity(name: str) -> Iterator[None]:
    """Record recurrent modules called inside at this granularity; values and gradients are the same.

    Args:
        name: "sequence", one node per layer and direction (default, for speed); "step", one per cell and time
            step; "op", one per primitive operation.

    Example:
        >>> import tinygrad_rnn as tg
        >>> lstm = tg.nn.LSTM(2, 3)
        >>> with tg.granularity("op"):
        ...     y, _ = lstm(tg.randn(5, 1, 2))
    """
    if name not in GRANULARITIES:
        raise ValueError(f"granularity: expected one of {', '.join(GRANULARITIES)}, got {name!r}")
    token = _granularity.set(name)
    try:
        yield
    finally:
        _granularity.reset(token)
