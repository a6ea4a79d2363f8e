"""Arrays between fences: a page that may not be touched at one side, a pattern that must not change at the other.

A read or a write beyond the fenced side ends the process; a write beyond the other changes the pattern. What kernels
allocate themselves is fenced as well, and begins as nan, so that what is read before it was written shows.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np

from tinygrad_rnn.kernels import workspace

PAGE = mmap.PAGESIZE
PATTERN = 0xFF  # as a number nan, as an integer -1

libc = ctypes.CDLL(None, use_errno=True)


class Fences:
    """Makes arrays that end (or begin) at a forbidden page, and remembers them.

    Args:
        at_end: where the forbidden page is; else before the first number.
    """

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.patterns: list[np.ndarray] = []

    def empty(self, shape: int | tuple[int, ...], dtype: np.dtype | type = np.float64) -> np.ndarray:
        """An array whose memory holds the pattern."""
        dtype = np.dtype(dtype)
        size = dtype.itemsize * (shape if isinstance(shape, int) else math.prod(shape))
        room = max(1, -(-size // PAGE)) * PAGE
        whole = np.frombuffer(mmap.mmap(-1, room + PAGE), np.uint8)
        whole[:] = PATTERN
        forbidden = whole.ctypes.data + (room if self.at_end else 0)
        if libc.mprotect(ctypes.c_void_p(forbidden), ctypes.c_size_t(PAGE), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
        first = room - size if self.at_end else PAGE
        self.patterns.append(whole[:first] if self.at_end else whole[first + size :])
        return whole[first : first + size].view(dtype).reshape(shape)

    def zeros(self, shape: int | tuple[int, ...], dtype: np.dtype | type = np.float64) -> np.ndarray:
        array = self.empty(shape, dtype)
        array[...] = 0
        return array

    def copy(self, a: np.ndarray | None) -> np.ndarray | None:
        """The same numbers, fenced."""
        if a is None:
            return None
        array = self.empty(a.shape, a.dtype)
        array[...] = a
        return array

    def check(self) -> int:
        """How many arrays were made.

        Raises:
            AssertionError: somebody wrote beside one.
        """
        for pattern in self.patterns:
            assert (pattern == PATTERN).all(), "written outside of an array"
        return len(self.patterns)

    @contextmanager
    def around_kernels(self) -> Iterator[None]:
        """All that kernels allocate is fenced. They must be compiled already: machine code has its own allocator."""
        own = workspace.empty, workspace.pages
        with ExitStack() as stack:
            for name, module in list(sys.modules.items()):
                if name.startswith("tinygrad_rnn.kernels."):
                    for attribute in ("empty", "pages"):
                        if vars(module).get(attribute) in own:
                            stack.enter_context(mock.patch.object(module, attribute, self.empty))
            stack.enter_context(mock.patch.object(np, "empty", self.empty))
            stack.enter_context(mock.patch.object(np, "zeros", self.zeros))
            yield
