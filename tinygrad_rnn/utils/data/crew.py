"""The worker processes of a loader, as the process sees them that started them.

Each worker has a line of its own, so there is nothing shared that a worker could leave locked when it dies, and its
death is noticed at once. When the owner closes the lines, or dies, the workers end. Nobody else may hold a line
open: a process that is forked meanwhile, another worker for instance, closes its copies first.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import time
import weakref
from collections.abc import Iterable
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, NoReturn

from .message import Failure, opened, pack
from .worker import Job, serve

PATIENCE = 5.0  # seconds that workers have to finish the batch they are making

_lines: weakref.WeakSet[Connection] = weakref.WeakSet()


def _after_fork() -> None:
    for line in list(_lines):
        line.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Hired(NamedTuple):
    """A worker process and the line to it."""

    process: Any  # each way to start one has a class of its own
    line: Connection


class Crew:
    """Worker processes; they end with `close()`, or with this object, or with this process.

    Args:
        job: what they do.
        context: of `multiprocessing`, which says how they start; None is the default one.
    """

    def __init__(self, job: Job, context: Any = None) -> None:
        self.epoch = 0
        self._workers: list[Hired] = []
        self._owner = os.getpid()
        self.close = weakref.finalize(self, _dismiss, self._workers, self._owner, PATIENCE)
        self.close.atexit = False  # at the end of the process `multiprocessing` ends them, and faster
        try:
            for id in range(job.num_workers):
                self._hire(job, id, context or multiprocessing.get_context())
        except BaseException:
            self.close()
            raise

    def _hire(self, job: Job, id: int, context: Any) -> None:
        ours, theirs = context.Pipe()
        _lines.add(ours)
        process = context.Process(target=serve, args=(theirs, job, id), name=f"DataLoader-{id}", daemon=True)
        with theirs:  # which is the worker's alone, once it has started
            process.start()
        self._workers.append(Hired(process, ours))

    def abandon(self) -> None:
        """`close()` without patience."""
        if self.close.detach():
            _dismiss(self._workers, self._owner, 0.0)

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def closed(self) -> bool:
        return not self.close.alive

    def request(self, id: int, index: Any) -> None:
        """Have a worker make a batch, in this epoch.

        Raises:
            RuntimeError: it is dead; then the others are sent home.
        """
        try:
            self._workers[id].line.send_bytes(pack(self.epoch, index))
        except ConnectionError:
            self._dead(id)

    def receive(self, ids: Iterable[int], timeout: float | None) -> tuple[int, Any] | None:
        """From which of some workers the next answer of this epoch comes, and the answer; None when time is up.

        Raises:
            RuntimeError: one of them is dead; then the others are sent home.
        """
        lines = {self._workers[id].line: id for id in ids}
        end = None if timeout is None else time.monotonic() + timeout
        while ready := wait(list(lines), None if end is None else max(0, end - time.monotonic())):
            id = lines[ready[0]]  # type: ignore[index]
            try:
                epoch, rest = opened(self._workers[id].line.recv_bytes())
            except (EOFError, OSError):
                self._dead(id)
            if epoch == self.epoch:  # not one that was left before its end
                return id, _content(rest, id)
        return None

    def _dead(self, id: int) -> NoReturn:
        process = self._workers[id].process
        process.join(PATIENCE)
        self.close()
        raise RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly with code {process.exitcode}; with "
            "num_workers=0 its work is done in this process, where the reason may be seen"
        )


def _content(rest: Any, id: int) -> Any:
    try:
        return pickle.load(rest)
    except Exception as error:
        return Failure(error, f"reading what DataLoader worker process {id} sent")


def _dismiss(workers: list[Hired], owner: int, patience: float) -> None:
    """Hang up, and kill the workers that have not ended after so many seconds."""
    if os.getpid() != owner:  # a fork of the owner has inherited the crew, but it is not its own
        return
    for worker in workers:
        worker.line.close()
    end = time.monotonic() + patience
    for worker in workers:
        worker.process.join(max(0, end - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
