"""What it takes to run a function a second time and to know that it did the same: tensors, nodes, random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd.graph import Node
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor


class CheckpointError(RuntimeError):
    """What was computed again for a backward pass is not what was computed first."""


def tensors_in(tree: Any) -> list[Tensor]:
    """The tensors in tuples, lists and dicts of them, in order."""
    found: list[Tensor] = []
    mapped(found.append, tree)
    return found


def mapped(change: Callable[[Tensor], Any], tree: Any) -> Any:
    """The same tuples, lists and dicts, with `change(tensor)` in place of each tensor; what else is there stays."""
    if isinstance(tree, Tensor):
        return change(tree)
    if isinstance(tree, (tuple, list)):
        parts = [mapped(change, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(tree, dict):
        return {key: mapped(change, part) for key, part in tree.items()}
    return tree


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
