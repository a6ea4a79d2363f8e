"""minGRU and minLSTM over whole sequences: recurrences whose gates do not see the state.

    z, n = W x_t + b                                    minGRU: z = sigmoid(z)
    f, i, n = W x_t + b                                 minLSTM: z = sigmoid(i) / (sigmoid(f) + sigmoid(i))
    h_t = h_(t-1) + z (n - h_(t-1))

So every product is one over all steps, and what is left of the loop is a scan: a multiply-add a number, done while
the sums of a step pass by. Nothing but the sums is kept for the gradient; gates cost less than their memory.

Shapes: x [T, N, I], h [N, H], w [G H, I], b [G H], G = 2 or 3. All arrays are float32 or all float64. The gradient of
an array is returned where `needs` says so, else None.

Source: L. Feng et al., Were RNNs All We Needed?, 2024, in the form without logarithms.
"""

from __future__ import annotations

import numpy as np

from .activations import exponential, sigmoid
from .fallback import falls_back_on
from .fork import shared
from .jit import part
from .matrix import Factor
from .passes import divide
from .plain import minimal as plain
from .quiet import quiet
from .sequence import (
    Array,
    Backward,
    Gradients,
    Lengths,
    Needs,
    Split,
    bias_or_zeros,
    chunks,
    earlier_row,
    rows_of,
    weights_of,
)
from .simd import like, read, select, write
from .tile import lanes
from .workspace import empty

NEAR = 1 << 19  # bytes of sums that wait for the scan, in a core's second-level cache
LARGE = 4e6  # multiplications, from which on a product is worth a kernel's overhead


@part
def portions(f, i):
    """1, exp(-f) and exp(-i), divided by their sum with the 1 taken twice.

    The largest of the three is taken out, so that two exponentials are left, which can neither overflow nor all vanish.
    """
    zero, one = like(f, 0.0), like(f, 1.0)
    least, most = select(f < i, f, i), select(f < i, i, f)
    m, power = exponential(-abs(least))
    other = m * power + power
    of_one, of_least = select(least < zero, other, one), select(least < zero, one, other)
    m, power = exponential(select(least < zero, least, zero) - most)
    of_most = m * power + power
    scale = one / (of_one + of_one + of_least + of_most)
    return of_one * scale, select(f < i, of_least, of_most) * scale, select(f < i, of_most, of_least) * scale


@part
def halves(x):
    """sigmoid(x) and 1 - sigmoid(x), the smaller one as exact as the larger."""
    zero, one = like(x, 0.0), like(x, 1.0)
    m, power = exponential(-abs(x))
    small = m * power + power
    large = one / (one + small)
    small = small * large
    return select(x < zero, small, large), select(x < zero, large, small)


@part
def gate(sums, bias, H, j, left, shared_out):
    """z and 1 - z of the units from j on, and the derivatives of z by their first and their second sum."""
    first = read(sums, j, left) + read(bias, j, left)
    if shared_out:
        one, of_f, of_i = portions(first, read(sums, H + j, left) + read(bias, H + j, left))
        z, rest = one + of_f, one + of_i
        return z, rest, -(rest * of_f), z * of_i
    z, rest = halves(first)
    return z, rest, z * rest, rest


@shared
def forward(sums, bias, start, h, y, shared_out, reverse, t0, t1, first, last):
    """The steps t0 ... t1 - 1 for the batch rows first ... last - 1; `sums` are in rows counted from start[t0].

    h holds the states before them, at the end those after them.
    """
    H = y.shape[1]
    candidate = 2 * H if shared_out else H
    for s in range(t1 - t0):
        t = t1 - 1 - s if reverse else t0 + s
        for n in range(first, min(last, start[t + 1] - start[t])):
            total, state, out = sums[start[t] - start[t0] + n], h[n], y[start[t] + n]
            for j in range(0, H, lanes(h.dtype.type(0))):
                left = H - j
                (z, _, _, _), before = gate(total, bias, H, j, left, shared_out), read(state, j, left)
                after = before + z * (read(total, candidate + j, left) + read(bias, candidate + j, left) - before)
                write(state, j, left, after)
                write(out, j, left, after)


@shared
def backward(dy, sums, bias, start, h0, y, dh, dsums, shared_out, reverse, t0, t1, first, last):
    """The steps t0 ... t1 - 1, last visited first; dh is that after them, at the end that before them.

    Writes, in rows counted from start[t0], what the weights need: the gradient of the sums.
    """
    H = y.shape[1]
    candidate = 2 * H if shared_out else H
    for s in range(t1 - t0):
        t = t0 + s if reverse else t1 - 1 - s
        for n in range(first, min(last, start[t + 1] - start[t])):
            row, earlier = start[t] + n, earlier_row(t, n, start, reverse)
            total, dtotal, dstate, dout = sums[row], dsums[row - start[t0]], dh[n], dy[row]
            state = h0[n] if earlier < 0 else y[earlier]
            for j in range(0, H, lanes(dh.dtype.type(0))):
                left = H - j
                d = read(dstate, j, left) + read(dout, j, left)
                z, rest, by_first, by_second = gate(total, bias, H, j, left, shared_out)
                n_now = read(total, candidate + j, left) + read(bias, candidate + j, left)
                dz = d * (n_now - read(state, j, left))
                write(dtotal, j, left, dz * by_first)
                if shared_out:
                    write(dtotal, H + j, left, dz * by_second)
                write(dtotal, candidate + j, left, d * z)
                write(dstate, j, left, d * rest)


