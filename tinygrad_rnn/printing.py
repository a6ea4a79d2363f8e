"""How tensors print: as PyTorch's do, so that output can be compared line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .autograd.graph import Leaf, Tensor
from .autograd.promotion import BOOL, I64, get_default_dtype
from .node_names import grad_fn_name

THRESHOLD, EDGE, WIDTH = 1000, 3, 80  # elements before summarising, items kept at each end, columns


def tensor_repr(x: Tensor) -> str:
    """`tensor([[1., 2.], [3., 4.]], grad_fn=<MulBackward0>)`."""
    array = x.array
    extra = []
    if array.size == 0 and array.ndim != 1:
        extra.append(f"size={tuple(array.shape)}")
    if array.dtype not in (get_default_dtype(), I64, BOOL) or (array.size == 0 and array.dtype != get_default_dtype()):
        extra.append(f"dtype={array.dtype}")
    if isinstance(x.node, Leaf):
        extra.append("requires_grad=True")
    elif x.node is not None:
        extra.append(f"grad_fn=<{grad_fn_name(x.node)}>")
    prefix = "tensor("
    lines = (prefix + values(array, len(prefix))).split("\n")
    for part in extra:
        if len(lines[-1]) + len(part) + 4 > WIDTH:
            lines[-1] += ","
            lines.append(" " * len(prefix) + part)
        else:
            lines[-1] += f", {part}"
    return "\n".join(lines) + ")"


def values(array: np.ndarray, indent: int = 0) -> str:
    """The numbers in nested brackets, in PyTorch's formats and lines, summarised beyond a thousand."""
    if array.size == 0:
        return "[]"
    summary = array.size > THRESHOLD
    show, width = number_format(ends_only(array) if summary else array.ravel())

    def nested(part: np.ndarray, indent: int) -> str:
        if part.ndim == 0:
            return show(part[()])
        kept, short = part, summary and len(part) > 2 * EDGE
        if short:
            kept = np.concatenate([part[:EDGE], part[-EDGE:]])
        if part.ndim == 1:
            items = [show(v) for v in kept]
            per_line = max(1, (WIDTH - indent) // (width + 2))
            between = ",\n"
        else:
            items = [nested(row, indent + 1) for row in kept]
            per_line = 1
            between = "," + "\n" * (part.ndim - 1)
        if short:
            items.insert(EDGE, " ..." if part.ndim == 1 else "...")
        lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        return "[" + (between + " " * (indent + 1)).join(lines) + "]"

    return nested(array, indent)


def number_format(numbers: np.ndarray) -> tuple[Callable[[Any], str], int]:
    """One format for all elements, and its width.

    Whole numbers as `1.`, else four decimals; scientific if they span too much or are too large or small.
    """
    if numbers.dtype.kind != "f":
        width = max([len(str(v)) for v in numbers])
        return lambda v: str(v).rjust(width), width
    regular = numbers[np.isfinite(numbers) & (numbers != 0)].astype(np.float64)
    spec, width = ".0f", 1
    if regular.size:
        low, high = np.abs(regular).min(), np.abs(regular).max()
        whole = bool(np.all(regular == np.ceil(regular)))
        scientific = high / low > 1000 or high > 1e8 or (low < 1e-4 and not whole)
        spec = ".4e" if scientific else ".0f" if whole else ".4f"
        width = max([len(format(v, spec)) for v in regular]) + (spec == ".0f")

    def show(v) -> str:
        text = format(float(v), spec)
        return (f"{text}." if spec == ".0f" and np.isfinite(v) else text).rjust(width)

    return show, width


def ends_only(array: np.ndarray) -> np.ndarray:
    """The elements that a summary shows."""
    for axis, n in enumerate(array.shape):
        if n > 2 * EDGE:
            array = np.take(array, [*range(EDGE), *range(n - EDGE, n)], axis)
    return array.ravel()
