"""Elman RNN in NumPy: see kernels/rnn.py for the equations and shapes."""

from __future__ import annotations

import numpy as np

from ..sequence import Array, Gradients, Lengths, Needs, for_each_bias
from .sequence import (
    bias_gradient,
    bias_or_zeros,
    in_the_form_of,
    order,
    padding,
    previous,
    project,
    pull_back,
    waiting,
    weight_gradient,
    without_padding,
)


def cell_vjp(dh_next: Array, h_next: Array, nonlinearity: str) -> Array:
    """From the gradient of h_next to that of the sum before the nonlinearity; relu has slope 0 at 0."""
    if nonlinearity == "relu":
        return np.where(h_next <= 0, h_next.dtype.type(0), dh_next)
    return dh_next * (1 - h_next * h_next)


def step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, nonlinearity: str
) -> Array:
    """One step of x [N, I]: h_next [N, H]."""
    return sequence(x[None], h, w_ih, w_hh, b_ih, b_hh, nonlinearity, False, None)[1]


def step_vjp(
    dh_next: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    h_next: Array, nonlinearity: str, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `step`, in their order."""
    dx, *others = sequence_vjp(
        dh_next[None], np.zeros_like(dh_next), x[None], h, w_ih, w_hh, b_ih, b_hh,
        h_next[None], nonlinearity, False, None, needs,
    )
    return dx if dx is None else dx[0], *others


def sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    nonlinearity: str, reverse: bool, lengths: Lengths,
) -> tuple[Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H] and the last h [N, H].

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero.
    """
    padded = padding(x, lengths)
    given, x = x, without_padding(x, padded)
    bias = bias_or_zeros(b_ih, w_ih) + bias_or_zeros(b_hh, w_hh)
    y = project(x, w_ih)
    for t in order(len(x), reverse):
        total = y[t] + h @ w_hh.T + bias
        y[t] = np.maximum(total, 0) if nonlinearity == "relu" else np.tanh(total)
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
        h = y[t]
    return in_the_form_of(given, y, padded), h.copy()


def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, y: Array,
    nonlinearity: str, reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `sequence`, in their order."""
    padded = padding(x, lengths)
    given, x, y, dy = x, *[without_padding(a, padded) for a in (x, y, dy)]
    dz = np.empty_like(y)
    dh = dh_n.copy()
    for t in order(len(x), not reverse):
        dh_next = dh + dy[t]
        dz[t] = cell_vjp(dh_next, y[t], nonlinearity)
        dh = dz[t] @ w_hh
        if padded is not None:
            np.copyto(dz[t], 0, where=padded[t])
            np.copyto(dh, dh_next, where=padded[t])
    db = bias_gradient(dz) if b_ih is not None and (needs[4] or needs[5]) else None
    return (
        in_the_form_of(given, pull_back(dz, w_ih), padded) if needs[0] else None,
        dh if needs[1] else None,
        weight_gradient(dz, x) if needs[2] else None,
        weight_gradient(dz, previous(waiting(y, h, padded), h, reverse)) if needs[3] else None,
        *for_each_bias(db, needs[4], needs[5]),
    )
