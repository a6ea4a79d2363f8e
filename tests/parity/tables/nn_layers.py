"""Layers without a state, and their functions."""

from ..calling import Call, Module, Named, Program, constant, f, given, i

MATRICES = [
    (f(2, 3), f(4, 3), f(4)), (f(2, 3), f(4, 3)), (f(3), f(4, 3), f(4)), (f(2, 1, 3), f(4, 3), f(4)),
    (f(0, 3), f(4, 3), f(4)), (f(2, 0), f(4, 0), f(4)), (f(2, 3), f(3)), (f(3), f(3)), (f(2, 3), f(4, 3), None),
]  # fmt: skip
NO_MATRICES = [
    (f(2, 3), f(4, 2), f(4)), (f(2, 3), f(4, 3), f(3)), (f(2, 3), i(4, 3)), (f(), f(4, 3)), (f(2, 3), [1.0]),
    (f(2, 3),),
]  # fmt: skip
NORMALIZED = [
    Call(f(2, 3), (3,)), Call(f(2, 3), [3], f(3), f(3)), Call(f(2, 3), (2, 3), f(2, 3)), Call(f(2, 3), (3,), bias=f(3)),
    Call(f(2, 3), (3,), eps=0.1), Call(f(0, 3), (3,)), Call(f(2, 1, 3), (1, 3)), Call(f(2, 1), (1,)), Call(f(3), (3,)),
    Call(f(2, 3), (2,), raises=True), Call(f(2, 3), (), raises=True), Call(f(2, 3), (3,), f(2), raises=True),
    Call(f(), (1,), raises=True), Call(i(2, 3), (3,), raises=True), Call(f(2, 3), (1, 2, 3), raises=True),
]  # fmt: skip
STATISTICS = constant(f(3)), constant(given([0.5, 1.0, 2.0]))
EITHER = ({}, {"training": True})
DROPOUTS = {"dropout": [(), (0,), (2, 3)], "dropout1d": [(2, 3), (2, 3, 2)], "dropout2d": [(2, 3, 1, 2), (1, 2, 1, 1)]}
SIMILAR = [(f(2, 3), f(2, 3)), (f(3), f(2, 3)), (f(2, 3, 1), f(1, 2)), (f(2, 0), f(2, 0))]

