"""Reading parts of a tensor by NumPy's indices: first numbers, slices and None, then arrays on what they left."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Builder
from ..errors import OnnxExporterError
from ..graph import Step, Value
from ..sizes import Size
from ..table import translates
from .shape import FAR


@translates("getitem")
def getitem(b: Builder, step: Step) -> str:
    x = step.inputs[0]
    items = spelled_out(step["index"], x.ndim)
    name = sliced(b, b[x], items)
    arrays: dict[int, Value] = {}
    at = 0  # which dimension of what is left an item stands for
    for item in items:
        if isinstance(item, Value):
            arrays[at] = item
        at += 0 if isinstance(item, (int, Size)) else 1 if item is None else width(item)
    return picked(b, step, name, at, arrays) if arrays else name


def spelled_out(index: tuple, ndim: int) -> list:
    """The items, one for each dimension (a mask is for several) and those that are None; no Ellipsis."""
    used = sum([width(item) for item in index if item is not None and item is not Ellipsis])
    found: list = []
    for item in index:
        found += [slice(None)] * (ndim - used) if item is Ellipsis else [item]
    return found


def width(item: Any) -> int:
    """How many dimensions an item stands for."""
    return item.ndim if isinstance(item, Value) and item.dtype == np.bool_ else 1


def sliced(b: Builder, x: str, items: list) -> str:
    """x with the slices, the numbers and the None among the items applied."""
    cuts, numbers, fresh = [], [], []
    axis = kept = 0  # of x, of the result
    for item in items:
        if item is None:
            fresh.append(kept)
            kept += 1
            continue
        if isinstance(item, slice):
            if item != slice(None):
                cuts.append((axis, item))
        elif not isinstance(item, Value):
            numbers.append((axis, item))
            axis += 1
            continue
        axis, kept = axis + width(item), kept + width(item)
    if cuts:
        steps = [1 if cut.step is None else cut.step for _, cut in cuts]
        starts = [(0 if step > 0 else FAR) if cut.start is None else cut.start for (_, cut), step in zip(cuts, steps)]
        stops = [(FAR if step > 0 else -FAR) if cut.stop is None else cut.stop for (_, cut), step in zip(cuts, steps)]
        x = b.add("Slice", x, b.ints(starts), b.ints(stops), b.ints([axis for axis, _ in cuts]), b.ints(steps))
    for axis, number in reversed(numbers):
        x = b.add("Gather", x, b.scalar(number), axis=axis)
    return b.add("Unsqueeze", x, b.ints(fresh)) if fresh else x


def picked(b: Builder, step: Step, x: str, ndim: int, arrays: dict[int, Value]) -> str:
    """x [ndim dimensions] at the places that the arrays name, by the dimension where each stands."""
    axes, values = list(arrays), list(arrays.values())
    masks = [value for value in values if value.dtype == np.bool_]
    if masks and len(values) > 1:
        raise OnnxExporterError(f"onnx.export: {step.where}: a mask beside another array; index in two steps")
    if not masks and len(values) == 1:
        return b.add("Gather", x, b[values[0]], axis=axes[0])
    if len(arrays) == ndim and (dim := gathered_along(arrays)) is not None:
        return b.add("GatherElements", x, b[arrays[dim]], axis=dim)
    if masks:
        axes = list(range(axes[0], axes[0] + masks[0].ndim))
        count, places = 1, b.add("Transpose", b.add("NonZero", b[masks[0]]), perm=[1, 0])
    else:
        joint = [np.broadcast_shapes(*shapes) for shapes in zip(*[[a.shape for a in v.arrays] for v in values])]
        count, shape = len(joint[0]), b.ints(b.graph.common(joint, f"the index of {step.where}"))
        places = b.add(
            "Concat", *[b.add("Unsqueeze", b.add("Expand", b[v], shape), b.ints([-1])) for v in values], axis=-1
        )
    rest = [axis for axis in range(ndim) if axis not in axes]
    if axes != list(range(len(axes))):
        x = b.add("Transpose", x, perm=axes + rest)
    y = b.add("GatherND", x, places)
    lead = axes[0] if axes == list(range(axes[0], axes[0] + len(axes))) else 0  # else what was picked comes first
    if not lead:
        return y
    order = [*range(count, count + lead), *range(count), *range(count + lead, count + len(rest))]
    return b.add("Transpose", y, perm=order)


def gathered_along(arrays: dict[int, Value]) -> int | None:
    """The dimension along which this is `gather`: every other array counts the places of its own dimension."""
    ndim = len(arrays)
    others = [d for d, value in arrays.items() if not all([counts(a, d, ndim) for a in value.arrays])]
    if len(others) > 1:
        return None
    dim = others[0] if others else ndim - 1
    full = all([a.ndim == ndim for a in arrays[dim].arrays])
    return dim if full else None


def counts(array: np.ndarray, dim: int, ndim: int) -> bool:
    """Whether it is 0, 1, 2, ... along one dimension, and of length 1 in all others."""
    expected = np.arange(array.shape[dim] if array.ndim == ndim else 0)
    return array.size == expected.size and array.ndim == ndim and np.array_equal(array.ravel(), expected)


@translates("setitem")
def setitem(b: Builder, step: Step) -> str:
    """What `scatter` is made of; writing to other parts has no word in ONNX."""
    (x, value), items = step.inputs, spelled_out(step["index"], step.y.ndim)
    arrays = dict(enumerate(items))
    if not all([isinstance(item, Value) and item.dtype != np.bool_ for item in items]) or not items:
        raise refusal(step)
    if (dim := gathered_along(arrays)) is None:
        raise refusal(step)
    index = b[arrays[dim]]
    values = b.add("Expand", b.cast(value, step.y.dtype), b.add("Shape", index))
    return b.add("ScatterElements", b[x], index, values, axis=dim)


def refusal(step: Step) -> OnnxExporterError:
    return OnnxExporterError(
        f"onnx.export: {step.where} writes to part of a tensor, which ONNX cannot; use where, cat, stack or scatter"
    )


@translates("nonzero")
def nonzero(b: Builder, step: Step) -> str:
    return b.add("Transpose", b.add("NonZero", b[step.inputs[0]]), perm=[1, 0])
