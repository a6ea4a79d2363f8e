"""Functions of real numbers as PyTorch applies them: integers become floats, inf and nan are no warning."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from ..autograd.promotion import get_default_dtype
from .quiet import quiet


def floating(forward: Callable) -> Callable:
    """The same function, quiet, on floats: NumPy alone would compute the exponential of a bool in float16."""
    silent = quiet(forward)

    @wraps(forward)
    def on_floats(*args, **attrs):
        return silent(*[as_float(x) for x in args], **attrs)

    return on_floats


def as_float(x):
    """Integers and bools in the default dtype; floats, and inputs left out, as they are."""
    if x is None or x.__class__ is float or (x := np.asarray(x)).dtype.kind == "f":
        return x
    return x.astype(get_default_dtype())
