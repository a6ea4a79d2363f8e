"""Rearranging: reversing, shifting, repeating, padding, joining. The results are copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..autograd.graph import Tensor
from ..autograd.op import Array, Dims, Ints, primitive
from .indexing import index_select
from .naming import called
from .shape import atleast_1d, atleast_2d, atleast_3d, clone, expand, reshape, sizes_of, split, unbind
from .spelling import numpy_names

# --- order -----------------------------------------------------------------------------------------------------


@primitive
def flip(x: Array, dims: Ints) -> Array:
    """Reversed along `dims`."""
    axes = normalize_axis_tuple(dims, max(x.ndim, 1))
    return np.flip(x, axes).copy() if x.ndim else x.copy()


flip.vjp(dx=lambda dy, dims: flip(dy, dims))


def fliplr(input) -> Array:
    """Reversed along the second dimension."""
    return flip(_at_least(input, 2), (1,))


def flipud(input) -> Array:
    """Reversed along the first dimension."""
    return flip(_at_least(input, 1), (0,))


@primitive
def roll(x: Array, shifts: Ints, dims: Dims = None) -> Array:
    """Shifted along `dims` by as many `shifts`: what leaves at the end enters at the start.

    Without `dims` all elements are shifted in a row, by one number.
    """
    if len(shifts) != (1 if dims is None else np.size(dims)):
        raise RuntimeError(f"shifts {shifts} and dims {dims} must be equally many")
    return np.roll(x, shifts if dims is not None else shifts[0], dims)


roll.vjp(dx=lambda dy, shifts, dims: roll(dy, tuple([-n for n in shifts]), dims))


# --- repetition ------------------------------------------------------------------------------------------------


def repeat(input, *repeats) -> Array:
    """The tensor laid `repeats[i]` times along dimension i; more numbers than dimensions add some in front."""
    repeats = sizes_of(repeats)
    if len(repeats) < input.ndim:
        raise RuntimeError(
            f"Number of dimensions of repeat dims {tuple(repeats)} can not be smaller than number of dimensions of "
            f"the tensor ({input.ndim})"
        )
    if min(repeats, default=0) < 0:
        raise RuntimeError(f"repeat: no dimension can be laid a negative number of times, got {tuple(repeats)}")
    shape = (*[1] * (len(repeats) - input.ndim), *input.shape)
    apart = reshape(input, tuple([m for n in shape for m in (1, n)]))
    laid = expand(apart, tuple([m for times, n in zip(repeats, shape, strict=True) for m in (times, n)]))
    copied = clone(laid) if set(repeats) <= {1} else laid
    return reshape(copied, tuple([times * n for times, n in zip(repeats, shape, strict=True)]))


def tile(input, *dims) -> Array:
    """`repeat`, but fewer numbers `dims` than dimensions are for the last ones."""
    dims = sizes_of(dims)
    return repeat(input, (*[1] * (input.ndim - len(dims)), *dims))


@numpy_names
def repeat_interleave(input, repeats, dim: int | None = None) -> Array:
    """Every entry along `dim` `repeats` times in a row (a number, or one for each entry); flat without `dim`."""
    if dim is None:
        input, dim = reshape(input, (-1,)), 0
    times = repeats.array if isinstance(repeats, Tensor) else repeats
    n = input.shape[normalize_axis_index(dim, input.ndim)]
    if np.size(times) not in (1, n) or np.min(times, initial=0) < 0:
        raise RuntimeError(f"repeat_interleave: expected one or {n} numbers that are not negative, got {repeats}")
    return index_select(input, dim, np.repeat(np.arange(n), times))


# --- padding and triangles -------------------------------------------------------------------------------------


@primitive
@called("pad")
def padded(x: Array, *, widths, value=0.0) -> Array:
    """`widths[i] = (before, after)` more entries along dimension i, holding `value`; negative ones cut off."""
    kept = x[tuple([slice(max(-a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True)])]
    wider = [(max(a, 0), max(b, 0)) for a, b in widths]
    return np.pad(kept, wider, constant_values=value) if wider else x.copy()  # NumPy cannot pad a number


padded.vjp(dx=lambda dy, widths: padded(dy, widths=[(-a, -b) for a, b in widths]))
_NUMPY_MODES: dict[str, Any] = {"replicate": "edge", "reflect": "reflect", "circular": "wrap"}


def pad(input, pad, mode: str = "constant", value: float | None = None) -> Array:
    """More entries around a tensor. Source: `torch.nn.functional.pad`.

    Args:
        pad: (before, after) of the last dimension, then of the one before it, and so on; negative cuts off.
        mode: "constant", "replicate", "reflect" or "circular".
        value: what "constant" pads with, default 0.

    Raises:
        RuntimeError: no pairs, or more of them than dimensions; more is cut off than there is.
        NotImplementedError: an unknown mode.
    """
    pad = (pad,) if isinstance(pad, int) else tuple(pad)
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise RuntimeError(f"pad: expected pairs for at most {input.ndim} dimensions, got {pad}")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    widths = [*[(0, 0)] * (input.ndim - len(pairs)), *pairs]
    if mode == "constant":
        if any(n + a + b < 0 or min(n + a, n + b) < 0 for n, (a, b) in zip(input.shape, widths, strict=True)):
            raise RuntimeError(f"pad: {pad} cuts off more than there is of {tuple(input.shape)}")
        return padded(input, widths=widths, value=value or 0.0)
    if mode not in _NUMPY_MODES:
        raise NotImplementedError(f"pad: unrecognised mode {mode!r}; expected constant, {', '.join(_NUMPY_MODES)}")
    for dim, width in enumerate(widths):
        if width != (0, 0):
            input = index_select(input, dim, np.pad(np.arange(input.shape[dim]), width, mode=_NUMPY_MODES[mode]))
    return input


@primitive
def tril(x: Array, diagonal: int = 0) -> Array:
    """The last two dimensions' lower triangle, zero above the diagonal (`diagonal` > 0: above the main one)."""
    return np.tril(_at_least(x, 2), diagonal)


