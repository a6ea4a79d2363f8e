"""LSTM in NumPy: see kernels/lstm.py for the equations and shapes."""

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
    sigmoid,
    waiting,
    weight_gradient,
    without_padding,
)


def cell(gates: Array, c: Array) -> tuple[Array, Array]:
    """Turn the sums `gates` [N, 4H] into i, f, g, o; returns c_next and o * tanh(c_next)."""
    H = c.shape[1]
    gates[:, : 2 * H], gates[:, 3 * H :] = sigmoid(gates[:, : 2 * H]), sigmoid(gates[:, 3 * H :])
    np.tanh(gates[:, 2 * H : 3 * H], out=gates[:, 2 * H : 3 * H])
    i, f, g, o = np.split(gates, 4, axis=1)
    c_next = f * c + i * g
    return c_next, o * np.tanh(c_next)


def cell_vjp(dh_next: Array, dc_next: Array, c: Array, c_next: Array, gates: Array) -> tuple[Array, Array]:
    """From the gradients of o * tanh(c_next) and c_next to dz, of the sums before activation, and dc."""
    i, f, g, o = np.split(gates, 4, axis=1)
    u = np.tanh(c_next)
    dc = dc_next + dh_next * o * (1 - u * u)
    dz = dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh_next * u * o * (1 - o)
    return np.concatenate(dz, axis=1), dc * f


def step(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None,
) -> tuple[Array, Array, Array]:
    """One step of x [N, I]: h_next [N, P], c_next [N, H] and the activated gates i, f, g, o, [1, N, 4H]."""
    _, h_next, c_next, _, gates = sequence(x[None], h, c, w_ih, w_hh, b_ih, b_hh, w_hr, False, None)
    return h_next, c_next, gates


def step_vjp(
    dh_next: Array, dc_next: Array, x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None,
    c_next: Array, gates: Array, needs: Needs,
) -> Gradients:
    """The gradients of the eight inputs of `step`, in their order."""
    y = h[None]  # stands in: a sequence of one step has no earlier output to look up
    dx, *others = sequence_vjp(
        dh_next[None], np.zeros_like(dh_next), dc_next, x[None], h, c, w_ih, w_hh, b_ih, b_hh, w_hr,
        y, c_next[None], gates, False, None, needs,
    )
    return dx if dx is None else dx[0], *others


def sequence(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None, reverse: bool, lengths: Lengths, keep: bool = True,
) -> tuple[Array, Array, Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, P], the last h and c, all c [T, N, H] and the gates [T, N, 4H].

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero. All is
    kept, whatever `keep` says.
    """
    padded = padding(x, lengths)
    given, x = x, without_padding(x, padded)
    gates = project(x, w_ih)
    bias = bias_or_zeros(b_ih, w_ih) + bias_or_zeros(b_hh, w_hh)
    y, cs = np.empty((len(x), *h.shape), h.dtype), np.empty((len(x), *c.shape), c.dtype)
    for t in order(len(x), reverse):
        gates[t] += h @ w_hh.T + bias
        cs[t], hidden = cell(gates[t], c)
        y[t] = hidden if w_hr is None else hidden @ w_hr.T
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
            np.copyto(cs[t], c, where=padded[t])
        h, c = y[t], cs[t]
    return in_the_form_of(given, y, padded), h.copy(), c.copy(), cs, gates


def sequence_vjp(
    dy: Array, dh_n: Array, dc_n: Array, x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None, b_hh: Array | None, w_hr: Array | None,
    y: Array, cs: Array, gates: Array, reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the eight inputs of `sequence`, in their order."""
    if gates.ndim != 3:  # made by the fast kernel
        y, _, _, cs, gates = sequence(x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, reverse, lengths)
    padded = padding(x, lengths)
    given, x, y, dy = x, *[without_padding(a, padded) for a in (x, y, dy)]
    c_earlier = previous(cs, c, reverse)
    dz, dhs = np.empty_like(gates), np.empty(dy.shape, dy.dtype)
    dh, dc = dh_n.copy("C"), dc_n.copy()
    for t in order(len(x), not reverse):
        np.add(dh, dy[t], out=dhs[t])
        dhidden = dhs[t] if w_hr is None else dhs[t] @ w_hr
        dz[t], dc_earlier = cell_vjp(dhidden, dc, c_earlier[t], cs[t], gates[t])
        np.matmul(dz[t], w_hh, out=dh)
        if padded is not None:
            np.copyto(dz[t], 0, where=padded[t])
            np.copyto(dh, dhs[t], where=padded[t])
            np.copyto(dc_earlier, dc, where=padded[t])
        dc = dc_earlier
    dhs = without_padding(dhs, padded)
    db = bias_gradient(dz) if b_ih is not None and (needs[5] or needs[6]) else None
    return (
        in_the_form_of(given, pull_back(dz, w_ih), padded) if needs[0] else None,
        dh if needs[1] else None,
        dc if needs[2] else None,
        weight_gradient(dz, x) if needs[3] else None,
        weight_gradient(dz, previous(waiting(y, h, padded), h, reverse)) if needs[4] else None,
        *for_each_bias(db, needs[5], needs[6]),
        projection_gradient(dhs, gates, cs) if needs[7] and w_hr is not None else None,
    )


def projection_gradient(dhs: Array, gates: Array, cs: Array) -> Array:
    """dw_hr, [P, H]: what was projected, o * tanh(c), is cheaper to compute again than to keep."""
    H = cs.shape[2]
    return weight_gradient(dhs, gates[:, :, 3 * H :] * np.tanh(cs))
