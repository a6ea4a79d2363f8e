"""The gradient of a weight that serves many steps: a sum of products dz^T x, done for many rows at a time.

A cell in a loop of the caller's own gives one product dz^T x [G, K] for every step. To compute each of them and
to add it up touches the whole weight twice a step, which takes longer than the arithmetic. So a step hands over
its dz and x, and the reverse sweep adds such sums by collecting their rows. When there are many, the product of
all of them is taken at once; the rest waits until the gradient is complete.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .multiplier import multiplier
from .panels import pitch, transpose
from .sequence import CHUNK_ROWS, Array, gather
from .threads import threads_for
from .workspace import empty


class OuterProducts:
    """A sum of products dz^T x [G, K] whose terms are added up late.

    Stands for the array where gradients are added; `settle` gives the array.

    Args:
        dz: [N, >= G], from which the columns are taken.
        x: [N, K].
        blocks: which columns of dz are the rows of the weight: (first, how many), one block after the other.
    """

    __array_ufunc__ = None  # so that array + self asks self

    def __init__(self, dz: Array, x: Array, blocks: list[tuple[int, int]]) -> None:
        self._terms, self._blocks = [(dz, x)], blocks
        self._rows = len(x)
        self._total: Any = None  # [K, >= G], transposed: so the tile does it best
        self.shape = sum([count for _, count in blocks]), x.shape[1]
        self.dtype = x.dtype

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, OuterProducts) or other._blocks != self._blocks:
            return self.settle() + (other.settle() if isinstance(other, OuterProducts) else other)
        self._terms += other._terms
        self._rows += other._rows
        if other._total is not None:
            self._total = other._total if self._total is None else self._total + other._total
        if self._rows >= CHUNK_ROWS:
            self._collect()
        return self

    __radd__ = __add__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.settle(), dtype)

    def settle(self) -> Array:
        """The sum, [G, K]."""
        if self._terms:
            self._collect()
        G, K = self.shape
        dw = empty((G, K), self.dtype)
        transpose(1, G, dw, self._total)
        return dw

    def _collect(self) -> None:
        """Add the products of the rows that wait."""
        (G, K), R = self.shape, self._rows
        dz, x = empty((R, pitch(G, self.dtype)), self.dtype), empty((R, K), self.dtype)
        dz[:, G:] = 0  # a product reads whole vectors: subnormal numbers there would slow it down
        row = 0
        for dz_step, x_step in self._terms:
            rows, column = slice(row, row + len(x_step)), 0
            x[rows] = x_step
            for first, count in self._blocks:
                dz[rows, column : column + count] = dz_step[:, first : first + count]
                column += count
            row += len(x_step)
        begun = self._total is not None
        if not begun:
            self._total = empty((K, pitch(G, self.dtype)), self.dtype)
        turned = empty((K, pitch(R, self.dtype)), self.dtype)
        parts, by = threads_for(2.0 * R * G * K), multiplier(self.dtype, K)
        transpose(parts, K, turned, x)
        gather(parts, by.panels(G, self.dtype), by.product, by.widest, turned, R, dz, 0, G, self._total, begun)
        self._terms, self._rows = [], 0


StepGradients = tuple[Array | OuterProducts | None, ...]
