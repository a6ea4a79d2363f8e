"""Passes over many numbers, around the recurrence: when a kernel makes them, and how threads share them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module

import numpy as np

from .fallback import falls_back_on
from .threads import threads_for

# What a nanosecond of a pass counts as: two threads are faster from 0.2 ms on, since to wake one can take 0.07 ms.
OPERATIONS = 500.0
DTYPES = np.dtype(np.float32), np.dtype(np.float64)
INDEX = np.dtype(np.int64)


def accelerated(module: str, least: int) -> Callable[[Callable], Callable]:
    """Decorate a function of arrays in NumPy: where there is much to do, the kernel of its name does it.

    Args:
        module: the file beside this one that has a function of the same name and arguments.
        least: from how many numbers on. Less is not worth loading Numba and compiling.

    The decorated function takes one more argument, `among`: how many numbers there are in all, where its first
    array is one of several. It stays with NumPy unless its arrays are contiguous, writable and of one dtype,
    float32 or float64 (those of integers: int64).
    """

    def decorate(plain: Callable) -> Callable:
        kernel: Callable | None = None

        @falls_back_on(plain)
        def fast(*arguments):
            nonlocal kernel
            if kernel is None:
                kernel = getattr(import_module(f".{module}", __package__), plain.__name__)
            return kernel(*arguments)

        @wraps(plain)
        def call(first, *others, among: int = 0):
            large = first.size >= least or among >= least
            return (fast if large and first.size and suit(first, *others) else plain)(first, *others)

        return call

    return decorate


def suit(first: np.ndarray, *others) -> bool:
    """Whether kernels take these arrays; what is not an array does not matter."""
    dtype = first.dtype
    if dtype not in DTYPES or not first.flags.carray:
        return False
    for x in others:
        if x.__class__ is np.ndarray and not (x.flags.carray and (x.dtype == dtype or x.dtype == INDEX)):
            return False
    return True


def divide(kernel: Callable, count: int, nanoseconds: float, *arguments) -> None:
    """What `shared` has made of a kernel, for slices of `count` things, on as many threads as pay.

    Args:
        nanoseconds: about how long one thread takes for all of them, what they work on not being in its cache.
    """
    parts = max(1, min(threads_for(OPERATIONS * nanoseconds), count))
    kernel(parts, count, *arguments)
