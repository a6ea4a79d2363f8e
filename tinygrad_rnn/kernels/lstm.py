"""LSTM, one step and whole sequences, optionally with a projected state.

    i, f, g, o = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh      i, f, o through sigmoid, g through tanh
    c_t = f * c_(t-1) + i * g
    h_t = o * tanh(c_t)                                     projected: h_t = W_hr (o * tanh(c_t))

Shapes: x [T, N, I], h [N, P], c [N, H], w_ih [4H, I], w_hh [4H, P], biases [4H], w_hr [P, H]; P = H
without w_hr. All arrays are float32 or all float64. The gradient of an array is returned where `needs` says
so, else None.

Source: S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, 1997; F. Gers et al., Learning to Forget,
2000 (f); H. Sak et al., LSTM Based Recurrent Neural Network Architectures, 2014 (W_hr). Layout and gate order
are PyTorch's.
"""

from __future__ import annotations

import numpy as np

from .activations import sigmoid, tanh
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
def cell(gates, recurrent, bias, c, c_next, h_next):
    """Turn `gates` from W_ih x into the activated i, f, g, o, with recurrent = W_hh h; write c_next, h_next.

    One short loop per result: the compiler can show that few arrays do not overlap, and then uses vectors.
    """
    N, H = c.shape
    for n in range(N):
        for j in range(2 * H):
            gates[n, j] = sigmoid(gates[n, j] + recurrent[n, j] + bias[j])
        for j in range(H):
            gates[n, 2 * H + j] = tanh(gates[n, 2 * H + j] + recurrent[n, 2 * H + j] + bias[2 * H + j])
        for j in range(H):
            gates[n, 3 * H + j] = sigmoid(gates[n, 3 * H + j] + recurrent[n, 3 * H + j] + bias[3 * H + j])
        for j in range(H):
            c_next[n, j] = gates[n, H + j] * c[n, j] + gates[n, j] * gates[n, 2 * H + j]
        for j in range(H):
            h_next[n, j] = gates[n, 3 * H + j] * tanh(c_next[n, j])


@kernel
def cell_vjp(dh_next, dc_next, c, c_next, gates, dz, dc):
    """From the gradients of o * tanh(c_next) and c_next to dz, of the sums before activation, and dc."""
    N, H = c.shape
    one = gates.dtype.type(1)
    for n in range(N):
        for j in range(H):
            o = gates[n, 3 * H + j]
            u = tanh(c_next[n, j])
            dz[n, 3 * H + j] = dh_next[n, j] * u * o * (one - o)
            dc[n, j] = dc_next[n, j] + dh_next[n, j] * o * (one - u * u)
        for j in range(H):
            i, g = gates[n, j], gates[n, 2 * H + j]
            dz[n, j] = dc[n, j] * g * i * (one - i)
            dz[n, 2 * H + j] = dc[n, j] * i * (one - g * g)
        for j in range(H):
            f = gates[n, H + j]
            dz[n, H + j] = dc[n, j] * c[n, j] * f * (one - f)
            dc[n, j] = dc[n, j] * f


def step(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None,
) -> tuple[Array, Array, Array]:
    """One step of x [N, I]: h_next [N, P], c_next [N, H] and the activated gates i, f, g, o, [N, 4H]."""
    _, h_next, c_next, _, gates = sequence(x[None], h, c, w_ih, w_hh, b_ih, b_hh, w_hr, False, None)
    return h_next, c_next, gates[0]


def step_vjp(
    dh_next: Array, dc_next: Array, x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None,
    c_next: Array, gates: Array, needs: Needs,
) -> Gradients:
    """The gradients of the eight inputs of `step`, in their order."""
    y = h[None]  # stands in: a sequence of one step has no earlier output to look up
    dx, *others = sequence_vjp(
        dh_next[None], np.zeros_like(dh_next), dc_next, x[None], h, c, w_ih, w_hh, b_ih, b_hh, w_hr,
        y, c_next[None], gates[None], False, None, needs,
    )
    return dx if dx is None else dx[0], *others


def sequence(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None, reverse: bool, lengths: Lengths,
) -> tuple[Array, Array, Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, P], the last h and c, all c [T, N, H] and the gates [T, N, 4H].

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero.
    """
    padded = padding(len(x), lengths)
    x, h, c, w_hh = contiguous(without_padding(x, padded), h, c, w_hh)
    gates = project(x, w_ih)
    bias = bias_or_zeros(b_ih, w_ih) + bias_or_zeros(b_hh, w_hh)
    y, cs = np.empty((len(x), *h.shape), h.dtype), np.empty((len(x), *c.shape), c.dtype)
    recurrent, hidden = np.empty_like(gates[0]), np.empty_like(c)
    for t in order(len(x), reverse):
        np.matmul(h, w_hh.T, out=recurrent)
        cell(gates[t], recurrent, bias, c, cs[t], y[t] if w_hr is None else hidden)
        if w_hr is not None:
            np.matmul(hidden, w_hr.T, out=y[t])
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
            np.copyto(cs[t], c, where=padded[t])
        h, c = y[t], cs[t]
    return without_padding(y, padded), h.copy(), c.copy(), cs, gates


def sequence_vjp(
    dy: Array, dh_n: Array, dc_n: Array, x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None,
    y: Array, cs: Array, gates: Array, reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the eight inputs of `sequence`, in their order."""
    padded = padding(len(x), lengths)
    x, dy = without_padding(x, padded), without_padding(dy, padded)
    x, h, c, w_hh, cs, gates = contiguous(x, h, c, w_hh, cs, gates)
    c_earlier = previous(cs, c, reverse)
    dz, dhs, dhidden = np.empty_like(gates), np.empty(dy.shape, dy.dtype), np.empty_like(c)
    dh, dc, dc_earlier = dh_n.copy("C"), dc_n.copy("C"), np.empty_like(c)
    for t in order(len(x), not reverse):
        np.add(dh, dy[t], out=dhs[t])
        if w_hr is not None:
            np.matmul(dhs[t], w_hr, out=dhidden)
        cell_vjp(dhs[t] if w_hr is None else dhidden, dc, c_earlier[t], cs[t], gates[t], dz[t], dc_earlier)
        np.matmul(dz[t], w_hh, out=dh)
        if padded is not None:
            np.copyto(dz[t], 0, where=padded[t])
            np.copyto(dh, dhs[t], where=padded[t])
            np.copyto(dc_earlier, dc, where=padded[t])
        dc, dc_earlier = dc_earlier, dc
    dhs = without_padding(dhs, padded)
    db = bias_gradient(dz) if b_ih is not None and (needs[5] or needs[6]) else None
    return (
        pull_back(dz, w_ih) if needs[0] else None,
        dh if needs[1] else None,
        dc if needs[2] else None,
        weight_gradient(dz, x) if needs[3] else None,
        weight_gradient(dz, previous(waiting(y, h, padded), h, reverse)) if needs[4] else None,
        db if needs[5] else None,
        db if needs[6] else None,
        projection_gradient(dhs, gates, cs) if needs[7] and w_hr is not None else None,
    )


def projection_gradient(dhs: Array, gates: Array, cs: Array) -> Array:
    """dw_hr, [P, H]: what was projected, o * tanh(c), is cheaper to compute again than to keep."""
    H = cs.shape[2]
    return weight_gradient(dhs, gates[:, :, 3 * H :] * np.tanh(cs))
