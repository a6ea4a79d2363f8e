"""Tensors made from sizes, numbers, data and chance."""

import numpy as np

from ..calling import Call, Named, b, constant, f, i, pos

F64, I32, BOOL = Named("float64"), Named("int32"), Named("bool")
ONCE = {"dtypes": ("float32",)}  # nothing in the arguments has a dtype
SIZES = [
    Call(2, 3, **ONCE), Call((2, 3), **ONCE), Call([2], **ONCE), Call(**ONCE, size=(2,)), Call((), **ONCE),
    Call(0, 2, **ONCE), Call(2, dtype=F64, **ONCE),
    Call(2, requires_grad=True, **ONCE), Call(2, device="cpu", **ONCE), Call(-1, raises=True, **ONCE),
    Call(2.0, raises=True, **ONCE), Call("2", raises=True, **ONCE), Call(2, device="nowhere", raises=True, **ONCE),
]  # fmt: skip
IN_INTEGERS = [
    Call(2, dtype=I32, **ONCE),
    Call((2,), dtype=BOOL, **ONCE),
    Call(2, dtype=I32, requires_grad=True, raises=True, **ONCE),
]
LIKE = [
    Call(f(2, 3)),
    Call(i(2)),
    Call(f(2), dtype=I32),
    Call(b(2), dtype=F64, requires_grad=True),
    Call(i(2), requires_grad=True, raises=True),
    Call([1, 2], raises=True),
    Call(input=f(0)),
]


def shaped(calls: list[Call]) -> list[Call]:
    """The same, of which the numbers are random or whatever was in the memory."""
    return [
        Call(*call.arguments, raises=call.raises, only="shape", dtypes=call.dtypes, **call.options) for call in calls
    ]


def once(*calls: Call) -> list[Call]:
    for call in calls:
        call.dtypes = ("float32",)
    return list(calls)


