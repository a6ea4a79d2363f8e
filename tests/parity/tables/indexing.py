"""Functions that read and write by indices and masks."""

import math

from ..calling import Call, b, constant, f, given, i

TWO = given([[0, 1, 0], [1, 1, 0]], "int64")  # indices of rows, with repetitions
ONE = given([1, 0, 1], "int64")
LAST = given([1, -1], "int64")
FAR = given([0, 5], "int64")
MASK = given([[True, False, True], [False, False, True]], "bool")
WEIGHTS = given([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]], requires_grad=False)

CALLS = {
    "gather": [
        Call(f(2, 3), 0, TWO), Call(f(2, 3), 1, TWO), Call(f(2, 3), -1, given([[2], [0]], "int64")), Call(f(3), 0, ONE),
        Call(f(), 0, given(0, "int64")), Call(input=f(3), dim=0, index=ONE), Call(i(2, 3), 0, TWO),
        Call(f(2, 3), 0, given([[0, 5, 0]], "int64"), raises=True), Call(f(2, 3), 0, ONE, raises=True),
        Call(f(2, 3), 2, TWO, raises=True), Call(f(2, 3), 0, given([[0, -1]], "int64"), raises=True),
        Call(f(2, 3), 0, f(2, 3), raises=True), Call(f(2, 3), 1, given([[0], [1], [2]], "int64"), raises=True),
        Call(f(2, 3), 0, given([[0, 1]], "int32"), raises=False), Call(f(2, 3), 1, given([[]], "int64")),
    ],
    "take_along_dim": [
        Call(f(2, 3), TWO, 0), Call(f(2, 3), TWO, dim=1), Call(f(2, 3), given([5, 0], "int64")),
        Call(f(2, 3), given([[1]], "int64"), 0), Call(f(2, 3), ONE, 0, raises=True),
        Call(f(2, 3), indices=given([[2], [1]], "int64"), dim=1),
    ],
    "index_select": [
        Call(f(2, 3), 0, ONE), Call(f(2, 3), 1, ONE), Call(f(2, 3), -1, given([2], "int64")),
        Call(f(3), 0, given(1, "int64")), Call(f(2, 3), 0, FAR, raises=True), Call(f(2, 3), 0, LAST, raises=True),
        Call(f(2, 3), 0, TWO, raises=True),
        Call(f(2, 3), 2, ONE, raises=True), Call(input=f(2), dim=0, index=ONE), Call(f(2), 0, f(1), raises=True),
        Call(f(2), 0, given([1], "int32")), Call(f(2, 3), 0, given([], "int64")),
    ],
    "masked_select": [
        Call(f(2, 3), MASK), Call(f(2, 3), given([True, False, True], "bool")), Call(f(3), MASK),
        Call(f(2), MASK, raises=True), Call(f(), given(True, "bool")), Call(i(2, 3), mask=MASK),
        Call(f(2, 3), TWO, raises=True),
    ],
    "masked_fill": [
        Call(f(2, 3), MASK, 0.5), Call(f(2, 3), MASK, -math.inf), Call(f(2, 3), MASK, f()), Call(f(3), MASK, 1),
        Call(i(2, 3), MASK, 7), Call(i(2, 3), MASK, 1.5), Call(f(2, 3), mask=MASK, value=2),
        Call(f(2), MASK, 1.0, raises=True),
        Call(f(2, 3), TWO, 1.0, raises=True), Call(f(2, 3), MASK, f(3), raises=True),
        Call(f(2, 3), given(True, "bool"), 0.0), Call(b(2, 3), MASK, True),
        Call(f(0, 3), given([True] * 3, "bool"), 1.0), Call(f(2, 3), MASK, i()),
    ],
    "index_fill": [
        Call(f(2, 3), 0, given([1], "int64"), 0.5), Call(f(2, 3), 1, ONE, 2), Call(f(2, 3), -1, ONE, f()),
        Call(f(2, 3), 0, LAST, 1.0), Call(f(2), 0, FAR, 1.0, raises=True), Call(i(2, 3), 0, ONE, 4),
        Call(f(2), 1, ONE, 0.0, raises=True), Call(f(2), 0, ONE, f(2), raises=True),
    ],
    "index_add": [
        Call(f(2, 3), 0, ONE, f(3, 3)), Call(f(2, 3), 1, ONE, f(2, 3)), Call(f(2), 0, ONE, f(3), alpha=0.5),
        Call(i(2), 0, ONE, i(3)), Call(f(2), 0, FAR, f(2), raises=True), Call(f(2, 3), 0, ONE, f(2, 3), raises=True),
        Call(f(2), 0, ONE, i(3), raises=True), Call(f(2), 0, LAST, f(2), raises=True),
        Call(input=f(2), dim=0, index=ONE, source=f(3)),
    ],
    "index_copy": [
        Call(f(2, 3), 0, given([1, 0], "int64"), f(2, 3)), Call(f(2, 3), 1, given([2], "int64"), f(2, 1)),
        Call(f(2), 0, given([1], "int64"), f(1)), Call(f(2), 0, FAR, f(2), raises=True),
        Call(f(2, 3), 0, ONE, f(2, 3), raises=True),
        Call(f(2), 0, given([1], "int64"), i(1), raises=True),
    ],
    "index_put": [
        Call(f(2, 3), (given([1, 0], "int64"),), f(2, 3)),
        Call(f(2, 3), (given([1, 0], "int64"), given([2, 2], "int64")), f(2)),
        Call(f(3), (ONE,), f(3), accumulate=True), Call(f(3), (ONE,), f(), True), Call(f(2, 3), (MASK,), f()),
        Call(f(2), (FAR,), f(2), raises=True),
        Call(f(2), [given([0], "int64")], f()),
    ],
    "isin": [
        Call(i(4), i(2)), Call(i(2, 3), given([1, 2], "int64"), invert=True),
        Call(given([1.0, 2.0], requires_grad=False), given([2.0], requires_grad=False)), Call(i(3), given([], "int64")),
        Call(i(3), i(3), assume_unique=False),
    ],
    "bincount": [
        Call(i(6)), Call(i(4), minlength=9),
        Call(given([0, 2, 2], "int64"), given([1.5, 2.0, 0.5], requires_grad=False)), Call(i(0)),
        Call(given([-1], "int64"), raises=True), Call(f(2), raises=True), Call(i(2, 2), raises=True),
        Call(i(2), constant(f(3)), raises=True),
    ],
    "scatter": [
        Call(f(2, 3), 0, given([[0, 1, 0]], "int64"), f(1, 3)), Call(f(2, 3), 1, given([[2], [0]], "int64"), f(2, 1)),
        Call(f(2, 3), 1, given([[2], [0]], "int64"), 1.5), Call(f(2, 3), 1, given([[2], [0]], "int64"), value=1.5),
        Call(f(2, 3), 0, given([[1, 0]], "int64"), constant(f(3, 4))), Call(i(2, 3), 0, given([[1, 0]], "int64"), 7),
        Call(f(2, 3), 0, given([[0, 5]], "int64"), 1.0, raises=True), Call(f(2, 3), 0, ONE, 1.0, raises=True),
        Call(f(2, 3), 0, given([[0, 1]], "int64"), f(1, 1), raises=True),
        Call(f(2), 0, given([1], "int64"), i(1), raises=True),
        Call(f(2, 3), dim=1, index=given([[2]], "int64"), src=f(1, 1)),
        Call(f(2), 0, given([-1], "int64"), 1.0, raises=True),
        Call(constant(f(2, 3)), 0, TWO, constant(f(2, 3)), reduce="add"),
        Call(f(3), 1, given([0], "int64"), f(1), raises=True), Call(f(2, 3), 2, TWO, 1.0, raises=True),
        Call(f(2), 0, f(1), 1.0, raises=True),
    ],
    "scatter_add": [
        Call(f(2, 3), 0, TWO, f(2, 3)), Call(f(2, 3), 1, TWO, f(2, 3)), Call(f(3), 0, ONE, constant(f(4))),
        Call(i(3), 0, ONE, i(3)), Call(f(2), 0, FAR, f(2), raises=True), Call(f(2), 0, ONE, f(2), raises=True),
        Call(f(2), 0, ONE, i(3), raises=True),
        Call(input=f(2), dim=0, index=ONE, src=f(3)),
    ],
    "nonzero": [
        Call(WEIGHTS), Call(MASK), Call(given([0, 2], "int64")), Call(WEIGHTS, as_tuple=True), Call(i(0)),
        Call(given(3, "int64")), Call(given(0, "int64")), Call(given([0.0, math.nan], requires_grad=False)),
    ],
    "argwhere": [Call(WEIGHTS), Call(given([0, 2], "int64")), Call(given(3, "int64"))],
    "where": [
        Call(MASK, f(2, 3), f(2, 3)), Call(MASK, f(3), f(2, 1)), Call(MASK, f(2, 3), 0.5), Call(MASK, 1, f(2, 3)),
        Call(MASK, i(2, 3), i(2, 3)), Call(MASK, f(2, 3), i(2, 3)), Call(MASK, 1.0, 2.0), Call(MASK, 1, 2), Call(MASK),
        Call(MASK, f(2), f(3), raises=True),
        Call(MASK, f(), f()), Call(condition=MASK, input=f(2, 3), other=f(2, 3)),
        Call(given([True], "bool"), i(1), 0.5), Call(given(True, "bool"), f(2), -math.inf),
        Call(TWO, f(2, 3), f(2, 3), raises=True), Call(WEIGHTS), Call(MASK, b(2, 3), 1),
        Call(MASK, i(2, 3), 1.5), Call(MASK, True, False),
    ],
    "Tensor.where": [Call(f(2, 3), MASK, f(3)), Call(f(2, 3), MASK, 0.5)],
    "bucketize": [
        Call(constant(f(4)), given([-1.0, 0.0, 1.0], requires_grad=False)),
        Call(given([0, 2, 3], "int64"), given([1, 2, 3], "int64")),
        Call(given([0, 2, 3], "int64"), given([1, 2, 3], "int64"), right=True),
        Call(constant(f(2, 2)), constant(f(2, 2)), raises=True),
        Call(given([0, 2], "int64"), given([1, 2], "int64"), out_int32=True),
    ],
    "searchsorted": [
        Call(given([-1.0, 0.0, 1.0], requires_grad=False), constant(f(4))),
        Call(given([1, 2, 2, 3], "int64"), given([2, 5, 0], "int64")),
        Call(given([1, 2, 2, 3], "int64"), given([2, 5, 0], "int64"), right=True),
        Call(given([1, 2, 2, 3], "int64"), given([2, 5, 0], "int64"), side="right"),
        Call(given([[1, 3, 5], [2, 4, 6]], "int64"), given([[3], [3]], "int64")), Call(given([1, 2], "int64"), 2),
        Call(given([1, 2], "int64"), given([1, 2], "int64"), out_int32=True),
        Call(given([[1, 3], [2, 4]], "int64"), given([3], "int64"), raises=True),
    ],
    "Tensor.__contains__": [
        Call(i(3), 9), Call(given([1, 2], "int64"), 2), Call(given([1, 2], "int64"), given(2, "int64")),
        Call(given([1.5], requires_grad=False), 1.5),
    ],
}  # fmt: skip
IN_PLACE = "index_put masked_fill index_fill index_add index_copy scatter scatter_add".split()
METHODS = [*IN_PLACE, *"gather take_along_dim index_select masked_select nonzero argwhere bincount".split()]
CALLS.update({f"Tensor.{name}": CALLS[name][:2] for name in METHODS})
CALLS.update({f"Tensor.{name}_": CALLS[name][:3] for name in IN_PLACE})
