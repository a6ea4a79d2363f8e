"""What happens where a kernel cannot be compiled: NumPy takes over, and one warning says so."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable


class CompilationError(RuntimeError):
    """Numba or LLVM could not turn a kernel into machine code on this machine."""


_failed = False


def falls_back_on(plain: Callable) -> Callable[[Callable], Callable]:
    """Decorate a function that runs kernels: once a kernel failed to compile, `plain` is called instead."""

    def decorate(fast: Callable) -> Callable:
        @functools.wraps(fast)
        def call(*arguments, **attributes):
            global _failed
            if not _failed:
                try:
                    return fast(*arguments, **attributes)
                except CompilationError as error:
                    _failed = True
                    message = f"{error}: NumPy computes instead, which is slower"
                    warnings.warn(message, RuntimeWarning, stacklevel=2)
            return plain(*arguments, **attributes)

        return call

    return decorate
