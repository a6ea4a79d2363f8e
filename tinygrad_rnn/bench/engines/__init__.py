"""The competitors. Each is a class: made once in a process of its own, with a method for each kind of work."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple


class Entry(NamedTuple):
    """Where a competitor is written down, and the module it needs."""

    file: str
    name: str
    needs: str


ENGINES = {
    "ours": Entry("torchlike", "Ours", "tinygrad_rnn"),
    "GRU": Entry("torchlike", "Ours", "tinygrad_rnn"),  # what MinGRU and MinLSTM are held against
    "torch": Entry("torchlike", "Torch", "torch"),
    "numpy": Entry("blas", "NumPy", "numpy"),
    "jax": Entry("jitted", "Jax", "jax"),
    "micrograd": Entry("scalars", "Micrograd", "micrograd"),
    "ceiling": Entry("processor", "Processor", "numba"),
}
PEERS = ("torch", "jax", "micrograd")


def installed(library: str) -> bool:
    """Whether a competitor can take part."""
    return find_spec(ENGINES[library].needs) is not None


def engine(library: str, threads: int):
    """The competitor, in this process."""
    entry = ENGINES[library]
    return getattr(import_module(f".{entry.file}", __package__), entry.name)(threads)
