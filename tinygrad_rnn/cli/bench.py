"""`tinygrad-rnn bench`: how fast this is on your machine, beside PyTorch and JAX where they are installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import click

from ..atomic import check_writable, replacing
from ..bench.bench import SECTIONS, run
from .options import POSITIVE

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--section", multiple=True, type=click.Choice(SECTIONS), help="Measure this one only; may be repeated.")
@click.option("--quick", is_flag=True, help="A reduced grid and fewer rounds: less than a minute.")
@click.option(
    "--threads", multiple=True, type=POSITIVE, help="Threads; may be repeated.  [default: 1, and all usable cores]"
)
@click.option("--json", "file", type=FILE, help="Write everything to this file too, with every row's quartiles.")
def bench(section: tuple[str, ...], quick: bool, threads: tuple[int, ...], file: Path | None) -> None:
    """Measure speed and memory beside PyTorch and JAX, where they are installed, in one run.

    The competitors take turns, so that a noisy machine disturbs all of them. The tables are Markdown where standard
    output is not a terminal.
    """
    if file:
        check_writable(file.parent)
    with progress() as (note, show):
        report = run([name for name in SECTIONS if name in (section or SECTIONS)], quick, threads, note, show)
    if file:
        with replacing(file, "w", encoding="utf-8") as out:
            json.dump(report.as_json(), out, indent=1)
    from ..bench import tables

    tables.show(report)


@contextmanager
def progress() -> Iterator[tuple[Callable[[str], object], Callable[[str, int, int], object]]]:
    """What to call with a note, and before each job: both show on standard error, beside the tables."""
    if not sys.stderr.isatty():

        began = perf_counter()

        def say(text: str) -> None:
            click.echo(text, err=True)
            sys.stderr.flush()

        yield say, lambda text, done, total: say(f"{done}/{total}  {perf_counter() - began:4.0f} s  {text}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, markup=False)
    parts = (BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*parts, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield (
            console.print,
            lambda text, done, total: bar.update(task, completed=done, total=total, description=text),
        )
