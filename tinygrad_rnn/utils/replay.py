"""What it takes to run a function a second time and to know that it did the same: tensors, nodes, random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from ..autograd.graph import Node
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor


class CheckpointError(RuntimeError):
    """What was computed again for a backward pass is not what was computed first."""


def made_since(seq: int, tensors: Iterable[Tensor]) -> list[Node]:
    """The nodes newer than `seq` behind these tensors, oldest first."""
    waiting, found = [x.node for x in tensors], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node.seq > seq and node not in found:
            found.add(node)
            waiting += node.inputs
    return sorted(found, key=lambda node: node.seq)


def fingerprint(x: np.ndarray) -> tuple:
    """Shape, dtype and up to 1,000 to 2,000 of the numbers, evenly spread: enough to tell two results apart."""
    return x.shape, x.dtype.str, x.flat[:: max(1, x.size // 1000)].tobytes()


@contextmanager
def random_numbers_kept(preserve: bool) -> Iterator[None]:
    """Whatever is drawn from the default generator within, it goes on afterwards where it was; if `preserve`."""
    outside = get_rng_state() if preserve else None
    try:
        yield
    finally:
        if outside is not None:
            set_rng_state(outside)
