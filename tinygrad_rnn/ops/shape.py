"""Shapes: the same elements seen under other dimensions. Where memory allows, the result is a view."""

from __future__ import annotations

import math
from functools import wraps
from itertools import accumulate, pairwise

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..autograd.graph import Tensor
from ..autograd.op import Array, Dims, Ints, primitive, shares
from .indexing import along, getitem
from .spelling import numpy_names


def sizes_of(args: tuple) -> tuple:
    """Sizes or dimensions given one by one or as one tuple."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


# --- reshape ---------------------------------------------------------------------------------------------------


@primitive(view=True)
def reshape(x: Array, shape: Ints) -> Array:
    """The elements in order under another shape, in which one size may be -1; copies only where it must."""
    y = np.reshape(x, shape)
    if y.shape != shape and min(shape) < -1:  # NumPy takes any negative size for -1
        raise ValueError(f"invalid shape dimension {min(shape)} in {shape}")
    return y


reshape.vjp(dx=lambda dy, x_shape: reshape(dy, x_shape))


def view(input, *shape) -> Array:
    """`reshape` that refuses to copy: the result shares memory. Source: `torch.Tensor.view`.

    Given a dtype, it reads the same bytes as numbers of that dtype, without gradient.

    Raises:
        RuntimeError: the elements do not lie in memory as the shape would need.
    """
    if len(shape) == 1 and isinstance(shape[0], np.dtype):
        return Tensor(input.array.view(shape[0]))
    y = reshape(input, sizes_of(shape))
    old, new = (x.array if isinstance(x, Tensor) else x for x in (input, y))
    if new.size and not shares(new, old):
        raise RuntimeError(
            f"view: size {tuple(new.shape)} is not compatible with input tensor's size {tuple(old.shape)} and stride "
            f"(at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return y


def view_as(input, other) -> Array:
    """`view` with the shape of `other`."""
    return view(input, other.shape)


def reshape_as(input, other) -> Array:
    """`reshape` to the shape of `other`."""
    return reshape(input, tuple(other.shape))


def flatten(input, start_dim: int = 0, end_dim: int = -1) -> Array:
    """Join the dimensions `start_dim` to `end_dim`; a number becomes a vector of one."""
    shape = tuple(input.shape) or (1,)
    first, last = normalize_axis_index(start_dim, len(shape)), normalize_axis_index(end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten() has invalid args: start_dim {start_dim} comes after end_dim {end_dim}")
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def ravel(input) -> Array:
    """All elements in a row."""
    return reshape(input, (-1,))


def unflatten(input, dim: int, sizes) -> Array:
    """Part one dimension into several; one of `sizes` may be -1."""
    shape = tuple(input.shape) or (1,)
    dim = normalize_axis_index(dim, len(shape))
    n = shape[dim]
    known = math.prod([size for size in sizes if size != -1])
    if (n % known if known else True) if -1 in sizes else n != known:
        raise RuntimeError(f"unflatten: sizes {tuple(sizes)} don't multiply up to the size of dim {dim} ({n})")
    return reshape(input, (*shape[:dim], *[n // known if size == -1 else size for size in sizes], *shape[dim + 1 :]))


@primitive(view=True)
def squeeze(x: Array, dim: Dims = None) -> Array:
    """Leave out the dimensions of length 1: all of them, or those in `dim` that are."""
    dims = range(x.ndim) if dim is None else normalize_axis_tuple(dim, max(x.ndim, 1))
    return np.reshape(x, [n for i, n in enumerate(x.shape) if n != 1 or i not in dims])


squeeze.vjp(dx=lambda dy, x_shape: reshape(dy, x_shape))


@primitive(view=True)
def unsqueeze(x: Array, dim: int) -> Array:
    """A new dimension of length 1 at `dim`."""
    return x[None] if dim == 0 else np.expand_dims(x, dim)  # the usual one takes a tenth of the time


unsqueeze.vjp(dx=lambda dy, x_shape: reshape(dy, x_shape))


# --- order of the dimensions -----------------------------------------------------------------------------------


@primitive(view=True)
def transpose(x: Array, dim0: int, dim1: int) -> Array:
    """Exchange two dimensions, `dim0` and `dim1`."""
    if x.ndim == 0:  # a number has, for every function that takes one, a dimension 0
        normalize_axis_tuple((dim0, dim1), 1, allow_duplicate=True)
        return x
    return np.swapaxes(x, dim0, dim1)


transpose.vjp(dx=lambda dy, dim0, dim1: transpose(dy, dim0, dim1))
swapaxes = swapdims = transpose


@primitive(view=True)
def permute(x: Array, dims: Ints) -> Array:
    """The dimensions in another order: y.shape[i] = x.shape[dims[i]]."""
    return np.transpose(x, dims)


def inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    """The order that undoes the order `dims`."""
    return tuple(np.argsort([d % len(dims) for d in dims]).tolist())


permute.vjp(dx=lambda dy, dims: permute(dy, inverse(dims)))


def movedim(input, source, destination) -> Array:
    """Move dimensions from `source` to `destination`, two numbers or two tuples; the others keep their order.

    Raises:
        TypeError: one of the places is a number, the other a tuple.
        RuntimeError: they are not equally many, or one is named twice.
    """
    if isinstance(source, int) != isinstance(destination, int):
        raise TypeError(f"movedim: expected two ints or two tuples, got {source} and {destination}")
    start, end = [normalize_axis_tuple(dims, input.ndim, allow_duplicate=True) for dims in (source, destination)]
    if not len(start) == len(end) == len({*start}) == len({*end}):
        raise RuntimeError(f"movedim: expected as many different dimensions, got {source} and {destination}")
    rest = iter([d for d in range(input.ndim) if d not in start])
    moved = dict(zip(end, start, strict=True))
    return permute(input, tuple([moved[d] if d in moved else next(rest) for d in range(input.ndim)]))


moveaxis = movedim


def t(input) -> Array:
    """The transpose of a matrix; a vector or a number as it is."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but it has {input.ndim}; use .mT or .transpose")
    return transpose(input, 0, 1) if input.ndim == 2 else input


