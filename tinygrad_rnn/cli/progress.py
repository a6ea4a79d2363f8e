"""How training shows itself: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click

QUIET = 10.0  # seconds after which a line appears even without an evaluation

class Row(NamedTuple):
    """One line of the training curve."""

    update: int
    characters: int  # read since this session began
    seconds: float  # likewise
    bits: float  # training loss, bits per character
    norm: float  # of the gradient, before clipping
    heldout: float | None  # held-out bits per character, where they were measured


Show = Callable[[Row, float], None]


def describe(row: Row, total: int, speed: float) -> str:
    """One update in words."""
    heldout = "" if row.heldout is None else f"  held-out {row.heldout:.3f}"
    return (
        f"update {row.update:>{len(f'{total:,}')},}/{total:,}  {row.bits:.3f} bits/char{heldout}"
        f"  gradient norm {row.norm:.2f}  {speed:,.0f} chars/s"
    )


@contextmanager
def progress(done: int, total: int) -> Iterator[Show]:
    """What to call after each update, with its row and the speed in characters per second."""
    with (_bar if sys.stdout.isatty() else _lines)(done, total) as show:
        yield show


@contextmanager
def _lines(done: int, total: int) -> Iterator[Show]:
    shown = 0.0

    def show(row: Row, speed: float) -> None:
        nonlocal shown
        if row.heldout is not None or row.seconds - shown > QUIET:
            shown = row.seconds
            click.echo(describe(row, total, speed))
            sys.stdout.flush()  # whoever reads a log wants to see it move

    yield show


@contextmanager
def _bar(done: int, total: int) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(highlight=False, markup=False)
    now = TextColumn("{task.description}", markup=False)
    with Progress(BarColumn(24), MofNCompleteColumn(), now, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=total, completed=done)

        def show(row: Row, speed: float) -> None:
            text = f"{row.bits:.3f} bits/char  norm {row.norm:.2f}  {speed:,.0f} chars/s"
            bar.update(task, completed=row.update, description=text)
            if row.heldout is not None:
                bar.console.print(describe(row, total, speed))

        yield show
