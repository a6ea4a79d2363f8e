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

from . import single
from .activations import sigmoid, tanh
from .fallback import falls_back_on
from .fitting import expect_fitting
from .fork import shared
from .jit import part
from .outer import OuterProducts, StepGradients
from .panels import pitch
from .plain import lstm as plain
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
from .simd import like, read, write
from .tile import lanes
from .workspace import empty


@part
def cell(sums, bias, c, gates, cs, hidden, y):
    """From the sums W x + W h the gates i, f, g, o; c, in place, and `cs` become c_t, hidden and `y` o * tanh(c_t).

    What waits for c_t has a loop of its own: the processor works on several vectors at once, if they fit its window.
    """
    N, H = c.shape
    L = lanes(c.dtype.type(0))
    for n in range(N):
        total, gate, c_n, kept, state, out = sums[n], gates[n], c[n], cs[n], hidden[n], y[n]
        for j in range(0, H, L):
            left = H - j
            i = sigmoid(read(total, j, left) + read(bias, j, left))
            f = sigmoid(read(total, H + j, left) + read(bias, H + j, left))
            g = tanh(read(total, 2 * H + j, left) + read(bias, 2 * H + j, left))
            o = sigmoid(read(total, 3 * H + j, left) + read(bias, 3 * H + j, left))
            c_next = f * read(c_n, j, left) + i * g
            write(gate, j, left, i)
            write(gate, H + j, left, f)
            write(gate, 2 * H + j, left, g)
            write(gate, 3 * H + j, left, o)
            write(c_n, j, left, c_next)
            write(kept, j, left, c_next)
        for j in range(0, H, L):
            left = H - j
            h_next = read(gate, 3 * H + j, left) * tanh(read(kept, j, left))
            write(state, j, left, h_next)
            write(out, j, left, h_next)


@part
def cell_vjp(gate, c, c_next, dhidden, dc, dz):
    """One row: from the gradients of o * tanh(c_next) and c_next to dz, of the sums, and, in place, dc."""
    H = c.size
    for j in range(0, H, lanes(c.dtype.type(0))):
        left = H - j
        i, f = read(gate, j, left), read(gate, H + j, left)
        g, o = read(gate, 2 * H + j, left), read(gate, 3 * H + j, left)
        u, dh = tanh(read(c_next, j, left)), read(dhidden, j, left)
        one = like(u, 1.0)
        dc_next = read(dc, j, left) + dh * o * (one - u * u)
        write(dz, j, left, dc_next * g * i * (one - i))
        write(dz, H + j, left, dc_next * read(c, j, left) * f * (one - f))
        write(dz, 2 * H + j, left, dc_next * i * (one - g * g))
        write(dz, 3 * H + j, left, dh * u * o * (one - o))
        write(dc, j, left, dc_next * f)


@shared
def forward(
    product, x, start, panels_ih, widest_ih, inputs, sums, product_hh, panels_hh, panels_hr, widest, bias, h, c, hidden,
    y, cs, gates, keep, reverse, first, last,
):  # fmt: skip
    """All steps for the batch rows first ... last - 1; h and c hold the initial states, at the end the last.

    With `keep` the gates and c of all rows are kept, else of one step.
    """
    T, P, H = start.size - 1, y.shape[1], c.shape[1]
    inputs, sums = window_of(inputs, sums, len(h), first, last)
    projected_until, row = 0, 0
    for s in range(T):
        if s == projected_until:
            projected_until = project(
                product, x, start, panels_ih, 4 * H, widest_ih, inputs, sums, s, reverse, first, last
            )
            row = 0
        t = step_at(s, T, reverse)
        end = min(last, start[t + 1] - start[t])
        if first >= end:
            continue
        total = sums[row : row + end - first]
        row += end - first
        a = start[t] + first if keep else first
        b = a + end - first
        multiply(product_hh, h[first:end], P, panels_hh, 4 * H, total, widest, 0, ALL, True)
        out, y_t = hidden[first:end], y[start[t] + first : start[t] + end]
        cell(total, bias, c[first:end], gates[a:b], cs[a:b], out, out if panels_hr.size > 0 else y_t)
        if panels_hr.size > 0:
            multiply(product_hh, out, H, panels_hr, P, h[first:end], widest, 0, ALL, False)
            for n in range(end - first):
                state, out = h[first + n], y_t[n]
                for j in range(P):
                    out[j] = state[j]