# --- broadcasting ----------------------------------------------------------------------------------------------


@primitive(view=True)
def expand(x: Array, sizes: Ints) -> Array:
    """Repeat without copying, to the shape `sizes`: dimensions of length 1, and new ones in front; -1 keeps a size.

    The result is read-only.
    """
    lead = len(sizes) - x.ndim
    if lead < 0 or -1 in sizes[:lead]:
        raise RuntimeError(f"sizes {sizes} do not fit a tensor of {x.ndim} dimensions")
    return np.broadcast_to(x, [x.shape[i - lead] if n == -1 else n for i, n in enumerate(sizes)])


expand.vjp(dx=lambda dy: dy)  # the sweep sums what was repeated


def expand_as(input, other) -> Array:
    """`expand` to the shape of `other`."""
    return expand(input, tuple(other.shape))


def broadcast_to(input, size) -> Array:
    """`expand` to `size`."""
    return expand(input, tuple(size))


def broadcast_tensors(*tensors) -> tuple:
    """All tensors expanded to the shape in which they meet."""
    tensors = sizes_of(tensors)
    try:
        shape = np.broadcast_shapes(*[tuple(x.shape) for x in tensors])
    except ValueError as error:
        raise RuntimeError(f"broadcast_tensors: {error}") from None
    return tuple([expand(x, shape) for x in tensors])


def meshgrid(*tensors, indexing: str = "ij") -> tuple:
    """Each of `tensors`, vectors or numbers, over a dimension of its own; with indexing="xy" the first two exchanged.

    Raises:
        RuntimeError: a tensor of more dimensions, or another `indexing`.
    """
    tensors = sizes_of(tensors)
    if any([x.ndim > 1 for x in tensors]) or indexing not in ("ij", "xy"):
        shapes = [tuple(x.shape) for x in tensors]
        raise RuntimeError(f"meshgrid: expected vectors and indexing 'ij' or 'xy', got {shapes} and {indexing!r}")
    n, swap = len(tensors), {0: 1, 1: 0} if indexing == "xy" and len(tensors) > 1 else {}
    shapes = [tuple([-1 if j == swap.get(i, i) else 1 for j in range(n)]) for i in range(n)]
    return broadcast_tensors(*[reshape(x, shape) for x, shape in zip(tensors, shapes, strict=True)])


def _each(at_least):
    """A function of one tensor that takes several as well, and then gives a tuple."""

    @wraps(at_least)
    def call(*tensors):
        tensors = sizes_of(tensors)
        return at_least(tensors[0]) if len(tensors) == 1 else tuple(map(at_least, tensors))

    return call


@_each
def atleast_1d(input) -> Array:
    """A number as a vector of one; others as they are."""
    return input if input.ndim else reshape(input, (1,))


@_each
def atleast_2d(input) -> Array:
    """A vector as a row; a number as one of one."""
    return input if input.ndim > 1 else reshape(input, (1, -1))


