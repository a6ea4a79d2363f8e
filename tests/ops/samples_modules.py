"""Samples of the operations that modules declare for themselves."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn.nn  # noqa: F401  # declares them

from .sampling import Sample, normal

random = np.random.default_rng(12)
PLACES = np.array([4, 0, 3])


def placed(rows: np.ndarray, places: np.ndarray, shape: tuple, fill: float = 0.0) -> np.ndarray:
    y = np.full((*shape, *rows.shape[1:]), fill)
    for row, place in zip(rows, places, strict=True):
        y[divmod(place, shape[1])] = row
    return y


SAMPLES = [
    Sample("take_rows", normal(random, 2, 3, 4), {"places": PLACES},
           lambda x, places: np.array([x[divmod(place, 3)] for place in places])),
    Sample("take_rows", normal(random, 2, 3), {"places": PLACES},
           lambda x, places: np.array([x[divmod(place, 3)] for place in places]), label="numbers"),
    Sample("place_rows", normal(random, 3, 4), {"places": PLACES, "shape": (2, 3)}, placed),
    Sample("place_rows", normal(random, 3), {"places": PLACES, "shape": (2, 3), "fill": 1.5}, placed, label="fill"),
    Sample("tell", (normal(random, 2, 3), normal(random, 4)), {"told": tuple}, lambda *xs, told: xs),
]  # fmt: skip
