"""Elman RNN, one step and whole sequences.

    h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)      f is tanh or relu

Shapes: x [T, N, I], h [N, H], w_ih [H, I], w_hh [H, H], biases [H].
All arrays are float32 or all float64. The gradient of an array is returned where `needs` says so, else None.

Source: J. L. Elman, Finding Structure in Time, 1990. Layout: PyTorch.
"""

from __future__ import annotations

import numpy as np

from . import single
from .activations import relu, tanh
from .fallback import falls_back_on
from .fitting import expect_fitting
from .fork import shared
from .jit import part
from .outer import OuterProducts, StepGradients
from .panels import pitch
from .plain import rnn as plain
from .product import ALL, multiply
from .quiet import quiet
from .sequence import (
    Array,
    Backward,
    Gradients,
    Lengths,
    Needs,
    Split,
    contiguous,
    earlier_row,
    for_each_bias,
    project,
    rows_of,
    step_at,
    sum_of_biases,
    weights_of,
    window_of,
)
from .simd import like, read, select, write
from .tile import lanes
from .workspace import empty


@part
def cell(sums, bias, rectify, h, y):
    """Turn the rows of the sums before the nonlinearity into h and `y`; `rectify` chooses relu."""
    N, H = y.shape
    for n in range(N):
        total, state, out = sums[n], h[n], y[n]
        for j in range(0, H, lanes(h.dtype.type(0))):
            left = H - j
            x = read(total, j, left) + read(bias, j, left)
            h_next = relu(x) if rectify else tanh(x)
            write(state, j, left, h_next)
            write(out, j, left, h_next)


@part
def cell_vjp(y, dh, rectify, dz):
    """One row: from the gradient of h_next to dz, of the sum; relu has slope 0 at 0."""
    H = y.size
    for j in range(0, H, lanes(y.dtype.type(0))):
        left = H - j
        h_next, d = read(y, j, left), read(dh, j, left)
        zero, one = like(h_next, 0.0), like(h_next, 1.0)
        write(dz, j, left, select(h_next <= zero, zero, d) if rectify else d * (one - h_next * h_next))


@shared
def forward(
    product, x, start, panels_ih, widest_ih, inputs, sums, product_hh, panels_hh, widest, bias, h, y, rectify, reverse,
    first, last,
):  # fmt: skip
    """All steps for the batch rows first ... last - 1; h holds the initial states, at the end the last."""
    T, H = start.size - 1, y.shape[1]
    inputs, sums = window_of(inputs, sums, len(h), first, last)
    projected_until, row = 0, 0
    for s in range(T):
        if s == projected_until:
            projected_until = project(product, x, start, panels_ih, H, widest_ih, inputs, sums, s, reverse, first, last)
            row = 0
        t = step_at(s, T, reverse)
        end = min(last, start[t + 1] - start[t])
        if first >= end:
            continue
        total = sums[row : row + end - first]
        row += end - first
        multiply(product_hh, h[first:end], H, panels_hh, H, total, widest, 0, ALL, True)
        cell(total, bias, rectify, h[first:end], y[start[t] + first : start[t] + end])


@shared
def backward(
    product, dy, start, panels_hh, y, h0, dh, dz, before, widest, rectify, reverse, t0, t1, first, last
):  # fmt: skip
    """The steps t0 ... t1 - 1, last visited first; dh is that after them, at the end that before them.

    Writes, in rows counted from start[t0], what the weights need: `dz` and the states before each step.
    """
    H = y.shape[1]
    for s in range(t1 - t0):
        t = t0 + s if reverse else t1 - 1 - s
        end = min(last, start[t + 1] - start[t])
        if first >= end:
            continue
        a = start[t] - start[t0]
        for n in range(first, end):
            dh_n, dy_n, earlier = dh[n], dy[start[t] + n], earlier_row(t, n, start, reverse)
            for j in range(H):
                dh_n[j] += dy_n[j]
            h_n, state = h0[n] if earlier < 0 else y[earlier], before[a + n]
            for j in range(H):
                state[j] = h_n[j]
            cell_vjp(y[start[t] + n], dh_n, rectify, dz[a + n])
        multiply(product, dz[a + first : a + end], H, panels_hh, H, dh[first:end], widest, 0, ALL, False)


@shared
def forward_step(sums, bias, rectify, state, h_next, first, last):
    """One step: `cell` for the rows first ... last - 1."""
    rows = slice(first, last)
    cell(sums[rows], bias, rectify, state[rows], h_next[rows])


@shared
def backward_step(h_next, dh_next, rectify, dz, first, last):
    """One step: `cell_vjp` for the rows first ... last - 1."""
    for n in range(first, last):
        cell_vjp(h_next[n], dh_next[n], rectify, dz[n])


def is_relu(nonlinearity: str) -> bool:
    if nonlinearity not in ("tanh", "relu"):
        raise RuntimeError(f"expected nonlinearity 'tanh' or 'relu', got {nonlinearity!r}")
    return nonlinearity == "relu"


