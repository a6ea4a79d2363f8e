"""Section: MinGRU and MinLSTM beside our own GRU of the same sizes, whose steps must wait for each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bench import Bench, Contestant, busy
from .layers import rates
from .row import Row, compare
from .work import MINIMAL, Layer

T = 512
SIZES = [(N, H) for H in (32, 128, 256, 512) for N in (1, 16, 64)]
QUICK = [(16, 128)]


def plan(quick: bool) -> list[Layer]:
    """Training and inference, as many inputs as hidden units."""
    return [
        Layer(cell, T, N, H, H, training=training)
        for training in (True, False)
        for cell in MINIMAL
        for N, H in (QUICK if quick else SIZES)
    ]


def measure(bench: Bench, layer: Layer) -> Iterator[Row]:
    """One size on every number of threads, the GRU in a process of its own."""
    entrants = {"ours": layer, "GRU": layer._replace(cell="GRU")}
    works: dict[Contestant, tuple[str, Sequence]]
    works = {(name, threads): ("layer", each) for name, each in entrants.items() for threads in bench.threads}
    works |= {("ceiling", threads): ("ceiling", [layer.dtype]) for threads in bench.threads}
    group = f"{layer.cell} {'training' if layer.training else 'inference'}"
    found = bench.race(f"{group}, {layer}", works)
    for threads in bench.threads:
        seconds = {name: found[name, threads].seconds for name in entrants if (name, threads) in found}
        if seconds:
            figures, ratios = compare(seconds, 1e3)
            more, disturbed = rates(layer, threads, found), busy(found, threads)
            yield Row("minimal", group, str(layer), "ms", figures, ratios, threads, more, layer.sizes, disturbed)
