"""Samples of inverses, determinants and systems of equations."""

from __future__ import annotations

import numpy as np

from .sampling import Sample, normal

random = np.random.default_rng(8)


def regular(*shape: int) -> np.ndarray:
    """Matrices far from singular."""
    return normal(random, *shape) + 3 * np.eye(shape[-1])


RANK_2 = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 1.0], [1.0, 3.0, 4.0]])
RANK_1 = np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 2.0])


def by_minors(x: np.ndarray) -> np.ndarray:
    """(-1)**(i + j) times the determinant without row i and column j."""
    y = np.empty(x.shape)
    for *matrix, i, j in np.ndindex(x.shape):
        minor = np.delete(np.delete(x[tuple(matrix)], i, 0), j, 1)
        y[(*matrix, i, j)] = (-1) ** (i + j) * np.linalg.det(minor)
    return y


SAMPLES = [
    Sample("inverse", regular(3, 3), {}, "torch.linalg.inv"),
    Sample("inverse", regular(2, 2, 2), {}, "torch.linalg.inv", label="batch"),
    Sample("det", regular(3, 3), {}, "torch.linalg.det"),
    Sample("det", regular(2, 3, 3), {}, "torch.linalg.det", label="batch"),
    Sample("det", RANK_2, {}, lambda x: 0.0, order=1, label="singular"),
    Sample("cofactors", regular(2, 3, 3), {}, by_minors, order=1),
    Sample("cofactors", RANK_2, {}, by_minors, order=0, label="singular"),
    Sample("cofactors", RANK_1, {}, by_minors, order=0, label="rank 1"),
    Sample("cofactors", regular(1, 1), {}, by_minors, order=1, label="number"),
    Sample("solution", (regular(3, 3), normal(random, 3, 2)), {}, "torch.linalg.solve"),
    Sample("solution", (regular(2, 1, 2, 2), normal(random, 3, 2, 2)), {}, "torch.linalg.solve", label="broadcast"),
]
