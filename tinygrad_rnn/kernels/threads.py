"""Threads of our own for kernels, which run without the interpreter lock.

Numba's own layers of threads either cannot be entered from two threads at once or do not survive a fork. Here
a piece of work is cut into numbered parts, and whoever has time takes the next part: the idle threads of the
pool, and the caller, who therefore never waits for a thread that is busy elsewhere. How a result is cut into
parts never changes its bits, so it does not matter who computes which.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

ENVIRONMENT = "TINYGRAD_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"
WORTH_SHARING = 100e6  # floating-point operations; below, handing over work takes longer than it saves


def default_threads() -> int:
    """What the environment says, or the number of processors this process may use."""
    for name in ENVIRONMENT:
        first = os.environ.get(name, "").partition(",")[0].strip()
        if first.isdecimal() and int(first) > 0:
            return int(first)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Work:
    """A function of the part's number, the parts that nobody has taken yet, and those not yet finished."""

    def __init__(self, function: Callable[[int], None], parts: int) -> None:
        self._function, self._parts = function, parts
        self._taken, self._finished = itertools.count(), itertools.count(1)  # next() of these is atomic
        self._done = threading.Lock()
        self._done.acquire()
        self._error: BaseException | None = None

    def help(self) -> None:
        """Do parts as long as there are any."""
        while (number := next(self._taken)) < self._parts:
            try:
                self._function(number)
            except BaseException as error:  # handed to the caller
                self._error = error
            finally:
                if next(self._finished) == self._parts:
                    self._done.release()

    def wait(self) -> None:
        """Until all parts are finished; raises what one of them raised."""
        self._done.acquire()
        if self._error is not None:
            raise self._error


class Pool:
    """Threads that wait for work; they start when first needed and end with the process."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Work] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0

    def run(self, function: Callable[[int], None], parts: int) -> None:
        """function(0), ..., function(parts - 1), shared between the caller and the pool."""
        work = Work(function, parts)
        if parts - 1 > self._threads:
            self._start(parts - 1)
        for _ in range(parts - 1):
            self._queue.put(work)
        work.help()
        work.wait()

    def _start(self, threads: int) -> None:
        with self._lock:
            while self._threads < threads:
                name = f"tinygrad-rnn-{self._threads + 1}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
                self._threads += 1

    def _serve(self) -> None:
        while True:
            self._queue.get().help()


_pool = Pool()
_threads = default_threads()


def _after_fork() -> None:
    global _pool
    _pool = Pool()  # a child has none of its parent's threads


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def get_num_threads() -> int:
    """How many threads a kernel may use."""
    return _threads


def set_num_threads(threads: int) -> None:
    """Let kernels use so many threads, from their next call on. Results do not depend on it."""
    global _threads
    if not isinstance(threads, int) or isinstance(threads, bool):
        raise TypeError(f"set_num_threads: expected an int, got {type(threads).__name__}")
    if threads < 1:
        raise ValueError(f"set_num_threads: expected a positive number of threads, got {threads}")
    _threads = threads


def threads_for(operations: float) -> int:
    """How many threads a call of so many floating-point operations should use."""
    return _threads if operations >= WORTH_SHARING else 1


def share(function: Callable[[int], None], parts: int) -> None:
    """function(0), ..., function(parts - 1), in any order and on any threads; returns when all are done."""
    if parts <= 1:
        function(0)
    else:
        _pool.run(function, parts)