@quiet
@falls_back_on(plain.step)
def step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, nonlinearity: str
) -> Array:
    """One step of x [N, I]: h_next [N, H]."""
    expect_fitting(1, x, h, w_ih, w_hh, b_ih, b_hh)
    (N, H), dtype = h.shape, x.dtype
    sums = single.sums(N, H, pitch(H, dtype), [(x, w_ih, 0, False), (h, w_hh, 0, True)], dtype)
    h_next = np.empty((N, H), dtype)
    bias, state = sum_of_biases(b_ih, b_hh, w_ih), empty((N, H), dtype)
    single.pointwise(forward_step, N, H, sums, bias, is_relu(nonlinearity), state, h_next)
    return h_next


@falls_back_on(plain.step_vjp)
def step_vjp(
    dh_next: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    h_next: Array, nonlinearity: str, needs: Needs,
) -> StepGradients:
    """The gradients of the six inputs of `step`, in their order."""
    (N, H), dtype = h.shape, x.dtype
    dz = empty((N, pitch(H, dtype)), dtype)
    h_next, dh_next = contiguous(h_next, dh_next)
    single.pointwise(backward_step, N, H, h_next, dh_next, is_relu(nonlinearity), dz)
    db = dz[:, :H].sum(axis=0) if b_ih is not None and (needs[4] or needs[5]) else None
    return (
        single.pull_back(dz, [(0, w_ih)]) if needs[0] else None,
        single.pull_back(dz, [(0, w_hh)]) if needs[1] else None,
        OuterProducts(dz, x, [(0, H)]) if needs[2] else None,
        OuterProducts(dz, h, [(0, H)]) if needs[3] else None,
        *for_each_bias(db, needs[4], needs[5]),
    )


@quiet
@falls_back_on(plain.sequence)
def sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, nonlinearity: str,
    reverse: bool, lengths: Lengths,
) -> tuple[Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H] and the last h [N, H].

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero.
    """
    expect_fitting(1, x, h, w_ih, w_hh, b_ih, b_hh, packed=x.ndim == 2)
    I, (N, H), dtype = x.shape[-1], h.shape, x.dtype
    if len(x) == 1 and lengths is None:
        h_next = step(x[0], h, w_ih, w_hh, b_ih, b_hh, nonlinearity)
        return h_next[None], h_next.copy()
    rows = rows_of(x, lengths)
    split = Split(N, 2.0 * rows.R * H * (I + H), w_hh)
    steps = split.steps
    h, y = rows.sort(h, pitch(H, dtype)), empty((rows.R, H), dtype)
    arguments = (
        steps.product, steps.packed(w_hh, transposed=True), steps.widest, sum_of_biases(b_ih, b_hh, w_ih), h, y,
        is_relu(nonlinearity), reverse,
    )  # fmt: skip
    forward(split.slices, N, *split.inputs(rows, x, w_ih, pitch(H, dtype)), *arguments)
    return rows.put(y), rows.unsort(h, H)


@falls_back_on(plain.sequence_vjp)
def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    y: Array, nonlinearity: str, reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients | StepGradients:
    """The gradients of the six inputs of `sequence`, in their order."""
    I, (N, H), dtype = x.shape[-1], h.shape, x.dtype
    if len(x) == 1 and lengths is None:
        dx, *others = step_vjp(dy[0] + dh_n, x[0], h, w_ih, w_hh, b_ih, b_hh, y[0], nonlinearity, needs)
        return dx if dx is None else dx[None], *others
    rows = rows_of(x, lengths)
    split = Split(N, 4.0 * rows.R * H * (I + H), w_hh)
    steps = split.steps
    sweep = Backward(rows, split, H, dtype)
    dh = rows.sort(dh_n, pitch(H, dtype))
    dz, before = sweep.workspace(H), sweep.workspace(H)
    arguments = (
        steps.product, rows.take(dy), rows.start, steps.packed(w_hh, transposed=False), rows.take(y),
        rows.sort(h, H), dh, dz, before, steps.widest, is_relu(nonlinearity), reverse,
    )  # fmt: skip
    dx = sweep.input_gradient(dz, w_ih) if needs[0] else None
    has_bias = b_ih is not None and (needs[4] or needs[5])
    wanted = [needs[2], needs[3]]
    factors = [f for f, need in zip([(rows.take(x), True, I), (before, False, H)], wanted) if need]
    dw = sweep.weight_gradient(factors, dz, H) if factors else None
    bias = sweep.bias_gradient(dz, H) if has_bias else None
    sweep.run(backward, reverse, *arguments)
    db = None if bias is None else bias.array()
    return (
        None if dx is None else dx.array(),
        rows.unsort(dh, H) if needs[1] else None,
        *weights_of(dw, wanted),
        *for_each_bias(db, needs[4], needs[5]),
    )
