"""minGRU and minLSTM in NumPy: see kernels/minimal.py for the equations and shapes."""

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


def gates(sums: Array, shared_out: bool) -> tuple[Array, Array]:
    """z and n of sums [..., 2H], or [..., 3H]."""
    *gate, n = np.split(sums, 3 if shared_out else 2, axis=-1)
    return sigmoid(np.logaddexp(0, -gate[0]) - np.logaddexp(0, -gate[1]) if shared_out else gate[0]), n


def activations(sums: Array, h: Array, w: Array, b: Array | None) -> Array:
    """z and n, or f, i and n, of all steps: in the form of `sums`, the hidden result of `sequence` or `step`."""
    gates = sums + bias_or_zeros(b, w)
    gates[..., : -h.shape[1]] = sigmoid(gates[..., : -h.shape[1]])
    return gates


def sequence(
    x: Array, h: Array, w: Array, b: Array | None, shared_out: bool, reverse: bool, lengths: Lengths, keep: bool = True
) -> tuple[Array, Array, Array]:
    """All steps of x [T, N, I]: y [T, N, H], the last h [N, H], and the sums before the gates [T, N, G H].

    These are kept, whatever `keep` says.
    """
    padded = padding(x, lengths)
    given, x = x, without_padding(x, padded)
    sums = project(x, w)
    z, n = gates(sums + bias_or_zeros(b, w), shared_out)
    y = np.empty_like(z)
    for t in order(len(x), reverse):
        y[t] = h + z[t] * (n[t] - h)
        if padded is not None:
            np.copyto(y[t], h, where=padded[t])
        h = y[t]
    return in_the_form_of(given, y, padded), h.copy(), sums


def sequence_vjp(
    dy: Array, dh_n: Array, x: Array, h: Array, w: Array, b: Array | None, y: Array, sums: Array, shared_out: bool,
    reverse: bool, lengths: Lengths, needs: Needs,
) -> Gradients:
    """The gradients of the four inputs of `sequence`, in their order."""
    padded = padding(x, lengths)
    given, x, y, dy = x, *[without_padding(a, padded) for a in (x, y, dy)]
    biased = project(x, w) + bias_or_zeros(b, w)  # not the sums that were kept: those of the kernel are in rows
    z, n = gates(biased, shared_out)
    h_earlier = previous(waiting(y, h, padded), h, reverse)
    dz, dn, dh = np.empty_like(z), np.empty_like(z), dh_n.copy()
    for t in order(len(x), not reverse):
        d = dh + dy[t]
        dz[t], dn[t], dh = d * (n[t] - h_earlier[t]) * z[t] * (1 - z[t]), d * z[t], d * (1 - z[t])
        if padded is not None:
            for each in (dz, dn):
                np.copyto(each[t], 0, where=padded[t])
            np.copyto(dh, d, where=padded[t])
    if shared_out:
        f, i, _ = np.split(biased, 3, axis=-1)
        dsums = np.concatenate((-dz * sigmoid(-f), dz * sigmoid(-i), dn), axis=-1)
    else:
        dsums = np.concatenate((dz, dn), axis=-1)
    return (
        in_the_form_of(given, pull_back(dsums, w), padded) if needs[0] else None,
        dh if needs[1] else None,
        weight_gradient(dsums, x) if needs[2] else None,
        bias_gradient(dsums) if needs[3] and b is not None else None,
    )
