"""The LSTM with a projection of its state, which ONNX's LSTM has not: a Scan over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Builder
from ..graph import Step, Value


def run_projected(b: Builder, step: Step, x: str, lengths: str, reverse: bool) -> list[str]:
    """[y [T, N, P], h [N, P], c [N, H]] for x [T, N, I]; lengths int32 [N], or "" where all sequences are whole."""
    from onnx import helper

    _, h, c, *weights = step.inputs
    states, scanned = [b[h], b[c]], [x]
    if lengths:
        scanned.append(valid(b, x, lengths))
    kind = helper.np_dtype_to_tensor_dtype(step.inputs[0].dtype)
    prefix = b.free("/Scan")
    body = helper.make_graph(
        one_step(prefix, [None if w is None else b[w] for w in weights], b.like(0, h), bool(lengths)),
        "step",
        [helper.make_tensor_value_info(f"{prefix}/{name}", kind, None) for name in ("h", "c", "x")]
        + ([helper.make_tensor_value_info(f"{prefix}/valid", helper.TensorProto.BOOL, None)] if lengths else []),
        [helper.make_tensor_value_info(f"{prefix}/{name}", kind, None) for name in ("h_next", "c_next", "y")],
    )
    options: dict[str, Any] = {
        "body": body, "num_scan_inputs": len(scanned),
        "scan_input_directions": [int(reverse)] * len(scanned), "scan_output_directions": [int(reverse)],
    }  # fmt: skip
    h_n, c_n, y = b.add("Scan", *states, *scanned, outputs=3, **options)
    return [y, h_n, c_n]


def valid(b: Builder, x: str, lengths: str) -> str:
    """bool [T, N, 1]: whether a step is before the end of a sequence."""
    T = b.add("Squeeze", b.add("Shape", x, start=0, end=1), b.ints([0]))
    steps = b.add("Unsqueeze", b.add("Range", b.scalar(0), T, b.scalar(1)), b.ints([1, 2]))
    return b.add("Less", steps, b.add("Unsqueeze", b.to(lengths, np.int64), b.ints([1])))


def one_step(prefix: str, weights: list[str | None], zero: str, with_lengths: bool) -> list[Any]:
    """The nodes of a step: x, h and c to y, h_next and c_next; where it is not valid the states stay, and y is 0."""
    from onnx.helper import make_node

    nodes: list[Any] = []
    w_ih, w_hh, b_ih, b_hh, w_hr = weights

    def add(op_type: str, *inputs: str, to: str = "", count: int = 1, **attrs: Any) -> Any:
        results = [f"{prefix}/{to or f'{op_type}_{len(nodes)}'}{f'_{i}' * (count > 1)}" for i in range(count)]
        nodes.append(make_node(op_type, inputs, results, **attrs))
        return results[0] if count == 1 else results

    def linear(x: str, w: str | None, bias: str | None) -> str:
        return add("Gemm", x, w or "", *([bias] if bias else []), transB=1)

    h, c, x = f"{prefix}/h", f"{prefix}/c", f"{prefix}/x"
    sums = add("Add", linear(x, w_ih, b_ih), linear(h, w_hh, b_hh))
    i, f, g, o = add("Split", sums, count=4, axis=-1, num_outputs=4)
    kept, stored = add("Mul", add("Sigmoid", f), c), add("Mul", add("Sigmoid", i), add("Tanh", g))
    c_next = add("Add", kept, stored)
    h_next = linear(add("Mul", add("Sigmoid", o), add("Tanh", c_next)), w_hr, None)
    results = {"h_next": (h_next, h), "c_next": (c_next, c), "y": (h_next, zero)}
    for name, (new, old) in results.items():
        if with_lengths:
            add("Where", f"{prefix}/valid", new, old, to=name)
        else:
            add("Identity", new, to=name)
    return nodes


def is_projected(step: Step) -> bool:
    """Whether it is an LSTM with a projection."""
    inputs: list[Value | None] = step.inputs
    return step.op.startswith("lstm") and len(inputs) == 8 and inputs[7] is not None
