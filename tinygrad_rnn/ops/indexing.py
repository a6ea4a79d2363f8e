"""Indexing: reading and writing parts of a tensor by NumPy's indices, and PyTorch's functions for the same.

`getitem`, `setitem` and `spread` (its transpose) are the three operations; everything else is one of them with
an index built for it.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..autograd.binding import CONVERTERS
from ..autograd.graph import Tensor
from ..autograd.op import Array, ArrayInt, cast, nondifferentiable, primitive
from ..kernels.passes import accelerated
from .naming import called
from .spelling import numpy_names

Index = tuple  # of ints, slices, None, one Ellipsis, int64 arrays and bool arrays: what `canonical` gives
ALL = slice(None)
PARTS = (Tensor, Sequence, np.ndarray, slice)  # in a list they make it a tuple


# --- indices ---------------------------------------------------------------------------------------------------


def canonical(index, op=None, name: str = "index") -> Index:
    """An index as a tuple of ints, slices, None, one Ellipsis and arrays of int64 or bool.

    The Ellipsis is there even at the end: with it NumPy gives a 0-d view where it would give a number.
    """
    found: list = []
    dots = 0
    if index.__class__ is list and any([x is None or x is Ellipsis or isinstance(x, PARTS) for x in index]):
        index = tuple(index)  # as it was in NumPy: x[[[0, 1], [1, 0]]] is x[[0, 1], [1, 0]]
    for item in index if index.__class__ is tuple else (index,):
        kind = item.__class__
        if kind is int or item is None:
            found.append(item)
        elif kind is slice:
            found.append(slice(_bound(item.start), _bound(item.stop), step := _bound(item.step)))
            if step == 0:
                raise ValueError("slice step must not be zero")
        elif item is Ellipsis:
            found.append(ALL if dots else item)  # a second one stands for one dimension, as it did in NumPy
            dots += 1
        else:
            found.extend(_array_item(item))
    return tuple(found) if dots else (*found, Ellipsis)


def _bound(value) -> int | None:
    if value is None or value.__class__ is int:
        return value
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"slice indices must be integers or None, got {type(value).__name__}: {value!r}") from None


def _array_item(item) -> tuple:
    """An item that is neither int, slice, None nor Ellipsis: arrays, sequences, booleans, 0-d integers."""
    if isinstance(item, str):
        raise TypeError(f"{_EXPECTED}, got str: {item!r}")
    if isinstance(item, Tensor):
        item = item.array
    elif isinstance(item, Sequence):
        item = np.asarray([x.array if isinstance(x, Tensor) else x for x in item] or np.zeros(0, np.int64))
    if not isinstance(item, (np.ndarray, bool, np.bool_)):
        try:
            return (operator.index(item),)
        except TypeError:
            raise IndexError(f"{_EXPECTED}, got {type(item).__name__}: {item!r:.60}") from None
    array = np.asarray(item)
    if array.dtype == np.uint8:
        warnings.warn("an index of uint8 is a mask, as in PyTorch; convert it to bool", UserWarning, stacklevel=5)
        array = array.astype(bool)
    if array.dtype == bool:
        return (array,)
    if array.dtype.kind not in "iu":
        raise IndexError(f"tensors used as indices must be of integers or bool, got {array.dtype}")
    return (array.astype(np.int64, copy=False),) if array.ndim else (int(array),)


_EXPECTED = "an index is made of integers, slices (`:`), ellipsis (`...`), None and integer or bool tensors"
CONVERTERS["Index"] = canonical


def stages(index: Index) -> tuple[Index, Index | None]:
    """Split into what views and what copies: first numbers and slices, then arrays on what they left.

    NumPy counts a number beside an array as an array, PyTorch applies it first: x[0, :, [1, 2]] has the shape
    (len(x[0]), 2), not (2, len(x[0])).
    """
    if not any([item.__class__ is np.ndarray for item in index]):
        return index, None
    first: list = []
    then: list = []
    for item in index:
        if item.__class__ is np.ndarray:
            first.extend([ALL] * (item.ndim if item.dtype == bool else 1))
            then.append(item)
        else:
            first.append(item)
            if item.__class__ is not int:
                then.append(item if item is Ellipsis else ALL)
    return tuple(first), tuple(then)


def along(dim: int, ndim: int, item) -> Index:
    """The index that applies `item` to one dimension."""
    return (*[ALL] * normalize_axis_index(dim, ndim), item)


WORTH_A_KERNEL = 1 << 14  # numbers: below, NumPy takes no longer than 0.03 ms


@accelerated("scatter", least=WORTH_A_KERNEL)
def add_rows(values: np.ndarray, y: np.ndarray, names: np.ndarray) -> None:
    """y[names_n] += values_n, one n after another, for y [K, D], names [N] and values [N, D].

    On positions in flat memory `np.add.at` is three to five times as fast as on rows.
    """
    width = y.shape[1]
    places = names if width == 1 else (names[:, None] * width + np.arange(width)).reshape(-1)
    np.add.at(y.reshape(-1), places, values.reshape(-1))


def add_at(y: np.ndarray, index: Index, values: np.ndarray) -> None:
    """y[index] += values, where places that are named several times receive all of their values."""
    leading = index[-1] is Ellipsis and all([a.__class__ is np.ndarray and a.ndim > 0 for a in index[:-1]])
    if not (leading and y.flags.c_contiguous):
        places = np.arange(y.size).reshape(y.shape)[index]
        flat = np.zeros(y.size, y.dtype)
        np.add.at(flat, places.ravel(), np.broadcast_to(values, places.shape).ravel())
        y += flat.reshape(y.shape)
        return
    arrays = [part for a in index[:-1] for part in (a.nonzero() if a.dtype == bool else (a,))]
    lengths, width = y.shape[: len(arrays)], math.prod(y.shape[len(arrays) :])
    forward = [np.where(a < 0, a + n, a) for a, n in zip(arrays, lengths, strict=True)]
    try:
        places = np.ravel_multi_index(np.broadcast_arrays(*forward), lengths)
    except ValueError as error:
        raise IndexError(f"index out of range for dimensions {lengths}: {error}") from None
    rows = values.reshape(places.size, width)
    add_rows(rows, y.reshape(math.prod(lengths), width), places.reshape(-1))


# --- the three operations --------------------------------------------------------------------------------------


@primitive(view=True)
def getitem(x: Array, index: Index) -> Array:
    """y = x[index]: a view for numbers, slices (also with negative steps), None and `...`; else a copy.

    Args:
        x: any tensor.
        index: what NumPy takes: also bool masks, int arrays or tensors, lists, 0-d tensors as numbers.

    Raises:
        IndexError: a number is out of range, there are too many, or a mask does not fit.
    """
    view, pick = stages(index)
    if pick is None:
        return x[view]
    part = x[view]
    if len(pick) == 2 and pick[1] is Ellipsis and pick[0].dtype != bool:
        return part.take(pick[0], axis=0)  # whole rows: twice as fast
    return part[pick]


@primitive
def spread(part: Array, *, shape, index: Index) -> Array:
    """Zeros of `shape` with `part` added at `index`: the transpose of `getitem`."""
    y = np.zeros(shape, part.dtype)
    view, pick = stages(index)
    if pick is None:
        y[view] = part
    elif len(pick) == 2 and pick[0].__class__ is np.ndarray and pick[0].dtype == bool:
        y[view][pick] = part  # a mask names no place twice
    else:
        add_at(y[view], pick, part)
    return y


@primitive
def setitem(x: Array, value: ArrayInt, *, index: Index) -> Array:
    """y = x, but y[index] = value (converted to the dtype of x)."""
    y = np.array(x)
    write(y, index, value)
    return y


getitem.vjp(dx=lambda dy, x_shape, index: spread(dy, shape=x_shape, index=index))
spread.vjp(dpart=lambda dy, index: getitem(dy, index))
setitem.vjp(
    dx=lambda dy, index: setitem(dy, 0.0, index=index),
    dvalue=lambda dy, index, value_dtype: like_dtype(getitem(dy, index), value_dtype),
)


def like_dtype(dy, dtype):
    return dy if dy.dtype == dtype else cast(dy, dtype=dtype)


def write(y: np.ndarray, index, value) -> None:
    """y[index] = value in the memory of y, with the index of `getitem`."""
    view, pick = stages(canonical(index))
    if pick is None:
        y[view] = value
    else:
        y[view][pick] = value


# --- the same by function --------------------------------------------------------------------------------------


def _array(x):
    return x.array if isinstance(x, Tensor) else np.asarray(x)


def _named(index, n: int, name: str, kind: type[Exception] = RuntimeError) -> np.ndarray:
    """What names entries of a dimension of length n: integers, none of them negative or too large."""
    index = _array(index)
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}")
    if index.size and index.view(f"u{index.itemsize}").max() >= n:  # a negative one is larger than any
        raise kind(f"{name}(): index out of range: expected 0 to {n - 1}, got {index.min()} to {index.max()}")
    return index


def _expect_dtype(name: str, input, source) -> None:
    """What is written must be of the dtype of what it is written to (a number is)."""
    if isinstance(source, Tensor) and source.dtype != input.dtype:
        raise RuntimeError(f"{name}(): expected self and source of one dtype, got {input.dtype} and {source.dtype}")


def _grid(name: str, input, dim: int, index, *others) -> Index:
    """`_mesh` for an index that must not be larger than the tensor but along `dim`, nor anywhere than `others`."""
    n = input.shape[normalize_axis_index(dim, input.ndim)] if input.ndim else 1
    grid = _mesh(input, dim, _named(index, n, name), index.shape)
    allowed = [n if i != dim % input.ndim else math.inf for i, n in enumerate(input.shape)]
    for shape in (allowed, *[x.shape for x in others if np.ndim(_array(x))]):
        if len(shape) != index.ndim or any([m > n for m, n in zip(index.shape, shape)]):
            raise RuntimeError(
                f"{name}(): expected an index of {input.ndim} dimensions, none of them (but {dim}) larger than "
                f"those of the tensor {tuple(input.shape)}, nor than those of a source; got {tuple(index.shape)}"
            )
    return grid


def _mesh(input, dim: int, index, shape) -> Index:
    """The index that reads, at every place of `shape`, the entry of the input that `index` names along `dim`."""
    index = _array(index)
    if index.ndim != input.ndim:
        raise RuntimeError(f"index has {index.ndim} dimensions, expected {input.ndim} as the tensor has")
    dim = normalize_axis_index(dim, max(input.ndim, 1))
    if not shape:
        return ()
    grid = np.ogrid[tuple([slice(n) for n in shape])]
    return tuple([index if i == dim else a for i, a in enumerate(grid)])


def _cut(source, index):
    """`source`, where it is not a number, cut to the shape of `index`."""
    if np.ndim(_array(source)) == 0 or source.shape == index.shape:
        return source
    return getitem(source, tuple([slice(n) for n in index.shape]))


@numpy_names
def gather(input, dim: int, index) -> Array:
    """y[i][j] = x[index[i][j]][j] for dim=0, and so on. Source: `torch.gather`."""
    return getitem(input, _grid("gather", input, dim, index))


@numpy_names
def take_along_dim(input, indices, dim: int | None = None) -> Array:
    """`gather` whose tensor and indices are broadcast against each other; flat without `dim`."""
    if dim is None:
        return getitem(input.reshape(-1), indices.reshape(-1))
    return getitem(input, _mesh(input, dim, indices, input.shape))


def scatter(input, dim: int, index, src=None, *, value=None, reduce: str | None = None) -> Array:
    """y = x, but y[index[i][j]][j] = src[i][j] for dim=0, and so on. Source: `torch.scatter`.

    Args:
        src: a tensor at least as large as `index`, or a number (also as `value`).
        reduce: "add" to add instead.
    """
    src = value if src is None else src
    if reduce == "add":
        return scatter_add(input, dim, index, src)
    if reduce is not None:
        raise RuntimeError(f"scatter: reduce must be None or 'add', got {reduce!r}")
    _expect_dtype("scatter", input, src)
    return setitem(input, _cut(src, index), index=_grid("scatter", input, dim, index, src))


def scatter_add(input, dim: int, index, src) -> Array:
    """y = x, but y[index[i][j]][j] += src[i][j] for dim=0, and so on. Source: `torch.scatter_add`."""
    _expect_dtype("scatter_add", input, src)
    grid = _grid("scatter_add", input, dim, index, src)
    return input + spread(_cut(src, index), shape=tuple(input.shape), index=grid)


@numpy_names
def index_select(input, dim: int, index) -> Array:
    """The entries along `dim` that the 1-D `index` names. Source: `torch.index_select`."""
    return getitem(input, _entries("index_select", input, dim, index))


def _entries(name: str, input, dim: int, index, source=None) -> Index:
    """The index of the entries along `dim` that a vector (or number) names."""
    _expect_dtype(name, input, source)
    index = np.atleast_1d(_named(index, input.shape[dim] if input.ndim else 1, name, IndexError))
    if index.ndim != 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, got {index.ndim} dimensions")
    if source is not None and np.ndim(_array(source)) and (n := source.shape[dim]) != len(index):
        kind = IndexError if name == "index_copy" else RuntimeError
        raise kind(f"{name}(): Number of indices ({len(index)}) should be equal to source.size(dim) ({n})")
    return along(dim, input.ndim, index)


def index_add(input, dim: int, index, source, *, alpha=1) -> Array:
    """y = x with alpha * source added at the entries along `dim` that `index` names."""
    part = source if alpha == 1 else source * alpha
    return input + spread(part, shape=tuple(input.shape), index=_entries("index_add", input, dim, index, source))


def index_fill(input, dim: int, index, value) -> Array:
    """y = x with `value` at the entries along `dim` that `index` names."""
    if np.ndim(_array(value)):
        raise RuntimeError(f"index_fill: expected a number or a 0-d value, got {value.ndim} dimensions")
    return setitem(input, value, index=along(dim, input.ndim, np.unique(_array(index))))


def index_copy(input, dim: int, index, source) -> Array:
    """y = x with `source` at the entries along `dim` that `index` names."""
    return setitem(input, source, index=_entries("index_copy", input, dim, index, source))


def index_put(input, indices, values, accumulate: bool = False) -> Array:
    """y = x, but y[indices] = values, or with `accumulate` y[indices] += values, for a tuple of tensors as index."""
    index = canonical(tuple(indices))
    if not accumulate:
        return setitem(input, values, index=index)
    return input + spread(values.expand(getitem(input, index).shape), shape=tuple(input.shape), index=index)


def masked_select(input, mask) -> Array:
    """The entries where `mask` is true, in a row; both are broadcast against each other."""
    mask = _array(mask)
    if mask.dtype != bool:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    if mask.shape == tuple(input.shape):
        return getitem(input, mask)
    try:
        shape = np.broadcast_shapes(mask.shape, tuple(input.shape))
    except ValueError as error:
        raise RuntimeError(f"masked_select: {error}") from None
    return getitem(input.expand(shape), np.broadcast_to(mask, shape))


@nondifferentiable
@called("nonzero")
def argwhere(x: Array) -> Array:
    """Where x is not zero: int64 of shape (count, x.ndim)."""
    return np.argwhere(x)


def nonzero(input, *, as_tuple: bool = False):
    """Where x is not zero: int64 of shape (count, x.ndim), or with `as_tuple` one vector for each dimension."""
    places = argwhere(input)
    return tuple([places[:, i] for i in range(places.shape[1])]) if as_tuple else places
