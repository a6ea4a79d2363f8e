"""Section: whether results depend on the number of threads. They must not, down to the last bit."""

from __future__ import annotations

from collections.abc import Iterator

from .bench import Bench
from .layers import GRID_FLOAT64
from .row import Row
from .work import Layer

THREADS = (2, 3, 4)  # beside one; more than there are cores will do


def plan(quick: bool) -> list[Layer]:
    """Layers whose batch and panels of weights are divided, evenly and not."""
    layers = [Layer(*sizes) for sizes in GRID_FLOAT64]
    return layers[:1] if quick else layers


def measure(bench: Bench, layer: Layer) -> Iterator[Row]:
    """Output and gradients of training, in one process of ours."""
    with bench.noting(f"bits, {layer}"):
        found = bench.ask(("ours", max(bench.threads)), "bits", sizes=list(layer), threads=list(THREADS))
        more = found | {"arrays that differ": sum(found.values()) - found["arrays"]}
        yield Row("bits", "training on 1, 2, 3, 4 threads", str(layer), "", {}, {}, None, more, layer.sizes)
