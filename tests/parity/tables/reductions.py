"""Functions of a tensor that give fewer numbers: over all dimensions, one, or several."""

import math

from ..calling import Call, Named, b, distinct, f, given, i

NANS = given([[1.0, math.nan, 3.0], [math.inf, 2.0, 1.0]])
TIES = given([[1.0, 2.0, 2.0], [2.0, 1.0, 0.0]])
MANY_DIMS = "sum mean amax amin".split()
ONE_DIM = "prod argmax argmin".split()
PAIRS = "max min median".split()
BAD_DIMS = [Call(f(2, 3), 2, raises=True), Call(f(2, 3), -3, raises=True), Call(f(2, 3), "0", raises=True)]


def calls(of=f) -> list[Call]:
    """Over all, over one dimension, kept or not."""
    return [
        Call(of(2, 3)), Call(of(2, 3), 1), Call(of(2, 3), dim=0), Call(of(2, 3, 2), -1, keepdim=True),
        Call(of(2, 3), 0, True),
        Call(of()), Call(of(), 0), Call(of(4)), Call(of(1, 3), 0), Call(input=of(2, 2), dim=1, keepdim=False),
    ]  # fmt: skip


def over_several(of=f) -> list[Call]:
    return [
        Call(of(2, 3, 2), (0, -1)), Call(of(2, 3, 2), dim=(0, 1), keepdim=True), Call(of(2, 3), [0]),
        Call(of(2, 3), (0, 0), raises=True), Call(of(2, 3), (0, 2), raises=True),
    ]  # fmt: skip


NOTHING = [Call(f(0)), Call(f(0, 3)), Call(f(0, 3), 0), Call(f(0, 3), 1), Call(f(2, 0), 1, True)]
NOTHING_IS_AN_ERROR = [Call(f(0), raises=True), Call(f(0, 3), 0, raises=True), Call(f(0, 3), 1)]
INTEGERS = [
    Call(i(2, 3)),
    Call(i(2, 3, dtype="uint8")),
    Call(i(2, 3, dtype="int32"), 1),
    Call(b(2, 3)),
    Call(b(2, 3), 0),
]
IN_DTYPE = [
    Call(i(3), dtype=Named("float64")),
    Call(f(2, 3), 1, dtype=Named("float64")),
    Call(b(3), dtype=Named("int32")),
]


