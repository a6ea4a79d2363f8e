"""Sums, means, extremes and their places, normalization, order."""

from __future__ import annotations

import numpy as np

from ..builder import Builder
from ..errors import OnnxExporterError
from ..graph import Step, Value
from ..sizes import Size
from ..table import translates

REDUCTIONS = {
    "sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd", "amax": "ReduceMax", "amin": "ReduceMin",
    "logsumexp": "ReduceLogSumExp",
}  # fmt: skip


def dims_of(step: Step, x: Value) -> list[int]:
    """The dimensions that are reduced, counted from the front."""
    dim = step["dim"]
    if dim is None:
        return list(range(x.ndim))
    return [d % x.ndim for d in (dim if isinstance(dim, tuple) else (dim,))] if x.ndim else []


def reduced(b: Builder, op_type: str, x: str, dims: list[int], keepdim: bool) -> str:
    return b.add(op_type, x, b.ints(dims), keepdims=int(keepdim)) if dims else x


@translates(*REDUCTIONS)
def reduction(b: Builder, step: Step) -> str:
    x = step.inputs[0]
    return reduced(b, REDUCTIONS[step.op], b.cast(x, step.y.dtype), dims_of(step, x), step["keepdim"])


@translates("all", "any")
def truth(b: Builder, step: Step) -> str:
    x = step.inputs[0]
    numbers = b.to(b.cast(x, np.dtype("?")), np.int32)
    op_type = "ReduceMin" if step.op == "all" else "ReduceMax"
    return b.to(reduced(b, op_type, numbers, dims_of(step, x), step["keepdim"]), np.bool_)


@translates("argmax", "argmin")
def place_of_extreme(b: Builder, step: Step) -> str:
    x, op_type = step.inputs[0], "ArgMax" if step.op == "argmax" else "ArgMin"
    name = b.cast(x, np.dtype("i4") if x.dtype == np.bool_ else x.dtype)
    if step["dim"] is None or not x.ndim:
        found = b.add(op_type, b.add("Reshape", name, b.ints([-1])), axis=0, keepdims=0)
        return b.add("Reshape", found, b.ints([1] * step.y.ndim))
    return b.add(op_type, name, axis=step["dim"], keepdims=int(step["keepdim"]))


@translates("var", "std")
def variance(b: Builder, step: Step) -> str:
    """sum((x - mean)**2) / (n - correction), the count n computed where it is a size."""
    value = step.inputs[0]
    x, dims = b[value], dims_of(step, value)
    off = b.add("Sub", x, reduced(b, "ReduceMean", x, dims, True))
    total = reduced(b, "ReduceSum", b.add("Mul", off, off), dims, step["keepdim"])
    counts = [n for i, n in enumerate(b.graph.shape(value)) if i in dims]
    count = b.to(b.add("ReduceProd", b.ints(counts or [1]), keepdims=0), value.dtype)
    freedom = b.add("Max", b.add("Sub", count, b.like(step["correction"], value)), b.like(0, value))
    y = b.add("Div", total, freedom)
    return b.add("Sqrt", y) if step.op == "std" else y


@translates("p_norm")
def norm(b: Builder, step: Step) -> str:
    x, p, dims = step.inputs[0], step["p"], dims_of(step, step.inputs[0])
    if p == 2:
        return reduced(b, "ReduceL2", b[x], dims, step["keepdim"])
    powers = b.add("Pow", b.add("Abs", b[x]), b.like(p, x))
    return b.add("Pow", reduced(b, "ReduceSum", powers, dims, step["keepdim"]), b.like(1 / p, x))


@translates("layer_norm")
def layer_norm(b: Builder, step: Step) -> str:
    x, weight, bias = step.inputs
    dims = step["dims"]
    shape = x.arrays[0].shape[x.ndim - dims :]
    scale = b[weight] if weight is not None else b.constant(np.ones(shape, x.dtype))
    rest = [] if bias is None else [b[bias]]
    return b.add("LayerNormalization", b[x], scale, *rest, axis=-dims, epsilon=float(step["eps"]))


@translates("cumsum")
def cumsum(b: Builder, step: Step) -> str:
    x = b.cast(step.inputs[0], step.y.dtype)
    return b.add("CumSum", x, b.scalar(step["dim"]), reverse=int(step["reverse"])) if step.y.ndim else x


# --- order --------------------------------------------------------------------------------------------------


@translates("argsort")
def argsort(b: Builder, step: Step) -> str:
    x, dim = step.inputs[0], step["dim"]
    count = b.graph.shape(x)[dim] if x.ndim else 1
    return top(b, x, count, dim, step["descending"])


@translates("topk")
def topk(b: Builder, step: Step) -> str:
    return top(b, step.inputs[0], step["k"], step["dim"], step["largest"])


def top(b: Builder, x: Value, k: int | Size, dim: int, largest: bool) -> str:
    """The places of the k largest, or smallest; of equal ones ONNX takes the first, first."""
    if not x.ndim:
        return b.constant(np.zeros((), np.int64))
    return b.add("TopK", b[x], b.ints([k]), outputs=2, axis=dim, largest=int(largest))[1]


@translates("one_hot")
def one_hot(b: Builder, step: Step) -> str:
    if step["num_classes"] < 0:
        raise OnnxExporterError("onnx.export: one_hot must be told num_classes: else the data decides the shape")
    depth, values = b.ints([step["num_classes"]]), b.constant(np.array([0, 1], np.int64))
    return b.add("OneHot", b.cast(step.inputs[0], np.dtype("i8")), depth, values, axis=-1)
