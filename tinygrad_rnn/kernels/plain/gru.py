"""GRU in NumPy: see kernels/gru.py for the equations and shapes."""

from __future__ import annotations

import numpy as np

from ..sequence import Array, Gradients, Lengths, Needs
from .sequence import (
    bias_gradient,
    bias_or_zeros,
    in_the_form_of,
    order,
    padding,
    previous,
    project,
    pull_back,
    sigmoid,
    waiting,
    weight_gradient,
    without_padding,
)


def cell(gates: Array, recurrent: Array, b_ih: Array, b_hh: Array, h: Array) -> Array:
    """Turn `gates` from W_ih x (three blocks) into r, z, n, q, given recurrent = W_hh h; returns h_next."""
    H = h.shape[1]
    r, z, n, q = np.split(gates, 4, axis=1)
    gates[:, : 2 * H] = sigmoid(gates[:, : 2 * H] + recurrent[:, : 2 * H] + (b_ih + b_hh)[: 2 * H])
    q[:] = recurrent[:, 2 * H :] + b_hh[2 * H :]
    n[:] = np.tanh(n + b_ih[2 * H :] + r * q)
    return n + z * (h - n)


def cell_vjp(dh_next: Array, h: Array, gates: Array) -> tuple[Array, Array]:
    """From the gradient of h_next to those of the sums in the order n, r, z, q, and the direct part of dh.

    The input product receives the first three blocks, the recurrent product the last three.
    """
    r, z, n, q = np.split(gates, 4, axis=1)
    dn = dh_next * (1 - z) * (1 - n * n)
    dz = dn, dn * q * r * (1 - r), dh_next * (h - n) * z * (1 - z), dn * r
    return np.concatenate(dz, axis=1), dh_next * z


def step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None
) -> tuple[Array, Array]:
    """One step of x [N, I]: h_next [N, H] and the gates [1, N, 4H]."""
    _, h_next, gates = sequence(x[None], h, w_ih, w_hh, b_ih, b_hh, False, None)
    return h_next, gates


def step_vjp(
    dh_next: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    gates: Array, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `step`, in their order."""
    y = h[None]  # stands in: a sequence of one step has no earlier output to look up
    dx, *others = sequence_vjp(
        dh_next[None], np.zeros_like(dh_next), x[None], h, w_ih, w_hh, b_ih, b_hh,
        y, gates, False, None, needs,
    )
    return dx if dx is None else dx[0], *others


def sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    reverse: bool, lengths: Lengths, keep: bool = True,
) -> tuple[Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H], the last h [N, H], and the gates [T, N, 4H].

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero. All is
    kept, whatever `keep` says.
    """
    padded = padding(x, lengths)
    given, x = x, without_padding(x, padded)
    T, N, H = len(x), *h.shape
    gates, y = np.empty((T, N, 4 * H), h.dtype), np.empty((T, N, H), h.dtype)
    gates[:, :, : 3 * H] = project(x, w_ih)
    b_ih, b_hh = bias_or_zeros(b_ih, w_ih), bias_or_zeros(b_hh, w_hh)
    for t in order(T, reverse):
        y[t] = cell(gates[t], h @ w_hh.T, b_ih, b_hh, h)
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
        h = y[t]
    return in_the_form_of(given, y, padded), h.copy(), gates


def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, y: Array, gates: Array,
    reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the six inputs of `sequence`, in their order."""
    if gates.ndim != 3:  # made by the fast kernel
        y, _, gates = sequence(x, h, w_ih, w_hh, b_ih, b_hh, reverse, lengths)
    padded = padding(x, lengths)
    given, x, y, dy = x, *[without_padding(a, padded) for a in (x, y, dy)]
    H = h.shape[1]
    h_earlier = previous(waiting(y, h, padded), h, reverse)
    dz = np.empty_like(gates)
    dz_ih, dz_hh = dz[:, :, : 3 * H], dz[:, :, H:]
    dh = dh_n.copy()
    for t in order(len(x), not reverse):
        dh_next = dh + dy[t]
        dz[t], dh_direct = cell_vjp(dh_next, h_earlier[t], gates[t])
        dh = dz_hh[t] @ w_hh + dh_direct
        if padded is not None:
            np.copyto(dz[t], 0, where=padded[t])
            np.copyto(dh, dh_next, where=padded[t])
    # The input side comes in the order n, r, z: a roll by one block changes between it and r, z, n.
    return (
        in_the_form_of(given, pull_back(dz_ih, np.roll(w_ih, H, axis=0)), padded) if needs[0] else None,
        dh if needs[1] else None,
        np.roll(weight_gradient(dz_ih, x), -H, axis=0) if needs[2] else None,
        weight_gradient(dz_hh, h_earlier) if needs[3] else None,
        np.roll(bias_gradient(dz_ih), -H) if needs[4] and b_ih is not None else None,
        bias_gradient(dz_hh) if needs[5] and b_hh is not None else None,
    )
