"""Samples of the mathematical operations."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .sampling import Sample, distinct, integers, mask, normal, positive

random = np.random.default_rng(5)


def elementwise() -> list[Sample]:
    anywhere = "exp exp2 expm1 sin cos tan atan sinh cosh tanh sigmoid erf square reciprocal abs"
    above_0 = "log log2 log10 log1p sqrt rsqrt"
    found = [Sample(name, normal(random, 2, 3), {}, f"torch.{name}", elementwise=True) for name in anywhere.split()]
    found += [Sample(name, positive(random, 2, 3), {}, f"torch.{name}", elementwise=True) for name in above_0.split()]
    found += [
        Sample(name, random.uniform(-0.9, 0.9, (2, 3)), {}, f"torch.{name}", elementwise=True)
        for name in ("asin", "acos")
    ]
    found += [
        Sample(name, distinct(random, 2, 5), {}, f"torch.{name}", elementwise=True)
        for name in ("floor", "ceil", "trunc", "sign", "relu", "round")
    ]
    found += [
        Sample(name, (normal(random, 3, 4), normal(random, 3, 4)), {}, f"torch.{name}", elementwise=True)
        for name in ("add", "sub", "mul", "div", "atan2")
    ]
    found += [
        Sample(
            name, (distinct(random, 3, 4), distinct(random, 3, 4)[::-1] + 0.1), {}, f"torch.{name}", elementwise=True
        )
        for name in ("maximum", "minimum")
    ]
    found += [
        Sample(name, (distinct(random, 3, 4), positive(random, 3, 4) * 3 - 8), {}, f"torch.{name}", elementwise=True)
        for name in ("fmod", "remainder", "floor_divide")
    ]
    found += [
        Sample("neg", normal(random, 2, 3), {}, "torch.neg", elementwise=True),
        Sample("pow", (positive(random, 3, 4), normal(random, 3, 4)), {}, "torch.pow", elementwise=True),
        Sample("pow", (normal(random, 3, 4), np.array(3)), {}, lambda x, p: x * x * x, label="cube"),
        Sample("pow", (normal(random, 2), np.array(-2)), {}, lambda x, p: 1 / (x * x), label="inverse square"),
        Sample("pow", (integers(random, 5, 3), np.array(2)), {}, lambda x, p: x * x, order=0, label="int"),
        Sample("round", normal(random, 6), {"decimals": 1}, "torch.round", order=0, label="decimals"),
        Sample("softplus", normal(random, 2, 3), {}, "torch.nn.functional.softplus", elementwise=True),
        Sample(
            "softplus",
            normal(random, 6) * 4,
            {"beta": 2.0, "threshold": 5.0},
            "torch.nn.functional.softplus",
            label="threshold",
        ),
        Sample(
            "leaky_relu",
            normal(random, 2, 3),
            {"negative_slope": 0.2},
            "torch.nn.functional.leaky_relu",
            elementwise=True,
        ),
        Sample("hardtanh", normal(random, 2, 3) * 2, {}, "torch.nn.functional.hardtanh", elementwise=True),
        Sample("elu", normal(random, 2, 3), {"alpha": 1.3}, "torch.nn.functional.elu", elementwise=True),
        Sample(
            "nan_to_num",
            np.array([np.nan, 1.5, np.inf, -np.inf]),
            {"nan": 0.5, "posinf": 2.0, "neginf": -3.0},
            "torch.nan_to_num",
            order=0,
            label="not numbers",
        ),
        Sample("nan_to_num", normal(random, 2, 3), {}, "torch.nan_to_num", elementwise=True),
        Sample(
            "where",
            (mask(random, 3, 4), normal(random, 3, 4), normal(random, 3, 4)),
            {},
            "torch.where",
            elementwise=True,
        ),
        Sample("masked_fill", (normal(random, 3, 4), mask(random, 3, 4)), {"value": -7.0}, "torch.masked_fill"),
        Sample(
            "masked_fill",
            (normal(random, 3, 4), mask(random, 4)),
            {"value": 0.0},
            "torch.masked_fill",
            label="broadcast",
        ),
        Sample(
            "masked_fill",
            (normal(random, 90, 70), mask(random, 90, 70)),
            {"value": 0.0},
            "torch.masked_fill",
            order=0,
            label="large",
        ),
        Sample("clamp", (distinct(random, 2, 5), np.array(-0.5), np.array(0.5)), {}, "torch.clamp", label="numbers"),
        Sample("clamp", (distinct(random, 2, 5), distinct(random, 5) - 0.3, None), {}, "torch.clamp", label="min"),
        Sample("clamp", (distinct(random, 2, 5), None, distinct(random, 2, 1) - 0.3), {}, "torch.clamp", label="max"),
        Sample(
            "clamp",
            (distinct(random, 3, 4), distinct(random, 4) * 2 + 0.05, distinct(random, 3, 1) * 3 + 0.03),
            {},
            "torch.clamp",
            label="both, also crossed",
        ),
    ]
    return found


def comparisons() -> list[Sample]:
    a, b = integers(random, 3, 3, 4).astype(float), integers(random, 3, 3, 4).astype(float)
    strange = np.array([1.0, np.nan, np.inf, -np.inf, 0.0])
    found = [
        Sample(name, (a, b), {}, f"torch.{name}", order=0, elementwise=True)
        for name in ("eq", "ne", "lt", "le", "gt", "ge", "isclose")
    ]
    found += [Sample(name, strange, {}, f"torch.{name}", order=0) for name in ("isnan", "isinf", "isfinite")]
    found += [Sample("isclose", (strange, strange + 1e-6), {"equal_nan": True}, "torch.isclose", order=0, label="nan")]
    for kind in ("and", "or", "xor"):
        found += [Sample(f"logical_{kind}", (a, b), {}, f"torch.logical_{kind}", order=0, elementwise=True)]
        found += [
            Sample(f"bitwise_{kind}", (mask(random, 3, 4), mask(random, 4)), {}, f"torch.bitwise_{kind}", order=0)
        ]
        found += [
            Sample(
                f"bitwise_{kind}",
                (integers(random, 9, 5), integers(random, 9, 5)),
                {},
                f"torch.bitwise_{kind}",
                order=0,
            )
        ]
    found += [Sample("logical_not", a, {}, "torch.logical_not", order=0, elementwise=True)]
    found += [
        Sample("bitwise_not", x, {}, "torch.bitwise_not", order=0) for x in (mask(random, 4), integers(random, 9, 4))
    ]
    for name in ("all", "any"):
        found += [
            Sample(name, a, {}, f"torch.{name}", order=0),
            Sample(name, np.zeros((0, 2)), {}, f"torch.{name}", order=0),
        ]
        found += [
            Sample(name, a, {"dim": dim, "keepdim": keep}, f"torch.{name}", order=0)
            for dim in (0, -1, (0, 1))
            for keep in (False, True)
        ]
    return found


def with_dims(name: str, make, reference="", dims=(None, 0, -1, (0, 2)), **options) -> list[Sample]:
    """A reduction over all, one or several dimensions, kept or not."""
    reference = reference or f"torch.{name}"
    return [
        Sample(
            name, make(random, 2, 3, 2), {"dim": dim, "keepdim": keep}, reference, label=f"dim {dim} {keep}", **options
        )
        for dim in dims
        for keep in (False, True)
    ]


def with_zeros(random, *shape) -> np.ndarray:
    """Small integers and zeros: none, one or several along a dimension."""
    return random.permutation(np.array([0.0, 2.0, -1.5, 0.0, 3.0, 0.5, 1.0, -2.0, 0.0, 4.0, 1.2, 2.2])).reshape(shape)


def scanned(a, b, dim, reverse=False, start=0.0):
    a, b = np.moveaxis(np.broadcast_to(a, b.shape), dim, 0), np.moveaxis(b, dim, 0)
    y = np.zeros(b.shape)
    places = list(range(len(b)))[:: -1 if reverse else 1]
    y[places[0]] = start
    for here, there in pairwise(places):
        y[there] = a[here] * y[here] + b[here]
    return np.moveaxis(y, 0, dim)


def decayed(level, b, dim, reverse=False):
    level, b = np.moveaxis(level, dim, 0), np.moveaxis(b, dim, 0)
    y = np.zeros(b.shape)
    for t in range(len(b)):
        for s in range(t, len(b)) if reverse else range(t + 1):
            y[t] += b[s] * np.exp(level[t] - level[s])
    return np.moveaxis(y, 0, dim)


def middle(x, dim, keepdim):
    """Where the lower median is, for distinct numbers: as many are below it as above, or one less."""
    lower = np.sum(x[:, None] < x[None] if dim == 0 else x[:, :, None] < x[:, None, :], axis=dim)  # of each element
    return (
        np.expand_dims(np.argmax(lower == (x.shape[dim] - 1) // 2, dim), dim)
        if keepdim
        else np.argmax(lower == (x.shape[dim] - 1) // 2, dim)
    )


def reductions() -> list[Sample]:
    of_all = lambda function: (
        lambda x, dim=None, keepdim=False, **attrs: function(x, axis=dim, keepdims=keepdim, **attrs)
    )
    found = with_dims("sum", normal, of_all(np.sum)) + with_dims("mean", normal, of_all(np.mean))
    found += with_dims("amax", distinct, of_all(np.max)) + with_dims("amin", distinct, of_all(np.min))
    found += with_dims("prod", normal, of_all(np.prod), dims=(None, 1, -1))
    found += with_dims("prod", with_zeros, of_all(np.prod), dims=(None, 0, 1))
    found += with_dims("logsumexp", normal, of_all(lambda x, **k: np.log(np.sum(np.exp(x), **k))))
    for correction in (0, 1):
        for name, function in {"var": np.var, "std": np.std}.items():
            found += [
                Sample(
                    name,
                    normal(random, 2, 3, 2),
                    {"dim": dim, "keepdim": keep, "correction": correction},
                    lambda x, dim, keepdim, correction, f=function: f(x, dim, ddof=correction, keepdims=keepdim),
                )
                for dim, keep in ((None, False), (1, True), ((0, 2), False))
            ]
    for p in (2.0, 3.0, 1.5, 0.5):
        found += [
            Sample(
                "p_norm",
                normal(random, 3, 4),
                {"p": p, "dim": dim, "keepdim": keep},
                lambda x, p, dim, keepdim: np.sum(np.abs(x) ** p, dim, keepdims=keepdim) ** (1 / p),
                label=f"p {p}",
            )
            for dim, keep in ((None, False), (0, True), (1, False), ((0, 1), True))
        ]
    found += [
        Sample("sum", x, {}, lambda x: np.sum(x, dtype=np.int64), order=0, label=x.dtype.name)
        for x in (mask(random, 3, 2), integers(random, 9, 3).astype(np.int32), integers(random, 9, 3).astype(np.uint8))
    ]
    found += [Sample("sum", np.zeros((0, 3)), {"dim": 0}, of_all(np.sum), label="empty")]
    for name in ("argmax", "argmin"):
        found += [
            Sample(name, distinct(random, 3, 4), {"dim": dim, "keepdim": keep}, f"torch.{name}", order=0)
            for dim in (None, 0, -1)
            for keep in (False, True)
        ]
    found += [
        Sample("argmedian", distinct(random, 4, 5), {"dim": dim, "keepdim": keep}, order=0, reference=middle)
        for dim in (0, 1)
        for keep in (False, True)
    ]
    return found


def cumulative() -> list[Sample]:
    found = []
    for dim in (0, 1, -1):
        found += [
            Sample("cumsum", normal(random, 2, 3, 2), {"dim": dim}, "torch.cumsum"),
            Sample("cumprod", normal(random, 2, 3, 2), {"dim": dim}, "torch.cumprod"),
            Sample("cumprod", with_zeros(random, 2, 3, 2), {"dim": dim}, "torch.cumprod", label="zeros"),
            Sample("logcumsumexp", normal(random, 2, 3, 2), {"dim": dim}, "torch.logcumsumexp"),
        ]
    found += [
        Sample(
            "cumsum", normal(random, 4), {"dim": 0, "reverse": True}, lambda x, dim, reverse: np.cumsum(x[::-1])[::-1]
        ),
        Sample(
            "cumsum", mask(random, 4), {"dim": 0}, lambda x, dim: np.cumsum(x, dtype=np.int64), order=0, label="bool"
        ),
        Sample("cumsum", normal(random), {"dim": 0}, lambda x, dim: x, label="0d"),
        Sample("cumprod", np.zeros((0, 3)), {"dim": 0}, lambda x, dim: x, label="empty"),
    ]
    for reverse in (False, True):
        found += [
            Sample(
                "linear_scan",
                (normal(random, 2, 4), normal(random, 2, 4)),
                {"dim": 1, "reverse": reverse, "start": 0.5},
                scanned,
                label=f"reverse {reverse}",
            ),
            Sample(
                "linear_scan",
                (normal(random, 3, 1), normal(random, 3, 2)),
                {"dim": 0, "reverse": reverse},
                scanned,
                label=f"broadcast reverse {reverse}",
            ),
            Sample(
                "decaying_sum",
                (np.sort(normal(random, 3, 2), 0)[:: 1 if reverse else -1], normal(random, 3, 2)),
                {"dim": 0, "reverse": reverse},
                decayed,
                label=f"reverse {reverse}",
            ),
        ]
    return found


def products() -> list[Sample]:
    shapes = [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((2, 1, 3), (3, 2)),
        ((2, 2, 3), (3,)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (2, 3, 2)),
        ((2, 1, 2, 3), (4, 3, 2)),
        ((2, 3), (2, 3, 2)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((2, 2, 0), (0, 3)),
    ]
    found = [Sample("matmul", (normal(random, *a), normal(random, *b)), {}, np.matmul) for a, b in shapes]
    found += [
        Sample("matmul", (integers(random, 5, 2, 3), integers(random, 5, 3, 2)), {}, np.matmul, order=0, label="int")
    ]
    for x, weight in [
        ((2, 3), (4, 3)),
        ((3,), (4, 3)),
        ((2, 1, 3), (4, 3)),
        ((0, 3), (2, 3)),
        ((2, 3), (3,)),
        ((3,), (3,)),
    ]:
        found += [
            Sample("linear", (normal(random, *x), normal(random, *weight), bias), {}, "torch.nn.functional.linear")
            for bias in (None, normal(random, *weight[:-1]))[: len(weight)]
        ]
    equations = {
        "ij,jk->ik": ((2, 3), (3, 4)),
        "ij->": ((2, 3),),
        "ij->j": ((2, 3),),
        "ij->ji": ((2, 3),),
        "bij,bjk->bik": ((2, 2, 3), (2, 3, 2)),
        "i,j->ij": ((2,), (3,)),
        "ij,ij->": ((2, 3), (2, 3)),
        "ij,kl->k": ((2, 2), (3, 2)),
        "i,ij,jk,k->": ((2,), (2, 3), (3, 2), (2,)),
        "ij,ij->ij": ((2, 1), (2, 3)),
        "->": ((),),
        "i,->i": ((3,), ()),
    }
    found += [
        Sample(
            "contract",
            tuple([normal(random, *shape) for shape in given]),
            {"equation": equation},
            lambda *xs, equation: np.einsum(equation, *xs),
            label=equation,
        )
        for equation, given in equations.items()
    ]
    return found


SAMPLES = [*elementwise(), *comparisons(), *reductions(), *cumulative(), *products()]
