"""Functions of two or three tensors, element by element: broadcasting, numbers, dtypes, in place."""

import math

from ..calling import Call, b, constant, f, given, i, pos

EDGES = given([0.0, -0.0, 1.5, -1.5, math.inf, -math.inf, math.nan])
OTHER = given([0.0, 1.0, -2.0, math.inf, math.inf, 2.0, 1.0])
NAMES = "add sub mul div maximum minimum fmod remainder floor_divide atan2 pow".split()
ALIASES = {
    "multiply": "mul", "divide": "div", "true_divide": "div", "subtract": "sub", "arctan2": "atan2",
}  # fmt: skip
TENSORS_ONLY = ("maximum", "minimum", "atan2")
NOT_IN_PLACE = ("maximum", "minimum")
FLOAT_OF_INTS = ("div", "atan2")
NO_BOOL = ("sub", "fmod", "remainder", "floor_divide", "pow")
FIRST = {"pow": pos, "floor_divide": lambda *shape: constant(f(*shape))}  # the latter has no gradient in PyTorch
SECOND = {"floor_divide": FIRST["floor_divide"]}


def calls(name: str) -> list[Call]:
    """Of tensors, in all ways in which two of them meet."""
    second = "exponent" if name == "pow" else "other"
    first, of = FIRST.get(name, f), SECOND.get(name, f)
    edges = (EDGES, OTHER) if name != "floor_divide" else (constant(EDGES), constant(OTHER))
    return [
        Call(first(2, 3), of(2, 3)), Call(first(2, 3), of(3)), Call(first(2, 1), of(1, 3)), Call(first(), of(2)),
        Call(first(2, 3), of()), Call(first(0, 3), of(3)), Call(*edges), Call(i(4, low=1), i(4, low=1)),
        Call(i(4, low=1, dtype="uint8"), i(4, low=1, dtype="int16")), Call(first(4), i(4, low=1)),
        Call(i(4, low=1), first(4)), Call(input=first(3), **{second: of(3)}), Call(first(2), of(3), raises=True),
        Call(b(3), given([True] * 3, "bool"), raises=name in NO_BOOL), Call(first(2), "1", raises=True),
        Call(first(2), None, raises=True),
    ]  # fmt: skip


def with_numbers(name: str) -> list[Call]:
    first = FIRST.get(name, f)
    return [
        Call(first(2, 3), 1.5), Call(first(2), 2), Call(i(3, low=1), 1.5),
        Call(i(3, low=1), 2), Call(i(3, dtype="uint8"), 3),
    ]  # fmt: skip


def in_place(name: str) -> list[Call]:
    first, of = FIRST.get(name, f), SECOND.get(name, f)
    of_ints = name in FLOAT_OF_INTS
    return [
        Call(first(2, 3), of(3)), Call(first(2, 3), of()), Call(first(3), of(2, 3), raises=True),
        Call(i(3, low=1), i(3, low=1), raises=of_ints), Call(i(3, low=1), first(3), raises=True),
        Call(first(2), i(2, low=1)),
        *([] if name in TENSORS_ONLY else [Call(first(2), 3), Call(i(3, low=1), 2, raises=of_ints)]),
    ]  # fmt: skip


COMPARED = "eq ne lt le gt ge".split()
LOGIC = "logical_and logical_or logical_xor".split()
BITS = "bitwise_and bitwise_or bitwise_xor".split()
SAME_AS = {
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne",
}  # fmt: skip
SMALL = given([1.0, 2.0, 3.0], requires_grad=False)


def comparing(name: str) -> list[Call]:
    return [
        Call(i(2, 3), i(3)), Call(f(3), f(3)), Call(EDGES, OTHER), Call(i(3), f(3)), Call(b(3), i(3, high=2)),
        Call(i(2, 3), 2), Call(i(3), 1.5), Call(b(3), True), Call(f(2), f(3), raises=True), Call(i(0), i()),
        Call(input=i(3), other=i(3)), Call(i(3), "1", raises=True),
    ]  # fmt: skip


def of_logic(name: str) -> list[Call]:
    return [
        Call(b(2, 3), b(3)), Call(f(3), given([0.0, 1.0, math.nan])), Call(i(4, high=2), b(4)),
        Call(b(2), b(3), raises=True),
    ]  # fmt: skip


def of_bits(name: str) -> list[Call]:
    return [
        Call(b(2, 3), b(3)), Call(i(4), i(4)), Call(i(4), 3), Call(b(3), True), Call(f(2), i(2), raises=True),
        Call(i(4, dtype="uint8"), i(4, dtype="int8")), Call(i(4), b(4)), Call(i(2), 1.5, raises=True),
    ]  # fmt: skip


