"""What a tensor says of itself, and what it becomes: numbers, lists, arrays, other dtypes, text."""

import copy
import pickle

import numpy as np

from ..calling import Call, Named, Program, b, constant, f, given, i

F64, I32, I64, BOOL = Named("float64"), Named("int32"), Named("int64"), Named("bool")
ONE, NUMBER = given([1.5]), given(2.5, requires_grad=False)
ANY = [Call(f(2, 3)), Call(i(2, dtype="uint8")), Call(b(0, 2))]
TYPES = (
    "FloatTensor",
    "DoubleTensor",
    "LongTensor",
    "IntTensor",
    "ShortTensor",
    "CharTensor",
    "ByteTensor",
    "BoolTensor",
)
ONCE = ("float32",)
LARGE = given([300.7, -1.5, 0.0], requires_grad=False)


NUMBERS = (NUMBER, constant(ONE), i(), i(1, 1), b(1), given(True, "bool"))

CALLS = {
    **{
        f"Tensor.{name}": ANY
        for name in (
            "shape", "dtype", "ndim", "is_cuda", "requires_grad", "is_leaf", "device", "grad_fn",
            "grad",
        )
    },
    **{
        f"Tensor.{name}": [Call(constant(f(2, 3))), Call(i(2)), Call(b(0, 2))]
        for name in (
            "dim", "ndimension", "numel", "nelement", "is_contiguous", "is_floating_point",
            "is_complex", "is_signed", "storage_offset", "get_device",
        )
    },
    **{
        f"Tensor.{name}": [Call(constant(f(2, 3)), dtypes=ONCE), Call(i(2, dtype="uint8")), Call(b(0, 2))]
        for name in ("itemsize", "nbytes", "element_size")
    },
    "Tensor.grad_fn": [Call(f(2)), Call(i(2))],
    **{name: [Call(f(2, 3)), Call(i(2))] for name in ("numel", "is_floating_point", "is_complex")},
    "Tensor.is_cpu": [Call(f(2))],
    "Tensor.size": [
        Call(f(2, 3)), Call(f(2, 3), 1), Call(f(2, 3), -1), Call(f(2, 3), dim=0), Call(f(2), 1, raises=True),
        Call(f(), 0, raises=True), Call(f(2), "0", raises=True),
    ],
    "Tensor.stride": [Call(f(2, 3)), Call(f(2, 3), 0), Call(f(2, 3), -1), Call(f()), Call(f(2), 1, raises=True)],
    **{
        f"Tensor.{name}": [Call(LARGE), Call(f(2)), Call(i(3)), Call(b(3))]
        for name in ("float", "double", "int", "long", "short", "bool")
    },
    **{
        f"Tensor.{name}": [Call(given([3.7, 0.0, 100.0], requires_grad=False)), Call(i(3)), Call(b(3))]
        for name in ("char", "byte")
    },
    "Tensor.to": [
        Call(f(2), F64), Call(f(2), I32), Call(f(2), dtype=F64), Call(i(2), Named("float_")), Call(f(2), i(2)),
        Call(f(2), "cpu"), Call(f(2), "cpu", F64), Call(f(2), device="cpu", dtype=I32), Call(f(2), F64, copy=True),
        Call(f(2), F64, True, True),
        Call(f(2), "cuda", raises=True), Call(f(2), "nowhere", raises=True), Call(LARGE, BOOL), Call(f(2), None, F64),
        Call(f(2), non_blocking=True),
    ],
    "Tensor.type": [
        *[Call(i(2), Named(name)) for name in TYPES], *[Call(i(2), f"torch.{name}") for name in TYPES], Call(f(2), F64),
        Call(f(2), "torch.cuda.FloatTensor", raises=True), Call(f(2), "torch.Nothing", raises=True),
        Call(f(2), 3, raises=True), Call(i(2)), Call(b(2)),
        Call(f(2), Named("float_")), Call(i(2), dtype=F64),
    ],
    "Tensor.type_as": [Call(f(2), i(2)), Call(i(2), f(2)), Call(f(2), f(1))],
    "Tensor.cpu": [Call(f(2))],
    "Tensor.cuda": [Call(f(2), raises=True)],
    "Tensor.item": [Call(x) for x in NUMBERS] + [Call(f(2), raises=True), Call(f(0), raises=True), Call(ONE)],
    "Tensor.tolist": [Call(f(2, 3)), Call(f()), Call(i(2, 0)), Call(b(2))],
    "Tensor.__len__": [Call(f(2, 3)), Call(f(0)), Call(f(), raises=True)],
    "Tensor.__bool__": [
        *[Call(x) for x in NUMBERS], Call(f(2), raises=True), Call(f(0), raises=True), Call(given([0.0])),
    ],
    "Tensor.__int__": [Call(x) for x in NUMBERS] + [Call(f(2), raises=True), Call(given(-2.7))],
    "Tensor.__float__": [Call(x) for x in NUMBERS] + [Call(f(2), raises=True)],
    "Tensor.__index__": [
        Call(i()), Call(i(1, 1)), Call(given(True, "bool")), Call(NUMBER, raises=True), Call(i(2), raises=True),
    ],
    "Tensor.__iter__": [
        Program(lambda torch, x: list(x), f(2, 3)), Program(lambda torch, x: list(x), i(0, 3)),
        Program(lambda torch, x: list(x), f(), raises=True),
    ],
    "Tensor.__format__": [
        Program(lambda torch, x, spec: format(x, spec), x, spec, dtypes=("float64",))
        for x in (NUMBER, given(7, "int64"), given(2.5))
        for spec in ("", ".3f", "8.2e", ">9")
    ] + [
        Program(lambda torch, x: f"{x:.2f}", x, raises=True)
        for x in (f(2), constant(ONE))
    ] + [Program(lambda torch, x: f"{x}", constant(ONE), dtypes=ONCE)],
    "Tensor.__hash__": [Program(lambda torch, x: [hash(x) == hash(x), x in {x: 1}, len({x, x.clone()})], f(2))],
    "Tensor.__array__": [
        Program(lambda torch, x: np.asarray(x).tolist(), constant(f(2))),
        Program(lambda torch, x: np.array(x, np.int16).dtype.name, i(2)),
        Program(lambda torch, x: np.asarray(x), f(2), raises=True),
    ],
    "Tensor.numpy": [
        Program(lambda torch, x: x.numpy().tolist(), constant(f(2, 2))),
        Program(lambda torch, x: x.numpy(), f(2), raises=True),
        Program(lambda torch, x: x.detach().numpy().shape, f(2)),
        Program(lambda torch, x: x.numpy(force=True).tolist(), f(2)),
    ],
    "Tensor.__array_priority__": [Call(f(1))],
    "Tensor.__deepcopy__": [
        Program(lambda torch, x: [copy.deepcopy(x), copy.deepcopy(x) is x], f(2)),
        Program(lambda torch, x: copy.deepcopy(x * 2), f(2), raises=True), Program(lambda torch, x: copy.copy(x), f(2)),
    ],
    "Tensor.__reduce_ex__": [
        Program(lambda torch, x: pickle.loads(pickle.dumps(x)), f(2)),
        Program(lambda torch, x: pickle.loads(pickle.dumps(x)), i(2)),
    ],
    "Tensor.detach": [Call(f(2)), Call(i(2))],
    "Tensor.detach_": [Call(f(2)), Call(i(2)), Program(lambda torch, x: (x * 2).detach_(), f(2))],
    "Tensor.data": [Call(f(2)), Call(i(2))],
    "Tensor.requires_grad_": [
        Program(lambda torch, x: x.requires_grad_(), constant(f(2))),
        Program(lambda torch, x: x.requires_grad_(False), f(2)),
        Program(lambda torch, x: x.requires_grad_(), i(2), raises=True),
        Program(lambda torch, x: (x * 2).requires_grad_(False), f(2), raises=True),
    ],
    "Tensor.T": [Call(f(2, 3)), Call(f(2))],
    "Tensor.mT": [Call(f(2, 3)), Call(f(2, 2, 3)), Call(f(2), raises=True)],
    "Tensor.H": [Call(f(2, 3)), Call(f(2), raises=True), Call(f())],
    "Size": [
        Program(
            lambda torch, x: [
                x.shape == (2, 3), x.shape[0], len(x.shape), x.shape.numel(), tuple(x.shape[1:]), list(x.shape + (1,)),
            ],
            f(2, 3),
        ),
        Program(lambda torch, x: x.shape[:1], f(2, 3)), Call([2, 3]), Call(),
    ],
    "dtype": [
        Program(
            lambda torch: [
                str(getattr(torch, name)).removeprefix("torch.")
                for name in ("float", "double", "long", "int", "short", "uint8", "int8", "bool")
            ],
            dtypes=ONCE,
        ),
        Program(
            lambda torch: [getattr(torch, name).itemsize for name in ("float32", "float64", "int64", "bool")],
            dtypes=ONCE,
        ),
        Program(lambda torch, x: [x.dtype == torch.float64, x.dtype in [torch.int64, torch.int8]], f(2), dtypes=ONCE),
    ],
    "device": [
        Program(
            lambda torch: [
                str(torch.device("cpu")), repr(torch.device("cuda", 1)), torch.device("cuda:1").index,
                torch.device("cpu").type, torch.device("cpu") == torch.device("cpu"),
            ],
            dtypes=ONCE,
        ),
        Call("nowhere", raises=True), Call("cpu:x", raises=True),
        Call("cuda", -1, raises=True), Call(1.5, raises=True),
    ],
    **{
        name: [Program(lambda torch, name=name: getattr(torch, name), dtypes=ONCE)]
        for name in ("inf", "nan", "pi", "e")
    },
}  # fmt: skip
