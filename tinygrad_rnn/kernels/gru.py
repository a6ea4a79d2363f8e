"""GRU, one step and whole sequences; the reset gate acts after the product.

    r = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr)
    z = sigmoid(W_iz x_t + b_iz + W_hz h_(t-1) + b_hz)
    q = W_hn h_(t-1) + b_hn
    n = tanh(W_in x_t + b_in + r * q)
    h_t = (1 - z) * n + z * h_(t-1)

Shapes: x [T, N, I], h [N, H], w_ih [3H, I], w_hh [3H, H], biases [3H], in the order r, z, n.
All arrays are float32 or all float64. The gradient of an array is returned where
`needs` says so, else None.

Source: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014; the reset gate
as in PyTorch.
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
from .panels import pitch, whole_vectors
from .plain import gru as plain
from .product import ALL, multiply
from .quiet import quiet
from .sequence import (
    Array,
    Backward,
    Gradients,
    Lengths,
    Needs,
    Split,
    bias_or_zeros,
    contiguous,
    earlier_row,
    project,
    rows_of,
    step_at,
    weights_of,
    window_of,
)
from .simd import like, read, write
from .tile import lanes
from .workspace import empty

# Inside, the blocks come in the order n, r, z, q. Then the input product fills the first three and the
# recurrent product the last three, and backward each of them starts from three blocks that lie together.


@part
def cell(sums, bias, h, gates, y):
    """From the sums n, r, z, q, in which n and q stand apart, the gates n, r, z, q; h, in place, and `y` become h_t.

    What waits for r has a loop of its own: the processor works on several vectors at once, if they fit its window.
    """
    N, H = y.shape
    L = lanes(h.dtype.type(0))
    for b in range(N):
        total, gate, state, out = sums[b], gates[b], h[b], y[b]
        for j in range(0, H, L):
            left = H - j
            write(gate, H + j, left, sigmoid(read(total, H + j, left) + read(bias, H + j, left)))
            write(gate, 2 * H + j, left, sigmoid(read(total, 2 * H + j, left) + read(bias, 2 * H + j, left)))
        for j in range(0, H, L):
            left = H - j
            q = read(total, 3 * H + j, left) + read(bias, 3 * H + j, left)
            n = tanh(read(total, j, left) + read(bias, j, left) + read(gate, H + j, left) * q)
            h_next = n + read(gate, 2 * H + j, left) * (read(state, j, left) - n)
            write(gate, j, left, n)
            write(gate, 3 * H + j, left, q)
            write(out, j, left, h_next)
            write(state, j, left, h_next)


@part
def cell_vjp(gate, h, dh, dz):
    """One row: from the gradient of h_next to those of the sums n, r, z, q and, in place, the direct dh."""
    H = h.size
    for j in range(0, H, lanes(h.dtype.type(0))):
        left = H - j
        n, r = read(gate, j, left), read(gate, H + j, left)
        z, q = read(gate, 2 * H + j, left), read(gate, 3 * H + j, left)
        dh_next, one = read(dh, j, left), like(n, 1.0)
        dn = dh_next * (one - z) * (one - n * n)
        write(dz, j, left, dn)
        write(dz, H + j, left, dn * q * r * (one - r))
        write(dz, 2 * H + j, left, dh_next * (read(h, j, left) - n) * z * (one - z))
        write(dz, 3 * H + j, left, dn * r)
        write(dh, j, left, dh_next * z)


@shared
def forward(
    product, x, start, panels_ih, widest_ih, inputs, sums, product_hh, panels_hh, widest, bias, h, y, gates, keep,
    reverse, first, last,
):  # fmt: skip
    """All steps for the batch rows first ... last - 1; h holds the initial states, at the end the last.

    With `keep` the gates of all rows are kept, else of one step.
    """
    T, H = start.size - 1, y.shape[1]
    inputs, sums = window_of(inputs, sums, len(h), first, last)
    projected_until, row = 0, 0
    for s in range(T):
        if s == projected_until:
            projected_until = project(
                product, x, start, panels_ih, 3 * H, widest_ih, inputs, sums, s, reverse, first, last
            )
            row = 0
        t = step_at(s, T, reverse)
        end = min(last, start[t + 1] - start[t])
        if first >= end:
            continue
        total = sums[row : row + end - first]
        row += end - first
        a = start[t] + first
        b = a + end - first
        g = a if keep else first
        for r in range(end - first):
            sum_r = total[r]
            for j in range(H):
                sum_r[3 * H + j] = 0
        multiply(product_hh, h[first:end], H, panels_hh, 3 * H, total[:, H:], widest, 0, ALL, True)
        cell(total, bias, h[first:end], gates[g : g + end - first], y[a:b])


@shared
def backward(
    product, dy, start, panels_hh, y, h0, gates, dh, dz, before, widest, reverse, t0, t1, first, last
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
            cell_vjp(gates[start[t] + n], h_n, dh_n, dz[a + n])
        b = a + end
        a += first
        multiply(product, dz[a:b, H:], 3 * H, panels_hh, H, dh[first:end], widest, 0, ALL, True)


@shared
def forward_step(sums, bias, h, gates, h_next, first, last):
    """One step: `cell` for the rows first ... last - 1."""
    rows = slice(first, last)
    cell(sums[rows], bias, h[rows], gates[rows], h_next[rows])


@shared
def backward_step(gates, h, dh, dz, first, last):
    """One step: `cell_vjp` for the rows first ... last - 1."""
    for n in range(first, last):
        cell_vjp(gates[n], h[n], dh[n], dz[n])


@quiet
@falls_back_on(plain.step)
def step(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None) -> tuple[Array, Array]:
    """One step of x [N, I]: h_next [N, H] and the gates, [N, >= 4H]."""
    expect_fitting(3, x, h, w_ih, w_hh, b_ih, b_hh)
    (N, H), dtype = h.shape, x.dtype
    products = (x, w_ih[2 * H :], 0, False), (x, w_ih[: 2 * H], H, False)
    recurrent = (h, w_hh[: 2 * H], H, True), (h, w_hh[2 * H :], 3 * H, False)
    sums = single.sums(N, 4 * H, gates_pitch(H, dtype), (*products, *recurrent), dtype)
    gates, h_next = empty((N, gates_pitch(H, dtype)), dtype), np.empty((N, H), dtype)
    single.pointwise(forward_step, N, H, sums, biases(b_ih, b_hh, w_ih), h.copy("C"), gates, h_next)
    return h_next, gates


@falls_back_on(plain.step_vjp)
def step_vjp(
    dh_next: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    gates: Array, needs: Needs,
) -> StepGradients:
    """The gradients of the six inputs of `step`, in their order."""
    (N, H), dtype = h.shape, x.dtype
    h, gates = contiguous(h, gates)
    dh, dz = dh_next.copy("C"), empty((N, gates_pitch(H, dtype)), dtype)
    single.pointwise(backward_step, N, H, gates, h, dh, dz)
    n, r_z, r_z_q = (0, H), (H, 2 * H), (H, 3 * H)  # blocks of columns: the first, how many
    return (
        single.pull_back(dz, [(0, w_ih[2 * H :]), (H, w_ih[: 2 * H])]) if needs[0] else None,
        dh + single.pull_back(dz, [(H, w_hh)]) if needs[1] else None,
        OuterProducts(dz, x, [r_z, n]) if needs[2] else None,
        OuterProducts(dz, h, [r_z_q]) if needs[3] else None,
        np.roll(dz[:, : 3 * H].sum(axis=0), -H) if needs[4] and b_ih is not None else None,
        dz[:, H : 4 * H].sum(axis=0) if needs[5] and b_hh is not None else None,
    )


@quiet
@falls_back_on(plain.sequence)
def sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, reverse: bool,
    lengths: Lengths, keep: bool = True,
) -> tuple[Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H], the last h [N, H], and for the gradient the gates, in rows.

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero. Without
    `keep` the gates are not those of all steps.
    """
    expect_fitting(3, x, h, w_ih, w_hh, b_ih, b_hh, packed=x.ndim == 2)
    I, (N, H), dtype = x.shape[-1], h.shape, x.dtype
    if len(x) == 1 and lengths is None:
        h_next, gates = step(x[0], h, w_ih, w_hh, b_ih, b_hh)
        return h_next[None], h_next.copy(), gates
    rows = rows_of(x, lengths)
    split = Split(N, 6.0 * rows.R * H * (I + H), w_hh)
    steps = split.steps
    h, columns = rows.sort(h, pitch(H, dtype)), gates_pitch(H, dtype)
    y, gates = empty((rows.R, H), dtype), empty((rows.R if keep else N, columns), dtype)
    arguments = (
        steps.product, steps.packed(w_hh, transposed=True), steps.widest, biases(b_ih, b_hh, w_ih), h, y, gates, keep,
        reverse,
    )  # fmt: skip
    forward(split.slices, N, *split.inputs(rows, x, np.roll(w_ih, H, axis=0), columns), *arguments)
    return rows.put(y), rows.unsort(h, H), gates


