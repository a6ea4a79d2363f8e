"""One epoch of a DataLoader: what `iter(loader)` returns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .fetch import EndOfStream, Fetch
from .message import Failure

if TYPE_CHECKING:
    from .crew import Crew
    from .dataloader import DataLoader


class Batches(Iterator):
    """One epoch, made in this process."""

    def __init__(self, order: Any, fetch: Fetch) -> None:
        self._order, self._indices = order, iter(order)
        self._fetch = fetch

    def __len__(self) -> int:
        return len(self._order)

    def __next__(self) -> Any:
        batch = self._fetch(next(self._indices))
        if isinstance(batch, EndOfStream):
            raise StopIteration
        return batch


class BatchesOfWorkers(Iterator):
    """One epoch, made by a crew. Each request gets one answer, and a worker answers in the order it was asked."""

    def __init__(self, order: Any, crew: Crew, loader: DataLoader) -> None:
        self._order, self._indices = order, iter(order)
        self._crew, self._stays = crew, loader.persistent_workers
        self._timeout, self._in_order = loader.timeout, loader.in_order
        self._due: deque[int] = deque()  # who owes an answer, in the order of the requests
        self._active = list(range(len(crew)))  # whose stream has not ended
        crew.epoch += 1
        self._epoch = crew.epoch
        for _ in range((loader.prefetch_factor or 2) * len(crew)):
            self._ask()

    def __len__(self) -> int:
        return len(self._order)

    def __next__(self) -> Any:
        while self._due and not self._crew.closed:
            if self._crew.epoch != self._epoch:
                raise RuntimeError(
                    "this iterator of a DataLoader ended when another one was made, for both have the same workers; "
                    "without persistent_workers=True each has its own"
                )
            content = self._receive()
            self._ask()
            if isinstance(content, Failure):
                content.reraise()
            if not isinstance(content, EndOfStream):
                return content
        if not self._stays:
            self._crew.close()
        raise StopIteration

    def _ask(self) -> None:
        """Ask the worker with the least to do for the next batch, if there is one."""
        if not self._active:
            return
        try:
            index = next(self._indices)
        except StopIteration:
            return
        id = min(self._active, key=self._due.count)
        self._crew.request(id, index)
        self._due.append(id)

    def _receive(self) -> Any:
        """The next batch, EndOfStream or Failure."""
        whose = [self._due[0]] if self._in_order else set(self._due)
        try:
            answer = self._crew.receive(whose, self._timeout or None)
        except BaseException:  # Ctrl-C, perhaps amid a message: the lines are of no use now
            self._crew.abandon()
            raise
        if answer is None:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds; ask again, or give it more time")
        id, content = answer
        self._due.remove(id)
        if isinstance(content, EndOfStream) and id in self._active:
            self._active.remove(id)
        return content