CALLS = {
    "nn.functional.linear": [
        *[Call(*arguments) for arguments in MATRICES], *[Call(*arguments, raises=True) for arguments in NO_MATRICES],
        Call(input=f(2, 3), weight=f(4, 3), bias=f(4)), Call(i(2, 3), i(4, 3)),
    ],
    "nn.Linear": [
        *[Module(3, 4, bias=bias, on=(x,)) for bias in (True, False) for x in (f(2, 3), f(3), f(2, 1, 3), f(0, 3))],
        Module(1, 1, True, on=(f(2, 1),)), Module(3, 2, device="cpu", dtype=Named("float64"), on=(f(3),)),
        Module(3, 4, on=(f(2, 2),), raises=True), Module(3, 4, on=(i(2, 3),), raises=True), Module(3, raises=True),
        Module(-1, 2, raises=True), Module(3, 2.5, raises=True), Module(3, 4, on=([1.0] * 3,), raises=True),
        Module(3, 4, dtype=Named("int64"), raises=True), Module("3", 4, raises=True),
        Module(3, 4, on=(f(),), raises=True),
    ],
    "nn.Identity": [Module(on=(f(2, 3),)), Module(3, unused=True, on=(f(),)), Module(on=(i(2),))],
    "nn.Flatten": [
        Module(on=(f(2, 3, 2),)), Module(0, on=(f(2, 3, 2),)), Module(-2, on=(f(2, 3, 2),)),
        Module(0, 1, on=(f(2, 3, 2),)),
        Module(end_dim=-2, on=(f(2, 3, 2, 1),)), Module(0, on=(f(),)), Module(on=(f(0, 3, 2),)), Module(on=(f(2, 3),)),
        Module(on=(f(3),), raises=True), Module(2, 1, on=(f(2, 3, 2),), raises=True),
        Module(0, 3, on=(f(2),), raises=True),
    ],
    "nn.functional.embedding": [
        Call(i(2), f(5, 3)), Call(i(2, 3), f(5, 2)), Call(i(), f(5, 3)), Call(i(0), f(5, 3)),
        Call(i(2, dtype="int32"), f(5, 3)),
        Call(given([1, 1, 2], "int64"), f(5, 3), 1), Call(given([4, 1], "int64"), f(5, 3), padding_idx=-1),
        *[Call(*x, raises=True) for x in [
            (i(2, low=5, high=7), f(5, 3)), (given([-1], "int64"), f(5, 3)), (f(2), f(5, 3)), (i(2), f(5, 3), 5),
            (i(2), f(5, 3), -6), (i(2), f(5)), (i(2, dtype="uint8"), f(5, 3)), ([0, 1], f(5, 3)),
        ]],
    ],
    "nn.Embedding": [
        Module(5, 3, on=(i(2),)), Module(5, 3, padding_idx=1, on=(given([1, 1, 2], "int64"),)),
        Module(5, 3, -1, on=(i(2, 3),)),
        Module(5, 3, _weight=f(5, 3), on=(i(2),)), Module(5, 3, device="cpu", dtype=Named("float64"), on=(i(),)),
        Module(5, 3, max_norm=0.5, on=(i(4),)), Module(5, 3, max_norm=0.7, norm_type=1.0, on=(i(2, 2),)),
        Module(5, 3, 0, on=(i(2, dtype="int32"),)), Module(0, 3, on=(i(0),)),
        Module(5, 3, 5, raises=True), Module(5, 3, -6, raises=True), Module(5, 3, _weight=f(4, 3), raises=True),
        Module(5, 3, on=(i(2, low=5, high=6),), raises=True), Module(5, raises=True),
        Module(5, 3, on=(f(2),), raises=True),
    ],
    "nn.Embedding.from_pretrained": [
        *[Program(lambda torch, table, at, options=options: (
            (m := torch.nn.Embedding.from_pretrained(table, **options))(at), repr(m), m.weight.requires_grad,
            m.weight.data_ptr() == table.data_ptr(), list(m.state_dict()),
        ), f(5, 3), i(2)) for options in ({}, {"freeze": False}, {"padding_idx": 2})],
        Call(f(5), raises=True), Call(f(5, 3), padding_idx=7, raises=True),
    ],
    "nn.functional.one_hot": [
        Call(given([0, 2, 1], "int64")), Call(i(2, 3), 6), Call(i(), num_classes=5), Call(i(0), 3), Call(i(2, 0), 3),
        Call(i(3, high=1)), Call(i(3), -1), Call(i(0), raises=True), Call(given([3], "int64"), 3, raises=True),
        Call(given([-1], "int64"), raises=True), Call(f(2), raises=True), Call(i(2, dtype="int32"), 5, raises=True),
        Call(i(2), -2, raises=True), Call(i(2), 0, raises=True),
    ],
    "nn.functional.pad": [
        Call(f(2, 3), (1, 2)), Call(f(2, 3), (1, 0, 2, 1), value=0.5), Call(f(2, 3), [0, -1]),
        Call(f(3), (1, -2), "constant", 2.0),
        Call(i(2, 3), (1, 1), value=7), Call(f(0, 3), (1, 1, 1, 1)), Call(f(2, 3), ()), Call(f(2, 3), (-1, -1, 0, 1)),
        Call(f(2, 3), (1,), raises=True), Call(f(3), (1, 1, 1, 1), raises=True), Call(f(2, 3), (-4, 0), raises=True),
        Call(f(2, 3), (1, 1), "middle", raises=True), Call(f(2, 3), (0.5, 1), raises=True),
    ],
    "nn.functional.normalize": [
        Call(f(2, 3)), Call(f(2, 3), 1), Call(f(2, 3), dim=0), Call(f(2, 3, 2), p=3, dim=-1), Call(f(2, 3), eps=5.0),
        Call(f(0, 3)), Call(f(3), dim=0), Call(f(2, 3), p=float("inf")), Call(given([[0.0, 0.0]], requires_grad=False)),
        Call(f(3), raises=True), Call(f(2, 3), dim=2, raises=True), Call(i(2, 3), raises=True),
    ],
    "nn.functional.cosine_similarity": [
        *[Call(*x, dim=-1) for x in SIMILAR], Call(f(2, 3), f(2, 3)), Call(f(2, 3), f(2, 3), 0, 1e-2),
        Call(f(2, 3), given([[0.0] * 3] * 2, requires_grad=False)), Call(constant(f(2, 3)), constant(f(2, 3)), eps=9.0),
        Call(f(2, 3), f(2, 3), 2, raises=True), Call(f(2, 3), f(2, 2), raises=True), Call(f(3), f(3), raises=True),
        Call(i(2, 3), i(2, 3), raises=True),
    ],
    "nn.functional.layer_norm": NORMALIZED,
    "nn.LayerNorm": [
        Module(3, on=(f(2, 3),)), Module((3,), on=(f(2, 3),)), Module([2, 3], on=(f(2, 3),)),
        Module(3, 0.1, on=(f(3),)),
        Module(3, elementwise_affine=False, on=(f(2, 3),)), Module(3, bias=False, on=(f(2, 3),)),
        Module(3, on=(f(0, 3),)),
        Module(3, 1e-5, True, True, "cpu", Named("float64"), on=(f(3),)),
        Module(3, on=(f(2, 2),), raises=True), Module(3, on=(f(),), raises=True), Module(raises=True),
    ],
    "nn.functional.batch_norm": [
        *[Call(x, *STATISTICS, **options) for x in (f(2, 3), f(2, 3, 2), f(2, 3, 1, 2)) for options in EITHER],
        *[Call(f(4, 3), *STATISTICS, f(3), f(3), **options) for options in EITHER],
        Call(f(4, 3), None, None, f(3), None, True), Call(f(4, 3), None, None, training=True, eps=0.1),
        *[Program(lambda torch, x, mean, var, **options: (
            torch.nn.functional.batch_norm(x, mean, var, **options), mean, var,
        ), f(4, 3), *STATISTICS, **options) for options in (*EITHER, {"training": True, "momentum": 0.7})],
        Call(f(4, 3), None, None, raises=True), Call(f(1, 3), *STATISTICS, training=True, raises=True),
        Call(f(4, 2), *STATISTICS, raises=True), Call(i(4, 3), *STATISTICS, raises=True),
        Call(f(3), *STATISTICS, raises=True),
    ],
    "nn.BatchNorm1d": [
        *[Module(3, *given_, on=(x,), training=training) for x in (f(4, 3), f(2, 3, 2)) for training in (True, False)
          for given_ in [(), (0.1,), (1e-5, None), (1e-5, 0.1, False), (1e-5, 0.1, True, False)]],
        Module(3, bias=False, on=(f(4, 3),)), Module(3, on=(f(0, 3),), training=False),
        *[Program(lambda torch, x, momentum=momentum: (
            (m := torch.nn.BatchNorm1d(3, momentum=momentum).to(x.dtype).requires_grad_(False))(x), m(2 * x),
            m.eval()(x),
            {name: value.clone() for name, value in m.state_dict().items()}, m.reset_running_stats(), m.state_dict(),
        ), constant(f(4, 3))) for momentum in (0.1, 0.5, None)],
        Module(3, on=(f(3),), raises=True), Module(3, on=(f(2, 2),), raises=True),
        Module(3, on=(f(1, 3),), raises=True),
        Module(3, on=(f(2, 3, 1, 1),), raises=True), Module(3, on=(i(2, 3),), raises=True),
    ],
    **{f"nn.functional.{name}": [
        *[Call(f(*shape), p, training) for shape in shapes for p, training in ((0.5, False), (0.0, True), (1.0, True))],
        *[Call(f(*shape), only="shape") for shape in shapes], Call(constant(f(*shapes[-1])), 1.0, True, True),
        Call(f(*shapes[0]), 1.1, raises=True), Call(f(*shapes[0]), -0.1, raises=True),
    ] for name, shapes in DROPOUTS.items()},
    **{f"nn.{name.capitalize()}": [
        *[Module(on=(f(*shape),), training=False) for shape in shapes], Module(1, on=(f(*shapes[0]),)),
        Module(0.0, on=(f(*shapes[0]),)), Module(0.3, True, on=(constant(f(*shapes[0])),), only="shape"),
        Module(1.1, raises=True), Module(-0.1, raises=True),
    ] for name, shapes in DROPOUTS.items()},
}  # fmt: skip
CALLS["nn.functional.dropout1d"] += [Call(f(3), raises=True), Call(f(2, 3, 1, 1), raises=True)]