@shared
def backward(
    product, dy, start, panels_hh, panels_hr, y, h0, cs, c0, gates, dh, dc, dhidden, dz, before, dhs, hidden,
    widest, reverse, t0, t1, first, last,
):  # fmt: skip
    """The steps t0 ... t1 - 1, last visited first; dh and dc are those after them, at the end before them.

    Writes, in rows counted from start[t0], what the weights need: `dz`, the states before each step, and, if
    projected, dh and o * tanh(c).
    """
    P, H = y.shape[1], c0.shape[1]
    for s in range(t1 - t0):
        t = t0 + s if reverse else t1 - 1 - s
        end = min(last, start[t + 1] - start[t])
        if first >= end:
            continue
        for n in range(first, end):
            dh_n, dy_n = dh[n], dy[start[t] + n]
            for j in range(P):
                dh_n[j] += dy_n[j]
        if panels_hr.size > 0:
            multiply(product, dh[first:end], P, panels_hr, H, dhidden[first:end], widest, 0, ALL, False)
        a = start[t] - start[t0]
        for n in range(first, end):
            r, q, earlier = start[t] + n, a + n, earlier_row(t, n, start, reverse)
            c_n = c0[n] if earlier < 0 else cs[earlier]
            cell_vjp(gates[r], c_n, cs[r], dhidden[n], dc[n], dz[q])
            h_n, state = h0[n] if earlier < 0 else y[earlier], before[q]
            for j in range(P):
                state[j] = h_n[j]
            if panels_hr.size > 0:
                for j in range(P):
                    dhs[q, j] = dh[n, j]
                for j in range(H):
                    hidden[q, j] = gates[r, 3 * H + j] * tanh(cs[r, j])
        multiply(product, dz[a + first : a + end], 4 * H, panels_hh, P, dh[first:end], widest, 0, ALL, False)


@shared
def forward_step(sums, bias, c, gates, kept, hidden, first, last):
    """One step: `cell` for the rows first ... last - 1."""
    rows = slice(first, last)
    cell(sums[rows], bias, c[rows], gates[rows], kept[rows], hidden[rows], hidden[rows])


@shared
def backward_step(gates, c, c_next, dhidden, dc, dz, first, last):
    """One step: `cell_vjp` for the rows first ... last - 1."""
    for n in range(first, last):
        cell_vjp(gates[n], c[n], c_next[n], dhidden[n], dc[n], dz[n])


@quiet
@falls_back_on(plain.step)
def step(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    w_hr: Array | None,
) -> tuple[Array, Array, Array]:
    """One step of x [N, I]: h_next [N, P], c_next [N, H] and the activated gates i, f, g, o, [N, >= 4H]."""
    expect_fitting(4, x, h, w_ih, w_hh, b_ih, b_hh, c, w_hr)
    (N, H), dtype = c.shape, x.dtype
    sums = single.sums(N, 4 * H, pitch(4 * H, dtype), [(x, w_ih, 0, False), (h, w_hh, 0, True)], dtype)
    gates, kept = empty((N, pitch(4 * H, dtype)), dtype), empty((N, H), dtype)
    c_next, hidden = c.copy("C"), np.empty((N, H), dtype)
    single.pointwise(forward_step, N, H, sums, sum_of_biases(b_ih, b_hh, w_ih), c_next, gates, kept, hidden)
    return hidden if w_hr is None else hidden @ w_hr.T, c_next, gates


@falls_back_on(plain.step_vjp)
def step_vjp(
    dh_next: Array, dc_next: Array, x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None,
    b_hh: Array | None, w_hr: Array | None, c_next: Array, gates: Array, needs: Needs,
) -> StepGradients:
    """The gradients of the eight inputs of `step`, in their order."""
    (N, H), dtype = c.shape, x.dtype
    dc, dz = dc_next.copy("C"), empty((N, pitch(4 * H, dtype)), dtype)
    c, c_next, gates = contiguous(c, c_next, gates)
    dhidden = np.ascontiguousarray(dh_next if w_hr is None else dh_next @ w_hr)
    single.pointwise(backward_step, N, H, gates, c, c_next, dhidden, dc, dz)
    db = dz[:, : 4 * H].sum(axis=0) if b_ih is not None and (needs[5] or needs[6]) else None
    need_hr = needs[7] and w_hr is not None
    return (
        single.pull_back(dz, [(0, w_ih)]) if needs[0] else None,
        single.pull_back(dz, [(0, w_hh)]) if needs[1] else None,
        dc if needs[2] else None,
        OuterProducts(dz, x, [(0, 4 * H)]) if needs[3] else None,
        OuterProducts(dz, h, [(0, 4 * H)]) if needs[4] else None,
        *for_each_bias(db, needs[5], needs[6]),
        dh_next.T @ (gates[:, 3 * H : 4 * H] * np.tanh(c_next)) if need_hr else None,
    )


