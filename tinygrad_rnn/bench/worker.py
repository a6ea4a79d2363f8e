"""The process of one competitor: reads requests, does the work, answers with times. One JSON object a line.

    python -m tinygrad_rnn.bench.worker LIBRARY THREADS

    {"do": "prepare", "work": "layer", "sizes": [...]}    {"seconds": of the first call, "flops": ..., "digest": ...}
    {"do": "turn", "seconds": 0.1}                        {"seconds": median of the calls, "calls": ..., "cores": ...}
    {"do": "memory", "work": "layer", "sizes": [...]}     {"before": bytes, "peak": bytes}
    {"do": "bits", "sizes": [...], "threads": [2, 3]}     {"arrays": how many, "2 threads": how many differ, ...}

A request that fails is answered by {"error": what happened}; the process ends with its input.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any

from .engines import engine
from .resident import forget_peak, peak_memory, resident_memory
from .work import Work, digest


class Worker:
    """What the requests are about: a competitor, and the work it was last given."""

    def __init__(self, library: str, threads: int) -> None:
        self.engine = engine(library, threads)
        self.work: Work | None = None

    def prepare(self, work: str, sizes: list) -> dict[str, Any]:
        """Build the work and call it once: compilers compile now."""
        self.work = None
        gc.collect()  # the work before may have been large
        before = perf_counter()
        self.work = getattr(self.engine, work)(*sizes)
        found = self.work.call()
        seconds = perf_counter() - before
        return {"seconds": seconds, "flops": self.work.flops, "digest": digest(self.work.arrays(found))}

    def turn(self, seconds: float) -> dict[str, Any]:
        """Call the work for so long, at least once; the first call finds its data in memory, not in cache.

        Threads that wait for more work by spinning would take the next competitor's time: they end their turn first.
        """
        assert self.work is not None, "a turn without work"
        call = self.work.call
        call()
        times: list[float] = []
        began, busy = perf_counter(), process_time()
        while not times or perf_counter() - began < seconds:
            before = perf_counter()
            call()
            times.append(perf_counter() - before)
        cores = (process_time() - busy) / (perf_counter() - began)
        come_to_rest()
        return {"seconds": median(times), "calls": len(times), "cores": cores}

    def memory(self, work: str, sizes: list) -> dict[str, Any]:
        """What the process holds with everything in place, and the most it held during two calls."""
        ready: Work = getattr(self.engine, work)(*sizes)
        forget_peak()
        before = resident_memory()
        ready.call()
        ready.call()
        return {"before": before, "peak": peak_memory()}

    def bits(self, sizes: list, threads: list[int]) -> dict[str, int]:
        """How many results of a layer's training have other bits on some numbers of threads than on one."""
        return self.engine.bits(sizes, threads)


def come_to_rest() -> None:
    """Wait until no thread of this process is busy any more, or a second."""
    end = perf_counter() + 1
    resting = 0
    while resting < 2 and perf_counter() < end:
        before = process_time()
        sleep(0.002)
        resting = resting + 1 if process_time() - before < 0.0005 else 0


def reply(ask: Callable[[], dict[str, Any] | None]) -> str:
    """The line that answers a request, whatever became of it."""
    try:
        found = ask() or {}
    except Exception as error:  # what it means is for the parent to decide
        found = {"error": f"{type(error).__name__}: {error}"}
    return json.dumps(found) + "\n"


def main(library: str, threads: int) -> None:
    """Serve until the input ends; the first line says whether the competitor could be made."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1) as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
        worker: Worker | None = None

        def start() -> None:
            nonlocal worker
            worker = Worker(library, threads)

        answers.write(reply(start))
        for line in sys.stdin:
            request = json.loads(line)
            answers.write(reply(partial(getattr(worker, request.pop("do")), **request)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