CALLS = {
    "sum": [*calls(), *over_several(), *NOTHING, *INTEGERS, *IN_DTYPE, *BAD_DIMS, Call(f(2, 3), None, True)],
    "mean": [
        *calls(), *over_several(), *NOTHING, *BAD_DIMS, Call(i(3), raises=True), Call(b(3), raises=True), *IN_DTYPE[:2],
        Call(f(2, 3), axis=1), Call(f(2, 3), 1, keepdims=True),
    ],
    "prod": [
        *calls(), *NOTHING, *INTEGERS, *IN_DTYPE, *BAD_DIMS[:2], Call(given([[0.0, 2.0], [3.0, 4.0]]), 1),
        Call(given([0.0, 0.0, 2.0])),
    ],
    "amax": [
        *calls(distinct), *over_several(distinct), Call(TIES), Call(TIES, 1), *INTEGERS, *NOTHING_IS_AN_ERROR,
        *BAD_DIMS[:2], Call(NANS, 1, grad=False),
    ],
    "amin": [
        *calls(distinct), *over_several(distinct), Call(TIES), Call(TIES, 0), *INTEGERS, *NOTHING_IS_AN_ERROR,
        *BAD_DIMS[:2], Call(NANS, 1, grad=False),
    ],
    "max": [
        *calls(distinct), Call(TIES), Call(TIES, 1), Call(f(2, 3), f(3)), Call(i(3), i(3)), Call(f(2, 3), other=f(3)),
        *INTEGERS, *NOTHING_IS_AN_ERROR, *BAD_DIMS[:2],
        Call(NANS, grad=False), Call(NANS, 1), Call(f(3), i(3)), Call(f(2), f(3), raises=True),
        Call(f(2, 3), (0, 1), raises=True),
    ],
    "min": [
        *calls(distinct), Call(TIES), Call(TIES, 1), Call(f(2, 3), f(3)), Call(f(2, 3), other=f(3)), *INTEGERS,
        *NOTHING_IS_AN_ERROR, *BAD_DIMS[:2], Call(NANS, grad=False), Call(NANS, 1),
    ],
    "median": [
        *calls(distinct), Call(distinct(2, 4)), Call(distinct(2, 4), 1), Call(i(5)), Call(NANS), Call(NANS, 1),
        Call(f(0, 3), 0, raises=True), *BAD_DIMS[:2], Call(b(3), raises=True),
        Call(f(0)),
    ],
    "argmax": [
        *calls(distinct), Call(TIES), Call(TIES, 1), Call(NANS, 1), Call(i(4)), Call(f(0), raises=True),
        Call(f(0, 3), 0, raises=True), *BAD_DIMS[:2], Call(b(3), raises=True),
    ],
    "argmin": [
        *calls(distinct), Call(TIES), Call(TIES, 0), Call(NANS, 1), Call(i(4)), Call(f(0), raises=True), *BAD_DIMS[:2],
        Call(b(3), raises=True),
    ],
    **{
        name: [
            *[Call(x, *more) for x in (b(2, 3), i(2, 3), f(2, 3)) for more in ((), (0,), (-1, True))], Call(b(0)),
            Call(b(2, 3, 2), dim=(0, 1)), Call(i(3, dtype="uint8")), Call(b(2), 1, raises=True),
        ]
        for name in ("all", "any")
    },
    "count_nonzero": [
        Call(i(2, 3, high=2)), Call(i(2, 3, high=2), 1), Call(b(2, 3), dim=0), Call(given([0.0, 1.0, math.nan])),
        Call(f(0)), Call(i(2, 3, 2, high=2), (0, 1)), Call(b(2), 1, raises=True),
    ],
    "logsumexp": [
        *[call for call in calls() if len(call.arguments) > 1 or "dim" in call.options], *over_several()[:3],
        Call(f(0, 3), 0), Call(given([[-math.inf, -math.inf], [math.inf, 0.0]]), 1, grad=False),
        Call(i(2, 3), 1), *BAD_DIMS[:2], Call(f(3), raises=True), Call(given([-1000.0, 1000.0]), 0),
    ],
    **{
        name: [
            *calls(), *over_several(), Call(f(2, 3), False), Call(f(2, 3), unbiased=False), Call(f(2, 3), 1, False),
            Call(f(2, 3), dim=1, unbiased=False, keepdim=True),
            Call(f(2, 3), correction=2), Call(f(2, 3), 1, correction=0, keepdim=True), Call(f(1)),
            Call(f(1), correction=0), Call(f(0)), Call(i(3), raises=True), *BAD_DIMS[:2],
            Call(f(2, 3), 1, True, True), Call(f(2, 3), dim=None, keepdim=True),
        ]
        for name in ("var", "std", "var_mean", "std_mean")
    },
    "norm": [
        Call(f(2, 3), 0, grad=False), *[Call(f(2, 3), p) for p in (2, 1, 3, 0.5, -1, math.inf, -math.inf, "fro")],
        Call(f(2, 3)), Call(f(2, 3), 2, 1), Call(f(2, 3), dim=0, keepdim=True), Call(f(2, 3), p="fro", dim=(0, 1)),
        Call(f(2, 3), p=1, dim=(0, 1)), Call(f()), Call(given([0.0, 0.0])), Call(f(0)), Call(i(3), raises=True),
        Call(f(2), 2, 1, raises=True), Call(f(3), dtype=Named("float64")), Call(f(2), "max", raises=True),
        Call(f(2, 3), 2.0, 1, True),
    ],
}  # fmt: skip
for name in list(CALLS):
    if not name.endswith("_mean"):
        CALLS[f"Tensor.{name}"] = CALLS[name][:2]
