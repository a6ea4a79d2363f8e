"""What a run found, held against the aims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .aims import AIMS, Aim
from .measure import geometric_mean
from .row import BETTER, Row, limit, rivals


@dataclass(frozen=True)
class Line:
    """An aim and what was found, on one number of threads.

    Args:
        measure, threads, aim: what is judged, and by what.
        over: which number counts; where it is the ratio to the better peer, between which that was chosen.
        rows: how many there are.
        mean: geometric; None where a number is zero.
        worst, which: the lowest row, or the highest where less is better.
        limit: the geometric mean that code at the processor's ceiling would have, where that is known.
        met: whether the aim is; None where the machine was busy with other things during one of the rows, since
            that helps who waits least for a second core.
    """

    measure: str
    threads: int | None
    over: str
    aim: str
    rows: int
    mean: float | None
    worst: float
    which: str
    limit: float | None
    met: bool | None


def summary(rows: Iterable[Row], aims: Sequence[Aim] = AIMS) -> list[Line]:
    """A line for every aim and number of threads of which there are rows."""
    rows, lines = list(rows), []
    for aim in aims:
        chosen = [row for row in rows if aim.rows(row) and aim.threads in (None, row.threads)]
        chosen = [row for row in chosen if value(row, aim.over) is not None]
        for threads in dict.fromkeys([row.threads for row in chosen]):
            lines.append(line(aim, threads, [row for row in chosen if row.threads == threads]))
    return lines


def line(aim: Aim, threads: int | None, rows: Sequence[Row]) -> Line:
    """One aim on some rows, which all have its number."""
    values = [found for row in rows if (found := value(row, aim.over)) is not None]
    mean = geometric_mean(values) if min(values) > 0 else None
    worst = max(values) if aim.less else min(values)
    row = rows[values.index(worst)]
    which = f"{row.group}: {row.name}" if len({row.group for row in rows}) > 1 else row.name
    over, limit = counted(aim.over, rows), limits(aim.over, rows, values)
    met = None if any(row.busy for row in rows) else aim.met(mean, worst)
    return Line(aim.measure, threads, over, str(aim), len(rows), mean, worst, which, limit, met)


def value(row: Row, over: str) -> float | None:
    """The number of a row that counts, if it has one."""
    if over == BETTER:
        return min(rivals(row.ratios).values(), default=None)
    if over == "ours":
        return row.figures[over].median if over in row.figures else None
    return row.ratios[over].median if over in row.ratios else row.more.get(over)


def counted(over: str, rows: Sequence[Row]) -> str:
    """What counts, for readers: which peers the better was chosen from, for one may be missing, or fail in a row."""
    if over != BETTER:
        return f"{over} / ours" if over in rows[0].ratios else over
    peers = [tuple(rivals(row.ratios)) for row in rows]
    names = list(dict.fromkeys([name for each in peers for name in each]))
    if len(names) == 1:
        return f"{names[0]} only"
    alone = [f"{count} with {name} only" for name in names if (count := peers.count((name,)))]
    return ", ".join([f"{BETTER} of {' and '.join(names)}", *alone])


def limits(over: str, rows: Sequence[Row], values: Sequence[float]) -> float | None:
    """The geometric mean of the ratios that code at the ceiling would have, where all rows know their share of it."""
    if not all("of ceiling" in row.more and over in {BETTER, *rivals(row.ratios)} for row in rows):
        return None
    return geometric_mean([limit(ratio, row.more["of ceiling"]) for ratio, row in zip(values, rows, strict=True)])
