"""Many to one: a text in, a picture out: a GRU reads the letters of "a pale seven, top left" and draws it.

    python examples/draw_text.py -o drawn.svg

Texts have different lengths and say things in different orders; the picture is drawn from the state after the last
letter, whatever the length. A fifth of the descriptions is never learnt from: who draws them right has understood the
words, and not learnt pictures by heart.
Expected: of 108 texts not learnt from, 75% are drawn so that no other picture is nearer; mean squared error .018, where
the mean of all pictures has .084.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _training import RIGHT, WRONG, command, fit, save

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.functional import mse_loss
from tinygrad_rnn.tasks.digits import SIDE, glyphs

DIGITS = "zero one two three four five six seven eight nine".split()
INKS = {"black": 1.0, "grey": 0.6, "pale": 0.3}
ROWS, COLUMNS = {"top": 0, "bottom": 1}, {"left": 0, "middle": 1, "right": 3}
GLYPHS = glyphs()
LETTERS = " abcdefghijklmnopqrstuvwxyz,"  # 0 is a blank, and padding


class Description(NamedTuple):
    """What is to be drawn."""

    digit: str
    ink: str
    row: str
    column: str

    def text(self, order: int) -> str:
        """In one of three ways of saying it."""
        return (
            f"a {self.ink} {self.digit}, {self.row} {self.column}",
            f"{self.row} {self.column} a {self.ink} {self.digit}",
            f"the {self.digit} at the {self.row} and the {self.column} is {self.ink}",
        )[order]

    def image(self) -> np.ndarray:
        image = np.zeros((SIDE, SIDE), np.float32)
        glyph = GLYPHS[DIGITS.index(self.digit)]
        row, column = ROWS[self.row], COLUMNS[self.column]
        image[row : row + len(glyph), column : column + glyph.shape[1]] = glyph * INKS[self.ink]
        return image


ORDERS = 3
ALL = [Description(*words) for words in itertools.product(DIGITS, INKS, ROWS, COLUMNS)]
IMAGES = np.array([description.image().reshape(-1) for description in ALL])


class Painter(nn.Module):
    """The last state of a GRU that read the letters, and a network that draws from it."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(LETTERS), 16)
        self.rnn = nn.GRU(16, hidden)
        self.draw = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, SIDE * SIDE))

    def forward(self, letters, lengths):
        """Letters [T, N], padded at the end: images [N, 64]."""
        _, last = self.rnn(self.embedding(letters), lengths=lengths)
        return self.draw(last[0])


def encoded(texts: list[str]) -> tuple[tg.Tensor, np.ndarray]:
    """Letters [T, N], padded at the end, and how many there are [N]."""
    lengths = np.array([len(text) for text in texts])
    letters = np.array([[LETTERS.index(letter) for letter in text.ljust(lengths.max())] for text in texts]).T
    return tg.tensor(letters), lengths


def nearest(drawn: tg.Tensor) -> np.ndarray:
    """Which of all pictures each drawing is like most."""
    return tg.cdist(drawn, tg.tensor(IMAGES)).argmin(1).numpy()


def picture(texts: list[str], drawn: np.ndarray, right: np.ndarray, path: Path) -> None:
    """Drawings, and below each the text that was read."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.5), layout="constrained")
    for axes, pixels, text, good in zip(figure.subplots(4, 6).flat, drawn, texts, right, strict=False):
        axes.imshow(pixels.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
        half = text.find(" ", len(text) // 2)
        caption = f"{text[:half]}\n{text[half + 1 :]}"
        axes.set_title(caption, color=RIGHT if good else WRONG, y=-0.35, fontsize=8)
        axes.set(xticks=[], yticks=[])
    save(figure, path)


def main() -> None:
    options = command(__doc__, updates=2000, quick=60, hidden=96).parse_args()
    tg.manual_seed(options.seed)
    random, net = np.random.default_rng(options.seed), Painter(options.hidden)
    held_out, learnt = np.split(random.permutation(len(ALL)), [len(ALL) // 5])

    def loss():
        chosen = random.choice(learnt, options.batch)
        texts = [ALL[k].text(order) for k, order in zip(chosen, random.integers(0, ORDERS, len(chosen)), strict=True)]
        return mse_loss(net(*encoded(texts)), tg.tensor(IMAGES[chosen]))

    fit("drawing", net, loss, options)
    asked = np.repeat(held_out, ORDERS)
    texts, wanted = [ALL[k].text(n % ORDERS) for n, k in enumerate(asked)], tg.tensor(IMAGES[asked])
    with tg.no_grad():
        drawn = net(*encoded(texts))
    right = nearest(drawn) == asked
    print(f"of {len(texts)} texts not learnt from {right.mean():.1%} are drawn so that no other picture is nearer")
    mean = tg.tensor(IMAGES[learnt]).mean(0).expand_as(wanted)
    print(f"mean squared error {mse_loss(drawn, wanted):.4f}, of the mean picture {mse_loss(mean, wanted):.4f}")
    some = random.permutation(len(texts))[:24]
    picture([texts[k] for k in some], drawn.numpy()[some], right[some], options.out)


if __name__ == "__main__":
    main()
