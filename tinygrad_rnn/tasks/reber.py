"""Embedded Reber grammar: the last symbol but one is the second one, however long what stands between them is."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from ..autograd.graph import Tensor
from ..nn import functional as F
from ..ops import softmax
from .task import Batch, Setup, Task, one_hot

SYMBOLS = "BTSXPVE"
GRAMMAR = [  # state -> the symbols that may follow, each with the state after it; they are equally likely
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
    {},
]
PADDING = -100  # a target that is no symbol: cross entropy passes it over
LEGAL = 0.2  # a prediction says that a symbol is legal if its probability is above this


def reber(random: np.random.Generator) -> tuple[str, list[str]]:
    """A string of Reber's grammar, and the symbols that were legal in the place of each of its own."""
    state, string, legal = 0, "", []
    while choices := GRAMMAR[state]:
        legal.append("".join(choices))
        string += legal[-1][random.integers(len(choices))]
        state = choices[string[-1]]
    return string, legal


def embedded(random: np.random.Generator) -> tuple[str, list[str]]:
    """The same for the embedded grammar: B, T or P, a string of Reber's, that T or P again, E."""
    inner, legal = reber(random)
    way = "TP"[random.integers(2)]
    return f"B{way}{inner}{way}E", ["B", "TP", *legal, way, "E"]


def is_heldout(string: str) -> bool:
    """Half of the strings from 14 symbols on, decided by their checksums: never seen in training.

    Shorter ones are few and frequent: without half of them what is trained on would be another grammar.
    """
    return len(string) >= 14 and crc32(string.encode()) % 2 == 1


class Reber(Task):
    """Read a string of the embedded Reber grammar and predict the next symbol: which ones are legal?

    A string is right if, after every symbol, softmax gives each legal successor a probability above 0.2, and every
    other symbol at most 0.2. At most two are legal. The last symbol but one is the hard one: the T or P that stood
    before the inner string, 5 steps earlier or 40. Measured on 500 different strings that never occur in training.

    Source: Hochreiter & Schmidhuber 1997, experiment 1: LSTM needed 8,440 to 39,740 sequences; Elman nets never
    succeeded.
    """

    name, title = "reber", "embedded Reber grammar"
    figure = "strings right"
    goal = 1.0
    rising = True
    inputs = outputs = len(SYMBOLS)
    each_step = True
    heldout = 500
    baseline = 0.0

    def setup(self, cell: str) -> Setup:
        return Setup(hidden=12, batch=4, lr=0.01, updates=10_000, every=250)

    def batch(self, random: np.random.Generator, size: int, heldout: bool = False) -> Batch:
        drawn: dict[str, list[str]] = {}
        strings: list[str] = []
        while len(strings) < size:
            string, legal = embedded(random)
            if is_heldout(string) == heldout and not (heldout and string in drawn):
                drawn[string] = legal
                strings.append(string)
        return collated(strings, [drawn[string] for string in strings])

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(scores.reshape(-1, self.outputs), Tensor(batch.target.reshape(-1)))

    def measure(self, scores: Tensor, batch: Batch) -> float:
        said = softmax(scores.array, -1) > LEGAL
        return float(((said == batch.more).all(-1) | (batch.target == PADDING)).all(0).mean())


def collated(strings: list[str], legal: list[list[str]]) -> Batch:
    """The symbols of each string but its last as inputs, those but its first as targets, padded.

    `more` is bool [T, N, 7], what is legal.
    """
    lengths = np.array([len(string) - 1 for string in strings])
    codes = np.zeros((lengths.max() + 1, len(strings)), np.int64)
    allowed = np.zeros((*codes.shape, len(SYMBOLS)), bool)
    for n, (string, each) in enumerate(zip(strings, legal, strict=True)):
        codes[: len(string), n] = [SYMBOLS.index(symbol) for symbol in string]
        allowed[: len(string), n] = [[symbol in those for symbol in SYMBOLS] for those in each]
    behind = np.arange(len(codes) - 1)[:, None] >= lengths
    return Batch(one_hot(codes[:-1], len(SYMBOLS)), np.where(behind, PADDING, codes[1:]), lengths, allowed[1:])