@quiet
@falls_back_on(plain.sequence)
def sequence(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    w_hr: Array | None, reverse: bool, lengths: Lengths, keep: bool = True,
) -> tuple[Array, Array, Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, P] and the last h and c; for the gradient all c and gates, in rows.

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero. Without
    `keep` c and gates are not those of all steps.
    """
    expect_fitting(4, x, h, w_ih, w_hh, b_ih, b_hh, c, w_hr, packed=x.ndim == 2)
    I, (N, P), H, dtype = x.shape[-1], h.shape, c.shape[1], x.dtype
    if len(x) == 1 and lengths is None:
        h_next, c_next, gates = step(x[0], h, c, w_ih, w_hh, b_ih, b_hh, w_hr)
        return h_next[None], h_next.copy(), c_next, c_next.copy(), gates
    rows = rows_of(x, lengths)
    split = Split(N, 8.0 * rows.R * H * (I + P), w_hh)
    steps = split.steps
    panels_hr = empty(0, dtype) if w_hr is None else steps.packed(w_hr, transposed=True)
    h, c = rows.sort(h, pitch(P, dtype)), rows.sort(c, H)
    hidden = h if w_hr is None else empty((N, pitch(H, dtype)), dtype)
    kept = rows.R if keep else N
    y, cs, gates = empty((rows.R, P), dtype), empty((kept, H), dtype), empty((kept, pitch(4 * H, dtype)), dtype)
    arguments = (
        steps.product, steps.packed(w_hh, transposed=True), panels_hr, steps.widest,
        sum_of_biases(b_ih, b_hh, w_ih), h, c, hidden, y, cs, gates, keep, reverse,
    )  # fmt: skip
    forward(split.slices, N, *split.inputs(rows, x, w_ih, pitch(4 * H, dtype)), *arguments)
    return rows.put(y), rows.unsort(h, P), rows.unsort(c, H), cs, gates


def inference(*arguments, **attributes) -> tuple[Array, ...]:
    """`sequence` where no gradient will be wanted: what its rule would need is not kept."""
    return sequence(*arguments, **attributes, keep=False)


@falls_back_on(plain.sequence_vjp)
def sequence_vjp(
    dy: Array, dh_n: Array, dc_n: Array, x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array | None,
    b_hh: Array | None, w_hr: Array | None, y: Array, cs: Array, gates: Array, reverse: bool, lengths: Lengths,
    needs: Needs,
) -> Gradients | StepGradients:
    """The gradients of the eight inputs of `sequence`, in their order."""
    I, (N, P), H, dtype = x.shape[-1], h.shape, c.shape[1], x.dtype
    if len(x) == 1 and lengths is None:
        dh_next = dy[0] + dh_n
        dx, *others = step_vjp(dh_next, dc_n, x[0], h, c, w_ih, w_hh, b_ih, b_hh, w_hr, cs, gates, needs)
        return dx if dx is None else dx[None], *others
    rows = rows_of(x, lengths)
    split = Split(N, 16.0 * rows.R * H * (I + P), w_hh)
    steps = split.steps
    sweep = Backward(rows, split, 4 * H, dtype)
    dh, dc = rows.sort(dh_n, pitch(P, dtype)), rows.sort(dc_n, H)
    dz, before = sweep.workspace(4 * H), sweep.workspace(P)
    panels_hr, dhidden, dhs, hidden = empty(0, dtype), dh, empty((0, 0), dtype), empty((0, 0), dtype)
    if w_hr is not None:
        panels_hr, dhidden = steps.packed(w_hr, transposed=False), empty((N, pitch(H, dtype)), dtype)
        dhs, hidden = sweep.workspace(P), sweep.workspace(H)
    arguments = (
        steps.product, rows.take(dy), rows.start, steps.packed(w_hh, transposed=False), panels_hr,
        rows.take(y), rows.sort(h, P), np.ascontiguousarray(cs), rows.sort(c, H), np.ascontiguousarray(gates),
        dh, dc, dhidden, dz, before, dhs, hidden, steps.widest, reverse,
    )  # fmt: skip
    dx = sweep.input_gradient(dz, w_ih) if needs[0] else None
    has_bias = b_ih is not None and (needs[5] or needs[6])
    wanted = [needs[3], needs[4]]
    factors = [f for f, need in zip([(rows.take(x), True, I), (before, False, P)], wanted) if need]
    dw = sweep.weight_gradient(factors, dz, 4 * H) if factors else None
    bias = sweep.bias_gradient(dz, 4 * H) if has_bias else None
    dw_hr = sweep.weight_gradient([(hidden, False, H)], dhs, P) if needs[7] and w_hr is not None else None
    sweep.run(backward, reverse, *arguments)
    db = None if bias is None else bias.array()
    return (
        None if dx is None else dx.array(),
        rows.unsort(dh, P) if needs[1] else None,
        rows.unsort(dc, H) if needs[2] else None,
        *weights_of(dw, wanted),
        *for_each_bias(db, needs[5], needs[6]),
        *weights_of(dw_hr, [dw_hr is not None]),
    )
