"""Which dtype a result has: PyTorch's rules on NumPy's arrays.

Kinds rank bool < integer < float. A tensor with dimensions outranks one without, and that outranks a Python
number, unless the lower one is of a higher kind: `int64[3] * float64[]` is float64, `float32[3] * float64[]`
is float32, `int64[3] * 0.5` the default dtype.
"""

from __future__ import annotations

import math
import numbers
from functools import reduce

import numpy as np

from .graph import Tensor

F32, F64, I64, BOOL = np.dtype("f4"), np.dtype("f8"), np.dtype("i8"), np.dtype("?")
FLOATS = (F32, F64)
DTYPES = dict.fromkeys(map(np.dtype, ("f4", "f8", "u1", "i1", "i2", "i4", "i8", "?")))  # what tensors can have
COMPARISONS = frozenset(["eq", "ne", "lt", "le", "gt", "ge"])
_KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}
_default = F32


def get_default_dtype() -> np.dtype:
    """The dtype of tensors made from Python floats (float32 unless changed)."""
    return _default


def set_default_dtype(dtype) -> None:
    """Make tensors from Python floats of this dtype: float32 or float64."""
    global _default
    if (wanted := np.dtype(dtype)) not in FLOATS:
        raise TypeError(f"set_default_dtype: expected float32 or float64, got {wanted}")
    _default = wanted


def promote_types(a: np.dtype, b: np.dtype) -> np.dtype:
    """The smallest dtype that both `a` and `b` fit; a float is never widened by an integer."""
    if (a.kind == "f") != (b.kind == "f"):
        return a if a.kind == "f" else b
    return np.promote_types(a, b)


def result_type(arrays: list[np.ndarray]) -> np.dtype:
    """The dtype in which these arrays meet."""
    sized = [x.dtype for x in arrays if x.ndim]
    zero = [x.dtype for x in arrays if not x.ndim]
    if not sized or not zero:
        return reduce(promote_types, sized or zero)
    high, low = reduce(promote_types, sized), reduce(promote_types, zero)
    return promote_types(high, low) if _KINDS[low.kind] > _KINDS[high.kind] else high


def castable(source: np.dtype, target: np.dtype) -> bool:
    """Whether an in-place operation may keep a result of dtype `source`: never one of a higher kind."""
    return _KINDS[source.kind] <= _KINDS[target.kind]


def lift(x, like: Tensor, op=None) -> Tensor:
    """Anything as a tensor; a Python number takes the dtype of the tensor beside it.

    It becomes a 0-d array because NumPy takes twice as long on a bare float.
    """
    if isinstance(x, Tensor):
        return x
    dtype = like.array.dtype
    kind = x.__class__
    if kind is float or kind is int or kind is bool:
        if kind is float and dtype.kind != "f":
            dtype = _default
        elif kind is int and dtype == BOOL:
            dtype = I64
        try:
            return Tensor(np.array(x, dtype))
        except OverflowError:
            if op is not None and op.name in COMPARISONS:  # it is beyond every number there
                return Tensor(np.array(math.copysign(math.inf, x)))
            raise RuntimeError(f"value cannot be converted to type {dtype} without overflow: {x}") from None
    if isinstance(x, np.ndarray):
        if x.dtype not in DTYPES:
            name = f"{op.name}: " if op else ""
            raise TypeError(f"{name}an array of {x.dtype} cannot be a tensor; convert it with .astype()")
        return Tensor(np.asarray(x))  # of a matrix or masked array, the array below
    if isinstance(x, np.bool_):
        return lift(bool(x), like, op)
    if isinstance(x, numbers.Real):  # also NumPy's scalars
        return lift(int(x) if isinstance(x, numbers.Integral) else float(x), like, op)
    name = f"{op.name}: " if op else ""
    raise TypeError(f"{name}expected a tensor, an array or a number, got {type(x).__name__}: {x!r:.60}")


def settle(y, arrays) -> np.ndarray:
    """A result as an array of the dtype PyTorch would give: float64 only where an input was float64."""
    if isinstance(y, (tuple, list)):
        raise TypeError(
            f"a forward function returned a {type(y).__name__} of {len(y)}, but one result was declared: name several "
            f'by outputs="..." where the operation is declared, and those that only the rule sees by hidden="..."'
        )
    y = np.asarray(y)
    if y.dtype.kind == "f" and y.dtype != F32 and not any(x is not None and x.dtype == F64 for x in arrays):
        y = y.astype(_default)
    return y
