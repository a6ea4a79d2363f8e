"""How many threads kernels use, and the helpers that they share work with (see `fork.py`).

Numba's own layers of threads either cannot be entered from two threads at once or do not survive a fork.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from queue import SimpleQueue

import numpy as np

from .blas import limit_blas

ENVIRONMENT = "TINYGRAD_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"
WORTH_SHARING = 4e6  # floating-point operations; with less, the helpers' way to the data takes longer than they save
WORTH_WAKING = 20e6  # if they sleep
PATIENCE = 15_000  # looks, of some 15 ns: how long a helper waits for more work before it sleeps


def default_threads() -> int:
    """What the environment says, or the number of processors this process may use."""
    for name in ENVIRONMENT:
        first = os.environ.get(name, "").partition(",")[0].strip()
        if first.isdecimal() and int(first) > 0:
            return int(first)
    return usable_processors()


def usable_processors() -> int:
    """The number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Team:
    """Threads that help with the work of kernels; they start when first needed and end with the process."""

    def __init__(self) -> None:
        from .fork import CALLS, LINE, WATCHING, WORDS, watch

        self._memory = np.zeros(WORDS + LINE, np.intp)  # shared by machine code and the two views below
        first = -self._memory.ctypes.data // 8 % LINE
        self.address = self._memory.ctypes.data + 8 * first
        self._watching, self._calls = (self._memory[first + place // 8 :][:1] for place in (WATCHING, CALLS))
        self._watch = watch
        self._beds: SimpleQueue[None] = SimpleQueue()
        self._lock = threading.Lock()
        self._helpers = 0
        self.up: set[int] = set()  # helpers that are not asleep

    def awake(self, helpers: int) -> bool:
        """Whether so many helpers watch; they will for a while, for a call is announced by this."""
        self._calls[0] += 1
        return bool(self._watching[0] >= helpers)

    def wake(self, helpers: int) -> None:
        """Have at least so many helpers watch soon."""
        if helpers > self._helpers:
            self._start(helpers)
        for _ in range(helpers - int(self._watching[0])):
            self._beds.put(None)

    def _start(self, helpers: int) -> None:
        self._watch(self.address, 0)  # compiled by the caller: no helper may be compiling when the process ends
        with self._lock:
            while self._helpers < helpers:
                self._helpers += 1
                name = f"tinygrad-rnn-{self._helpers}"
                threading.Thread(target=self._serve, args=(self._helpers,), name=name, daemon=True).start()

    def _serve(self, helper: int) -> None:
        while True:
            self._beds.get()
            self.up.add(helper)
            # With more threads than processors, one that watches keeps another from working.
            self._watch(self.address, PATIENCE if _threads <= usable_processors() else 0)
            self.up.discard(helper)


_team: Team | None = None
_threads = default_threads()


def _after_fork() -> None:
    global _team
    _team = None  # a child has none of its parent's threads


def _rest() -> None:
    """At the end of the process no helper may be in machine code, from which it could not return."""
    end = time.perf_counter() + 0.1
    while _team is not None and _team.up and time.perf_counter() < end:
        time.sleep(0.0005)


atexit.register(_rest)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def the_team() -> Team:
    """The team of this process."""
    global _team
    if _team is None:
        _team = Team()
    return _team


def get_num_threads() -> int:
    """How many threads a kernel may use."""
    return _threads


def set_num_threads(threads: int) -> None:
    """Let kernels use so many threads, from their next call on, and NumPy's BLAS as well (OpenBLAS or MKL).

    What kernels give, layers among it, does not depend on it. NumPy's BLAS multiplies in `matmul` and its like, and the
    last bits of large products may depend on how many threads it has.

    Raises:
        RuntimeError: not a positive int.
    """
    global _threads
    if not isinstance(threads, int) or isinstance(threads, bool):
        raise RuntimeError(f"set_num_threads: expected an int, got {type(threads).__name__}")
    if threads < 1:
        raise RuntimeError(f"set_num_threads: expected a positive number of threads, got {threads}")
    _threads = threads
    limit_blas(threads)


def threads_for(operations: float) -> int:
    """How many threads a call of so many floating-point operations should use."""
    if _threads == 1 or operations < WORTH_SHARING:
        return 1
    return _threads if operations >= WORTH_WAKING or the_team().awake(_threads - 1) else 1


def team_of(parts: int) -> int:
    """The address of a team that so many parts of a call may be shared with, woken if need be; 0: of none."""
    if parts <= 1:
        return 0
    team = the_team()
    if not team.awake(parts - 1):
        team.wake(parts - 1)
    return team.address
