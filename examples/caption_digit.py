"""One to many: the image of a digit in, its name out, letter by letter.

    python examples/caption_digit.py -o caption.svg

The image becomes the first state of a GRU; from there the network writes, and reads each letter it wrote to write the
next, up to a full stop: names have three to five letters, and nobody says beforehand how many it is to be. While it
learns it reads the right letters instead (teacher forcing). The digits are generated, with noise.
Expected: 98% of new digits are named right, letter by letter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _training import RIGHT, WRONG, command, fit, save

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.functional import cross_entropy
from tinygrad_rnn.tasks.digits import SIDE, digit_images

NAMES = [f"{name}." for name in "zero one two three four five six seven eight nine".split()]
LONGEST = max(len(name) for name in NAMES)
LETTERS = sorted(set("".join(NAMES)))
START = len(LETTERS)  # what is read before the first letter
SPELLED = np.array([[LETTERS.index(letter) for letter in name.ljust(LONGEST, ".")] for name in NAMES])


class Namer(nn.Module):
    """From an image to letters: h_0 = tanh(W x), h_t = GRU(y_{t-1}, h_{t-1}), y_t from softmax(V h_t)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(SIDE * SIDE, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.Tanh())
        self.embedding = nn.Embedding(len(LETTERS) + 1, 16)
        self.cell = nn.GRUCell(16, hidden)
        self.readout = nn.Linear(hidden, len(LETTERS))

    def forward(self, images, letters=None):
        """Scores [T, N, letters]; the network reads `letters` [T, N], or where there are none those it wrote."""
        h, previous, scores = self.look(images), tg.full((len(images),), START), []
        for t in range(LONGEST):
            with tg.step(t):
                h = self.cell(self.embedding(previous), h)
                scores.append(self.readout(h))
                previous = scores[-1].argmax(1) if letters is None else letters[t]
        return tg.stack(scores)


def digits(random: np.random.Generator, count: int, noise: float) -> tuple[tg.Tensor, tg.Tensor, np.ndarray]:
    """Images [N, 64], the letters of their names [T, N], and which digits they are."""
    classes = random.integers(0, 10, count)
    images = digit_images(random, classes, noise).reshape(count, -1)
    return tg.tensor(images), tg.tensor(SPELLED[classes].T), classes


@tg.no_grad()
def names(net: Namer, images: tg.Tensor) -> list[str]:
    """What the network writes, up to the full stop."""
    written = ["".join([LETTERS[k] for k in column]) for column in net(images).argmax(2).numpy().T]
    return [text[: text.find(".") + 1] or text for text in written]


def picture(images: tg.Tensor, written: list[str], classes: np.ndarray, path: Path) -> None:
    """Digits, and below each its name."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, pixels, text, digit in zip(figure.subplots(4, 10).flat, images.numpy(), written, classes, strict=True):
        axes.imshow(pixels.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(text, color=RIGHT if text == NAMES[digit] else WRONG, y=-0.35, fontsize=10)
        axes.axis("off")
    save(figure, path)


def main() -> None:
    parser = command(__doc__, updates=2000, quick=200)
    parser.add_argument("--noise", type=float, default=0.2, help="its standard deviation; ink is 1, paper 0")
    options = parser.parse_args()
    tg.manual_seed(options.seed)
    random, net = np.random.default_rng([options.seed, 0]), Namer(options.hidden)

    def loss():
        images, letters, _ = digits(random, options.batch, options.noise)
        return cross_entropy(net(images, letters).flatten(0, 1), letters.flatten())

    fit("names", net, loss, options)
    images, _, classes = digits(np.random.default_rng([options.seed, 1]), 1000, options.noise)
    written = names(net, images)
    right = np.mean([text == NAMES[digit] for text, digit in zip(written, classes, strict=True)])
    print(f"{right:.1%} of 1000 new digits are named right, letter by letter")
    picture(images[:40], written[:40], classes[:40], options.out)


if __name__ == "__main__":
    main()