@primitive
def triu(x: Array, diagonal: int = 0) -> Array:
    """The last two dimensions' upper triangle, zero below the diagonal (`diagonal` > 0: above the main one)."""
    return np.triu(_at_least(x, 2), diagonal)


tril.vjp(dx=lambda dy, diagonal: tril(dy, diagonal))
triu.vjp(dx=lambda dy, diagonal: triu(dy, diagonal))


def _at_least(x, ndim: int):
    if x.ndim < ndim:
        raise RuntimeError(f"expected at least {ndim} dimensions, got {x.ndim}")
    return x


# --- joining ---------------------------------------------------------------------------------------------------


@primitive
@called("cat")
def joined(*xs: Array, dim: int, sizes) -> Array:
    """The tensors one after the other along `dim`; `sizes` are their lengths there."""
    return np.concatenate(xs, axis=dim)


@primitive
@called("stack")
def stacked(*xs: Array, dim: int = 0) -> Array:
    """Tensors of one shape side by side along a new dimension."""
    return np.stack(xs, axis=dim)


joined.vjp(lambda dy, dim, sizes: split(dy, sizes, dim))
stacked.vjp(lambda dy, dim: unbind(dy, dim))
unbind.vjp(lambda dparts, dim: stacked(*dparts, dim=dim))
split.vjp(lambda dparts, dim: cat(dparts, dim))


@numpy_names
def cat(tensors, dim: int = 0) -> Array:
    """The `tensors`, a list, one after the other along `dim`.

    Raises:
        ValueError: there is none.
        RuntimeError: the other dimensions differ.

    Source: `torch.cat`; like there, an empty vector fits anywhere.
    """
    tensors = several(tensors, "cat")
    if any([x.ndim != 1 for x in tensors]):
        tensors = [x for x in tensors if x.shape != (0,)]
    first = tensors[0]
    if first.ndim == 0:
        raise RuntimeError("cat: zero-dimensional tensor cannot be concatenated; use stack")
    dim = normalize_axis_index(dim, first.ndim)
    if any([x.ndim != first.ndim for x in tensors]):
        shapes = [tuple(x.shape) for x in tensors]
        raise RuntimeError(f"cat: tensors must have the same number of dimensions, got {shapes}")
    return joined(*tensors, dim=dim, sizes=[x.shape[dim] for x in tensors])


concat = concatenate = cat


@numpy_names
def stack(tensors, dim: int = 0) -> Array:
    """The `tensors`, a list of one shape, side by side along a new dimension, which is `dim` of the result.

    Source: `torch.stack`.
    """
    return stacked(*several(tensors, "stack"), dim=dim)


def hstack(tensors) -> Array:
    """The `tensors`, a list, joined along the second dimension; vectors along their only one."""
    tensors = [atleast_1d(x) for x in several(tensors, "hstack")]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors) -> Array:
    """The `tensors`, a list, joined along the first dimension; vectors as rows."""
    return cat([atleast_2d(x) for x in several(tensors, "vstack")], 0)


row_stack = vstack


def dstack(tensors) -> Array:
    """The `tensors`, a list, joined along the third dimension."""
    return cat([atleast_3d(x) for x in several(tensors, "dstack")], 2)


def column_stack(tensors) -> Array:
    """The `tensors`, a list: vectors as the columns of a matrix; matrices side by side."""
    return cat([x if x.ndim > 1 else reshape(x, (-1, 1)) for x in several(tensors, "column_stack")], 1)


def several(tensors, name: str) -> list:
    """The members of a list of tensors, of which there must be one at least."""
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}(): expected a list or tuple of tensors, got {type(tensors).__name__}")
    if not all([isinstance(x, (Tensor, np.ndarray)) for x in tensors]):
        raise TypeError(f"{name}(): expected tensors, got {', '.join({type(x).__name__ for x in tensors})}")
    if not tensors:
        raise (ValueError if name == "cat" else RuntimeError)(f"{name}(): expected a non-empty list of tensors")
    return list(tensors)
