"""x[index] and x[index] = value, with every kind of index."""

import numpy as np

from ..calling import Program, constant, f, given, i

MASK = given([[True, False, True], [False, False, True]], "bool")
ROWS = given([True, False], "bool")
PICKS = given([1, 0, 1], "int64")
SQUARE = given([[0, 1], [1, 1]], "int64")
NUMBER = given(1, "int64")
NEITHER = given([True, False, True], "uint8")


class Subscripts:
    """`at[1, ..., None]` is the index itself."""

    def __getitem__(self, index):
        return index


at = Subscripts()
INDICES = [
    at[0], at[-1], at[1, 2], at[1:], at[:, 1], at[:, ::2], at[..., 0], at[..., None], at[None], at[:, None, 1:], at[()],
    at[...], at[0, ...], at[:0], at[:, 2:1], at[[0, 1]], at[[0, 1], [2, 0]], at[:, [2, 0]], at[[True, False]],
    at[1, [0, 2]],
    at[True], at[False], at[5:9], at[-2:], at[np.int64(1)], at[np.array([0, 1])], at[np.array([True, False])],
    at[None, ..., None], at[[[0, 1], [1, 0]]], at[[]],
]  # fmt: skip
BY_TENSORS = [(PICKS,), (SQUARE,), (MASK,), (ROWS,), (NUMBER,)]
WRONG = [
    at[2],
    at[-3],
    at[0, 0, 0],
    at[:, 3],
    at["a"],
    at[1.5],
    at[[0, 5]],
    at[[True, False, True]],
    at[0.5:],
    at[::0],
    at[..., 0, 0, 0],
]


def written(torch, x, index, value):
    x = x * 1
    x[index] = value
    return x


def added(torch, x, index, value):
    x = x * 1
    x[index] += value
    return x


CALLS = {
    "Tensor.__getitem__": [
        *[Program(lambda torch, x, index=index: x[index], f(2, 3)) for index in INDICES],
        *[Program(lambda torch, x, index: x[index], f(2, 3), *index) for index in BY_TENSORS],
        *[Program(lambda torch, x, index=index: x[index], f(2, 3), raises=True) for index in WRONG],
        Program(lambda torch, x, p: x[p, 0], f(2, 3), PICKS), Program(lambda torch, x, p: x[:, p], f(2, 3), PICKS),
        Program(lambda torch, x, p: x[0, :, p], f(2, 2, 3), PICKS),
        Program(lambda torch, x, p: x[p, :, p], f(2, 2, 2), PICKS),
        Program(lambda torch, x, p: x[:, p, p], f(2, 2, 2), PICKS),
        Program(lambda torch, x, p, q: x[p, q], f(2, 3), SQUARE, SQUARE),
        Program(lambda torch, x, p: x[p[0], p], f(2, 3), SQUARE),
        Program(lambda torch, x, p: x[p, None], f(2, 3), PICKS), Program(lambda torch, x, p: x[..., p], f(2, 3), PICKS),
        Program(lambda torch, x, m: x[0][m], f(2, 3), NEITHER),
        Program(lambda torch, x, n: x[n : n + 1], f(3), NUMBER), Program(lambda torch, x, n: x[n, n], f(2, 3), NUMBER),
        Program(lambda torch, x, n: [1, 2, 3][n], f(2), NUMBER), Program(lambda torch, x, m: x[m, 1], f(2, 3), ROWS),
        Program(lambda torch, x, n: x[[n, 0]], f(2, 3), NUMBER),
        Program(lambda torch, x: x[0], f(), raises=True), Program(lambda torch, x: x[...], f()),
        Program(lambda torch, x: x[None], f()), Program(lambda torch, x: x[x > 0], constant(f(5))),
        Program(lambda torch, x: x[range(2)], f(3)),
        Program(lambda torch, x, p: x[p], f(2, 3), constant(f(2)), raises=True),
        Program(lambda torch, x, m: x[m], f(2), MASK, raises=True), Program(lambda torch, x: x[0:2, 1], i(2, 3)),
        Program(lambda torch, x: x[0], i(0, 3), raises=True),
        Program(lambda torch, x, p, q: x[p, q], f(2, 3), PICKS, ROWS, raises=True),
        Program(lambda torch, x, p: x[p.int()], f(2, 3), PICKS),
        Program(lambda torch, x, n: x[n], f(2, 3), given(True, "bool")), Program(lambda torch, x: x[(0, 1),], f(2, 3)),
        Program(lambda torch, x, m: x[:, m], f(2, 2, 3), MASK),
    ],
    "Tensor.__setitem__": [
        *[Program(lambda torch, x, index=index: written(torch, x, index, 7.0), f(2, 3)) for index in INDICES],
        *[Program(lambda torch, x, index: written(torch, x, index, -1), f(2, 3), *index) for index in BY_TENSORS],
        *[Program(lambda torch, x, index=index: written(torch, x, index, 1), f(2, 3), raises=True) for index in WRONG],
        Program(lambda torch, x, v: written(torch, x, 0, v), f(2, 3), f(3)),
        Program(lambda torch, x, v: written(torch, x, at[:, 1], v), f(2, 3), f(2)),
        Program(lambda torch, x, v: written(torch, x, at[:], v), f(2, 3), f()),
        Program(lambda torch, x, v: written(torch, x, at[:, 1:], v), f(2, 3), f(2, 1)),
        Program(lambda torch, x, m, v: written(torch, x, m, v), f(2, 3), MASK, f(3)),
        Program(lambda torch, x, m, v: written(torch, x, m, v), f(2, 3), MASK, f()),
        Program(lambda torch, x, p, v: written(torch, x, p, v), f(3), given([2, 0], "int64"), f(2)),
        Program(lambda torch, x, v: written(torch, x, 0, v), f(2, 3), f(2), raises=True),
        Program(lambda torch, x, v: written(torch, x, 0, v), i(2, 3), constant(f(3))),
        Program(lambda torch, x, v: written(torch, x, 0, v), f(2, 3), i(3)),
        Program(lambda torch, x: written(torch, x, 0, 2.7), i(3)),
        Program(lambda torch, x: written(torch, x, 0, True), i(3)),
        Program(lambda torch, x: written(torch, x, 0, [1, 2, 3]), f(2, 3), raises=True),
        Program(lambda torch, x: written(torch, x, 0, "a"), f(2), raises=True),
        Program(lambda torch, x: x.__setitem__(0, 1.0), f(2), raises=True),
        Program(lambda torch, x, v: written(torch, x, at[0, 0], v), f(2, 3), f(1)),
        Program(lambda torch, x, v: written(torch, x, 0, v), f(2, 3), f(1, 3)),
        Program(lambda torch, x: written(torch, x, x > 0, 0.0), f(4)),
        Program(lambda torch, x, p: written(torch, x, at[range(3), p], -1), f(3, 2), PICKS),
        Program(lambda torch, x, v: written(torch, x, None, v), f(2), f(1, 2)),
        Program(lambda torch, x, m, v: written(torch, x, m, v), f(2, 3), MASK, f(2), raises=True),
        *[
            Program(lambda torch, x, index=index: added(torch, x, index, 2), f(2, 3))
            for index in (at[0], at[1, 2], at[:, 1], at[[0, 1], [2, 0]])
        ],
        Program(lambda torch, x, p, v: added(torch, x, p, v), f(3), given([2, 0], "int64"), f(2)),
        Program(lambda torch, x, p, v: added(torch, x, p, v), f(3), given([2, 2], "int64"), constant(f(2))),
    ],
}  # fmt: skip
