"""Functions of each element alone, as functions, as methods and in place."""

import math

from ..calling import Call, b, constant, f, given, i, pos, unit

EDGES = given([0.0, -0.0, 0.5, -0.5, 1.5, math.inf, -math.inf, math.nan])
# The numbers of which they are real.
DOMAIN = {
    **dict.fromkeys(
        "abs atan ceil cos cosh erf exp exp2 expm1 floor neg reciprocal relu round sigmoid sign sin sinh square "
        "tan tanh trunc isfinite isinf isnan logical_not nan_to_num".split(), f,
    ),
    **dict.fromkeys("log log2 log10 rsqrt sqrt log1p".split(), pos),
    **dict.fromkeys("acos asin".split(), unit),
}  # fmt: skip
SPELLED = {
    "absolute": "abs", "arccos": "acos", "arcsin": "asin", "arctan": "atan", "fix": "trunc", "negative": "neg",
}  # fmt: skip
ONLY_TESTS = ("isfinite", "isinf", "isnan", "logical_not")
NO_BOOL = ("abs", "ceil", "floor", "neg", "relu", "round", "trunc")
IN_FLOATS = {
    *DOMAIN.keys() - {"abs", "ceil", "floor", "neg", "relu", "round", "sign", "square", "trunc", "nan_to_num"},
    "arccos", "arcsin", "arctan",
} - {*ONLY_TESTS}  # fmt: skip


def calls(name: str, of) -> list[Call]:
    one = {"dtypes": ("float32",)} if name == "nan_to_num" else {}  # the largest number is another in float64
    return [
        Call(of(2, 3)), Call(of()), Call(of(0, 2)), Call(EDGES, **one), Call(input=of(2)), Call(i(3, low=-2)),
        Call(i(3, dtype="uint8")), Call(b(3), raises=name in NO_BOOL),
    ]  # fmt: skip


def in_place(name: str, of) -> list[Call]:
    of = (lambda *shape: constant(f(*shape))) if name == "logical_not" else of
    return [Call(of(2, 3)), Call(of()), Call(i(3, low=1), raises=name in IN_FLOATS)]


ALL = {**DOMAIN, **{alias: DOMAIN[name] for alias, name in SPELLED.items()}}
CALLS = {
    **{name: calls(name, of) for name, of in DOMAIN.items()},
    **{name: calls(same, DOMAIN[same])[:1] for name, same in SPELLED.items()},
    **{f"Tensor.{name}": calls(name, of)[:1] for name, of in ALL.items()},
    **{f"Tensor.{name}_": in_place(name, of) for name, of in ALL.items() if name not in ONLY_TESTS[:3]},
    "bitwise_not": [Call(i(2, 3)), Call(b(3)), Call(i()), Call(f(2), raises=True)],
    "Tensor.bitwise_not": [Call(i(2, 3))],
    "Tensor.bitwise_not_": [Call(i(2, 3)), Call(b(3))],
    "clone": [Call(f(2, 3)), Call(i()), Call(b(0, 2))],
    "Tensor.clone": [Call(f(2, 3))],
}
for name in ("round", "Tensor.round", "Tensor.round_"):
    CALLS[name] += [Call(f(4), decimals=2), Call(f(4), decimals=-1), Call(i(3), decimals=-2, raises=True)]
for name in ("nan_to_num", "Tensor.nan_to_num", "Tensor.nan_to_num_"):
    CALLS[name] += [Call(EDGES, 2.0, 3.0, -4.0), Call(EDGES, nan=1.0, posinf=3.0, neginf=-3.0)]
