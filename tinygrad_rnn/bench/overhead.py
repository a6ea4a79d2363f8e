"""Section: what one small operation costs, forward and backward, on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .bench import Bench
from .row import Row, compare

PAIRS = 50  # products and sums in the chain, each


class Job(NamedTuple):
    """A chain on tensors of a shape, or on scalar objects where there is none."""

    name: str
    peer: str
    shape: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return self.name


def plan(quick: bool) -> list[Job]:
    return [
        Job("tensor, 16 elements", "torch", (16,)),
        Job("tensor, 1,000 elements", "torch", (1000,)),
        Job("tensor, 0-d", "torch", ()),
        Job("Value", "micrograd"),
    ]


def measure(bench: Bench, job: Job) -> Iterator[Row]:
    """A chain of alternating products and sums is built and differentiated, the garbage collector on."""
    work = ("scalar", [PAIRS]) if job.shape is None else ("chain", [job.shape, PAIRS])
    found = bench.race(job.name, {("ours", 1): work, (job.peer, 1): work})
    if found:
        seconds = {library: times.seconds for (library, _), times in found.items()}
        figures, ratios = compare(seconds, 1e6 / (2 * PAIRS))
        yield Row("overhead", "one small operation, forward and backward", job.name, "us", figures, ratios, 1)
