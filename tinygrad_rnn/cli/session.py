"""One sitting of training: the loop, when it saves, how it stops."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, current_thread, main_thread
from time import perf_counter

import click

from ..trainer import Trainer, Update
from .program import INTERRUPTED, fail
from .progress import Row, progress

SAVE_EVERY = 60.0  # seconds, where evaluations are rarer


class Session:
    """Train until a number of updates, a time limit or Ctrl-C.

    Args:
        trainer: what to train.
        updates: in all, those of earlier sessions included.
        evaluate: updates between evaluations on the held-out text.
        folder: where the checkpoint goes.
        limit: of time, in seconds.
    """

    def __init__(
        self, trainer: Trainer, updates: int, evaluate: int, folder: Path, limit: float = float("inf")
    ) -> None:
        self.trainer, self.updates, self.evaluate, self.folder, self.limit = trainer, updates, evaluate, folder, limit
        self.rows: list[Row] = []
        self._recent: deque[tuple[int, float]] = deque(maxlen=50)  # characters and seconds of the latest updates
        self._began = self._saved = perf_counter()

    def introduce(self) -> None:
        """Say what is trained on what."""
        trainer, config = self.trainer, self.trainer.config
        weights = sum([parameter.numel() for parameter in trainer.model.parameters()])
        layers = "" if config.layers == 1 else f" x {config.layers} layers"
        click.echo(
            f"{config.cell.upper()} {config.hidden}{layers}, embedding {config.embedding}: {weights:,} weights\n"
            f"{len(trainer.chunks.ids):,} characters to learn from, {len(trainer.heldout):,} held out, "
            f"{len(trainer.vocabulary)} distinct; {config.batch} streams x {config.steps} steps an update"
        )

    def run(self) -> None:
        """Train and show how it goes; the checkpoint is written with every evaluation and at the end.

        Raises:
            Diverged: where the loss is no longer a number; the last checkpoint stays.
            SystemExit: after Ctrl-C, once the checkpoint is written.
        """
        with asked_to_stop() as stop, progress(self.trainer.updates, self.updates) as show:
            over = False
            while not over:
                update = self._update()
                over = update.number >= self.updates or perf_counter() - self._began > self.limit
                due = (over or update.number % self.evaluate == 0) and not stop.is_set()
                row = self._note(update, self.trainer.heldout_bits() if due else None)
                show(row, self.speed)
                over = over or stop.is_set()
                if over or due or perf_counter() - self._saved > SAVE_EVERY:
                    self.save()
        if stop.is_set():
            fail(f"interrupted after update {self.trainer.updates:,}, the checkpoint is in {self.folder}", INTERRUPTED)

    def save(self) -> None:
        self.trainer.save(self.folder)
        self._saved = perf_counter()

    @property
    def speed(self) -> float:
        """Characters per second of the latest updates."""
        seconds = sum([seconds for _, seconds in self._recent])
        return sum([characters for characters, _ in self._recent]) / seconds

    def _update(self) -> Update:
        before = perf_counter()
        update = self.trainer.update()
        if len(self.rows) == 1:
            self._recent.clear()  # the first one of a session compiles the kernels
        self._recent.append((update.characters, perf_counter() - before))
        return update

    def _note(self, update: Update, heldout: float | None) -> Row:
        characters = update.characters + (self.rows[-1].characters if self.rows else 0)
        row = Row(update.number, characters, perf_counter() - self._began, update.bits, update.norm, heldout)
        self.rows.append(row)
        return row


@contextmanager
def asked_to_stop() -> Iterator[Event]:
    """An event that Ctrl-C sets, so that no update is torn apart; a second Ctrl-C interrupts at once."""
    asked = Event()
    if current_thread() is not main_thread():  # signals reach only that one
        yield asked
        return

    def ask(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
