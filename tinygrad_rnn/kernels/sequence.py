"""What the recurrent kernels share: the rows they work on, the order of time, and products over many steps.

Padding never reaches a kernel. The rows of a batch are sorted by length, longest first; then the rows that
take part in step t are the first so many, and all rows of all steps lie below each other in one matrix of R
rows, those of step t from start[t] to start[t + 1]. A full batch needs no sorting: its rows are a reshape away.
A packed batch is such a matrix already: x, y and their gradients are [R, ...] in place of [T, N, ...], and `lengths`
falls from row to row of the states.

Shapes: T steps, N batch, I input, H hidden, P state (H unless projected), G rows of a weight (H for each gate),
R rows in all. All arrays have one dtype.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fork import shared
from .jit import part
from .multiplier import Multiplier, multiplier, vector_multiplier
from .panels import pitch, transpose, whole_vectors
from .product import ALL, multiply, multiply_rows
from .simd import read, write
from .threads import threads_for
from .tile import lanes
from .workspace import empty

Array = NDArray[np.floating]
Lengths = NDArray[np.int64] | None
Needs = tuple[bool, ...]
Gradients = tuple[Array | None, ...]

INPUT_ROWS = 128  # the input product is done for steps of about so many rows: a panel serves all of them
CHUNK_ROWS = 512  # at least, backward: each chunk of steps ends with products that want many rows
# Bytes of dz in a chunk, on register tiles, which want it near, and on the matrix unit, which copies it anyway.
CHUNK_BYTES = {False: 1 << 20, True: 1 << 22}
SHORT_SUM = 32  # rows that are summed up from zero before they are added: short sums err less
WORTH_BOTH = 100e6  # floating-point operations, from which both kinds of products may be compiled for one call
WHOLE_BATCH = 16  # fewer rows than this are not divided among threads


class Rows:
    """How the rows of x, padded [T, N, I] or packed [R, I], are laid out for the kernels.

    Attributes:
        start: int64 [T + 1], the first row of every step, and R.
        index: int64 [R], where each row lies in the padded array; None: the rows are the whole array as it is.
        batch: int64 [N], the order of the batch from longest to shortest; None: as it is.
    """

    def __init__(self, T: int, N: int, lengths: Lengths, packed: bool = False) -> None:
        self.T, self.N = T, N
        self.index = self.batch = None
        self.start = np.arange(T + 1) * N
        if lengths is not None and (lengths < T).any():
            batch = np.arange(N) if packed else np.argsort(-lengths, kind="stable")
            present = np.arange(T)[:, None] < lengths[batch]
            self.start[1:] = present.sum(axis=1).cumsum()
            if not packed:
                self.batch, self.index = batch, (np.arange(T)[:, None] * N + batch)[present]
        self.R = int(self.start[-1])
        self._leading = (self.R,) if packed else (T, N)

    def take(self, a: Array) -> Array:
        """[T, N, K] or [R, K], in any layout, as rows [R, K]."""
        a = a.reshape(math.prod(self._leading), a.shape[-1])
        return np.ascontiguousarray(a) if self.index is None else a[self.index]

    def put(self, rows: Array) -> Array:
        """Rows [R, K] in the form of x: as they are, or as [T, N, K] with zeros at the padding."""
        if self.index is not None:
            padded = np.zeros((self.T * self.N, rows.shape[1]), rows.dtype)
            padded[self.index] = rows
            rows = padded
        return rows.reshape(*self._leading, rows.shape[1])

    def sort(self, state: Array, length: int) -> Array:
        """A copy of a state [N, H] in the rows' order, each row `length` long, to be worked on."""
        into = empty((self.N, length), state.dtype)
        into[:, : state.shape[1]] = state if self.batch is None else state[self.batch]
        return into

    def unsort(self, state: Array, H: int) -> Array:
        """The first H columns of a state in the caller's order, as an array of its own."""
        if self.batch is None:
            return state[:, :H].copy()
        unsorted = np.empty((self.N, H), state.dtype)
        unsorted[self.batch] = state[:, :H]
        return unsorted


