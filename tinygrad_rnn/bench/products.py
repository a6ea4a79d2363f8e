"""Section: the products that every time step of a recurrent layer waits for, without the rest of the layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bench import Bench, Contestant, busy
from .layers import GRID, QUICK, rates
from .row import Row, compare
from .work import Product

ROWS, UNITS = 20, 128  # at least: with fewer, the processor waits for weights
TURN = 0.05  # seconds: a call takes a few milliseconds


def plan(quick: bool) -> list[Product]:
    """Of all layers of the grid that are large enough, forward and backward."""
    sizes = [(cell, T, N, H) for cell, T, N, _, H, _ in (QUICK if quick else GRID) if N >= ROWS and H >= UNITS]
    return [Product(*each, backward) for backward in (False, True) for each in sizes]


def measure(bench: Bench, product: Product) -> Iterator[Row]:
    """As many of them as the layer has steps, on every number of threads, beside NumPy and the ceiling."""
    libraries = ("ours", "numpy")
    works: dict[Contestant, tuple[str, Sequence]]
    works = {(library, threads): ("product", product) for library in libraries for threads in bench.threads}
    works |= {("ceiling", threads): ("ceiling", ["float32"]) for threads in bench.threads}
    found = bench.race(f"product, {product}", works, TURN)
    for threads in bench.threads:
        seconds = {library: found[library, threads].seconds for library in libraries if (library, threads) in found}
        if seconds:
            figures, ratios = compare(seconds, 1e6 / product.T)
            more, sizes = rates(product, threads, found), {"T": product.T, "N": product.N, "H": product.H}
            direction, disturbed = "backward" if product.backward else "forward", busy(found, threads)
            yield Row(
                "products", direction, str(product), "us a step", figures, ratios, threads, more, sizes, disturbed
            )  # fmt: skip
