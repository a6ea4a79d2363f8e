"""The functions of networks that PyTorch has without `nn.functional` as well."""

import math

from ..calling import Call, Named, f, given, i

CALLS = {
    **{
        name: [
            Call(f(2, 3), 1), Call(f(2, 3), dim=0), Call(f(2, 3, 2), -1), Call(f(), 0), Call(f(2, 0), 1),
            Call(f(2, 3), 2, raises=True), Call(f(2), 0, dtype=Named("float64")),
            Call(given([-math.inf, 0.0, 1000.0]), 0), Call(i(3), 0, dtype=Named("float32")),
            Call(input=f(2), dim=0), Call(i(3), 0, raises=True),
        ]
        for name in ("softmax", "log_softmax")
    },
    **{
        f"Tensor.{name}": [Call(f(2, 3), 1), Call(f(2, 3), dim=0), Call(f(2), 1, raises=True)]
        for name in ("softmax", "log_softmax")
    },
    "layer_norm": [
        Call(f(2, 3), (3,)), Call(f(2, 3), [3], f(3), f(3)), Call(f(2, 3), (2, 3)), Call(f(2, 3), (3,), None, f(3)),
        Call(f(2, 3), (3,), eps=0.1), Call(f(2, 3), (2,), raises=True), Call(f(2, 3), (3,), f(2), raises=True),
        Call(f(0, 3), (3,)),
    ],
}  # fmt: skip
