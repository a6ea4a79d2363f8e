"""Samples of connectionist temporal classification, against the sum over all paths."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np

from .sampling import Sample, normal

random = np.random.default_rng(5)


def over_all_paths(x, labels, steps, spoken, *, blank, zero_infinity):
    """-log of the sum of the chances of every path that says the target."""
    losses = []
    for n in range(x.shape[1]):
        wanted, chance = labels[n, : spoken[n]].tolist(), 0.0
        for path in product(range(x.shape[2]), repeat=int(steps[n])):
            if [c for c, _ in groupby(path) if c != blank] == wanted:
                chance += np.exp(sum(x[t, n, c] for t, c in enumerate(path)))
        losses.append(0.0 if zero_infinity and not chance else -np.log(chance))
    return np.array(losses)


def sample(labels, steps, spoken, *, T=4, blank=0, zero_infinity=False, label="") -> Sample:
    inputs = (normal(random, T, len(labels), 3), np.array(labels), np.array(steps), np.array(spoken))
    return Sample("ctc_loss", inputs, {"blank": blank, "zero_infinity": zero_infinity}, over_all_paths, label=label)


SAMPLES = [
    sample([[1, 2], [1, 1], [2, 0]], [4, 3, 2], [2, 2, 1]),
    sample([[0, 1, 0]], [4], [3], blank=2, label="other blank"),
    sample([[1, 1], [1, 2]], [2, 4], [2, 2], zero_infinity=True, label="too long"),
    sample(np.zeros((2, 0), np.int64), [3, 0], [0, 0], T=3, label="nothing to say"),
]
