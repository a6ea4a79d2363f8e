"""RNN, LSTM and GRU, over sequences and step by step.

The gates stand in another order: LSTM i, f, g, o is ONNX's i, o, f, c; GRU r, z, n is ONNX's z, r, h, whose reset gate
comes after the product where `linear_before_reset` says so. ONNX takes one weight for each direction, [1, rows, I],
and both biases as one, [1, 2 * rows]. Each layer and direction is one node here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Builder
from ..graph import Step, Value
from ..table import translates
from .projected import is_projected, run_projected
from .rows import packed_as

GATES = {"LSTM": ("iofc", (0, 3, 1, 2)), "GRU": ("zrh", (1, 0, 2)), "RNN": ("i", (0,))}


def arguments(step: Step) -> tuple[str, Value, list[Value], list[Value | None]]:
    """ONNX's operation, x, the initial states and w_ih, w_hh, b_ih, b_hh."""
    op_type = step.op.partition("_")[0].upper()
    count = 2 if op_type == "LSTM" else 1
    x, *rest = step.inputs
    return op_type, x, rest[:count], rest[count : count + 4]


def weights(b: Builder, op_type: str, parts: list[Value | None]) -> list[str]:
    """W [1, rows, I], R [1, rows, H] and B [1, 2 * rows] ("" without biases)."""
    H = parts[1].arrays[0].shape[1]  # type: ignore[union-attr]
    letters, order = GATES[op_type]
    rows = b.constant(np.concatenate([np.arange(gate * H, (gate + 1) * H) for gate in order]))
    arranged = lambda part: b[part] if op_type == "RNN" else b.add("Gather", b[part], rows, axis=0)
    stacked = lambda w, name: b.add("Unsqueeze", w, b.ints([0]), called=f"{name}.{letters}")
    w_ih, w_hh = [stacked(arranged(part), b[part]) for part in parts[:2]]  # type: ignore[index]
    if parts[2] is None:
        return [w_ih, w_hh, ""]
    biases = b.add("Concat", *[arranged(part) for part in parts[2:]], axis=0)
    return [w_ih, w_hh, stacked(biases, b[parts[2]].replace("bias_ih", "bias"))]


def options(step: Step, op_type: str) -> dict[str, Any]:
    if op_type == "GRU":
        return {"linear_before_reset": 1}
    if op_type == "RNN":
        return {"activations": [step["nonlinearity"].capitalize()]}
    return {}


def run(b: Builder, step: Step, x: str, lengths: str, reverse: bool) -> list[str]:
    """[y [T, N, H], final states [N, H] each] for x [T, N, I]."""
    if is_projected(step):
        return run_projected(b, step, x, lengths, reverse)
    op_type, _, states, parts = arguments(step)
    given = [] if all([state.zero for state in states]) else states  # zero is what ONNX starts from
    initial = [b.add("Unsqueeze", b[state], b.ints([0])) for state in given]
    direction = "reverse" if reverse else "forward"
    H, count = parts[1].arrays[0].shape[1], 1 + len(states)  # type: ignore[union-attr]
    y, *finals = b.add(
        op_type, x, *weights(b, op_type, parts), lengths, *initial, outputs=count, hidden_size=H, direction=direction,
        **options(step, op_type),
    )  # fmt: skip
    return [b.add("Squeeze", y, b.ints([1])), *[b.add("Squeeze", final, b.ints([0])) for final in finals]]


@translates("rnn_sequence", "gru_sequence", "lstm_sequence")
def sequence(b: Builder, step: Step) -> dict[int, str]:
    x, lengths = step.inputs[0], step["lengths"]
    if x.ndim == 2:
        packing = packed_as(b, lengths)
        y, *finals = run(b, step, packing.pad(b[x], x.dtype), b.to(packing.lengths, np.int32), step["reverse"])
        found = [packing.pack(y), *finals]
    else:
        taken = "" if lengths is None else b.to(b[lengths], np.int32)
        found = run(b, step, b[x], taken, step["reverse"])
    return {i: found[i] for i in step.outputs}


@translates("rnn_step", "gru_step", "lstm_step")
def step_(b: Builder, step: Step) -> dict[int, str]:
    x = b.add("Unsqueeze", b[step.inputs[0]], b.ints([0]))
    _, *finals = run(b, step, x, "", False)
    return {i: finals[i] for i in step.outputs}