@_each
def atleast_3d(input) -> Array:
    """A matrix with a third dimension of length 1; a vector in the middle of three."""
    return input if input.ndim > 2 else reshape(input, (*input.shape, 1) if input.ndim == 2 else (1, -1, 1))


# --- copies ----------------------------------------------------------------------------------------------------


@primitive
def clone(x: Array) -> Array:
    """The same elements in memory of their own."""
    return np.array(x, order="C")


clone.vjp(dx=lambda dy: dy)


def contiguous(input) -> Array:
    """The tensor itself if its elements lie in order in memory, else a copy where they do."""
    array = input.array if isinstance(input, Tensor) else input
    return input if array.flags.c_contiguous else clone(input)


# --- parts -----------------------------------------------------------------------------------------------------


def select(input, dim: int, index: int) -> Array:
    """The part at `index` along `dim`, without that dimension."""
    return getitem(input, along(dim, input.ndim, index))


def narrow(input, dim: int, start: int, length: int) -> Array:
    """The entries `start` to `start + length` along `dim`."""
    start, length, n = int(start), int(length), _length(input, dim)
    first = start + n if start < 0 else start
    if not (0 <= first <= n and 0 <= length <= n - first):
        raise (IndexError if not 0 <= first <= n else RuntimeError)(
            f"narrow: start ({start}) + length ({length}) exceeds dimension {dim} of size {n}"
        )
    return getitem(input, along(dim, input.ndim, slice(first, first + length)))


@primitive(view=True, outputs="*parts")
def unbind(x: Array, dim: int = 0) -> tuple:
    """All parts along `dim`, without that dimension: one operation, so that a loop over T steps costs O(T)."""
    if x.ndim == 0:
        raise IndexError("a tensor of 0 dimensions has no parts")
    moved = np.moveaxis(x, dim, 0)
    return tuple([moved[i, ...] for i in range(len(moved))])


@primitive(view=True, outputs="*parts")
def split(x: Array, split_size_or_sections: int | list[int], dim: int = 0) -> tuple:
    """Parts along `dim`, by `split_size_or_sections`: of one size (the last may be smaller), or of the sizes listed.

    Raises:
        RuntimeError: the sizes listed do not add up to the length of `dim`, or one is negative.
    """
    n = _length(x, dim)
    sizes = section_sizes(split_size_or_sections, n)
    starts = accumulate(sizes, initial=0)
    return tuple([x[along(dim, x.ndim, slice(at, at + size))] for at, size in zip(starts, sizes, strict=False)])


def _length(x, dim: int) -> int:
    if x.ndim == 0:
        raise RuntimeError("expected a tensor of at least 1 dimension, got a number")
    return x.shape[normalize_axis_index(dim, x.ndim)]


def section_sizes(size, n: int) -> list[int]:
    """The lengths of the parts into which `split` cuts a dimension of length n."""
    if isinstance(size, (tuple, list)):
        if sum(size) != n or min(size, default=0) < 0:
            raise RuntimeError(f"split_sizes {list(size)} must not be negative and sum exactly to {n}")
        return list(size)
    if size < 0 or (size == 0 and n):
        raise RuntimeError(f"split_size must be positive, got {size}")
    count = max(-(-n // size), 1) if size else 1
    return [size] * (count - 1) + [n - size * (count - 1)]


@numpy_names
def chunk(input, chunks: int, dim: int = 0) -> tuple:
    """At most `chunks` parts of equal size along `dim`; the last may be smaller."""
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = _length(input, dim)
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


def tensor_split(input, indices_or_sections=None, dim: int = 0, *, indices=None, sections: int | None = None) -> tuple:
    """Parts along `dim`, of nearly equal size or cut where one says.

    Args:
        indices_or_sections: how many parts; or a list of the indices before which to cut.
        indices, sections: the same, by a keyword for each of the two.

    Raises:
        TypeError: not exactly one of the three is given.
        RuntimeError: fewer than one part.
    """
    given = [x for x in (indices_or_sections, indices, sections) if x is not None]
    if len(given) != 1:
        raise TypeError(f"tensor_split() takes either indices or a number of sections, got {given}")
    n = _length(input, dim)
    if isinstance(given[0], int):
        if (k := given[0]) < 1:
            raise RuntimeError(f"tensor_split: number of sections must be larger than 0, got {k}")
        return split(input, [n // k + (i < n % k) for i in range(k)], dim)
    cuts = [slice(start, stop) for start, stop in pairwise([0, *map(int, given[0]), n])]
    return tuple([getitem(input, along(dim, input.ndim, cut)) for cut in cuts])
