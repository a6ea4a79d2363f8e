"""NumPy warns where PyTorch gives inf or nan in silence; these operations do as PyTorch.

Products of matrices need it for another reason: for some shapes OpenBLAS reads what happens to lie beyond an operand
(without use: the result is right), and if that is a signalling nan, NumPy warns of an invalid value in finite numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from functools import wraps

import numpy as np


class _Silence(threading.local):
    """For each thread a context in which NumPy's warnings are off: entering it takes half the time of errstate."""

    inside = False

    def __init__(self) -> None:
        context = Context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


_silence = _Silence()


def quiet(forward: Callable) -> Callable:
    """The same function on arrays without floating-point warnings; on a float as it is (no cost there)."""

    @wraps(forward)
    def silent(*args, **attrs):
        if args[0].__class__ is float or _silence.inside:  # a context cannot be entered twice
            return forward(*args, **attrs)
        _silence.inside = True
        try:
            return _silence.run(forward, *args, **attrs)
        finally:
            _silence.inside = False

    return silent
