"""Constants that a model makes anew in every run, as long as its input is: zeros, ranges, triangles.

No operation on tensors makes them (creation functions are plain NumPy), so they are recognised by what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .builder import Builder
from .graph import Value, identical
from .sizes import Size


def sized(b: Builder, value: Value) -> str:
    """A constant whose shape, or number, depends on the lengths of the dynamic axes.

    Raises:
        OnnxExporterError: it is none that is known.
    """
    arrays, dtype = value.arrays, value.dtype
    writer = b.graph.traces[0].writers.get(id(arrays[0]))
    what = f"a constant used by {b.step.where if b.step else 'the results'}"
    what += f" (written to by {writer})" if writer else ""
    if len({array.ndim for array in arrays}) > 1:
        raise b.graph.unexplained(what, arrays)
    shape = b.graph.shape(value, f"the shape of {what}")
    if uniform(arrays):
        return b.add("Expand", b.constant(arrays[0].ravel()[0]), b.ints(shape))
    if value.ndim == 0 and (number := number_in(b, [a.item() for a in arrays])) is not None:
        return b.to(b.scalar(number), dtype)
    if value.ndim == 1 and (line := progression(b, arrays)) is not None:
        start, step = [b.scalar(each) for each in line]
        count = b.add("Range", b.scalar(0), b.scalar(shape[0]), b.scalar(1))
        return b.to(count if line == (0, 1) else b.add("Add", b.add("Mul", count, step), start), dtype)
    for k, upper in ((0, 0), (-1, 0), (0, 1), (1, 1)):
        if value.ndim == 2 and all([identical(a, triangle(a, k, upper)) for a in arrays]):
            ones = b.add("Expand", b.constant(np.ones((), np.float32)), b.ints(shape))
            return b.to(b.add("Trilu", ones, b.scalar(k), upper=upper), dtype)
    if dtype.kind in "iub":
        alike = [x for x in b.integers() if all([np.array_equal(a, other) for a, other in zip(arrays, x.arrays)])]
        if (known := b.certain(alike)) is not None:
            return b.cast(known, dtype)
    raise b.graph.unexplained(what, arrays)


def uniform(arrays: Sequence[np.ndarray]) -> bool:
    """Whether all hold one number everywhere, the same in all of them."""
    numbers = np.concatenate([array.ravel() for array in arrays])
    return bool(numbers.size) and identical(numbers, np.broadcast_to(numbers[0], numbers.shape))


def number_in(b: Builder, numbers: Sequence[Any]) -> int | Size | None:
    """What whole numbers, one from each run, are in general."""
    whole = all([abs(n) < 1 << 53 and int(n) == n for n in numbers])
    return b.graph.runs.explain([int(n) for n in numbers]) if whole else None


def progression(b: Builder, arrays: Sequence[np.ndarray]) -> tuple[int | Size, int | Size] | None:
    """(start, step) of integers start, start + step, start + 2 * step, ..."""
    if not all([a.size > 1 and np.array_equal(a, a[0] + (a[1] - a[0]) * np.arange(len(a))) for a in arrays]):
        return None
    start, step = number_in(b, [a[0] for a in arrays]), number_in(b, [a[1] - a[0] for a in arrays])
    return None if start is None or step is None else (start, step)


def triangle(like: np.ndarray, k: int, upper: int) -> np.ndarray:
    """Ones up to diagonal k, or from it on."""
    return (np.triu if upper else np.tril)(np.ones(like.shape, like.dtype), k)
