"""Section: how many multiply-adds a second this machine can do, per core and on all threads."""

from __future__ import annotations

from collections.abc import Iterator

from .bench import Bench
from .measure import spread
from .row import Row


def plan(quick: bool) -> list[str]:
    return ["float32", "float64"]


def measure(bench: Bench, dtype: str) -> Iterator[Row]:
    """Independent multiply-adds on vector registers; a multiply-add counts as two operations."""
    found = bench.race(f"ceiling {dtype}", {("ceiling", threads): ("ceiling", [dtype]) for threads in bench.threads})
    for (_, threads), (seconds, flops, _) in found.items():
        rate = flops / spread(seconds).median / 1e9
        figures = {"ceiling": spread([each * 1e12 / flops for each in seconds])}
        more = {"GF/s": rate, "GF/s a thread": rate / threads}
        yield Row("ceiling", "multiply-adds", dtype, "ps", figures, {}, threads, more)
