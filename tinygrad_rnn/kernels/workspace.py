"""Memory that is used again: the first touch of fresh memory costs up to a third of a training step.

`pages` is numpy.empty on whole pages, so that rows of whole vectors begin at cache lines. When the last array
that looks into the memory is gone, the memory waits on a shelf for the next request of its size. The shelf is
bounded, and shared by all threads. What is small, `empty` leaves to NumPy, which keeps memory for it ready.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import threading
from collections import OrderedDict

import numpy as np

PAGE = mmap.PAGESIZE
HUGE_PAGE = 1 << 21  # with pages of this size, blocks that are not smaller need far fewer table look-ups
LIMIT = 1 << 29  # bytes that may wait on the shelf
SMALL = 1 << 16  # bytes up to which whole pages cost more than they gain; beyond, rows had better be aligned


def fresh(size: int) -> mmap.mmap:
    """A new block of memory, of this process alone."""
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size >= HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # the system may not have them
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


class Shelf:
    """Blocks of memory that wait, by size; beyond the limit those that waited longest are let go."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a block may come back, by garbage collection, while one is taken
        self._waiting: OrderedDict[int, list[mmap.mmap]] = OrderedDict()
        self._bytes, self._limit = 0, LIMIT

    def take(self, size: int) -> mmap.mmap:
        """A block of `size` bytes."""
        with self._lock:
            blocks = self._waiting.get(size)
            if blocks:
                self._bytes -= size
                return blocks.pop()
        return fresh(size)

    def give(self, block: mmap.mmap) -> None:
        """Put a block on the shelf."""
        with self._lock:
            self._waiting.setdefault(len(block), []).append(block)
            self._waiting.move_to_end(len(block))
            self._bytes += len(block)
            while self._bytes > self._limit:
                size, blocks = next(iter(self._waiting.items()))
                if blocks:
                    blocks.pop()
                    self._bytes -= size
                else:
                    del self._waiting[size]

    def clear(self) -> None:
        """Let go of all that waits."""
        with self._lock:
            self._waiting.clear()
            self._bytes = 0


class Lease(np.ndarray):
    """The base of an array made here: it gives the memory back when the last view of it is gone."""

    block: mmap.mmap | None = None
    shelf: Shelf  # kept here, since globals are gone at the interpreter's end

    def __del__(self) -> None:
        if self.block is not None:
            self.shelf.give(self.block)


shelf = Shelf()


if hasattr(os, "register_at_fork"):
    # In a child the lock may be held by a thread that is not there, and what it guards be half changed.
    os.register_at_fork(after_in_child=shelf.__init__)  # type: ignore[misc]


def empty(shape: int | tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array with undefined contents."""
    count = shape if isinstance(shape, int) else math.prod(shape)
    return np.empty(shape, dtype) if count * dtype.itemsize <= SMALL else pages(shape, dtype)


def pages(shape: int | tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array with undefined contents whose first number begins a page."""
    count = shape if isinstance(shape, int) else math.prod(shape)
    size = max(count * dtype.itemsize, PAGE)
    step = max(PAGE, 1 << (size.bit_length() - 4))  # sizes that differ by less than an eighth share blocks
    block = shelf.take(-(-size // step) * step)
    lease = Lease(shape, dtype, block)
    lease.block, lease.shelf = block, shelf
    return lease.view(np.ndarray)
