"""Python's operators: with tensors, numbers, arrays, from the left, from the right, and in place."""

import operator

import numpy as np

from ..calling import Call, Program, b, constant, f, i, pos

ARITHMETIC = "add sub mul truediv floordiv mod pow".split()
BITS = "and or xor".split()
COMPARED = "eq ne lt le gt ge".split()
WITHOUT_GRADIENT = ("floordiv",)  # PyTorch has none


def operands(symbol: str):
    first = pos if symbol == "pow" else f
    if symbol in WITHOUT_GRADIENT:
        return (lambda *shape: constant(f(*shape))), (lambda *shape: constant(f(*shape)))
    return first, f


def by(symbol: str):
    return getattr(operator, f"{symbol}_" if symbol in ("and", "or") else symbol)


def both_ways(symbol: str) -> list[Call]:
    """Of two tensors, and of a tensor and a number on either side."""
    x, y = operands(symbol)
    apply = by(symbol)
    pairs = [
        (x(2, 3), y(3)),
        (x(2), 2),
        (x(2), 1.5),
        (i(3, low=1), 2),
        (i(3, low=1), 1.5),
        (i(3, low=1), y(3)),
        (x(2), np.float32(2)),
        (x(2), np.int64(2)),
    ]
    return [Program(lambda torch, a, b: apply(a, b), *pair) for pair in pairs] + [
        Program(lambda torch, a, b: apply(a, b), x(2), [1, 2], raises=True),
        Program(lambda torch, a, b: apply(a, b), x(2), None, raises=True),
        Program(lambda torch, a, b: apply(a, b), x(2), y(3), raises=True),
    ]  # fmt: skip


def reflected(symbol: str) -> list[Call]:
    x, y = operands(symbol)
    if symbol == "mod":  # PyTorch has no gradient for the second alone
        x = lambda *shape: constant(f(*shape))
    apply = by(symbol)
    return [
        Program(lambda torch, a, b: apply(a, b), number, tensor)
        for number, tensor in [(2, x(2)), (1.5, x(2)), (2, i(3, low=1)), (1.5, i(3, low=1)), (np.float64(2), x(2))]
    ]


def augmented(symbol: str) -> list[Call]:
    """x op= y: the same tensor in the same memory; of numbers a new tensor."""
    x, y = operands(symbol)
    apply = by(f"i{symbol}")

    def kept(torch, a, b):
        a = a * 1
        address = a.data_ptr()
        before, a = a, apply(a, b)
        return a, before is a, a.data_ptr() == address

    return [
        Program(kept, x(2, 3), y(3)), Program(kept, x(2), 2), Program(kept, i(3, low=1), 2, raises=symbol == "truediv"),
        Program(kept, i(3, low=1), 1.5, raises=True), Program(kept, x(3), y(2, 3), raises=True),
        Program(kept, i(3, low=1), y(3), raises=True),
        Program(lambda torch, a: apply(2.0, a), constant(x(2))),
    ]  # fmt: skip


def applied(symbol: str, *pairs: tuple) -> list[Call]:
    apply = by(symbol)
    return [
        *[Program(lambda torch, a, b: apply(a, b), *pair) for pair in pairs],
        Program(lambda torch, a, b: apply(a, b), f(2), b(3), raises=True),  # they do not broadcast
    ]  # fmt: skip


OF_BITS = (b(3), b(3)), (i(3), i(3)), (i(3), 2), (b(3), True), (i(3), b(3))
TO_COMPARE = (f(2, 3), f(3)), (i(3), 2), (i(3), 1.5), (2, i(3)), (b(3), True), (f(2), np.float32(1))
CALLS = {
    **{f"Tensor.__{name}__": both_ways(name) for name in ARITHMETIC},
    **{f"Tensor.__r{name}__": reflected(name) for name in ARITHMETIC},
    **{f"Tensor.__i{name}__": augmented(name) for name in ARITHMETIC},
    **{f"Tensor.__{name}__": applied(name, *OF_BITS) for name in BITS},
    **{f"Tensor.__r{name}__": applied(name, (2, i(3)), (True, b(3))) for name in BITS},
    **{f"Tensor.__i{name}__": applied(f"i{name}", (b(3), b(3)), (i(3), 2)) for name in BITS},
    **{f"Tensor.__{name}__": applied(name, *TO_COMPARE) for name in COMPARED},
    "Tensor.__matmul__": [
        Program(lambda torch, a, b: a @ b, f(2, 3), f(3)), Program(lambda torch, a, b: a @ b, f(3), f(2), raises=True),
    ],
    "Tensor.__rmatmul__": [Program(lambda torch, a, b: b.__rmatmul__(a), f(2, 3), f(3))],
    "Tensor.__neg__": [Program(lambda torch, a: -a, f(2)), Program(lambda torch, a: -a, b(2), raises=True)],
    "Tensor.__pos__": [Program(lambda torch, a: +a, f(2))],
    "Tensor.__abs__": [Program(lambda torch, a: abs(a), f(2)), Program(lambda torch, a: abs(a), i(2, low=-2))],
    "Tensor.__invert__": [
        Program(lambda torch, a: ~a, b(2)), Program(lambda torch, a: ~a, i(2)),
        Program(lambda torch, a: ~a, f(2), raises=True),
    ],
}  # fmt: skip
CALLS["Tensor.__eq__"] += [Program(lambda torch, a: [a == None, a == "x", a in [1, a]], constant(f()))]  # noqa: E711
CALLS["Tensor.__ne__"] += [Program(lambda torch, a: [a != None, a != "x"], constant(f()))]  # noqa: E711
CALLS["Tensor.__lt__"] += [
    Program(lambda torch, a: a < None, f(2), raises=True),
    Program(lambda torch, a: [a > 1, bool(a.sum() >= 0)], i(3)),
]
CALLS["Tensor.__radd__"] += [Program(lambda torch, a: sum([a, a * 2]), f(3)), Program(lambda torch, a: sum(a), f(3))]
CALLS["Tensor.__pow__"] += [
    Program(lambda torch, a: a**2, f(3)),
    Program(lambda torch, a: 2**a, f(3)),
    Program(lambda torch, a: a**-1, pos(2)),
    Program(lambda torch, a: a**-1, i(2, low=1), raises=True),
]
