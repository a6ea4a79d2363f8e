"""Section: the most memory that training of a long sequence takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .bench import Bench
from .child import Child
from .measure import take_turns
from .row import Row, compare
from .work import Layer

LONG = Layer("LSTM", 1000, 32, 256, 256)
SHORT = LONG._replace(T=2)  # compiles, and starts threads
MB = 1e-6


def plan(quick: bool) -> list[Layer]:
    return [LONG]


def measure(bench: Bench, layer: Layer) -> Iterator[Row]:
    """In fresh processes: the peak while they train, and by how much it is above what they held just before."""
    threads = max(bench.threads)

    def peak(library: str) -> dict[str, float]:
        with Child(library, threads) as child:
            child.ask("prepare", work="layer", sizes=list(SHORT))
            return child.ask("memory", work="layer", sizes=list(layer))

    entrants = {library: partial(peak, library) for library in bench.starters}
    with bench.noting(f"memory, {layer}"):
        found = take_turns(entrants, 1 if bench.quick else 3)
        process = {library: [each["peak"] for each in turns] for library, turns in found.items()}
        training = {library: [each["peak"] - each["before"] for each in turns] for library, turns in found.items()}
        for name, bytes_ in {"of training": training, "of the process": process}.items():
            figures, ratios = compare(bytes_, MB)
            yield Row("memory", "peak memory of training", f"{layer}, {name}", "MB", figures, ratios, threads)
