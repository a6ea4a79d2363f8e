"""Many to one: a text of any length in, its class out: is GREEK SMALL LETTER ALPHA a letter, a mark or a number?

    python examples/classify_names.py -o classes.svg

A GRU reads the Unicode name of a character letter by letter, and the class is read off its state after the last one.
Names of 2 to 88 letters are in one batch: each one's state stays what it was at its end. The picture shows what the
network would have said after each letter. Names come with every Python (and are a few more in newer ones).
Expected: of names not learnt from, 97% are classed right; 54% by the most frequent class, 82% by the first word's.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _training import RIGHT, WRONG, command, fit, save

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.functional import cross_entropy

KINDS = {"L": "letter", "M": "mark", "N": "number", "P": "punctuation", "S": "symbol"}  # by Unicode's general category
CLASSES = list(KINDS)
LEFT_OUT = ("CJK ", "HANGUL SYLLABLE", "EGYPTIAN", "ANATOLIAN", "CUNEIFORM", "TANGUT", "BAMUM", "KHITAN", "VAI ", "YI ")
LETTERS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"  # 0 is a blank, and padding


class Named(NamedTuple):
    """The name of a character, and its place in CLASSES."""

    name: str
    kind: int


def names() -> list[Named]:
    """All of them, but for those of large blocks that are numbered, not named."""
    found = []
    for character in map(chr, range(sys.maxunicode + 1)):
        name, kind = unicodedata.name(character, ""), unicodedata.category(character)[0]
        if name and kind in KINDS and not name.startswith(LEFT_OUT):
            found.append(Named(name, CLASSES.index(kind)))
    return found


class Classifier(nn.Module):
    """Scores of the classes from the state after the last letter."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(len(LETTERS), 24), nn.GRU(24, hidden)
        self.readout = nn.Linear(hidden, len(CLASSES))

    def forward(self, letters, lengths):
        """Letters [T, N], padded at the end: [N, classes]."""
        _, last = self.rnn(self.embedding(letters), lengths=lengths)
        return self.readout(last[0])

    def at_each(self, letters):
        """What it would say after each letter: probabilities [T, N, classes]."""
        return self.readout(self.rnn(self.embedding(letters))[0]).softmax(2)


def encoded(some: list[Named]) -> tuple[tg.Tensor, np.ndarray, tg.Tensor]:
    """Letters [T, N], padded at the end, how many there are [N], and classes [N]."""
    lengths = np.array([len(name) for name, _ in some])
    letters = np.zeros((lengths.max(), len(some)), np.int64)
    for n, (name, _) in enumerate(some):
        letters[: len(name), n] = [LETTERS.index(letter) for letter in name]
    return tg.tensor(letters), lengths, tg.tensor([kind for _, kind in some])


def by_first_word(learnt: list[Named], held_out: list[Named]) -> tuple[float, float]:
    """How often the most frequent class is right, and the most frequent one of the first word."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for name, kind in learnt:
        counts[name.split()[0]][kind] += 1
    usual = sum(counts.values(), Counter()).most_common(1)[0][0]
    said = [max(count, key=count.get) if (count := counts.get(name.split()[0])) else usual for name, _ in held_out]
    truth = np.array([kind for _, kind in held_out])
    return float((truth == usual).mean()), float((truth == said).mean())


@tg.no_grad()
def accuracy(net: Classifier, some: list[Named]) -> float:
    letters, lengths, kinds = encoded(some)
    return (net(letters, lengths).argmax(1) == kinds).float().mean().item()


def picture(net: Classifier, some: list[Named], path: Path) -> None:
    """The probability of each class after each letter of some names."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.25 * len(some)), layout="constrained")
    for axes, one in zip(figure.subplots(len(some)), some, strict=True):
        with tg.no_grad():
            sure = net.at_each(encoded([one])[0])[:, 0].numpy().T
        image = axes.imshow(sure, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(one.name)), one.name, fontsize=9)
        axes.set_yticks(range(len(CLASSES)), KINDS.values(), fontsize=8)
        axes.get_yticklabels()[one.kind].set_color(RIGHT if sure[:, -1].argmax() == one.kind else WRONG)
        axes.tick_params(length=0)
    figure.colorbar(image, ax=figure.axes, label="probability, after each letter", shrink=0.6)
    save(figure, path)


def main() -> None:
    options = command(__doc__, updates=1500, quick=40, lr=0.005).parse_args()
    tg.manual_seed(options.seed)
    random, net = np.random.default_rng(options.seed), Classifier(options.hidden)
    known = names()
    order = random.permutation(len(known))
    held_out, learnt = [known[k] for k in order[:2000]], [known[k] for k in order[2000:]]
    usual, first = by_first_word(learnt, held_out)
    print(f"{len(learnt):,} names to learn from, {len(held_out):,} held out")
    print(f"right: {usual:.1%} by the most frequent class, {first:.1%} by the first word's")

    def loss():
        letters, lengths, kinds = encoded([learnt[k] for k in random.integers(0, len(learnt), options.batch)])
        return cross_entropy(net(letters, lengths), kinds)

    fit("classes", net, loss, options)
    print(f"right: {accuracy(net, held_out):.1%} by the network, which reads all letters")
    short = [one for one in held_out if len(one.name) <= 40]
    picture(net, [next(one for one in short if one.kind == kind) for kind in range(len(CLASSES))], options.out)


if __name__ == "__main__":
    main()
