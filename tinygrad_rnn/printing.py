"""How tensors print: as PyTorch's do, so that output can be compared line by line."""

from __future__ import annotations

import numpy as np

from .autograd.graph import Leaf, Node, Tensor
from .autograd.promotion import BOOL, I64, get_default_dtype

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
    return f"tensor({', '.join([values(array, 'tensor('), *extra])})"


def grad_fn_name(node: Node) -> str:
    """`MulBackward0` for a product: the name PyTorch would show."""
    op = node.inputs[0] if node.rule.op is None and node.inputs else node
    return "".join([part.capitalize() for part in op.name.split("_")]) + "Backward0"


def values(array: np.ndarray, prefix: str = "") -> str:
    """The numbers in nested brackets, PyTorch's formats, summarised beyond a thousand."""
    if array.size == 0:
        return "[]"
    show = number_format(array)
    if array.ndim == 0:
        return show(array[()]).strip()
    return np.array2string(
        array, separator=", ", prefix=prefix, threshold=THRESHOLD, edgeitems=EDGE, max_line_width=WIDTH,
        formatter={"all": show},
    )  # fmt: skip


def number_format(array: np.ndarray):
    """One format for all elements: whole numbers as `1.`, else four decimals, scientific if they span too much."""
    if array.dtype.kind != "f":
        width = max([len(str(v)) for v in shown(array)])
        return lambda v: str(v).rjust(width)
    numbers = shown(array).astype(np.float64)
    finite = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    low, high = (finite.min(), finite.max()) if finite.size else (1.0, 1.0)
    if finite.size == 0 or bool(np.all(finite == np.ceil(finite))):
        scientific = high / low > 1000 or high > 1e8
        spec = ".4e" if scientific and high > 1e8 else ".0f"
    else:
        spec = ".4e" if high / low > 1000 or high > 1e8 or low < 1e-4 else ".4f"

    def text(v) -> str:
        if not np.isfinite(v):
            return str(float(v))
        return format(v, spec) + ("." if spec == ".0f" else "")

    width = max([len(text(v)) for v in numbers])
    return lambda v: text(v).rjust(width)


def shown(array: np.ndarray) -> np.ndarray:
    """The elements that will be printed: all, or those at the edges."""
    if array.size <= THRESHOLD:
        return array.ravel()
    for axis, n in enumerate(array.shape):
        if n > 2 * EDGE:
            array = np.take(array, [*range(EDGE), *range(n - EDGE, n)], axis)
    return array.ravel()
