"""GRU, one step and whole sequences; the reset gate acts after the product.

    r = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr)
    z = sigmoid(W_iz x_t + b_iz + W_hz h_(t-1) + b_hz)
    q = W_hn h_(t-1) + b_hn
    n = tanh(W_in x_t + b_in + r * q)
    h_t = (1 - z) * n + z * h_(t-1)

Shapes: x [T, N, I], h [N, H], w_ih [3H, I], w_hh [3H, H], biases [3H], in the order r, z, n.
`gates` holds r, z, n, q. All arrays are float32 or all float64. The gradient of an array is returned where
`needs` says so, else None.

Source: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014; the reset gate
as in PyTorch.
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
    pull_back,
    rows,
    waiting,
    weight_gradient,
    without_padding,
)


@kernel
def cell(gates, recurrent, b_ih, b_hh, h, h_next):
    """Turn `gates` from W_ih x (three blocks) into r, z, n, q, given recurrent = W_hh h; write h_next.

    One short loop per result: the compiler can show that few arrays do not overlap, and then uses vectors.
    """
    N, H = h.shape
    for b in range(N):
        for j in range(2 * H):
            gates[b, j] = sigmoid(gates[b, j] + recurrent[b, j] + b_ih[j] + b_hh[j])
        for j in range(H):
            gates[b, 3 * H + j] = recurrent[b, 2 * H + j] + b_hh[2 * H + j]
        for j in range(H):
            gates[b, 2 * H + j] += b_ih[2 * H + j] + gates[b, j] * gates[b, 3 * H + j]
        for j in range(H):
            gates[b, 2 * H + j] = tanh(gates[b, 2 * H + j])
        for j in range(H):
            n = gates[b, 2 * H + j]
            h_next[b, j] = n + gates[b, H + j] * (h[b, j] - n)


@kernel
def cell_vjp(dh_next, h, gates, dz, dh):
    """From the gradient of h_next to those of the sums in the order n, r, z, q, and the direct part of dh.

    The input product receives the first three blocks, the recurrent product the last three.
    """
    N, H = h.shape
    one = gates.dtype.type(1)
    for b in range(N):
        for j in range(H):
            z, n = gates[b, H + j], gates[b, 2 * H + j]
            dz[b, j] = dh_next[b, j] * (one - z) * (one - n * n)
            dz[b, 2 * H + j] = dh_next[b, j] * (h[b, j] - n) * z * (one - z)
        for j in range(H):
            r = gates[b, j]
            dz[b, H + j] = dz[b, j] * gates[b, 3 * H + j] * r * (one - r)
            dz[b, 3 * H + j] = dz[b, j] * r
        for j in range(H):
            dh[b, j] = dh_next[b, j] * gates[b, H + j]


def step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[Array, Array]:
    """One step of x [N, I]: h_next [N, H] and the gates [N, 4H]."""
    _, h_next, gates = sequence(x[None], h, w_ih, w_hh, b_ih, b_hh, False, None)
    return h_next, gates[0]


def step_vjp(
    dh_next: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    gates: Array, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `step`, in their order."""
    y = h[None]  # stands in: a sequence of one step has no earlier output to look up
    dx, *others = sequence_vjp(
        dh_next[None], np.zeros_like(dh_next), x[None], h, w_ih, w_hh, b_ih, b_hh,
        y, gates[None], False, None, needs,
    )
    return dx if dx is None else dx[0], *others


def sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    reverse: bool, lengths: Lengths,
) -> tuple[Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H], the last h [N, H], and the gates [T, N, 4H].

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero.
    """
    padded = padding(len(x), lengths)
    x, h, w_hh = contiguous(without_padding(x, padded), h, w_hh)
    T, N, H = len(x), *h.shape
    gates, y = np.empty((T, N, 4 * H), h.dtype), np.empty((T, N, H), h.dtype)
    np.matmul(rows(x), w_ih.T, out=rows(gates)[:, : 3 * H])
    b_ih, b_hh = bias_or_zeros(b_ih, w_ih), bias_or_zeros(b_hh, w_hh)
    recurrent = np.empty((N, 3 * H), h.dtype)
    for t in order(T, reverse):
        np.matmul(h, w_hh.T, out=recurrent)
        cell(gates[t], recurrent, b_ih, b_hh, h, y[t])
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
        h = y[t]
    return without_padding(y, padded), h.copy(), gates


def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, y: Array, gates: Array,
    reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `sequence`, in their order."""
    padded = padding(len(x), lengths)
    x, dy = without_padding(x, padded), without_padding(dy, padded)
    x, h, w_hh, gates = contiguous(x, h, w_hh, gates)
    H = h.shape[1]
    h_earlier = previous(waiting(y, h, padded), h, reverse)
    dz = np.empty_like(gates)
    dz_ih, dz_hh = dz[:, :, : 3 * H], dz[:, :, H:]
    dh, dh_next, dh_direct = dh_n.copy("C"), np.empty_like(h), np.empty_like(h)
    for t in order(len(x), not reverse):
        np.add(dh, dy[t], out=dh_next)
        cell_vjp(dh_next, h_earlier[t], gates[t], dz[t], dh_direct)
        np.matmul(dz_hh[t], w_hh, out=dh)
        dh += dh_direct
        if padded is not None:
            np.copyto(dz[t], 0, where=padded[t])
            np.copyto(dh, dh_next, where=padded[t])
    # The input side comes in the order n, r, z: a roll by one block changes between it and r, z, n.
    return (
        pull_back(dz_ih, np.roll(w_ih, H, axis=0)) if needs[0] else None,
        dh if needs[1] else None,
        np.roll(weight_gradient(dz_ih, x), -H, axis=0) if needs[2] else None,
        weight_gradient(dz_hh, h_earlier) if needs[3] else None,
        np.roll(bias_gradient(dz_ih), -H) if needs[4] and b_ih is not None else None,
        bias_gradient(dz_hh) if needs[5] and b_hh is not None else None,
    )