CALLS = {
    "zeros": SIZES + IN_INTEGERS,
    "ones": SIZES + IN_INTEGERS,
    "empty": shaped(SIZES + IN_INTEGERS),
    "rand": shaped(SIZES) + once(Call(2, dtype=I32, raises=True)),
    "randn": shaped(SIZES) + once(Call(2, dtype=I32, raises=True)),
    "full": once(
        Call((2, 3), 1.5), Call((2,), 2), Call([2], True), Call((), 3.0), Call((2,), 1, dtype=F64),
        Call((2,), 2.7, dtype=I32), Call((2,), 1.5, requires_grad=True), Call(size=(1,), fill_value=0),
        Call(2, 1.0, raises=True), Call((-1,), 1.0, raises=True),
        Call((2,), "1", raises=True), Call((0,), 1.0),
    ),
    "zeros_like": LIKE,
    "ones_like": LIKE,
    "empty_like": shaped(LIKE),
    "rand_like": shaped(
        [call for call in LIKE if call.arguments[:1] not in [LIKE[1].arguments, LIKE[2].arguments]][:1],
    ) + [Call(i(2), raises=True), Call(i(2), dtype=F64, only="shape")],
    "randn_like": [
        Call(f(2, 3), only="shape"), Call(f(2), dtype=F64, requires_grad=True, only="shape"), Call(i(2), raises=True),
    ],
    "full_like": [
        Call(f(2, 3), 1.5), Call(i(2), 2.7), Call(i(2), 1.5, dtype=F64), Call(f(2), 1, requires_grad=True),
        Call(b(2), 2), Call(f(2), raises=True),
    ],
    "randint": once(
        Call(5, (2, 3), only="shape"), Call(2, 5, (4,), only="shape"), Call(3, (2,), dtype=F64, only="shape"),
        Call(low=0, high=1, size=(2,)), Call(high=1, size=(2,)), Call(5, 5, (2,), raises=True),
        Call(0, (2,), raises=True), Call(5, raises=True), Call(1, (2,), dtype=I32),
        Call(3, 4, (2,)), Call(-2, -1, [3]), Call(1, 2, size=(2,)),
    ),
    "randint_like": [
        Call(f(2), 1), Call(i(2), 3, 4), Call(i(2, 2), 9, only="shape"), Call(f(2), low=2, high=3),
        Call(i(2), 1, dtype=F64), Call(i(2), 3, 3, raises=True),
    ],
    "randperm": once(
        Call(5, only="shape"), Call(0), Call(1), Call(3, dtype=I32, only="shape"), Call(-1, raises=True),
        Call(2, dtype=F64, only="shape"),
    ),
    "normal": [
        *once(
            Call(0.0, 1.0, (2, 3), only="shape"), Call(0.0, 0.0, (2,)), Call(0.0, -1.0, (2,), raises=True),
            Call(0.0, 1.0, raises=True), Call(1.5, 0.0, size=(2,), dtype=F64), Call(mean=2.0, std=0.0, size=(1,)),
        ),
        Call(constant(f(3)), constant(pos(3)), only="shape"), Call(constant(f(2, 1)), constant(pos(3)), only="shape"),
        Call(0.0, constant(pos(2)), only="shape"), Call(constant(f(3)), 0.0),
        Call(constant(f(2)), constant(pos(3)), raises=True),
    ],
    "arange": once(
        Call(5), Call(2, 6), Call(1, 8, 3), Call(5.0), Call(0, 1, 0.25), Call(5, 0, -2), Call(0), Call(3, dtype=F64),
        Call(0, 3, dtype=I32), Call(1, 2.5, 0.5), Call(start=1, end=3), Call(end=3), Call(0, 5, step=2),
        Call(5, 0, 1, raises=True), Call(0, 1, 0, raises=True),
        Call(3, requires_grad=True, raises=True), Call(3.0, requires_grad=True), Call("3", raises=True), Call(2, 2),
        Call(0.0, 0.95, 0.1), Call(True), Call(-1, raises=True),
    ),
    "linspace": once(
        Call(0, 1, 5), Call(-1.0, 1.0, steps=4), Call(2, 2, 3), Call(0, 1, 1), Call(0, 1, 0), Call(1, 0, 3, dtype=F64),
        Call(0, 10, 4, dtype=I32), Call(0, 1, -1, raises=True), Call(0, 1, raises=True),
        Call(start=0, end=1, steps=2, requires_grad=True),
    ) + [Call(f(), f(), 3, grad=False)],
    "logspace": once(
        Call(0, 2, 3), Call(0, 1, steps=4, base=2.0), Call(1, 0, 2, dtype=F64), Call(0, 1, -1, raises=True),
        Call(0, 1, 1), Call(0, 1, 0),
    ),
    "eye": once(
        Call(3), Call(2, 3), Call(3, 1), Call(0), Call(2, dtype=I32), Call(2, requires_grad=True),
        Call(-1, raises=True), Call(n=1, m=2), Call(2.0, raises=True),
    ),
    "tensor": once(
        Call([1, 2]), Call([[1, 2], [3, 4.5]]), Call(3), Call(2.5), Call(True), Call([True, 2]), Call([True, 1.5]),
        Call([]), Call([[]]), Call((1.0, 2.0)), Call([1, 2], dtype=F64), Call([1.7, 2.2], dtype=I32),
        Call([0, 2], dtype=BOOL), Call([1.0], requires_grad=True), Call(range(3)), Call(1e40),
        Call([1], requires_grad=True, raises=True), Call([[1], [2, 3]], raises=True), Call("1", raises=True),
        Call(None, raises=True), Call([None], raises=True), Call(2**63, raises=True),
        Call(300, dtype=Named("uint8"), raises=True), Call({}, raises=True),
        Call(raises=True), Call(data=[1]), Call([float("inf"), float("nan")]), Call([np.float64(1.5), 2]),
        Call(np.float32(1.5)), Call(np.arange(3)), Call(np.zeros((2, 0), np.float32)),
        Call([np.arange(2), np.arange(2)]), Call(np.int8(3)), Call([np.True_]),
        Call([1.0], device="cuda", raises=True), Call([1.0], pin_memory=True, raises=True),
        Call(np.array("a"), raises=True), Call(np.array([None]), raises=True),
    ) + [Call([f(), f()], grad=False), Call(f(2), grad=False), Call([i(), f()], grad=False),
    Call([[f()], [1.5]], grad=False)],
    "as_tensor": once(
        Call([1, 2]), Call(1.5), Call(np.arange(3)), Call(np.arange(3), dtype=F64), Call([[1], [2, 3]], raises=True),
        Call("a", raises=True), Call([], dtype=I32),
    ) + [Call(f(2)), Call(f(2), dtype=I32), Call(i(2), dtype=F64)],
    "asarray": once(
        Call([1, 2]), Call(1.5), Call(np.arange(3)), Call(np.arange(3), dtype=F64), Call([1.0], requires_grad=True),
        Call([1.0], copy=False, raises=True),
    ) + [Call(constant(f(2))), Call(constant(f(2)), copy=True)],
    "from_numpy": once(
        Call(np.arange(3)), Call(np.array([[1.5]])), Call(np.array(2)), Call(np.zeros(2, bool)),
        Call([1, 2], raises=True), Call(np.array(["a"]), raises=True), Call(np.array([None]), raises=True),
    ),
    "Tensor.new_zeros": [
        Call(f(2), 2, 3), Call(i(2), (2,)), Call(f(2), 2, dtype=I32), Call(f(2), 1, requires_grad=True),
        Call(f(2), size=(1, 2)), Call(f(2), -1, raises=True), Call(f(2), ()),
    ],
    "Tensor.new_full": [
        Call(f(2), (2, 3), 1.5), Call(i(2), (2,), 2), Call(f(2), (2,), 1, dtype=I32), Call(i(2), (2,), 1.7),
        Call(f(2), (1,), fill_value=2),
    ],
    "Tensor.new_tensor": [
        Call(f(2), [1, 2]), Call(i(2), [1.7]), Call(f(2), 3, dtype=I32), Call(f(2), [1.0], requires_grad=True),
        Call(f(2), [[1], [2, 3]], raises=True),
    ],
    "Tensor.new": [
        Call(constant(f(2)), [1, 2]), Call(i(2), [3]), Call(f(2), 0), Call(constant(f(2)), 2, 3, only="shape"),
    ],
    "is_tensor": [Call(f(2)), Call([1]), Call(1.0)],
    "promote_types": once(
        *[
            Call(Named(x), Named(y))
            for x in ("bool", "uint8", "int8", "int32", "int64", "float32", "float64")
            for y in ("bool", "uint8", "int16", "int64", "float32")
        ],
    ),
    **{
        name: once(
            Call(2, 3, only="shape"), Call([1, 2]), Call(), Call((1, 0)), Call([[1], [2, 3]], raises=True),
            Call("2", raises=True), Call([1.0, 2.0]), Call(np.array([1, 2])), Call(2.5, raises=True),
        )
        for name in (
            "Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "IntTensor", "ShortTensor", "CharTensor",
            "ByteTensor", "BoolTensor",
        )
    },
}  # fmt: skip
CALLS["Tensor.new_ones"] = CALLS["Tensor.new_zeros"]
CALLS["Tensor.new_empty"] = shaped(CALLS["Tensor.new_zeros"][:4])
