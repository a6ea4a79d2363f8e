"""Tensor, a handle on an array and the node that made it. Type checkers read handle.pyi, where all its methods are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class Tensor:
    """A handle: an array, and the node that made it. `node` is None exactly when no gradient is wanted.

    Its public face, operators and methods, is added by `tinygrad_rnn.tensor`.

    Attributes:
        array: the numbers, a NumPy array.
        node: the record of the operation that made it, or of the leaf that it is.
    """

    __slots__ = ("__weakref__", "array", "node")

    array: np.ndarray
    node: Any

    def __init__(self, array, node=None) -> None:
        self.array = array
        self.node = node


class Size(tuple):
    """A shape, from an `iterable` of ints; `numel()` multiplies it out, and a slice is a shape again."""

    __slots__ = ()

    def __getitem__(self, index):  # type: ignore[override]
        found = tuple.__getitem__(self, index)
        return Size(found) if index.__class__ is slice else found

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"Size({list(self)})"
