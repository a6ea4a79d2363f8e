"""Functions of a tensor that give fewer numbers."""

from ..calling import Call, b, distinct, f, i

CALLS = {
    "sum": [
        Call(f(2, 3)), Call(f(2, 3), 1), Call(f(2, 3, 2), (0, -1), keepdim=True), Call(i(2, 3)), Call(b(4)), Call(f(0)),
        Call(f(2, 3), 2, raises=True), Call(f(2, 3), (0, 0), raises=True),
    ],
    "max": [
        Call(distinct(2, 3)), Call(distinct(2, 3), 1), Call(distinct(2, 3), 0, keepdim=True), Call(f(2, 3), f(3)),
        Call(i(3), i(3)), Call(f(0), raises=True), Call(f(0, 3), 0, raises=True), Call(f(2), 1, raises=True),
    ],
}  # fmt: skip
