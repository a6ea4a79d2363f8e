"""The report for readers: boxes on a terminal, Markdown elsewhere, so that it can be put into a document."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .measure import Spread
from .report import Mean, Report, means
from .row import Row
from .summary import Line, summary

LEGEND = (
    "Medians over the rounds, quartiles in brackets. A ratio such as torch / ours divides torch's figure by ours in "
    "each round: above 1, ours is faster or smaller. In every row, the better is the peer that comes closer to ours. "
    "Limit: the ratio over it that ours would have at the ceiling. "
    "T, N, I, H, layers: steps, batch, input, hidden units, layers."
)
JUDGED = (
    "{met} of {lines} lines are met: the aims of the kernels, held against the rows of this run. Worst is the lowest "
    "row, or the highest where less is better. Limit: the geometric mean that ours would have at the ceiling. "
    "Busy: the machine had other things to do, measure again."
)
WIDE = 250  # Markdown needs no line breaks


def show(report: Report) -> None:
    """Print machine, tables, means and notes."""
    console = paper()
    table = partial(print_table, console)
    versions = ", ".join([f"{name} {version}" for name, version in report.versions.items()])
    table("Measured on", ["what", "which"], [*report.machine.items(), ("versions", versions)], words=2)
    console.print(f"\n{LEGEND}")
    for section, group in dict.fromkeys([(row.section, row.group) for row in report.rows]):
        rows = [row for row in report.rows if (row.section, row.group) == (section, group)]
        table(f"{section}: {group}", *columns(rows))
    if found := means(report.rows):
        table("Geometric means", *averages(found))
    if lines := summary(report.rows):
        table("Summary", *judged(lines), words=4)
        console.print("\n" + JUDGED.format(met=sum(line.met is True for line in lines), lines=len(lines)))
    if report.notes:
        console.print(f"\n{heading()}Notes\n")
    for note in report.notes:
        console.print(f"- {note}")


def paper() -> Console:
    """Standard output; where that is no terminal, as wide as Markdown may be."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE)


def heading() -> str:
    """What begins a title."""
    return "" if sys.stdout.isatty() else "### "


def print_table(
    console: Console, title: str, heads: Sequence[str], lines: Iterable[Sequence[str]], words: int = 1
) -> None:
    """A box on a terminal, Markdown elsewhere; the first `words` columns hold words, the others numbers."""
    console.print(f"\n{heading()}{title}\n")
    grid = Table(box=box.ROUNDED if sys.stdout.isatty() else box.MARKDOWN)
    for k, head in enumerate(heads):
        grid.add_column(head, justify="left" if k < words else "right", overflow="fold")
    for line in lines:
        grid.add_row(*map(Text, line))  # Text: nothing in it is markup
    console.print(grid)


def columns(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of a group's table; a library that has no figure in a row leaves it empty."""
    figures, more, ratios = (names([getattr(row, kind) for row in rows]) for kind in ("figures", "more", "ratios"))
    heads = [
        "",
        "threads",
        *[f"{name}, {rows[0].unit}" for name in figures],
        *more,
        *[f"{name} / ours" for name in ratios],
    ]
    lines = [
        [
            row.name,
            str(row.threads or ""),
            *[middle(row.figures.get(name), spread=True) for name in figures],
            *[number(row.more[name]) if name in row.more else "" for name in more],
            *[middle(row.ratios.get(name)) for name in ratios],
        ]
        for row in rows
    ]
    return heads, lines


def averages(found: Sequence[Mean]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the table of means."""
    heads = ["", "threads", "rows", "ratio", "geometric mean", "lowest row"]
    lines = [
        [
            f"{mean.section}: {mean.group}",
            str(mean.threads or ""),
            str(mean.rows),
            f"{mean.over} / ours",
            f"{mean.mean:.2f}",
            f"{mean.least:.2f}",
        ]
        for mean in found
    ]
    return heads, lines


def judged(found: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the table of aims."""
    heads = ["", "what counts", "aim", "worst row", "threads", "rows", "geometric mean", "worst", "limit", "met"]
    lines = [
        [
            line.measure,
            line.over,
            line.aim,
            line.which,
            str(line.threads or ""),
            str(line.rows),
            "" if line.mean is None else number(line.mean),
            number(line.worst),
            "" if line.limit is None else number(line.limit),
            {True: "yes", False: "no", None: "busy"}[line.met],
        ]
        for line in found
    ]
    return heads, lines


def names(mappings: Iterable[Iterable[str]]) -> list[str]:
    """All keys, in the order in which they first appear."""
    return list(dict.fromkeys([name for mapping in mappings for name in mapping]))


def middle(each: Spread | None, spread: bool = False) -> str:
    """The median, with the quartiles if wanted."""
    if each is None:
        return ""
    return f"{number(each.median)} ({number(each.low)}-{number(each.high)})" if spread else f"{each.median:.2f}"


def number(value: float) -> str:
    """Three digits, or all before the point; a count as it is.

    Example:
        >>> [number(value) for value in (0.01234, 1.234, 123.4, 12345.6, 9)]
        ['0.0123', '1.23', '123', '12,346', '9']
    """
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 100 else f"{value:#.3g}"
