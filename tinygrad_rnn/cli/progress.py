"""How training shows itself: a bar on a terminal and in a notebook, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click

QUIET = 10.0  # seconds after which a line appears even without an evaluation
FRAME = 0.2  # seconds between two bars of a notebook
BAR = 24  # letters

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
    with (_lines if not sys.stdout.isatty() else _notebook_bar if in_notebook() else _bar)(done, total) as show:
        yield show


def in_notebook() -> bool:
    """Whether a cell of a notebook runs this, with an exclamation mark: to that Jupyter's kernel lends a terminal."""
    return "JPY_PARENT_PID" in os.environ


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
def _notebook_bar(done: int, total: int) -> Iterator[Show]:
    """Of a terminal's codes a notebook knows the return to the start of the line, and none that erases it."""
    shown, width = -FRAME, 0

    def show(row: Row, speed: float) -> None:
        nonlocal shown, width
        if row.heldout is not None:
            click.echo("\r" + describe(row, total, speed).ljust(width))
        if row.heldout is not None or row.seconds - shown > FRAME:
            full = BAR * row.update // total
            bar = "━" * full + "─" * (BAR - full)
            text = f"{bar} {row.update}/{total}  {row.bits:.3f} bits/char  {speed:,.0f} chars/s"
            click.echo("\r" + text.ljust(width), nl=False)
            sys.stdout.flush()
            shown, width = row.seconds, len(text)

    yield show
    click.echo()


@contextmanager
def _bar(done: int, total: int) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(highlight=False, markup=False)
    now = TextColumn("{task.description}", markup=False)
    with Progress(BarColumn(BAR), MofNCompleteColumn(), now, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=total, completed=done)

        def show(row: Row, speed: float) -> None:
            text = f"{row.bits:.3f} bits/char  norm {row.norm:.2f}  {speed:,.0f} chars/s"
            bar.update(task, completed=row.update, description=text)
            if row.heldout is not None:
                bar.console.print(describe(row, total, speed))

        yield show
