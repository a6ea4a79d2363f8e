"""Normalization in groups and by root mean square, bilinear maps, unflattening, and dropout for SELU."""

from ..calling import Call, Module, constant, f, given, i

PRODUCTS = [
    (f(2, 3), f(2, 4), f(5, 3, 4)), (f(2, 3), f(2, 4), f(5, 3, 4), f(5)), (f(3), f(4), f(1, 3, 4)),
    (f(1, 2, 3), f(1, 2, 4), f(2, 3, 4)), (f(0, 3), f(0, 4), f(5, 3, 4)), (i(2, 2), i(2, 1), i(1, 2, 1)),
]  # fmt: skip
NO_PRODUCTS = [
    (f(1, 3), f(2, 4), f(5, 3, 4)), (f(2, 4), f(2, 4), f(5, 3, 4)), (f(2, 3), f(2, 3), f(5, 3, 4)),
    (f(2, 3), f(2, 4), f(5, 3, 4), f(4)), (f(2, 3), f(2, 4), f(3, 4)), (f(1, 2, 3), f(2, 4), f(5, 3, 4)),
    (i(2, 3), f(2, 4), f(5, 3, 4)),
]  # fmt: skip
EITHER = (True, False)

CALLS = {
    "nn.functional.bilinear": [
        *[Call(*x) for x in PRODUCTS], *[Call(*x, raises=True) for x in NO_PRODUCTS],
    ],
    "nn.Bilinear": [
        Module(3, 4, 2, on=(f(2, 3), f(2, 4))), Module(3, 1, 2, bias=False, on=(f(3), f(1))),
        Module(0, 1, 2, raises=True), Module(3, 4, 2, on=(f(2, 3), f(2, 3)), raises=True),
    ],
    "nn.Unflatten": [
        Module(1, (2, 3), on=(f(2, 6),)), Module(-1, [3, -1], on=(f(2, 6),)), Module(0, (2, 1, 1), on=(f(2),)),
        Module(1, 2, raises=True), Module(1, (2.0, 3), raises=True), Module(1, (4, -1), on=(f(2, 6),), raises=True),
        Module(2, (2, 3), on=(f(2, 6),), raises=True),
    ],
    "nn.functional.rms_norm": [
        Call(f(2, 3), (3,)), Call(f(2, 3), [3], f(3)), Call(f(2, 2, 3), (2, 3), f(2, 3), 0.1), Call(f(0, 3), (3,)),
        Call(f(3), (3,), eps=1e-3), Call(f(2, 3), (2,), raises=True), Call(f(2, 3), (), raises=True),
        Call(given([0.0, 0.0]), (2,), dtypes=("float64",)), Call(f(2, 3), (3,), f(2), raises=True),
        Call(i(2, 3), (3,), raises=True),
    ],
    "nn.RMSNorm": [
        Module(3, on=(f(2, 3),)), Module((2, 3), 1e-3, on=(f(1, 2, 3),)), Module([3], None, False, on=(f(2, 3),)),
        Module(3, on=(f(2, 2),), raises=True),
    ],
    "nn.functional.group_norm": [
        Call(f(2, 4, 3), 2), Call(f(2, 4, 3), 4, f(4), f(4)), Call(f(3, 4), 1, f(4)),
        Call(f(2, 4, 1, 2), 2, None, f(4), grad=False),
        Call(f(2, 4), 2, eps=0.1), Call(f(0, 4, 3), 2), Call(f(2, 4, 3), 3, raises=True), Call(f(3), 1, raises=True),
        Call(f(2, 4), 2, f(3), raises=True), Call(f(1, 4), 4, raises=True), Call(i(2, 4), 2, raises=True),
    ],
    "nn.GroupNorm": [
        Module(2, 4, on=(f(2, 4, 3),)), Module(1, 4, 0.1, False, on=(f(2, 4),)),
        Module(2, 2, bias=False, on=(f(2, 2, 3),)),
        Module(3, 4, raises=True), Module(2, 4, on=(f(2, 6),), raises=True),
    ],
    **{f"nn.functional.{name}": [
        Call(f(2, 3, 2), 0.5, False), Call(f(2, 3, 2), 0, True), Call(f(2, 3, 2), 1.0, True, grad=False),
        Call(constant(f(2, 3, 2)), 0.5, False, True), Call(f(2, 3), 0.5, True, only="shape"),
        Call(constant(f(2, 3)), 0.5, True, True, only="shape"),
        Call(constant(given([[0.7] * 5] * 6000)), 0.25, True, only="distribution"),
        Call(f(2), 1.5, raises=True), Call(f(2), -0.5, raises=True),
    ] for name in ("alpha_dropout", "feature_alpha_dropout")},
    "nn.functional.dropout3d": [
        Call(f(2, 3, 2, 1, 2), 0.5, False), Call(f(2, 3, 1, 2), 0.5, only="shape"), Call(f(2, 3, 1, 1, 2), 0, True),
        Call(f(2, 3, 1, 1, 2), 1.0), Call(f(2, 3), 0.5, only="shape"), Call(f(2, 3, 1, 2), p=2, raises=True),
        Call(constant(f(2, 3, 1, 2)), 0.5, True, True, only="shape"),
    ],
    **{f"nn.{name}": [
        Module(on=(f(2, 3, 2, 2),), training=False), Module(0.0, on=(f(2, 3, 1, 1),)), Module(1.5, raises=True),
        Module(0.3, True, on=(constant(f(2, 3, 1, 1)),), training=False), Module(on=(f(2, 3, 2, 2),), only="shape"),
    ] for name in ("Dropout3d", "AlphaDropout", "FeatureAlphaDropout")},
}  # fmt: skip
for name in ("bilinear", "rms_norm", "group_norm"):
    CALLS[name] = CALLS[f"nn.functional.{name}"][:3]
