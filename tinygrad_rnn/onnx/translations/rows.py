"""Packed sequences: rows that change places, where the lengths of the sequences decide which.

Packing is NumPy's work on plain numbers, so its places are recognised: they are what the lengths, an input of the
model or computed from one, would give in every run. Then ONNX computes them from the lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ...nn.utils.layout import Layout, inverse, places
from ..builder import Builder
from ..errors import OnnxExporterError
from ..graph import Step, Value
from ..table import translates


class Packing:
    """What follows from the lengths [N] of sequences, as nodes.

    Attributes:
        order: int64 [N], the sequences, the longest first.
        lengths: int64 [N], in that order.
        T, N: int64 [1], the longest length and how many there are.
        steps, ranks: int64 [R, 1], which step of which sequence in that order each packed row is.
    """

    def __init__(self, b: Builder, lengths: Value) -> None:
        self.b, self.given = b, b.cast(lengths, np.dtype("i8"))
        self.N = b.add("Shape", self.given)
        self.lengths, self.order = b.add("TopK", self.given, self.N, outputs=2, axis=0)
        self.T = b.add("ReduceMax", self.given, b.ints([0]), keepdims=1)
        steps = b.add("Unsqueeze", self.range(self.T), b.ints([1]))
        rows = b.add("NonZero", b.add("Less", steps, b.add("Unsqueeze", self.lengths, b.ints([0]))))
        self.steps, self.ranks = [b.add("Unsqueeze", b.add("Gather", rows, b.scalar(i)), b.ints([1])) for i in (0, 1)]

    def range(self, n: str) -> str:
        """0, 1, ... n - 1 for n [1]."""
        b = self.b
        return b.add("Range", b.scalar(0), b.add("Squeeze", n, b.ints([0])), b.scalar(1))

    @property
    def inverse(self) -> str:
        """int64 [N], where each sequence is in the order."""
        return self.b.add("TopK", self.order, self.N, outputs=2, axis=0, largest=0)[1]

    def indices(self, batch_first: bool = False, in_order: bool = False) -> str:
        """int64 [R, 2]: where each packed row is in [T, N], or [N, T], of the sequences as given or in their order."""
        sequences = self.ranks if in_order else self.b.add("Gather", self.order, self.ranks)
        return self.b.add("Concat", *[self.steps, sequences][:: -1 if batch_first else 1], axis=1)

    def last(self, batch_first: bool) -> str:
        """int64 [N, 2]: where the last valid step of each sequence is in [T, N], or [N, T]."""
        b = self.b
        pair = b.add("Sub", self.given, b.ints([1])), self.range(self.N)
        columns = [b.add("Unsqueeze", each, b.ints([1])) for each in pair]
        return b.add("Concat", *columns[:: -1 if batch_first else 1], axis=1)

    def pad(self, rows: str, dtype: np.dtype) -> str:
        """Packed rows [R, I] as [T, N, I], the longest sequence first, with zeros behind the others."""
        b = self.b
        shape = b.add("Concat", self.T, self.N, b.add("Shape", rows, start=1), axis=0)
        zeros = b.add("Expand", b.constant(np.zeros((), dtype)), shape)
        return b.add("ScatterND", zeros, self.indices(in_order=True), rows)

    def pack(self, padded: str) -> str:
        """[T, N, H], the longest sequence first, as packed rows [R, H]."""
        return self.b.add("GatherND", padded, self.indices(in_order=True))


# --- what the lengths are -------------------------------------------------------------------------------------

Guess = Callable[[int, np.ndarray], np.ndarray | None]  # (run, lengths) -> the numbers that would follow from them


def packing(b: Builder, numbers: Value, guess: Guess, *more: Value) -> Packing | None:
    """That of the lengths of which `guess` makes these numbers in every run, if there are such lengths."""
    vectors = [value for value in (*b.integers(), *more) if value.ndim == 1 and value.dtype.kind in "iu"]
    value = b.certain([value for value in vectors if follows(numbers.arrays, value.arrays, guess)])
    if value is None:
        return None
    if value not in b.packings:
        b.packings[value] = Packing(b, value)
    return b.packings[value]


def follows(numbers: Sequence[np.ndarray], lengths: Sequence[np.ndarray], guess: Guess) -> bool:
    if min([each.min(initial=1) if each.size else 0 for each in lengths]) < 1:
        return False
    guesses = [guess(run, each) for run, each in enumerate(lengths)]
    return all([each is not None and np.array_equal(each, n) for each, n in zip(guesses, numbers)])


def packed_as(b: Builder, lengths: Value) -> Packing:
    """The packing of which these, sorted, are the lengths."""
    found = packing(b, lengths, lambda run, each: np.sort(each)[::-1], lengths)
    assert found is not None  # at least they themselves
    return found


def descending(lengths: np.ndarray) -> np.ndarray:
    return np.argsort(-lengths, kind="stable")


def packed_places(shapes: Sequence[tuple], batch_first: bool) -> Guess:
    """Where packed rows lie in [T, N, ...], or [N, T, ...]."""

    def guess(run: int, lengths: np.ndarray) -> np.ndarray | None:
        T, order = shapes[run][int(batch_first)], descending(lengths)
        return Layout(lengths[order], order).padded(T, batch_first)[0] if lengths.max() <= T else None

    return guess


def last_places(shapes: Sequence[tuple], batch_first: bool) -> Guess:
    """Where the last valid step of each sequence lies there."""
    return lambda run, lengths: places(
        lengths - 1, np.arange(len(lengths)), shapes[run][int(batch_first)], len(lengths), batch_first
    )[0]


def are_step(taken: Value, shapes: Sequence[tuple], batch_first: bool, t: int) -> bool:
    """Whether the places are those of step t of every sequence."""
    for array, (A, B, *_) in zip(taken.arrays, shapes):
        T, N = (B, A) if batch_first else (A, B)
        if not np.array_equal(array, places(np.full(N, t % T), np.arange(N), T, N, batch_first)[0]):
            return False
    return True


def state_places(shapes: Sequence[tuple], back: bool) -> Guess:
    """Where states [L * D, N, H] go whose batch is brought in the order of the lengths, or back."""

    def guess(run: int, lengths: np.ndarray) -> np.ndarray:
        order = inverse(descending(lengths)) if back else descending(lengths)
        return (np.arange(shapes[run][0])[:, None] * len(lengths) + order).ravel()

    return guess


# --- the operations -------------------------------------------------------------------------------------------


@translates("take_rows")
def take_rows(b: Builder, step: Step) -> str:
    x, taken = step.inputs[0], step["places"]
    if taken.fixed:
        return b.add("Gather", in_a_row(b, b[x], step.y), b[taken], axis=0)
    shapes = [array.shape for array in x.arrays]
    fitting: list[Callable[[], str]] = []
    for batch_first in (False, True):
        t = next((t for t in (0, -1) if are_step(taken, shapes, batch_first, t)), None)
        if t is not None:
            fitting.append(partial(b.add, "Gather", b[x], b.scalar(t), axis=int(batch_first)))
        if (found := packing(b, taken, packed_places(shapes, batch_first))) is not None:
            fitting.append(partial(b.add, "GatherND", b[x], found.indices(batch_first)))
        if (found := packing(b, taken, last_places(shapes, batch_first))) is not None:
            fitting.append(partial(b.add, "GatherND", b[x], found.last(batch_first)))
    for back in (False, True):
        if (found := packing(b, taken, state_places(shapes, back))) is not None:
            turned = b.add("Gather", b[x], found.inverse if back else found.order, axis=1)
            fitting.append(partial(in_a_row, b, turned, step.y))
    if len(fitting) > 1:
        raise OnnxExporterError(
            f"onnx.export: {step.where} cannot be told from the example, whose sequences are too short or too much "
            f"alike; give lengths of which some differ and are above 2"
        )
    return fitting[0]() if fitting else b.add("Gather", in_a_row(b, b[x], step.y), b[taken], axis=0)


def in_a_row(b: Builder, x: str, like: Value) -> str:
    """The first two dimensions made one; the others are those of `like` [R, ...]."""
    return b.add("Reshape", x, b.ints([-1, *b.graph.common([array.shape[1:] for array in like.arrays], "a shape")]))


@translates("place_rows")
def place_rows(b: Builder, step: Step) -> str:
    rows, placed, fill = step.inputs[0], step["places"], b.like(step["fill"], step.y)
    shapes = [array.shape[:2] for array in step.y.arrays]
    rest = b.add("Shape", b[rows], start=1)
    for batch_first in () if placed.fixed else (False, True):
        if (found := packing(b, placed, packed_places(shapes, batch_first))) is not None:
            T = b.graph.runs.explain([shape[int(batch_first)] for shape in shapes])
            sides = [found.T if T is None else b.ints([T]), found.N]
            base = b.add("Expand", fill, b.add("Concat", *sides[:: -1 if batch_first else 1], rest, axis=0))
            return b.add("ScatterND", base, found.indices(batch_first), b[rows])
    sides = [b.ints(b.graph.common(shapes, f"the shape of {step.where}"))]
    row = b.add("Expand", fill, b.add("Concat", b.add("ReduceProd", *sides), rest, axis=0))
    y = b.add("ScatterND", row, b.add("Unsqueeze", b[placed], b.ints([1])), b[rows])
    return b.add("Reshape", y, b.add("Concat", *sides, rest, axis=0))
