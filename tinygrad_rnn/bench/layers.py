"""Section: recurrent layers, training (forward and backward) and inference, on random data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .bench import Bench, Contestant, Times, busy
from .measure import quotients, spread
from .row import Row, compare, limit, rivals
from .work import Layer, Product

Sizes = tuple[str, int, int, int, int, int]  # cell, T, N, I, H, layers

GRID: list[Sizes] = [
    ("LSTM", 25, 1, 64, 100, 1),
    ("LSTM", 50, 50, 65, 128, 2),
    ("LSTM", 35, 20, 200, 200, 2),
    ("LSTM", 100, 32, 128, 256, 1),
    ("LSTM", 50, 64, 512, 512, 1),
    ("LSTM", 35, 20, 650, 650, 2),
    ("LSTM", 50, 64, 1024, 1024, 1),
    ("LSTM", 500, 1, 32, 64, 1),
    ("GRU", 50, 50, 65, 128, 2),
    ("GRU", 100, 32, 128, 256, 1),
    ("GRU", 50, 64, 512, 512, 1),
    ("GRU", 500, 1, 32, 64, 1),
    ("GRU", 41, 7, 30, 90, 2),
    ("RNN", 50, 50, 65, 128, 2),
    ("RNN", 100, 32, 128, 256, 1),
    ("RNN", 25, 1, 64, 100, 1),
]
GRID_FLOAT64 = [sizes for sizes in GRID if sizes[1:] in {(50, 50, 65, 128, 2), (100, 32, 128, 256, 1)}]
LOOPS = [(cell, 50, 32, 256, 256, 1) for cell in ("LSTM", "GRU", "RNN")]
QUICK = [GRID[k] for k in (3, 11)]


class Job(NamedTuple):
    """A layer, the group its ratio is averaged in, and what it is compared with."""

    group: str
    layer: Layer
    peers: tuple[str, ...] = ("torch", "jax")

    def __str__(self) -> str:
        return f"{self.group}, {self.layer}"


def plan(quick: bool) -> list[Job]:
    """The grid of sizes, for training, inference, float64, and cells in the caller's loop."""
    grid, inferred = (QUICK, QUICK[:1]) if quick else (GRID, GRID)
    double = [] if quick else GRID_FLOAT64
    loops = LOOPS[:1] if quick else LOOPS

    def family(cell: str) -> str:
        return "LSTM" if cell == "LSTM" else "GRU and RNN"

    return [
        *[Job(f"{family(sizes[0])} training", Layer(*sizes)) for sizes in grid],
        *[Job(f"{family(sizes[0])} inference", Layer(*sizes, training=False)) for sizes in inferred],
        *[Job(f"{sizes[0]} training in float64", Layer(*sizes, dtype="float64"), ("torch",)) for sizes in double],
        *[Job(f"{sizes[0]}Cell loop, training", Layer(*sizes, loop=True), ("torch",)) for sizes in loops],
    ]


def measure(bench: Bench, job: Job) -> Iterator[Row]:
    """One size on every number of threads, the processor's ceiling measured in the same rounds."""
    layer = job.layer
    libraries, kind = ("ours", *job.peers), "cell" if layer.loop else "layer"
    works: dict[Contestant, tuple[str, Sequence]]
    works = {(library, threads): (kind, layer) for library in libraries for threads in bench.threads}
    works |= {("ceiling", threads): ("ceiling", [layer.dtype]) for threads in bench.threads}
    found = bench.race(str(job), works)
    for threads in bench.threads:
        seconds = {library: found[library, threads].seconds for library in libraries if (library, threads) in found}
        if seconds:
            figures, ratios = compare(seconds, 1e3)
            if threads > 1 and {("ours", 1), ("ours", threads)} <= set(found):
                ratios["1 thread"] = spread(quotients(found["ours", 1].seconds, seconds["ours"]))
            more = rates(layer, threads, found)
            if "of ceiling" in more and (others := rivals(ratios)):
                more["limit"] = limit(min(others.values()), more["of ceiling"])
            disturbed = busy(found, threads)
            yield Row("layers", job.group, str(layer), "ms", figures, ratios, threads, more, layer.sizes, disturbed)


def rates(work: Layer | Product, threads: int, found: dict[Contestant, Times]) -> dict[str, float]:
    """Operations per second of ours, and what part that is of the processor's ceiling."""
    if ("ours", threads) not in found:
        return {}
    seconds = found["ours", threads].seconds
    more = {"GF/s": work.flops / spread(seconds).median / 1e9}
    if ceiling := found.get(("ceiling", threads)):
        share = work.flops / ceiling.flops
        more["of ceiling"] = spread([share * each for each in quotients(ceiling.seconds, seconds)]).median
    return more
