"""Names of functions that write into their argument, as they were before PyTorch 0.4: without the underscore."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps


def older(function: Callable) -> Callable:
    """The same function under its older name; a call warns as PyTorch's does."""
    old = function.__name__.removesuffix("_")

    @wraps(function)
    def call(*args, **kwargs):
        place = function.__module__.partition(".")[2]
        warnings.warn(f"`{place}.{old}` is now deprecated in favor of `{place}.{old}_`.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    return call
