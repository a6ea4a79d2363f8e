"""What the plain kernels share: the order of time, padding, and products over all steps at once.

Shapes: T steps, N batch, I input, H hidden, G rows of a weight (H for each gate). All arrays have one dtype.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..sequence import Array, Lengths


def order(T: int, reverse: bool) -> range:
    """The steps as the recurrence visits them."""
    return range(T - 1, -1, -1) if reverse else range(T)


def padding(x: Array, lengths: Lengths) -> NDArray[np.bool_] | None:
    """True where step t lies at or past the end of row n, [T, N, 1]; None where no row is padded."""
    if lengths is None:
        return None
    packed = x.ndim == 2
    padded = np.arange(lengths.max(initial=0) if packed else len(x))[:, None, None] >= lengths[:, None]
    return padded if packed or padded.any() else None


def without_padding(a: Array, padded: NDArray[np.bool_] | None) -> Array:
    """`a`, padded or packed, as [T, N, H] with zeros at the padding, whatever stood there (0 * nan would not do)."""
    if padded is None:
        return a
    if a.ndim == 3:
        return np.where(padded, a.dtype.type(0), a)
    spread = np.zeros((*padded.shape[:2], a.shape[1]), a.dtype)
    spread[~padded[:, :, 0]] = a
    return spread


def in_the_form_of(x: Array, a: Array, padded: NDArray[np.bool_] | None) -> Array:
    """`a`, [T, N, H], as x came: with zeros at the padding, or packed."""
    return without_padding(a, padded) if padded is None or x.ndim == 3 else a[~padded[:, :, 0]]


def waiting(y: Array, h: Array, padded: NDArray[np.bool_] | None) -> Array:
    """The states behind the outputs y, [T, N, H]: zero at padding, where a reversed row still waits in h."""
    return y if padded is None else np.where(padded, h, y)


def previous(states: Array, initial: Array, reverse: bool) -> Array:
    """The state each step starts from, [T, N, H]: `initial`, then the states after each step but the last."""
    return np.concatenate((states[1:], initial[None]) if reverse else (initial[None], states[:-1]))


def project(x: Array, w: Array) -> Array:
    """x w^T for every step in one product: [T, N, I] and [G, I] give [T, N, G]."""
    return (rows(x) @ w.T).reshape(*x.shape[:2], len(w))


def pull_back(dz: Array, w: Array) -> Array:
    """dx = dz w for every step in one product: [T, N, G] and [G, I] give [T, N, I]."""
    return project(dz, w.T)


def weight_gradient(dz: Array, x: Array) -> Array:
    """dw = sum over t, n of dz^T x in one product: [T, N, G] and [T, N, I] give [G, I]."""
    return rows(dz).T @ rows(x)


def bias_gradient(dz: Array) -> Array:
    """db = sum over t, n of dz: [T, N, G] gives [G]."""
    return rows(dz).sum(axis=0)


def rows(a: Array) -> Array:
    """All steps below each other: [T, N, G] as [T * N, G]."""
    T, N, G = a.shape
    return a.reshape(T * N, G)


def bias_or_zeros(b: Array | None, w: Array) -> Array:
    """The bias that belongs to the weight, [G]; a missing one is zero."""
    return np.zeros(len(w), w.dtype) if b is None else np.ascontiguousarray(b)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), with exp(-|x|) so that nothing overflows."""
    decay = np.exp(-abs(x))
    return np.where(x >= 0, x.dtype.type(1), decay) / (1 + decay)