def rows_of(x: Array, lengths: Lengths) -> Rows:
    """The layout of a batch x; that of a full one is made once for all calls of its size."""
    if x.ndim == 2 and lengths is not None:
        return Rows(int(lengths.max(initial=0)), len(lengths), lengths, packed=True)
    T, N = x.shape[:2]
    if lengths is None:
        return full_batch(T, N)
    if lengths.shape != (N,) or lengths.min(initial=0) < 0 or lengths.max(initial=0) > T:
        raise RuntimeError(f"expected lengths of shape ({N},), each from 0 to {T}, got {lengths}")
    return Rows(T, N, lengths)


@functools.lru_cache(maxsize=32)
def full_batch(T: int, N: int) -> Rows:
    """The layout of a batch without padding."""
    return Rows(T, N, None)


class Split:
    """How a call is divided among threads: the recurrence by rows of the batch, products by rows or columns."""

    def __init__(self, N: int, operations: float, w_hh: Array) -> None:
        dtype = w_hh.dtype
        self.threads = threads_for(operations)
        self.steps = multiplier(dtype, N, w_hh.size)
        self._dtype, self._worth_both = dtype, operations >= WORTH_BOTH
        self.slices = min(self.threads, N // 8) if N >= WHOLE_BATCH else 1

    def multiplier(self, rows: int) -> Multiplier:
        """What products of many steps are done with: on small work as the single steps, to compile less."""
        other = self.steps.on_unit or self._worth_both
        return (multiplier if other else vector_multiplier)(self._dtype, rows)

    def inputs(self, rows: Rows, x: Array, w_ih: Array, length: int) -> tuple:
        """How the input's part of the sums is computed: the first arguments of `forward`.

        The window is made for as many steps as give every slice of the batch INPUT_ROWS rows; those of a slice lie
        below each other. Its rows are `length` long, for what else the sums are to hold.
        """
        by, N, I = self.multiplier(rows.R), max(rows.N, 1), x.shape[-1]
        window = min(rows.T, -(-INPUT_ROWS * self.slices // N)) * N
        panels, room = by.packed(w_ih, transposed=True), empty((window, I), x.dtype)
        return by.product, rows.take(x), rows.start, panels, by.widest, room, empty((window, length), x.dtype)


@part
def step_at(s, T, reverse):
    """The step that is visited s-th."""
    return T - 1 - s if reverse else s


@part
def earlier_row(t, n, start, reverse):
    """Where the state before step t of batch row n was written, or -1 if that is its initial state."""
    if not reverse:
        return start[t - 1] + n if t > 0 else -1
    if t + 2 < start.size and n < start[t + 2] - start[t + 1]:
        return start[t + 1] + n
    return -1


@part
def window_of(inputs, sums, N, first, last):
    """The part of the window that belongs to the batch rows first ... last - 1."""
    steps = len(inputs) // max(N, 1)
    return inputs[first * steps : last * steps], sums[first * steps : last * steps]


@part
def project(product, x, start, panels, G, widest, inputs, sums, s, reverse, first, last):
    """sums = x w_ih^T for the batch rows first ... last - 1 of the steps visited s-th and next, as many as fit.

    The rows lie below each other in the order of the visits, by way of `inputs`. Returns the first visit left.
    """
    T, rows = start.size - 1, 0
    while s < T:
        t = step_at(s, T, reverse)
        more = max(0, min(last, start[t + 1] - start[t]) - first)
        if rows > 0 and rows + more > len(inputs):
            break
        for r in range(more):
            row, into = x[start[t] + first + r], inputs[rows + r]
            for i in range(x.shape[1]):
                into[i] = row[i]
        rows += more
        s += 1
    if rows > 0:
        multiply(product, inputs[:rows], x.shape[1], panels, G, sums[:rows], widest, 0, ALL, False)
    return s


@shared
def pull_back(product, dz, G, panels, widest, dx, workspace, first, last):
    """dx = dz w_ih for the rows first ... last - 1; by way of the workspace unless dx has whole vectors."""
    I = dx.shape[1]
    if workspace.shape[0] == 0:
        multiply(product, dz[first:last], G, panels, I, dx[first:last], widest, 0, ALL, False)
    else:
        for low in range(first, last, INPUT_ROWS):
            high = min(last, low + INPUT_ROWS)
            multiply(product, dz[low:high], G, panels, I, workspace[low:high], widest, 0, ALL, False)
            for r in range(low, high):
                for i in range(I):
                    dx[r, i] = workspace[r, i]


@shared
def gather(product, widest, turned, R, dz, column, G, total, add, first, last):
    """total [M, G] (+)= turned [M, R] dz, for the panels first ... last - 1 of G columns of dz, from `column` on."""
    multiply_rows(product, turned, R, dz[:, column:], G, total, widest, first, last, add)


@shared
def sum_rows(dz, column, total, first, last):
    """total[j] += the sum of dz[:, column + j] over all rows, for the columns first ... last - 1."""
    for low in range(0, len(dz), SHORT_SUM):
        for j in range(first, last, lanes(dz.dtype.type(0))):
            left, fresh = last - j, read(dz[low], column + j, last - j)
            for r in range(low + 1, min(len(dz), low + SHORT_SUM)):
                fresh = fresh + read(dz[r], column + j, left)
            write(total, j, left, read(total, j, left) + fresh)


class InputGradient:
    """dx [R, I] = dz w_ih."""

    def __init__(self, rows: Rows, split: Split, dz: Array, w_ih: Array) -> None:
        self._rows, self._dz, self._threads = rows, dz, split.threads
        self._I, dtype = w_ih.shape[1], w_ih.dtype
        self._by = split.multiplier(rows.R)
        self._panels = self._by.packed(w_ih, transposed=False)
        self._G = len(w_ih)
        self._dx = empty((rows.R, self._I), dtype)
        whole = whole_vectors(self._I, dtype) == self._I
        self._workspace = empty((0 if whole else len(dz), pitch(self._I, dtype)), dtype)

    def add(self, low: int, high: int) -> None:
        """For the rows low ... high - 1, whose dz fills the workspace from its start."""
        by, dx, parts = self._by, self._dx[low:high], self._threads
        pull_back(
            parts, high - low, by.product, self._dz, self._G, self._panels, by.widest, dx, self._workspace
        )  # fmt: skip

    def array(self) -> Array:
        """dx in the form of x."""
        return self._rows.put(self._dx)


class WeightGradient:
    """dw [G, M] = dz^T a for some `a`, summed up over chunks of rows as [M, G], which the tile does best.

    Each `a` holds all rows, or those of a chunk if `whole` is False; dz those of a chunk. G columns of dz count,
    from `column` on. All `a` are transposed into one matrix first: the tile then reads along its rows.
    """

    def __init__(self, split: Split, factors: list[tuple[Array, bool, int]], dz: Array, column: int, G: int) -> None:
        self._threads, self._factors, self._dz, self._column, self._G = split.threads, factors, dz, column, G
        M = sum([columns for _, _, columns in factors])
        self._by = split.multiplier(M)
        self._total, self._begun = empty((M, pitch(G, dz.dtype)), dz.dtype), False

    def add(self, low: int, high: int) -> None:
        """For the rows low ... high - 1."""
        R, by, dz, first = high - low, self._by, self._dz, 0
        turned = empty((len(self._total), pitch(R, dz.dtype)), dz.dtype)
        for a, whole, M in self._factors:
            transpose(self._threads, M, turned[first : first + M], a[low:high] if whole else a[:R])
            first += M
        gather(
            self._threads, by.panels(self._G, dz.dtype), by.product, by.widest, turned, R, dz[:R], self._column,
            self._G, self._total, self._begun,
        )  # fmt: skip
        self._begun = True

    def arrays(self) -> list[Array]:
        """dw [G, M] for every `a`."""
        if not self._begun:
            self._total[:] = 0
        ends = [*accumulate([M for _, _, M in self._factors], initial=0)]
        return [self._turned(self._total[first:last]) for first, last in zip(ends, ends[1:])]

    def _turned(self, total: Array) -> Array:
        dw = empty((self._G, len(total)), total.dtype)
        transpose(self._threads, self._G, dw, total)
        return dw


def weights_of(gradient: WeightGradient | None, needs: list[bool]) -> list[Array | None]:
    """The gradients of the weights that were asked for, in their places."""
    found = iter([] if gradient is None else gradient.arrays())
    return [next(found) if need else None for need in needs]


class BiasGradient:
    """db [G], the sum of dz over all rows, of the G columns from `column` on."""

    def __init__(self, split: Split, dz: Array, column: int, G: int) -> None:
        self._threads, self._dz, self._column = split.threads, dz, column
        self._total = np.zeros(G, dz.dtype)

    def add(self, low: int, high: int) -> None:
        """For the rows low ... high - 1."""
        sum_rows(self._threads, self._total.size, self._dz[: high - low], self._column, self._total)

    def array(self) -> Array:
        """db [G]."""
        return self._total


def chunks(T: int, steps: int, reverse: bool) -> Iterator[tuple[int, int]]:
    """T steps in chunks of so many: the first and that after the last of each; with `reverse` those at the end first.

    Where the visits end, fewer may be left.
    """
    for s in range(0, T, steps):
        end = min(T, s + steps)
        yield (T - end, T - s) if reverse else (s, end)


class Backward:
    """The way back through time, in chunks: the products of a chunk find its dz still in the cache.

    A chunk of dz has about `chunk_bytes`; None: as many as suit a recurrence with a product in every step.
    """

    def __init__(
        self, rows: Rows, split: Split, columns: int, dtype: np.dtype, chunk_bytes: int | None = None
    ) -> None:
        self._rows, self._split, self._dtype = rows, split, dtype
        size = chunk_bytes or CHUNK_BYTES[split.steps.on_unit]
        chunk = max(CHUNK_ROWS, size // (columns * dtype.itemsize))
        self._steps = max(1, chunk // max(rows.N, 1))
        self._products: list[InputGradient | WeightGradient | BiasGradient] = []

    def workspace(self, columns: int, length: int = 0) -> Array:
        """Room for the rows of one chunk, of which the sweep fills so many columns; rows may be made longer.

        The rest is zero: a product reads whole vectors, and numbers that happen to be subnormal would slow it down.
        """
        length = length or pitch(columns, self._dtype)
        rows = empty((min(self._steps, self._rows.T) * self._rows.N, length), self._dtype)
        rows[:, columns:] = 0
        return rows

    def input_gradient(self, dz: Array, w_ih: Array) -> InputGradient:
        """dx = dz w_ih, to be computed by `run`."""
        product = InputGradient(self._rows, self._split, dz, w_ih)
        self._products.append(product)
        return product

    def weight_gradient(
        self, factors: list[tuple[Array, bool, int]], dz: Array, G: int, *, column: int = 0
    ) -> WeightGradient:
        """dw = dz^T a for every factor (a, whether it holds all rows, its columns), to be summed up by `run`."""
        product = WeightGradient(self._split, factors, dz, column, G)
        self._products.append(product)
        return product

    def bias_gradient(self, dz: Array, G: int, *, column: int = 0) -> BiasGradient:
        """db, to be summed up by `run`."""
        product = BiasGradient(self._split, dz, column, G)
        self._products.append(product)
        return product

    def run(self, sweep: Callable, reverse: bool, *arguments: Any) -> None:
        """The kernel `sweep`, with the first step and that after the last of each chunk, and then the products."""
        rows = self._rows
        for t0, t1 in chunks(rows.T, self._steps, not reverse):
            sweep(self._split.slices, rows.N, *arguments, t0, t1)
            for product in self._products:
                product.add(int(rows.start[t0]), int(rows.start[t1]))


def sum_of_biases(b_ih: Array | None, b_hh: Array | None, w: Array) -> Array:
    """b_ih + b_hh [G]; a missing one is zero."""
    total = np.zeros(len(w), w.dtype)
    for b in (b_ih, b_hh):
        if b is not None:
            total += b
    return total


def for_each_bias(db: Array | None, *needs: bool) -> list[Array | None]:
    """db for both biases, that are only ever added up: each gets an array of its own."""
    return [db.copy() if db is not None and need else None for need in needs]


def bias_or_zeros(b: Array | None, w: Array) -> Array:
    """The bias that belongs to the weight, [G]; a missing one is zero."""
    return np.zeros(len(w), w.dtype) if b is None else np.ascontiguousarray(b)


def contiguous(*arrays: Array) -> list[Array]:
    """The arrays in C order, copied only where they are not: kernels are compiled for this one layout."""
    return [np.ascontiguousarray(a) for a in arrays]
