"""Elman RNN, one step and whole sequences.

    h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)      f is tanh or relu

Shapes: x [T, N, I], h [N, H], w_ih [H, I], w_hh [H, H], biases [H].
All arrays are float32 or all float64. The gradient of an array is returned where `needs` says so, else None.

Source: J. L. Elman, Finding Structure in Time, 1990. Layout: PyTorch.
"""

from __future__ import annotations

import numpy as np

from .activations import relu, tanh
from .jit import kernel
from .sequence import (
    Array,
    Gradients,
    Lengths,
    Needs,
    bias_gradient,
    bias_or_zeros,
    contiguous,
    order,
    padding,
    previous,
    project,
    pull_back,
    waiting,
    weight_gradient,
    without_padding,
)


@kernel
def cell(h_next, recurrent, bias, rectify):
    """Turn `h_next` from W_ih x into the next state, given recurrent = W_hh h; `rectify` chooses relu."""
    N, H = h_next.shape
    for n in range(N):
        for j in range(H):
            total = h_next[n, j] + recurrent[n, j] + bias[j]
            h_next[n, j] = relu(total) if rectify else tanh(total)


@kernel
def cell_vjp(dh_next, h_next, dz, rectify):
    """From the gradient of h_next to dz, of the sum before the nonlinearity; relu has slope 0 at 0."""
    N, H = h_next.shape
    zero, one = h_next.dtype.type(0), h_next.dtype.type(1)
    for n in range(N):
        for j in range(H):
            y, dy = h_next[n, j], dh_next[n, j]
            if rectify:
                dz[n, j] = zero if y <= zero else dy
            else:
                dz[n, j] = dy * (one - y * y)


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
    padded = padding(len(x), lengths)
    x, h, w_hh = contiguous(without_padding(x, padded), h, w_hh)
    bias = bias_or_zeros(b_ih, w_ih) + bias_or_zeros(b_hh, w_hh)
    y = project(x, w_ih)
    recurrent = np.empty_like(h)
    for t in order(len(x), reverse):
        np.matmul(h, w_hh.T, out=recurrent)
        cell(y[t], recurrent, bias, nonlinearity == "relu")
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
        h = y[t]
    return without_padding(y, padded), h.copy()


def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, y: Array,
    nonlinearity: str, reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `sequence`, in their order."""
    padded = padding(len(x), lengths)
    x, dy = without_padding(x, padded), without_padding(dy, padded)
    x, h, w_hh, y = contiguous(x, h, w_hh, y)
    dz = np.empty_like(y)
    dh, dh_next = dh_n.copy("C"), np.empty_like(h)
    for t in order(len(x), not reverse):
        np.add(dh, dy[t], out=dh_next)
        cell_vjp(dh_next, y[t], dz[t], nonlinearity == "relu")
        np.matmul(dz[t], w_hh, out=dh)
        if padded is not None:
            np.copyto(dz[t], 0, where=padded[t])
            np.copyto(dh, dh_next, where=padded[t])
    db = bias_gradient(dz) if b_ih is not None and (needs[4] or needs[5]) else None
    return (
        pull_back(dz, w_ih) if needs[0] else None,
        dh if needs[1] else None,
        weight_gradient(dz, x) if needs[2] else None,
        weight_gradient(dz, previous(waiting(y, h, padded), h, reverse)) if needs[3] else None,
        db if needs[4] else None,
        db if needs[5] else None,
    )