def inference(*arguments, **attributes) -> tuple[Array, ...]:
    """`sequence` where no gradient will be wanted: what its rule would need is not kept."""
    return sequence(*arguments, **attributes, keep=False)


@falls_back_on(plain.sequence_vjp)
def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    y: Array, gates: Array, reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients | StepGradients:
    """The gradients of the six inputs of `sequence`, in their order."""
    I, (N, H), dtype = x.shape[-1], h.shape, x.dtype
    if len(x) == 1 and lengths is None:
        dx, *others = step_vjp(dy[0] + dh_n, x[0], h, w_ih, w_hh, b_ih, b_hh, gates, needs)
        return dx if dx is None else dx[None], *others
    rows = rows_of(x, lengths)
    split = Split(N, 12.0 * rows.R * H * (I + H), w_hh)
    steps = split.steps
    sweep = Backward(rows, split, 4 * H, dtype)
    dh = rows.sort(dh_n, pitch(H, dtype))
    dz, before = sweep.workspace(4 * H, gates_pitch(H, dtype)), sweep.workspace(H)
    arguments = (
        steps.product, rows.take(dy), rows.start, steps.packed(w_hh, transposed=False), rows.take(y),
        rows.sort(h, H), np.ascontiguousarray(gates), dh, dz, before, steps.widest, reverse,
    )  # fmt: skip
    dx = sweep.input_gradient(dz, np.roll(w_ih, H, axis=0)) if needs[0] else None
    dw_ih = sweep.weight_gradient([(rows.take(x), True, I)], dz, 3 * H) if needs[2] else None
    dw_hh = sweep.weight_gradient([(before, False, H)], dz, 3 * H, column=H) if needs[3] else None
    has_bias = b_ih is not None and b_hh is not None and (needs[4] or needs[5])
    bias = sweep.bias_gradient(dz, 4 * H) if has_bias else None
    sweep.run(backward, reverse, *arguments)
    db = None if bias is None else bias.array()  # n, r, z, q
    return (
        None if dx is None else dx.array(),
        rows.unsort(dh, H) if needs[1] else None,
        None if dw_ih is None else np.roll(dw_ih.arrays()[0], -H, axis=0),
        *weights_of(dw_hh, [needs[3]]),
        np.roll(db[: 3 * H], -H) if db is not None and needs[4] else None,
        db[H:] if db is not None and needs[5] else None,
    )


def biases(b_ih: Array | None, b_hh: Array | None, w: Array) -> Array:
    """The bias of the sums n, r, z, q, [4H]: of r and z both biases."""
    H = len(w) // 3
    b_ih, b_hh = bias_or_zeros(b_ih, w), bias_or_zeros(b_hh, w)
    bias = np.concatenate((np.roll(b_ih, H), b_hh[2 * H :]))
    bias[H : 3 * H] += b_hh[: 2 * H]
    return bias


def gates_pitch(H: int, dtype: np.dtype) -> int:
    """The length of a row of four blocks: each product may write whole vectors past the end of its three."""
    return pitch(H + whole_vectors(3 * H, dtype), dtype)
