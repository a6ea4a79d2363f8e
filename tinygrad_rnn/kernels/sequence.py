"""What the recurrent kernels share: the rows they work on, the order of time, and products over many steps.

Padding never reaches a kernel. The rows of a batch are sorted by length, longest first; then the rows that
take part in step t are the first so many, and all rows of all steps lie below each other in one matrix of R
rows, those of step t from start[t] to start[t + 1]. A full batch needs no sorting: its rows are a reshape away.

Shapes: T steps, N batch, I input, H hidden, P state (H unless projected), G rows of a weight (H for each gate),
R rows in all. All arrays have one dtype.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .jit import kernel, part
from .panels import packed, pitch, transpose, transpose_into, whole_vectors
from .product import ALL, WIDE, multiply, multiply_rows, product_for
from .threads import share, threads_for
from .tile import lanes
from .workspace import empty

Array = NDArray[np.floating]
Lengths = NDArray[np.int64] | None
Needs = tuple[bool, ...]
Gradients = tuple[Array | None, ...]

INPUT_ROWS = 64  # the input product is done for steps of about so many rows: a panel serves all of them
CHUNK_ROWS = 512  # backward, steps of about so many rows: their gradients are still in the cache for the weights
WHOLE_BATCH = 16  # fewer rows than this are not divided among threads


class Rows:
    """How the rows of x [T, N, I] are laid out for the kernels.

    Attributes:
        start: int64 [T + 1], the first row of every step, and R.
        index: int64 [R], where each row lies in the padded array; None: the rows are the whole array as it is.
        batch: int64 [N], the order of the batch from longest to shortest; None: as it is.
    """

    def __init__(self, T: int, N: int, lengths: Lengths) -> None:
        self.T, self.N = T, N
        self.index = self.batch = None
        self.start = np.arange(T + 1) * N
        if lengths is not None and (lengths < T).any():
            self.batch = np.argsort(-lengths, kind="stable")
            present = np.arange(T)[:, None] < lengths[self.batch]
            self.index = (np.arange(T)[:, None] * N + self.batch)[present]
            self.start[1:] = present.sum(axis=1).cumsum()
        self.R = int(self.start[-1])

    def take(self, a: Array) -> Array:
        """[T, N, K], in any layout, as rows [R, K]."""
        a = a.reshape(self.T * self.N, a.shape[2])
        return np.ascontiguousarray(a) if self.index is None else a[self.index]

    def put(self, rows: Array) -> Array:
        """Rows [R, K] as [T, N, K], with zeros at the padding."""
        if self.index is not None:
            padded = np.zeros((self.T * self.N, rows.shape[1]), rows.dtype)
            padded[self.index] = rows
            rows = padded
        return rows.reshape(self.T, self.N, rows.shape[1])

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


class Split:
    """How a call is divided among threads: the recurrence by rows of the batch, products by rows or columns."""

    def __init__(self, N: int, operations: float) -> None:
        self.threads = threads_for(operations)
        self.slices = min(self.threads, N // 8) if N >= WHOLE_BATCH else 1
        self.N = N

    def batch(self, kernel: Callable[[int, int], None]) -> None:
        """kernel(first row, last row + 1) for slices of the batch."""
        share(lambda i: kernel(i * self.N // self.slices, (i + 1) * self.N // self.slices), self.slices)

    def parts(self, kernel: Callable[[int, int], None]) -> None:
        """kernel(part, parts) for every part."""
        share(lambda i: kernel(i, self.threads), self.threads)


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
def project(product, x, start, panels, G, z, keep, s, reverse, first, last):
    """z = x w_ih^T for the batch rows first ... last - 1 of the next steps, about INPUT_ROWS rows in all.

    The steps are those visited s-th and later. `z` has room for all rows if `keep`, else only for these steps.
    Returns the first visit that was left, and what to subtract from a row's number to find it in z.
    """
    T = start.size - 1
    end = min(T, s + max(1, INPUT_ROWS // max(1, last - first)))
    low, high = step_at(s, T, reverse), step_at(end - 1, T, reverse)
    if reverse:
        low, high = high, low
    offset = 0 if keep else start[low]
    if first == 0 and last >= start[1]:  # the whole batch: the rows of all these steps lie together
        a, b = start[low], start[high + 1]
        multiply(product, x[a:b], x.shape[1], panels, G, z[a - offset : b - offset], WIDE, 0, ALL, False)
    else:
        for p in range(panel_count(x, G)):
            for t in range(low, high + 1):
                a, b = start[t] + first, min(start[t] + last, start[t + 1])
                if a < b:
                    multiply(product, x[a:b], x.shape[1], panels, G, z[a - offset : b - offset], WIDE, p, p + 1, False)
    return end, offset


@part
def panel_count(a, N):
    """How many wide panels N columns of the type of `a` make."""
    L = lanes(a.dtype.type(0))
    return ((N + L - 1) // L + WIDE - 1) // WIDE


@kernel
def pull_back(product, dz, G, panels, dx, workspace, first, last):
    """dx = dz w_ih for the rows first ... last - 1; by way of the workspace unless dx has whole vectors."""
    I = dx.shape[1]
    if workspace.shape[0] == 0:
        multiply(product, dz[first:last], G, panels, I, dx[first:last], WIDE, 0, ALL, False)
    else:
        for low in range(first, last, INPUT_ROWS):
            high = min(last, low + INPUT_ROWS)
            multiply(product, dz[low:high], G, panels, I, workspace[low:high], WIDE, 0, ALL, False)
            for r in range(low, high):
                for i in range(I):
                    dx[r, i] = workspace[r, i]


@kernel
def gather(product, a, dz, column, G, turned, total, number, parts):
    """total [M, G] += a^T dz over all rows: M columns of `a`, G of dz; part `number` of the panels.

    `turned` [M, >= rows] receives the transpose of a: the tile then reads along its rows, not across them.
    """
    R, M = len(a), len(total)
    count = panel_count(a, G)
    first, last = number * count // parts, (number + 1) * count // parts
    transpose_into(turned, a[:, :M])
    multiply_rows(product, turned, R, dz[:, column:], G, total, first, last, True)


class InputGradient:
    """dx [R, I] = dz w_ih."""

    def __init__(self, rows: Rows, dz: Array, w_ih: Array) -> None:
        self._rows, self._dz = rows, dz
        self._I, dtype = w_ih.shape[1], w_ih.dtype
        self._panels = packed(w_ih, WIDE, transposed=False)
        self._G = len(w_ih)
        self._dx = empty((rows.R, self._I), dtype)
        whole = whole_vectors(self._I, dtype) == self._I
        self._workspace = empty((0 if whole else len(dz), pitch(self._I, dtype)), dtype)

    def add(self, low: int, high: int, number: int, parts: int) -> None:
        """One part of the rows low ... high - 1, whose dz fills the workspace from its start."""
        first, last = ((high - low) * i // parts for i in (number, number + 1))
        product, dx = product_for(self._dz.dtype), self._dx[low:high]
        pull_back(product, self._dz, self._G, self._panels, dx, self._workspace, first, last)

    def array(self) -> Array:
        """dx [T, N, I]."""
        return self._rows.put(self._dx)


class WeightGradient:
    """dw [G, M] = dz^T a, summed up over chunks of rows as a [M, G] product, which the tile does best.

    `a` holds all rows, or those of a chunk; dz those of a chunk. G columns of dz count, from `column` on. With
    `ones`, a has a column of ones behind the M, and the sum another row: the gradient of the bias.
    """

    def __init__(
        self, split: Split, a: Array, whole: bool, M: int, dz: Array, column: int, G: int, ones: bool
    ) -> None:
        self._split, self._a, self._whole, self._M = split, a, whole, M
        self._dz, self._column, self._G = dz, column, G
        self._total = empty((M + ones, pitch(G, dz.dtype)), dz.dtype)
        self._total[:] = 0

    def add(self, low: int, high: int, number: int, parts: int) -> None:
        """One part of the columns, for the rows low ... high - 1."""
        a, dz = self._a[low:high] if self._whole else self._a[: high - low], self._dz[: high - low]
        turned = empty((len(self._total), pitch(high - low, dz.dtype)), dz.dtype)
        gather(product_for(dz.dtype), a, dz, self._column, self._G, turned, self._total, number, parts)

    def weight(self) -> Array:
        """dw [G, M]."""
        dw, G = np.empty((self._G, self._M), self._total.dtype), self._G
        self._split.parts(lambda i, parts: transpose(dw, self._total, i * G // parts, (i + 1) * G // parts))
        return dw

    def bias(self) -> Array:
        """db [G]."""
        return self._total[self._M, : self._G].copy()


class Backward:
    """The way back through time, in chunks: the products of a chunk find its dz still in the cache."""

    def __init__(self, rows: Rows, split: Split, dtype: np.dtype) -> None:
        self._rows, self._split, self._dtype = rows, split, dtype
        self._steps = max(1, -(-CHUNK_ROWS // max(rows.N, 1)))
        self._products: list[InputGradient | WeightGradient] = []

    def workspace(self, columns: int) -> Array:
        """Room for the rows of one chunk, which the sweep fills."""
        return empty((min(self._steps, self._rows.T) * self._rows.N, pitch(columns, self._dtype)), self._dtype)

    def input_gradient(self, dz: Array, w_ih: Array) -> InputGradient:
        """dx = dz w_ih, to be computed by `run`."""
        product = InputGradient(self._rows, dz, w_ih)
        self._products.append(product)
        return product

    def weight_gradient(
        self, a: Array, dz: Array, G: int, *, M: int, column: int = 0, whole: bool = False, ones: bool = False
    ) -> WeightGradient:
        """dw = dz^T a, to be summed up by `run`."""
        product = WeightGradient(self._split, a, whole, M, dz, column, G, ones)
        self._products.append(product)
        return product

    def run(self, sweep: Callable[[int, int, int, int], None], reverse: bool) -> None:
        """sweep(first step, last step + 1, first row of the batch, last row + 1), then the products."""
        ends = range(self._rows.T, 0, -self._steps)
        for end in reversed(ends) if reverse else ends:
            self._chunk(sweep, max(0, end - self._steps), end)

    def _chunk(self, sweep: Callable[[int, int, int, int], None], t0: int, t1: int) -> None:
        low, high = int(self._rows.start[t0]), int(self._rows.start[t1])

        def products(number: int, parts: int) -> None:
            for product in self._products:
                product.add(low, high, number, parts)

        self._split.batch(lambda first, last: sweep(t0, t1, first, last))
        self._split.parts(products)


def sum_of_biases(b_ih: Array | None, b_hh: Array | None, w: Array) -> Array:
    """b_ih + b_hh [G]; a missing one is zero."""
    total = np.zeros(len(w), w.dtype)
    for b in (b_ih, b_hh):
        if b is not None:
            total += b
    return total


def bias_or_zeros(b: Array | None, w: Array) -> Array:
    """The bias that belongs to the weight, [G]; a missing one is zero."""
    return np.zeros(len(w), w.dtype) if b is None else np.ascontiguousarray(b)


def contiguous(*arrays: Array) -> list[Array]:
    """The arrays in C order, copied only where they are not: kernels are compiled for this one layout."""
    return [np.ascontiguousarray(a) for a in arrays]
