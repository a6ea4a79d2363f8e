"""NumPy's names for PyTorch's keywords, in functions that are not operations (`Op.bind` knows them)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

NAMES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: Callable) -> Any:
    """The same function, taking also `axis` and `keepdims`."""

    @wraps(function)
    def call(*args, **kwargs):
        if kwargs:
            kwargs = {NAMES.get(name, name): value for name, value in kwargs.items()}
        return function(*args, **kwargs)

    return call
