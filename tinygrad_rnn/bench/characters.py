"""Section: whole training of a character model: embedding, LSTM, linear, cross entropy, clipping, Adam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bench import Bench, Contestant, busy
from .row import Row, compare

HIDDEN, EMBEDDING, T, N, LR, CLIP = SIZES = (256, 64, 64, 32, 3e-3, 1.0)


def plan(quick: bool) -> list[str]:
    return [f"LSTM {HIDDEN}, embedding {EMBEDDING}, T={T}, N={N}"]


def measure(bench: Bench, name: str) -> Iterator[Row]:
    """Updates on the text every Python has, all from the same weights; what counts is characters a second."""
    libraries = ("ours", "torch")
    works: dict[Contestant, tuple[str, Sequence]]
    works = {(library, threads): ("characters", SIZES) for library in libraries for threads in bench.threads}
    works |= {("ceiling", threads): ("ceiling", ["float32"]) for threads in bench.threads}  # tells a busy machine
    found = bench.race(name, works, seconds=0.1 if bench.quick else 1.5)
    for threads in bench.threads:
        seconds = {library: found[library, threads].seconds for library in libraries if (library, threads) in found}
        if seconds:
            figures, ratios = compare(seconds, 1e6 / (T * N))
            more = {f"{library} characters/s": 1e6 / figures[library].median for library in figures}
            yield Row(
                "characters", "character model, training", name, "us a character", figures, ratios, threads, more,
                busy=busy(found, threads),
            )  # fmt: skip
