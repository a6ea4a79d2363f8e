"""What a worker process of a DataLoader does: it answers each request with a batch until its owner hangs up.

Two threads read and write the line to the owner, so that neither side ever waits for the other to read: a request
may be longer than what the line holds, and batches are made ahead while the owner computes.
"""

from __future__ import annotations

import pickle
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...kernels.threads import set_num_threads
from ...random import manual_seed
from .fetch import Fetch, Recipe
from .message import Failure, opened, pack

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["WorkerInfo", "get_worker_info"]


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this process is.

    Attributes:
        id: from 0 to num_workers - 1.
        num_workers: how many there are.
        seed: what its random numbers started from.
        dataset: this process's copy of the data set.

    Source: `torch.utils.data.get_worker_info`.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process of a DataLoader, which one it is; elsewhere None."""
    return _info


class Job(NamedTuple):
    """What all workers of a loader have in common."""

    recipe: Recipe
    num_workers: int
    seed: int
    init: Callable[[int], None] | None


class Worker:
    """One of them, at work."""

    def __init__(self, job: Job, id: int) -> None:
        self._recipe = job.recipe
        self._where = f"in DataLoader worker process {id}"
        self._epoch = -1
        self._fetch: Fetch
        self._unfit: Failure | None = None
        try:
            self._begin(job, id)
        except Exception as error:
            self._unfit = Failure(error, self._where)

    def _begin(self, job: Job, id: int) -> None:
        global _info
        _info = WorkerInfo(id, job.num_workers, job.seed + id, job.recipe.dataset)
        set_num_threads(1)  # the processors are for the workers and their owner
        random.seed(_info.seed)
        manual_seed(_info.seed)
        np.random.seed(np.random.SeedSequence((job.seed, id)).generate_state(4))
        if job.init is not None:
            job.init(id)

    def answer(self, request: bytes) -> memoryview:
        """What to send back: exactly one message for each request."""
        epoch, rest = opened(request)
        if self._unfit is not None:
            return self._unfit.pack(epoch)
        try:
            if epoch != self._epoch:
                self._fetch, self._epoch = self._recipe.fetch(), epoch
            return pack(epoch, self._fetch(pickle.load(rest)))
        except Exception as error:
            return Failure(error, self._where).pack(epoch)


def serve(line: Connection, job: Job, id: int) -> None:
    """Answer what comes over the line until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the owner decides what it means
    requests: SimpleQueue[bytes | None] = SimpleQueue()
    answers: SimpleQueue[memoryview] = SimpleQueue()
    hung_up = Event()

    def read() -> None:
        try:
            while True:
                requests.put(line.recv_bytes())
        except (EOFError, OSError):
            hung_up.set()
            requests.put(None)

    def write() -> None:
        try:
            while True:
                line.send_bytes(answers.get())
        except OSError:
            pass  # nobody listens any more, as `read` sees too

    for task in (read, write):
        Thread(target=task, daemon=True).start()
    worker = Worker(job, id)
    while (request := requests.get()) is not None and not hung_up.is_set():
        answers.put(worker.answer(request))
