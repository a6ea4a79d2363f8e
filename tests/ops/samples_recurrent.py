"""Samples of the fused recurrent operations; their references run one row and one step at a time."""

from __future__ import annotations

import numpy as np

from tests.recurrent_reference import CELLS, run

from .sampling import Sample

T, N, I, H, P = 3, 2, 3, 4, 2
random = np.random.default_rng(11)
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def inputs(kind: str, sequence: bool, bias: bool = True, projected: bool = False) -> tuple:
    draw = lambda *shape: random.uniform(-0.9, 0.9, shape)
    rows, out = GATES[kind] * H, P if projected else H
    states = (draw(N, out), draw(N, H)) if kind == "lstm" else (draw(N, H),)
    x = draw(T, N, I) if sequence else draw(N, I)
    biases = (draw(rows), draw(rows)) if bias else (None, None)
    projection = ((draw(P, H) if projected else None),) if kind == "lstm" else ()
    return (x, *states, draw(rows, I), draw(rows, out), *biases, *projection)


def reference(kind: str, sequence: bool):
    """The operation by the naive loop; a step is a sequence of one."""
    count = 2 if kind == "lstm" else 1

    def function(x, *rest, **attrs):
        x = x if sequence else x[None]
        y, *finals = run(CELLS[kind.upper()], x, rest[:count], *rest[count:], **attrs)
        if sequence:
            return y, *finals
        return tuple(finals) if count > 1 else finals[0]

    return function


def present(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Which rows of [T, N] sequences of these lengths have."""
    return np.arange(len(x))[:, None] < lengths


def packed(kind: str):
    """The operation on packed rows, by way of padding."""

    def function(x, *rest, lengths, **attrs):
        padded = np.zeros((max(lengths), len(lengths), x.shape[1]))
        on = present(padded, lengths)
        padded[on] = x
        y, *finals = reference(kind, True)(padded, *rest, lengths=lengths, **attrs)
        return y[on], *finals

    return function


def samples() -> list[Sample]:
    found = []
    for kind in GATES:
        options = [{}] if kind != "rnn" else [{"nonlinearity": "tanh"}, {"nonlinearity": "relu"}]
        for option in options:
            label = option.get("nonlinearity", "")
            step, whole = f"{kind}_step", f"{kind}_sequence"
            found.append(Sample(step, inputs(kind, False), option, reference(kind, False), label=label))
            for bias in (True, False):
                found.append(Sample(whole, inputs(kind, True, bias), {**option, "reverse": not bias},
                                    reference(kind, True), label=f"{label} bias={bias}"))  # fmt: skip
            attrs = {**option, "reverse": True, "lengths": np.array([3, 1])}
            found.append(Sample(whole, inputs(kind, True), attrs, reference(kind, True), label=f"{label} lengths"))
            for reverse in (False, True):
                attrs = {**option, "reverse": reverse, "lengths": np.array([3, 1])}
                x, *others = inputs(kind, True)
                found.append(Sample(whole, (x[present(x, attrs["lengths"])], *others), attrs, packed(kind),
                                    label=f"{label} packed {reverse=}"))  # fmt: skip
    for sequence in (False, True):
        name = "lstm_sequence" if sequence else "lstm_step"
        found.append(Sample(name, inputs("lstm", sequence, projected=True), {}, reference("lstm", sequence),
                            label="projected"))  # fmt: skip
    return found


SAMPLES = samples()
