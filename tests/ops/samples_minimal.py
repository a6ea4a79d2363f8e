"""Samples of minGRU and minLSTM; the reference is the loop of the paper's equations, one row at a time."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn.nn  # noqa: F401  # declares them

from .sampling import Sample

T, N, I, H = 3, 2, 3, 4
random = np.random.default_rng(21)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def naive(x, h, w, b, shared_out=False, reverse=False, lengths=None):
    H = h.shape[1]
    y, last = np.zeros((len(x), *h.shape)), h.copy()
    for n in range(len(h)):
        steps = range(len(x) if lengths is None else lengths[n])
        for t in reversed(steps) if reverse else steps:
            sums = w @ x[t, n] + (0 if b is None else b)
            if shared_out:
                f, i, new = sigmoid(sums[:H]), sigmoid(sums[H : 2 * H]), sums[2 * H :]
                last[n] = f / (f + i) * last[n] + i / (f + i) * new
            else:
                z, new = sigmoid(sums[:H]), sums[H:]
                last[n] = (1 - z) * last[n] + z * new
            y[t, n] = last[n]
    return y, last


def inputs(shared_out: bool, bias: bool = True) -> tuple:
    rows = (3 if shared_out else 2) * H
    draw = lambda *shape: random.uniform(-0.9, 0.9, shape)
    return draw(T, N, I), draw(N, H), draw(rows, I), draw(rows) if bias else None


def packed(x, *rest, lengths, **attrs):
    present = np.arange(max(lengths))[:, None] < lengths
    padded = np.zeros((*present.shape, x.shape[1]))
    padded[present] = x
    y, last = naive(padded, *rest, lengths=lengths, **attrs)
    return y[present], last


def one_step(x, *rest, **attrs):
    return naive(x[None], *rest, **attrs)[1]


def samples() -> list[Sample]:
    found = []
    for shared_out in (False, True):
        option, name = {"shared_out": shared_out}, "minLSTM" if shared_out else "minGRU"
        x, *others = inputs(shared_out)
        found.append(Sample("minimal_step", (x[0], *others), option, one_step, label=name))
        for bias in (True, False):
            attrs = {**option, "reverse": not bias}
            found.append(Sample("minimal_sequence", inputs(shared_out, bias), attrs, naive, label=f"{name} {bias=}"))
        for reverse in (False, True):
            attrs = {**option, "reverse": reverse, "lengths": np.array([3, 1])}
            label = f"{name} {reverse=}"
            found.append(Sample("minimal_sequence", inputs(shared_out), attrs, naive, label=f"{label} lengths"))
            x, *others = inputs(shared_out)
            rows = x[np.arange(T)[:, None] < attrs["lengths"]]
            found.append(Sample("minimal_sequence", (rows, *others), attrs, packed, label=f"{label} packed"))
    return found


SAMPLES = samples()
