"""Pixel sequences: recognise a digit that is read one pixel a step."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..nn import functional as F
from .task import Batch, Setup, Task, accuracy

SIDE = 8
GLYPHS = """
.###. ..#.. .###. .###. ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# #...# ..##. #.... .#... ....# #...# #...#
#...# ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...#
#...# ..#.. ...#. ..##. #..#. ....# ####. ..#.. .###. .####
#...# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
"""


def glyphs() -> np.ndarray:
    """The digits 0 to 9 as bool [10, 7, 5]."""
    rows = [line.split() for line in GLYPHS.strip().splitlines()]
    return np.array([[[dot == "#" for dot in row[digit]] for row in rows] for digit in range(10)])


def digit_images(random: np.random.Generator, classes: np.ndarray, noise: float = 0.05) -> np.ndarray:
    """Images of digits, each one moved, stretched, leant and drawn a little differently, with noise.

    Args:
        classes: int [N], of 0 to 9.
        noise: standard deviation of what is added to every pixel.

    Returns:
        float32 [N, 8, 8], about 0 (paper) to 1 (ink).
    """
    N = len(classes)
    ink = np.pad(glyphs().astype(np.float64), ((0, 0), (1, 1), (1, 1)))  # paper around it
    at = np.arange(SIDE) - (SIDE - 1) / 2
    y, x = np.meshgrid(at, at, indexing="ij")
    u = lambda low, high: random.uniform(low, high, (N, 1, 1))
    rows = (y + u(-0.5, 0.5)) * u(0.9, 1.1)  # where in the glyph each pixel looks, from its middle
    columns = (x + u(-1, 1)) * u(0.8, 1.1) + u(-0.2, 0.2) * rows
    rows = np.clip(rows + 4, 0, 7.999)
    columns = np.clip(columns + 3, 0, 5.999)
    top, left = rows.astype(int), columns.astype(int)
    below, right = rows - top, columns - left
    which = np.asarray(classes)[:, None, None]
    image = sum(
        ink[which, top + i, left + j] * (below if i else 1 - below) * (right if j else 1 - right)
        for i in (0, 1)
        for j in (0, 1)
    )
    image = image * u(0.7, 1.0) + random.normal(0, noise, (N, SIDE, SIDE))
    return image.astype(np.float32)


class Digits(Task):
    """An image of 8 x 8 pixels as a sequence of 64 numbers, row by row; say at its end which digit it was.

    The images are generated (`digit_images`), as many as are asked for, so nothing is downloaded and none comes twice.
    By chance one is right in a tenth of cases. Over 64 steps a tanh network learns it as well, but later.

    Source: Le, Jaitly & Hinton 2015 (28 x 28 pixels of MNIST), scaled down; there an IRNN's inputs' weights begin much
    smaller, with a standard deviation of 0.001, and learn too slowly here.
    """

    name, title = "pixels", "pixel sequences"
    figure = "accuracy"
    goal = 0.95
    rising = True
    inputs, outputs = 1, 10
    baseline = 0.1

    def setup(self, cell: str) -> Setup:
        lr = {"tanh": 3e-3, "relu": 1e-4}.get(cell, 5e-3)  # of three tried for each, the one that learns soonest
        return Setup(hidden=64, batch=64, lr=lr, updates=2000, input_std=0.5)

    def batch(self, random: np.random.Generator, size: int, heldout: bool = False) -> Batch:
        classes = random.integers(0, 10, size)
        pixels = digit_images(random, classes).reshape(size, SIDE * SIDE)
        return Batch(np.ascontiguousarray(pixels.T)[:, :, None], classes)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(scores, Tensor(batch.target))

    def measure(self, scores: Tensor, batch: Batch) -> float:
        return accuracy(scores, batch.target)
