"""Lines run where they say something: none through a box, none along a line that comes from somewhere else."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import draw

from .helpers import nodes

SMALL = 1.0  # what touches by less does not count, in points


def boxes(source: str) -> dict[str, tuple[float, float, float, float]]:
    """Name -> left, lower, right, upper side."""
    found = {}
    for name, node in nodes(source).items():
        x, y = map(float, re.search(r'\bpos="(.*?)"', node).group(1).split(","))
        w, h = [36 * float(re.search(rf" {side}=([\d.]+)", node).group(1)) for side in ("width", "height")]
        found[name] = x - w, y - h, x + w, y + h
    return found


def curves(source: str) -> list[tuple[str, str, np.ndarray]]:
    """(start, end, Bezier points up to the tip) of each edge."""
    found = []
    for a, b, options in re.findall(r"^\t*(\w+) -> (\w+) \[(.*)\]$", source, re.MULTILINE):
        text = re.search(r'\bpos="(.*?)"', options).group(1)
        points = [tuple(map(float, word.removeprefix("e,").split(","))) for word in text.split()]
        found.append((a, b, np.array(points[1:] + points[:1] if text.startswith("e,") else points)))
    return found


def maker(name: str) -> str:
    """A tap of a rail is named after the box that the rail comes from."""
    rail = re.match(r"r(\d+)_", name)
    return f"n{rail.group(1)}" if rail else name


def through_boxes(source: str) -> list[tuple[str, str, str]]:
    t = np.linspace(0, 1, 12)[:, None]
    known = boxes(source)
    names, sides = [*known], np.array([*known.values()])
    low, high = sides[:, None, :2] + SMALL, sides[:, None, 2:] - SMALL
    found = set()
    for a, b, points in curves(source):
        for k in range(0, len(points) - 3, 3):
            p, q, r, s = points[k : k + 4]
            way = (1 - t) ** 3 * p + 3 * (1 - t) ** 2 * t * q + 3 * (1 - t) * t**2 * r + t**3 * s
            inside = ((way > low) & (way < high)).all(-1).any(-1)
            found.update([(a, b, names[i]) for i in np.flatnonzero(inside) if names[i] not in (a, b, maker(a))])
    return sorted(found)


def along_others(source: str) -> list[tuple[str, str]]:
    """Pairs of lines, of different makers and to different ends, that share a stretch of a straight line."""
    stretches = []
    for a, b, points in curves(source):
        for p, q in pairwise([points[0], *points[3::3]]):
            for axis in (0, 1):
                low, high = sorted((p[1 - axis], q[1 - axis]))
                if abs(p[axis] - q[axis]) < SMALL / 2 and high - low > 3 * SMALL:
                    stretches.append((axis, p[axis], low, high, a, b))
    found = []
    stretches.sort()
    for i, (axis, at, low, high, a, b) in enumerate(stretches):
        for other, there, l, h, c, d in stretches[i + 1 :]:
            if other != axis or there - at > SMALL:
                break
            if maker(a) != maker(c) and b != d and min(high, h) - max(low, l) > 2 * SMALL:
                found.append((f"{a} -> {b}", f"{c} -> {d}"))
    return found


class Translator(tg.nn.Module):
    """Encoder, attention and decoder in loops of its own."""

    def __init__(self):
        super().__init__()
        self.source, self.target = tg.nn.Embedding(9, 2), tg.nn.Embedding(9, 2)
        self.encoder, self.decoder, self.head = tg.nn.GRUCell(2, 3), tg.nn.GRUCell(5, 3), tg.nn.Linear(3, 9)

    def forward(self, source, target):
        h, states, ys = tg.zeros(1, 3), [], []
        for x in self.source(source):
            h = self.encoder(x, h)
            states.append(h)
        memory = tg.stack(states, dim=1)
        for x in self.target(target):
            context = (tg.softmax(memory @ h.unsqueeze(2), dim=1) * memory).sum(dim=1)
            h = self.decoder(tg.cat([x, context], dim=1), h)
            ys.append(self.head(h))
        return ys


@pytest.mark.parametrize("view", ["unrolled", "folded", "rolled"])
@pytest.mark.parametrize("level", ["step", "op"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_layers(cell, bidirectional, level, view):
    module = getattr(tg.nn, cell)(2, 3, num_layers=2, bidirectional=bidirectional)
    source = draw(module(tg.randn(4, 1, 2))[0], level, view).source
    assert through_boxes(source) == []
    assert along_others(source) == []


def test_encoder_and_decoder():
    source = draw(Translator()(tg.tensor([[7], [2], [8], [4]]), tg.tensor([[1], [5], [3]]))).source
    assert through_boxes(source) == []
    assert along_others(source) == []
