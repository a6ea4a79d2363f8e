"""What the kernels must reach: the table by which a run is judged, and the only place where its numbers stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .row import BETTER, Row
from .work import GATES, MINIMAL

GRID_GROUPS = [f"{cells} {kind}" for cells in ("LSTM", "GRU and RNN") for kind in ("training", "inference")]


@dataclass(frozen=True)
class Aim:
    """A line of the table.

    Args:
        measure: what is judged.
        rows: whether a row belongs to it.
        over: which number of the row counts: a ratio or BETTER, one of its `more`, or "ours", the figure itself.
        each: the bound of every row: at least so much, or at most where `less` is better.
        mean: the least geometric mean.
        less: whether less is better, as it is of seconds.
        threads: the only number of threads it is about; None: each for itself.
    """

    measure: str
    rows: Callable[[Row], bool]
    over: str
    each: float | None = None
    mean: float | None = None
    less: bool = False
    threads: int | None = None

    def met(self, mean: float | None, worst: float) -> bool:
        """Whether the geometric mean of the rows and the worst of them are good enough."""
        good = self.each is None or (worst <= self.each if self.less else worst >= self.each)
        return good and (self.mean is None or (mean is not None and mean >= self.mean))

    def __str__(self) -> str:
        each = [] if self.each is None else [f"each {'<=' if self.less else '>='} {self.each:g}"]
        return ", ".join(each + ([] if self.mean is None else [f"mean >= {self.mean:g}"]))


def group(name: str) -> Callable[[Row], bool]:
    """The rows of a group."""
    return lambda row: row.group == name


def first_step(cache: str) -> Callable[[Row], bool]:
    """The row of the first training step with such a cache."""
    return lambda row: row.group == "first training step" and row.name.endswith(cache)


def large(row: Row) -> bool:
    """LSTM training whose products are large enough to fill the processor."""
    return row.group == "LSTM training" and row.sizes["N"] >= 32 and row.sizes["H"] >= 256


def divisible(row: Row) -> bool:
    """The grid in float32 where a batch is worth dividing among threads."""
    return row.group in GRID_GROUPS and row.sizes["N"] >= 20


AIMS = [
    Aim("LSTM training", group("LSTM training"), BETTER, each=1, mean=1.4, threads=1),
    Aim("LSTM training", group("LSTM training"), BETTER, each=1, mean=1.5, threads=2),
    Aim("LSTM training", group("LSTM training"), "torch", mean=1.5, threads=1),
    Aim("LSTM training", group("LSTM training"), "torch", mean=1.6, threads=2),
    Aim("GRU and RNN training", group("GRU and RNN training"), BETTER, each=1.2, mean=1.8),
    Aim("GRU and RNN training", group("GRU and RNN training"), "torch", mean=3),
    Aim("LSTM inference", group("LSTM inference"), BETTER, each=1, mean=1.15),
    Aim("GRU and RNN inference", group("GRU and RNN inference"), BETTER, each=1, mean=1.5),
    *[Aim(f"{cell} training in float64", group(f"{cell} training in float64"), "torch", mean=2) for cell in GATES],
    *[Aim(f"{cell} training, T = 512", group(f"{cell} training"), "GRU", each=2) for cell in MINIMAL],
    Aim("per-step products, N >= 20, H >= 128", lambda row: row.section == "products", "of ceiling", each=0.85),
    Aim("LSTM training, N >= 32, H >= 256", large, "of ceiling", each=0.8, threads=1),
    Aim("LSTM training, N >= 32, H >= 256", large, "of ceiling", each=0.75, threads=2),
    Aim("character model", lambda row: row.section == "characters", "torch", each=1.7),
    Aim(
        "two threads over one, N >= 20, H >= 256",
        lambda row: divisible(row) and row.sizes["H"] >= 256, "1 thread", each=1.7, threads=2,
    ),
    Aim(
        "two threads over one, N >= 20, H < 256",
        lambda row: divisible(row) and row.sizes["H"] < 256, "1 thread", each=1.5, threads=2,
    ),
    Aim("same bits on 1, 2, 3, 4 threads", lambda row: row.section == "bits", "arrays that differ", each=0, less=True),
    Aim("LSTMCell loop, training", group("LSTMCell loop, training"), "torch", each=1.5),
    Aim("cold first training step, s", first_step("empty kernel cache"), "ours", each=6, less=True),
    Aim("first training step of a second process, s", first_step("second process"), "ours", each=0.5, less=True),
    Aim("peak memory of training, T = 1000", lambda row: row.section == "memory", "torch", each=1),
]  # fmt: skip