@shared
def activate(sums, bias, H, gates, first, last):
    """What `sums` are the sums of, with the bias: gates, and in the last H columns n."""
    L = lanes(bias.dtype.type(0))
    for r in range(first, last):
        total, gate = sums[r], gates[r]
        for j in range(0, bias.size - H, L):
            left = bias.size - H - j
            write(gate, j, left, sigmoid(read(total, j, left) + read(bias, j, left)))
        for j in range(bias.size - H, bias.size, L):
            left = bias.size - j
            write(gate, j, left, read(total, j, left) + read(bias, j, left))


@falls_back_on(plain.activations)
def activations(sums: Array, h: Array, w: Array, b: Array | None) -> Array:
    """z and n, or f, i and n, of all steps: in the form of `sums`, the hidden result of `sequence` or `step`."""
    rows = sums.reshape(-1, len(w))
    gates = empty(rows.shape, rows.dtype)
    divide(activate, len(rows), 0.5 * rows.size, rows, bias_or_zeros(b, w), h.shape[1], gates)
    return gates.reshape(sums.shape)


def step(x: Array, h: Array, w: Array, b: Array | None, shared_out: bool) -> tuple[Array, Array]:
    """One step of x [N, I]: h_next [N, H] and the sums before the gates."""
    _, h_next, sums = sequence(x[None], h, w, b, shared_out, False, None)
    return h_next, sums


def step_vjp(
    dh_next: Array, x: Array, h: Array, w: Array, b: Array | None, sums: Array, shared_out: bool, needs: Needs
) -> Gradients:
    """The gradients of the four inputs of `step`, in their order."""
    y = h[None]  # stands in: a sequence of one step has no earlier output to look up
    dx, *others = sequence_vjp(
        dh_next[None], np.zeros_like(dh_next), x[None], h, w, b, y, sums, shared_out, False, None, needs
    )
    return dx if dx is None else dx[0], *others


@quiet
@falls_back_on(plain.sequence)
def sequence(
    x: Array, h: Array, w: Array, b: Array | None, shared_out: bool, reverse: bool, lengths: Lengths, keep: bool = True
) -> tuple[Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H], the last h [N, H], and the sums before the gates, in rows.

    `reverse` starts at the end. Row n takes lengths[n] steps; past its end its state waits and y is zero. Without
    `keep` the sums are not those of all steps.
    """
    (N, H), I, dtype = h.shape, x.shape[-1], x.dtype
    G = (3 if shared_out else 2) * H
    if w.shape != (G, I) or not (b is None or b.shape == (G,)):
        raise RuntimeError(f"expected w [{G}, {I}] and b [{G}], {G // H if H else 0} rows for each of {H} units")
    rows, bias = rows_of(x, lengths), bias_or_zeros(b, w)
    x, h, y = rows.take(x), rows.sort(h, H), empty((rows.R, H), dtype)
    large = x.size * G >= LARGE
    steps = max(1, NEAR // (max(N, 1) * G * dtype.itemsize)) if large else max(1, rows.T)
    sums = empty((rows.R if keep else min(steps, rows.T) * N, G), dtype)
    multiply = Factor(w.T, rows.R).multiply if large else lambda x, into: np.matmul(x, w.T, into)
    for t0, t1 in chunks(rows.T, steps, reverse):
        low, high = int(rows.start[t0]), int(rows.start[t1])
        near = sums[low:high] if keep else sums[: high - low]
        multiply(x[low:high], near)
        divide(forward, N, 2.0 * y.size, near, bias, rows.start, h, y, shared_out, reverse, t0, t1)
    return rows.put(y), rows.unsort(h, H), sums


def inference(*arguments, **attributes) -> tuple[Array, ...]:
    """`sequence` where no gradient will be wanted: what its rule would need is not kept."""
    return sequence(*arguments, **attributes, keep=False)


@falls_back_on(plain.sequence_vjp)
def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w: Array, b: Array | None, y: Array, sums: Array, shared_out: bool,
    reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the four inputs of `sequence`, in their order."""
    I, (N, H), (G, _), dtype = x.shape[-1], h.shape, w.shape, x.dtype
    rows = rows_of(x, lengths)
    split = Split(N, 4.0 * rows.R * G * I, w)
    sweep = Backward(rows, split, G, dtype, NEAR)
    dh, dsums = rows.sort(dh_n, H), sweep.workspace(G)
    dx = sweep.input_gradient(dsums, w) if needs[0] else None
    dw = sweep.weight_gradient([(rows.take(x), True, I)], dsums, G) if needs[2] else None
    db = sweep.bias_gradient(dsums, G) if needs[3] and b is not None else None
    arrays = rows.take(dy), np.ascontiguousarray(sums), bias_or_zeros(b, w), rows.start, rows.sort(h, H), rows.take(y)
    sweep.run(backward, reverse, *arrays, dh, dsums, shared_out, reverse)
    return (
        None if dx is None else dx.array(),
        rows.unsort(dh, H) if needs[1] else None,
        *weights_of(dw, [needs[2]]),
        None if db is None else db.array(),
    )
