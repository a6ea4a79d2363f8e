"""What reductions share about dtypes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..autograd.op import cast


def accepts_dtype(reduce: Callable) -> Any:
    """The same operation with a keyword `dtype`, to which x is cast first, so that sums cannot overflow."""

    @wraps(reduce)
    def in_dtype(input, *args, dtype=None, **kwargs):
        return reduce(input if dtype is None else cast(input, dtype=dtype), *args, **kwargs)

    return in_dtype


def summing_dtype(x: np.ndarray) -> np.dtype | None:
    """Integers and bools are summed in int64, floats in their own dtype."""
    return None if x.dtype.kind == "f" else np.dtype("i8")
