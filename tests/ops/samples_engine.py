"""Samples of the operations that the engine itself declares."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn import ops

from .sampling import Sample, integers, normal, positive

random = np.random.default_rng(3)


def fitted(x, shape):
    """`fit` by its definition: the transpose of broadcasting, or broadcasting itself."""
    if np.broadcast_shapes(x.shape, shape) == tuple(shape) and x.size <= np.prod(shape):
        return np.broadcast_to(x, shape)
    y = np.zeros(shape)
    places = np.broadcast_to(np.arange(y.size).reshape(shape), x.shape)
    np.add.at(y.reshape(-1), places.ravel(), x.ravel())
    return y


def column_replaced(x, part, path):
    y = x.copy()
    y[:, 1] = part
    return y


COLUMN = ((None, ops.transpose.op, {"dim0": 0, "dim1": 1}), ops.getitem.op, {"index": 1})
SAMPLES = [
    *[
        Sample("fit", normal(random, *x), {"shape": shape}, fitted)
        for x, shape in [
            ((2, 3), (3,)),
            ((2, 3), (1, 3)),
            ((2, 3), ()),
            ((3,), (2, 3)),
            ((2, 1), (2, 3)),
            ((2, 3), (2, 3)),
        ]
    ],
    Sample("alias", normal(random, 2, 3), {}, lambda x: x),
    Sample("dead_end", normal(random, 2, 3), {}, lambda x: x, order=0),
    Sample("cast", normal(random, 2, 3), {"dtype": np.dtype("f8")}, lambda x, dtype: x, float32=None),
    Sample(
        "cast", positive(random, 4) * 9, {"dtype": np.dtype("i8")}, lambda x, dtype: np.trunc(x).astype(dtype), order=0
    ),
    Sample("cast", integers(random, 9, 4), {"dtype": np.dtype("f4")}, lambda x, dtype: x.astype(dtype), order=0),
    Sample("overwrite", (normal(random, 2, 3), normal(random, 2)), {"path": COLUMN}, column_replaced),
    Sample(
        "assemble",
        tuple([normal(random, 3) for _ in range(4)]),
        {"outer": (2, 2), "inner": (3,)},
        lambda *rows, outer, inner: np.reshape(rows, (2, 2, 3)),
    ),
    Sample(
        "disassemble",
        normal(random, 2, 2, 3),
        {"outer": (2, 2), "inner": (3,)},
        lambda x, outer, inner: (x[0, 0], x[0, 1], x[1, 0], x[1, 1]),
    ),
    Sample(
        "disassemble",
        np.zeros((2, 0)),
        {"outer": (2,), "inner": (0,)},
        lambda x, outer, inner: (x[0], x[1]),
        label="empty",
    ),
    Sample("replaced", (normal(random, 2, 3), normal(random, 3)), {}, lambda x, by: np.broadcast_to(by, x.shape)),
]
