"""Sorting, the largest few, distinct values, and running sums and products."""

import math

from ..calling import Call, Named, b, constant, distinct, f, given, i, pos

NANS = given([1.0, math.nan, -1.0, math.inf])
TWICE = given([2, 1, 2, 3, 1, 1], "int64")
ROWS = given([[1, 2], [3, 4], [1, 2]], "int64")
BAD = [Call(f(2, 3), 2, raises=True), Call(f(2, 3), -3, raises=True)]

CALLS = {
    "sort": [
        Call(distinct(2, 4)), Call(distinct(3, 2), 0), Call(distinct(4), descending=True),
        Call(distinct(2, 3), -1, True), Call(i(5), stable=True), Call(i(6), stable=True, descending=True), Call(NANS),
        Call(NANS, descending=True),
        Call(f()), Call(f(0)), *BAD, Call(f(2), dim=1, raises=True),
        Call(given([True, False, True], "bool"), stable=True),
    ],
    "argsort": [
        Call(distinct(2, 4)), Call(distinct(3, 2), 0), Call(distinct(4), descending=True),
        Call(distinct(2, 3), -1, True), Call(i(5), stable=True), Call(NANS), Call(f()), Call(f(0)), *BAD,
    ],
    "topk": [
        Call(distinct(5), 2), Call(distinct(2, 4), 2, 1), Call(distinct(3, 2), 2, dim=0),
        Call(distinct(5), 3, largest=False), Call(distinct(5), k=2, sorted=True), Call(distinct(2, 3), 0), Call(f(), 1),
        Call(distinct(3), 3), Call(NANS, 2),
        Call(distinct(3), 4, raises=True), Call(distinct(3), -1, raises=True), Call(distinct(3), 1, 1, raises=True),
        Call(i(1, high=9), 1), Call(f(), 2, raises=True), Call(distinct(2, 3), 1, -1, True, True),
        Call(b(3), 1, raises=True),
    ],
    "kthvalue": [
        Call(distinct(5), 2), Call(distinct(2, 4), 3, 1), Call(distinct(3, 2), 1, 0, True),
        Call(distinct(4), 4, keepdim=True), Call(f(), 1), Call(f(3), 0, raises=True), Call(f(3), 4, raises=True),
        Call(f(3), 1, 1, raises=True),
        Call(f(0), 1, raises=True), Call(f(2, 0), 1, raises=True), Call(NANS, 4),
    ],
    "unique": [
        Call(TWICE), Call(TWICE, return_inverse=True), Call(TWICE, return_counts=True), Call(TWICE, True, True, True),
        Call(ROWS), Call(ROWS, return_inverse=True), Call(ROWS, dim=0),
        Call(ROWS, dim=1, return_inverse=True, return_counts=True), Call(i(0)),
        Call(b(4)), Call(constant(distinct(3))), Call(given(1, "int64")),
    ],
    "cumsum": [
        Call(f(4), 0), Call(f(2, 3), 1), Call(f(2, 3), dim=-2), Call(f(), 0), Call(f(0, 2), 0), Call(i(4), 0),
        Call(b(4), 0), Call(i(3, dtype="uint8"), 0), Call(i(3), 0, dtype=Named("float32")),
        Call(b(3), 0, dtype=Named("int32")), *BAD,
        Call(f(2), raises=True),
    ],
    "cumprod": [
        Call(f(4), 0), Call(f(2, 3), 1), Call(f(2, 3), dim=-2), Call(f(), 0), Call(f(0, 2), 0), Call(i(4), 0),
        Call(b(4), 0), Call(given([2.0, 0.0, 3.0]), 0), Call(given([0.0, 2.0, 0.0, 3.0]), 0),
        Call(i(3), 0, dtype=Named("float32")), *BAD,
    ],
    "logcumsumexp": [
        Call(f(4), 0), Call(f(2, 3), 1), Call(f(2, 3), dim=-2), Call(f(), 0), Call(f(0, 2), 0),
        Call(given([-math.inf, 1.0, 1000.0]), 0, grad=False), Call(i(3), 0, raises=True), *BAD,
    ],
    "multinomial": [
        Call(pos(5), 3, only="shape"), Call(pos(2, 4), 4, only="shape"), Call(pos(3), 7, True, only="shape"),
        Call(pos(2, 3), num_samples=1, replacement=True, only="shape"), Call(given([0.0, 0.0, 1.0]), 1),
        Call(given([[0.0, 1.0], [1.0, 0.0]]), 4, True),
        Call(pos(3), 4, raises=True), Call(given([-1.0, 2.0]), 1, raises=True), Call(given([0.0, 0.0]), 1, raises=True),
        Call(i(3, low=1), 1, raises=True), Call(pos(2, 2, 2), 1, raises=True), Call(pos(3), 0, raises=True),
        Call(given([math.nan, 1.0]), 1, raises=True),
    ],
    "bernoulli": [
        Call(given([0.0, 1.0, 1.0], requires_grad=False)), Call(constant(pos(2, 3)), 0.5, only="shape"),
        Call(given([0.3, 0.8], requires_grad=False), only="shape"), Call(given([1.5]), raises=True),
        Call(given([-0.5]), raises=True), Call(constant(f(3)), p=1.0),
        Call(f(3), 2.0, raises=True), Call(i(3, high=2), raises=True),
    ],
}  # fmt: skip
CALLS.update({f"Tensor.{name}": CALLS[name][:2] for name in list(CALLS)})
CALLS.update({f"Tensor.{name}_": CALLS[name][:2] for name in ("cumsum", "cumprod")})
