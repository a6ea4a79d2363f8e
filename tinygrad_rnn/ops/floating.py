"""Functions of real numbers as PyTorch applies them: integers become floats, inf and nan are no warning."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from ..autograd.promotion import BOOL, get_default_dtype
from ..kernels.quiet import quiet


def floating(forward: Callable) -> Callable:
    """The same function, quiet, on floats: NumPy alone would compute the exponential of a bool in float16."""
    silent = quiet(forward)

    @wraps(forward)
    def on_floats(*args, **attrs):
        return silent(*[as_float(x, forward.__name__) for x in args], **attrs)

    return on_floats


def refuse_bool(x) -> None:
    """For what can be done with numbers only.

    Raises:
        NotImplementedError: x is a tensor or an array of bools.
    """
    if getattr(x, "dtype", None) is BOOL:
        raise NotImplementedError("it is not defined for bools; convert them first, for example with .float()")


def refuse_integers(*inputs) -> None:
    """For what can be done with floats only.

    Raises:
        NotImplementedError: one of the inputs is a tensor or an array of integers or bools.
    """
    for x in inputs:
        if (dtype := getattr(x, "dtype", None)) is not None and dtype.kind != "f":
            raise NotImplementedError(f"expected floating point numbers, got {dtype}; convert with .float()")


def as_float(x, name: str):
    """Integers and bools in the default dtype; floats, and inputs left out, as they are. `name` is for the error."""
    if x is None or x.__class__ is float:
        return x
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected a tensor, an array or a number, got {x.dtype}")
    return x if x.dtype.kind == "f" else x.astype(get_default_dtype())
