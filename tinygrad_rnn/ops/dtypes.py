"""What reductions share about dtypes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..autograd.op import cast


def accepts_dtype(reduce: Callable) -> Any:
    """The same operation with a keyword `dtype`: that of the result, to which x is cast before it could overflow."""

    @wraps(reduce)
    def in_dtype(input, *args, dtype=None, **kwargs):
        if dtype is None:
            return reduce(input, *args, **kwargs)
        y = reduce(cast(input, dtype=dtype), *args, **kwargs)
        return y if y.dtype == dtype else cast(y, dtype=dtype)

    return in_dtype


def summing_dtype(x: np.ndarray) -> np.dtype | None:
    """Integers and bools are summed in int64, floats in their own dtype."""
    return None if x.dtype.kind == "f" else np.dtype("i8")