CALLS = {
    **{name: calls(name) + (with_numbers(name) if name not in TENSORS_ONLY else []) for name in NAMES},
    **{name: calls(same)[:1] for name, same in ALIASES.items()},
    **{f"Tensor.{name}": calls(same)[:2] for name, same in [*zip(NAMES, NAMES, strict=True), *ALIASES.items()]},
    **{f"Tensor.{name}_": in_place(name) for name in NAMES if name not in NOT_IN_PLACE},
    **{f"Tensor.{name}_": in_place(same)[:1] for name, same in ALIASES.items()},
    **{name: comparing(name) for name in COMPARED},
    **{name: comparing(name)[:1] for name in SAME_AS},
    **{f"Tensor.{name}": comparing(name)[:1] for name in (*COMPARED, *SAME_AS)},
    **{f"Tensor.{name}_": [Call(SMALL, 2), Call(i(3), 2), Call(i(3), i(3))] for name in (*COMPARED, *SAME_AS)},
    **{name: of_logic(name) for name in LOGIC},
    **{f"Tensor.{name}": of_logic(name)[:1] for name in LOGIC},
    **{f"Tensor.{name}_": [Call(b(3), b(3)), Call(i(3, high=2), b(3)), Call(SMALL, b(3))] for name in LOGIC},
    **{name: of_bits(name) for name in BITS},
    **{f"Tensor.{name}": of_bits(name)[:1] for name in BITS},
    **{f"Tensor.{name}_": [Call(b(3), b(3)), Call(i(3), i(3)), Call(b(3), i(3), raises=True)] for name in BITS},
    "isclose": [
        Call(f(3), f(3)), Call(EDGES, EDGES), Call(EDGES, EDGES, equal_nan=True),
        Call(f(2, 3), f(3), rtol=1.0, atol=0.5),
        Call(i(3), i(3)), Call(f(3), f(3), 2.0, 0.1), Call(f(2), i(2), raises=True),
    ],
    "allclose": [
        Call(f(3), f(3)), Call(f(2, 3), f(3), rtol=9.0, atol=9.0), Call(EDGES, EDGES),
        Call(EDGES, EDGES, equal_nan=True),
    ],
    "equal": [
        Call(i(3), i(3)), Call(SMALL, SMALL), Call(f(2), f(3)), Call(f(1, 3), f(3)), Call(i(2), f(2)),
        Call(EDGES, EDGES),
    ],
    "lerp": [
        Call(f(2, 3), f(2, 3), 0.3), Call(f(2, 3), f(3), f(2, 3)), Call(f(2), f(2), f()), Call(f(3), f(3), 2),
        Call(i(3), i(3), 0.5, raises=True),
        Call(f(3), f(3), weight=0.7),
    ],
    "clamp": [
        Call(f(2, 3), -0.5, 0.5), Call(f(2, 3), min=0.0), Call(f(4), max=0.3), Call(f(4), f(4), f(4)),
        Call(f(2, 3), f(3), None),
        Call(f(4), 0.5, -0.5), Call(EDGES, -1, 1), Call(i(5), 1, 3), Call(i(5), 1.5, 3.5), Call(f(3), raises=True),
        Call(f(3), max=f(3)),
        Call(i(5), min=i(5)), Call(f(3), min=0, max=1),
    ],
    "clamp_min": [Call(f(2, 3), 0.0), Call(f(3), f(3)), Call(i(4), 2), Call(f(3), min=0.5)],
    "clamp_max": [Call(f(2, 3), 0.0), Call(f(3), f(3)), Call(i(4), 2), Call(f(3), max=0.5)],
    "addcmul": [
        Call(f(2, 3), f(2, 1), f(3)), Call(f(3), f(3), f(3), value=0.5), Call(i(3), i(3), i(3), value=2),
        Call(f(2), f(2), f(3), raises=True),
    ],
    "addcdiv": [
        Call(f(2, 3), f(2, 1), f(3)), Call(f(3), f(3), f(3), value=0.5), Call(i(3), i(3), i(3, low=1), raises=True),
    ],
}  # fmt: skip
CALLS["add"] += [
    Call(f(3), f(3), alpha=0.5),
    Call(i(3), i(3), alpha=2),
    Call(i(3), i(3), alpha=0.5, raises=True),
    Call(2, f(3)),
]
CALLS["sub"] += [Call(f(3), f(3), alpha=0.5), Call(i(3), i(3), alpha=2), Call(2, f(3))]
CALLS["pow"] += [
    Call(2.0, f(3)),
    Call(2, i(3)),
    Call(i(3, low=1), -1, raises=True),
    Call(f(3), 3),
    Call(f(3), 0),
    Call(f(3), 0.5),
    Call(f(3), 2),
    Call(f(3), 1),
    Call(given([0.0, 1.0]), 2),
    Call(given([0.0, 1.0]), 0),
    Call(f(3), given([2.0, 3.0, 0.0])),
    Call(pos(3), -0.5),
]
CALLS["div"] += [Call(f(4), f(4), rounding_mode=mode) for mode in ("floor", "trunc", None)]
CALLS["div"] += [Call(i(4, low=-5), i(4, low=1), rounding_mode=mode) for mode in ("floor", "trunc")]
CALLS["div"] += [Call(f(4), f(4), rounding_mode="up", raises=True), Call(i(3), 0), Call(f(3), 0)]
CALLS["floor_divide"] += [
    Call(i(4, low=-5), 2),
    Call(constant(f(4)), 0.3),
    Call(i(3), 0, raises=True),
    Call(constant(f(3)), 0.0),
    Call(2.0, i(3, low=1)),
]
CALLS["remainder"] += [
    Call(i(4, low=-5), 3),
    Call(f(4), 0.3),
    Call(i(3), 0, raises=True),
    Call(3, i(3, low=1)),
    Call(f(3), 0.0),
]
CALLS["fmod"] += [Call(i(4, low=-5), 3), Call(f(4), 0.3), Call(i(3), 0, raises=True)]
for name in ("isclose", "allclose", "equal", "lerp", "clamp", "clamp_min", "clamp_max", "addcmul", "addcdiv"):
    CALLS[f"Tensor.{name}"] = CALLS[name][:2]
for name in ("lerp", "clamp", "clamp_min", "clamp_max", "addcmul", "addcdiv"):
    CALLS[f"Tensor.{name}_"] = [CALLS[name][0], CALLS[name][1]]
for name in ("clip", "Tensor.clip", "Tensor.clip_"):
    CALLS[name] = CALLS["clamp"][:4]
CALLS["Tensor.add_"] += [Call(f(3), f(3), alpha=0.5)]
CALLS["Tensor.sub_"] += [Call(f(3), f(3), alpha=0.5)]
CALLS["Tensor.div_"] += [Call(f(4), f(4), rounding_mode="floor"), Call(i(4), 2, rounding_mode="floor")]
