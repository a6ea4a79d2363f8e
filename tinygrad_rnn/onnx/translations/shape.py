"""The same elements under other dimensions, copies of them, and tensors joined or taken apart."""

from __future__ import annotations

import numpy as np

from ..builder import Builder
from ..graph import Step, Value
from ..sizes import Size
from ..table import translates

FAR = np.iinfo(np.int64).max  # an end that every slice reaches


def dims(b: Builder, value: Value) -> list[int | Size | None]:
    """The shape of a value; None for what follows from the data."""
    return [b.graph.runs.explain(numbers) for numbers in zip(*[array.shape for array in value.arrays])]


@translates("reshape")
def reshape(b: Builder, step: Step) -> str:
    shape: list = dims(b, step.y)
    varying = [i for i, n in enumerate(shape) if not isinstance(n, int)]
    if len(varying) == 1 and 0 not in shape:
        shape[varying[0]] = -1
    elif None in shape:
        b.graph.shape(step.y, f"the result's shape of {step.where}")  # says why not
    return b.add("Reshape", b[step.inputs[0]], b.ints(shape))


@translates("squeeze")
def squeeze(b: Builder, step: Step) -> str:
    x, dim = step.inputs[0], step["dim"]
    named = range(x.ndim) if dim is None else [d % max(x.ndim, 1) for d in (dim if isinstance(dim, tuple) else (dim,))]
    axes = [d for d, n in enumerate(dims(b, x)) if d in named and n == 1]
    return b.add("Squeeze", b[x], b.ints(axes)) if axes else b[x]


@translates("unsqueeze")
def unsqueeze(b: Builder, step: Step) -> str:
    return b.add("Unsqueeze", b[step.inputs[0]], b.ints([step["dim"]]))


@translates("transpose")
def transpose(b: Builder, step: Step) -> str:
    x = step.inputs[0]
    perm = list(range(x.ndim))
    if x.ndim < 2:
        return b[x]
    i, j = step["dim0"], step["dim1"]
    perm[i], perm[j] = perm[j], perm[i]
    return b.add("Transpose", b[x], perm=perm)


@translates("permute")
def permute(b: Builder, step: Step) -> str:
    x = step.inputs[0]
    return b.add("Transpose", b[x], perm=[d % x.ndim for d in step["dims"]]) if x.ndim else b[x]


@translates("expand")
def expand(b: Builder, step: Step) -> str:
    x = step.inputs[0]
    shapes = [array.shape for array in step.y.arrays]
    lead = len(shapes[0]) - x.ndim
    wanted: list = [1] * len(shapes[0])  # 1 leaves a dimension as it is
    for i, numbers in enumerate(zip(*shapes)):
        if i < lead or any([n != array.shape[i - lead] for n, array in zip(numbers, x.arrays)]):
            wanted[i] = b.graph.common(numbers, f"the result's shape of {step.where}")
    return b.add("Expand", b[x], b.ints(wanted))


# --- joining and taking apart -----------------------------------------------------------------------------------


@translates("cat")
def cat(b: Builder, step: Step) -> str:
    return b.add("Concat", *[b.cast(x, step.y.dtype) for x in step.inputs], axis=step["dim"])


@translates("stack")
def stack(b: Builder, step: Step) -> str:
    dim = step["dim"]
    parts = [b.add("Unsqueeze", b.cast(x, step.y.dtype), b.ints([dim])) for x in step.inputs]
    return b.add("Concat", *parts, axis=dim)


@translates("unbind")
def unbind(b: Builder, step: Step) -> dict[int, str]:
    x, dim = b[step.inputs[0]], step["dim"]
    return {i: b.add("Gather", x, b.scalar(i), axis=dim) for i in step.outputs}


@translates("split")
def split(b: Builder, step: Step) -> dict[int, str]:
    """A slice for each part of which use is made."""
    x, dim = step.inputs[0], step["dim"]
    found = {}
    for i in step.outputs:
        ends = [[sum([y.shape[dim] for y in each.outputs[: i + k]]) for each in step.applications] for k in (0, 1)]
        start, stop = [b.graph.common(numbers, f"a part of {step.where}") for numbers in ends]
        found[i] = b.add("Slice", b[x], b.ints([start]), b.ints([stop]), b.ints([dim]))
    return found


# --- copies ---------------------------------------------------------------------------------------------------


@translates("flip")
def flip(b: Builder, step: Step) -> str:
    x, dims = b[step.inputs[0]], list(step["dims"])
    if not step.y.ndim:
        return x
    backwards = b.ints([-1] * len(dims))  # from the last place, -1, by steps of -1
    return b.add("Slice", x, backwards, b.ints([-FAR] * len(dims)), b.ints(dims), backwards)


@translates("roll")
def roll(b: Builder, step: Step) -> str:
    x, dims = b[step.inputs[0]], step["dims"]
    shape = b.graph.shape(step.y)
    if dims is None:
        x, dims = b.add("Reshape", x, b.ints([-1])), (0,)
        counts = [y.size for y in step.inputs[0].arrays]
        lengths = [b.graph.common(counts, f"the length of {step.where}")]
    else:
        dims = dims if isinstance(dims, tuple) else (dims,)
        lengths = [shape[d] for d in dims]
    for shift, dim, n in zip(step["shifts"], dims, lengths):
        cut = b.ints([-shift]) if isinstance(n, Size) else b.ints([(-shift) % n if n else 0])
        tail = b.add("Slice", x, cut, b.ints([FAR]), b.ints([dim]))
        x = b.add("Concat", tail, b.add("Slice", x, b.ints([0]), cut, b.ints([dim])), axis=dim)
    return b.add("Reshape", x, b.ints(shape)) if step["dims"] is None else x


@translates("pad")
def pad(b: Builder, step: Step) -> str:
    widths = step["widths"]
    pads = [before for before, _ in widths] + [after for _, after in widths]
    return b.add("Pad", b[step.inputs[0]], b.ints(pads), b.like(step["value"], step.y))


@translates("tril", "triu")
def triangle(b: Builder, step: Step) -> str:
    return b.add("Trilu", b[step.inputs[0]], b.scalar(step["diagonal"]), upper=int(step.op == "triu"))
