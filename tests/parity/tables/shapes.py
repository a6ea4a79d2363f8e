"""The same elements under other dimensions, parts of them, and tensors joined."""

from ..calling import Call, Named, b, f, i

DIMS = {"transpose": ("dim0", "dim1"), "swapaxes": ("axis0", "axis1"), "swapdims": ("dim0", "dim1")}
CALLS = {
    "reshape": [
        Call(f(2, 3), (3, 2)), Call(f(2, 3), (-1,)), Call(f(2, 3), [3, -1]), Call(f(), (1, 1)), Call(f(1), ()),
        Call(f(0, 3), (3, 0)), Call(i(4), (2, 2)), Call(input=f(2, 3), shape=(6,)),
        Call(f(2, 3), (4,), raises=True), Call(f(2, 3), (-1, -1), raises=True), Call(f(2, 3), (-1, 4), raises=True),
        Call(f(0), (-1, 0), raises=True), Call(f(2), 2.0, raises=True), Call(f(4), (-2,), raises=True),
        Call(f(4), (-2, 2), raises=True),
    ],
    "Tensor.reshape": [Call(f(2, 3), 3, 2), Call(f(2, 3), -1), Call(f(2, 3), (1, 6)), Call(f(2, 3), 1, -1, 2)],
    "Tensor.view": [
        Call(f(2, 3), 3, 2), Call(f(2, 3), (-1,)), Call(f(2, 3), -1, 1), Call(f(2, 3), 7, raises=True), Call(f(1), ()),
        Call(f(2, 3), [6]),
        Call(i(2), Named("int32")), Call(f(2, 3), "3", raises=True),
    ],
    "Tensor.view_as": [Call(f(2, 3), f(6)), Call(f(2, 3), i(3, 2)), Call(f(2), f(3), raises=True)],
    "Tensor.reshape_as": [Call(f(2, 3), f(6)), Call(f(2), f(3), raises=True)],
    "flatten": [
        Call(f(2, 3, 2)), Call(f(2, 3, 2), 1), Call(f(2, 3, 2), 0, 1), Call(f(2, 3, 2), start_dim=-2), Call(f()),
        Call(f(2, 0)), Call(f(2, 3), 1, 0, raises=True), Call(f(2, 3), 2, raises=True),
        Call(f(2, 3, 2), end_dim=-3),
    ],
    "ravel": [Call(f(2, 3)), Call(f()), Call(f(0, 2))],
    "unflatten": [
        Call(f(2, 6), 1, (2, 3)), Call(f(2, 6), -1, (-1, 2)), Call(f(6), 0, [3, 2]),
        Call(f(2, 6), 1, (4, -1), raises=True), Call(f(2, 6), 1, (2, 2), raises=True), Call(f(2), 1, (2,), raises=True),
        Call(f(2), 0, (), raises=True), Call(f(2, 4), dim=1, sizes=(2, 2)),
    ],
    "squeeze": [
        Call(f(1, 2, 1)), Call(f(1, 2, 1), 0), Call(f(1, 2, 1), 1), Call(f(1, 2, 1), (0, -1)), Call(f(1, 1)), Call(f()),
        Call(f(), 0), Call(f(2), 1, raises=True), Call(f(1, 2), dim=0), Call(f(1, 1), (0, 0), raises=True),
        Call(f(1, 2, 1), ()),
    ],
    "unsqueeze": [
        Call(f(2, 3), 0), Call(f(2, 3), 1), Call(f(2, 3), -1), Call(f(), 0), Call(f(2, 3), 3, raises=True),
        Call(f(2, 3), -4, raises=True), Call(f(2), dim=-2), Call(f(2), raises=True), Call(f(2), 0.0, raises=True),
    ],
    **{
        name: [
            Call(f(2, 3), 0, 1), Call(f(2, 3, 4), -1, 0), Call(f(2), 0, 0), Call(f(), 0, -1),
            Call(f(2, 3), 0, 2, raises=True), Call(f(2, 3), **dict(zip(names, (1, 0), strict=True))),
            Call(f(), 0, 1, raises=True),
            Call(f(2, 3), 0, raises=True),
        ]
        for name, names in DIMS.items()
    },
    "t": [Call(f(2, 3)), Call(f(2)), Call(f()), Call(f(1, 2, 3), raises=True)],
    "permute": [
        Call(f(2, 3, 4), (2, 0, 1)), Call(f(2, 3), (-1, 0)), Call(f(), ()), Call(f(2, 3), (0, 0), raises=True),
        Call(f(2, 3), (0,), raises=True), Call(f(2, 3), (0, 2), raises=True), Call(f(2, 3), dims=(1, 0)),
        Call(f(2, 3), [1, 0]),
    ],
    "Tensor.permute": [Call(f(2, 3, 4), 2, 0, 1), Call(f(2, 3), (1, 0)), Call(f(2, 3), 0, raises=True)],
    **{
        name: [
            Call(f(2, 3, 4), 0, 2), Call(f(2, 3, 4), (0, 1), (-1, 0)), Call(f(2, 3), 0, (0, 1), raises=True),
            Call(f(2), 1, 0, raises=True), Call(f(2, 3), source=1, destination=0),
            Call(f(2, 3), (0, 0), (0, 1), raises=True),
        ]
        for name in ("movedim", "moveaxis")
    },
    "Tensor.expand": [
        Call(f(2, 1), 2, 3), Call(f(3), 2, 3), Call(f(2, 1), -1, 3), Call(f(), 2), Call(f(2, 1), (2, 4)),
        Call(f(2), 3, raises=True), Call(f(2), -1, 2, raises=True), Call(f(1, 2), 2, raises=True), Call(f(1), 0),
        Call(f(1), [2]),
    ],
    "Tensor.expand_as": [Call(f(2, 1), f(2, 3)), Call(f(2), f(3), raises=True)],
    "broadcast_to": [
        Call(f(3), (2, 3)), Call(f(2, 1), (2, 4)), Call(f(2), (3,), raises=True), Call(f(2), size=(1, 2)),
        Call(f(1, 2), (2,), raises=True),
    ],
    "broadcast_tensors": [Call(f(3), f(2, 1)), Call(f(), i(2)), Call(f(2), f(3), raises=True), Call(f(2))],
    "Tensor.contiguous": [Call(f(2, 3)), Call(i())],
    "select": [
        Call(f(2, 3), 0, 1), Call(f(2, 3), 1, -1), Call(f(2, 3), -1, 0), Call(f(2, 3), 0, 2, raises=True),
        Call(f(2, 3), 2, 0, raises=True), Call(f(), 0, 0, raises=True), Call(f(2, 3), dim=1, index=2),
    ],
    "narrow": [
        Call(f(2, 3), 1, 1, 2), Call(f(4), 0, -3, 2), Call(f(4), 0, 4, 0), Call(f(4), 0, 2, 3, raises=True),
        Call(f(4), 0, 5, 0, raises=True), Call(f(4), 0, 1, -1, raises=True), Call(f(4), 1, 0, 1, raises=True),
        Call(f(4, 2), dim=0, start=1, length=2), Call(f(), 0, 0, 1, raises=True), Call(f(4), 0, i(high=2), 2),
    ],
    "unbind": [
        Call(f(2, 3)), Call(f(2, 3), 1), Call(f(2, 3), dim=-1), Call(f(0, 2)), Call(f(), raises=True),
        Call(f(2), 1, raises=True), Call(i(2)),
    ],
    "split": [
        Call(f(5), 2), Call(f(5), [1, 4]), Call(f(2, 5), 3, 1), Call(f(2, 5), 2, dim=-1), Call(f(4), 5), Call(f(0), 2),
        Call(f(0), 0), Call(f(5), (2, 2), raises=True), Call(f(5), [-1, 6], raises=True), Call(f(5), 0, raises=True),
        Call(f(5), -1, raises=True), Call(f(), 1, raises=True), Call(f(5), 2, 1, raises=True), Call(f(3), [0, 3]),
        Call(f(4), split_size_or_sections=2),
    ],
    "Tensor.split": [Call(f(5), 2), Call(f(2, 5), [1, 4], 1), Call(f(2, 5), split_size=2, dim=1)],
    "chunk": [
        Call(f(5), 2), Call(f(5), 4), Call(f(2, 3), 3, 1), Call(f(2), 5), Call(f(0), 3), Call(f(3), 0, raises=True),
        Call(f(), 1, raises=True), Call(f(4, 2), chunks=2, dim=0), Call(f(3), 2, 1, raises=True),
    ],
    "tensor_split": [
        Call(f(5), 2), Call(f(7), 3), Call(f(5), (1, 3)), Call(f(2, 5), [2], 1), Call(f(5), (3, 1)),
        Call(f(5), (-2, 9)), Call(f(2, 5), sections=2, dim=1), Call(f(2, 5), indices=(1,)), Call(f(5), 0, raises=True),
        Call(f(), 1, raises=True),
        Call(f(2), 4), Call(f(5), i(2, low=1, high=4)),
    ],
    **{
        name: [
            Call([f(2, 3), f(1, 3)]), Call([f(2, 3), f(2, 1)], 1), Call((f(2), f(3)), dim=-1), Call([f(2)]),
            Call([f(0), f(2, 2)]), Call([f(2), i(2)]), Call([i(2), b(2)]), Call([f(0, 3), f(2, 3)]),
            Call([f(2), f(3, 3)], raises=True), Call([f(2, 3), f(3, 2)], raises=True), Call([], raises=True),
            Call([f(), f()], raises=True), Call([f(2), f(2)], 1, raises=True), Call(f(2), raises=True),
            Call([f(2), 1.0], raises=True), Call(tensors=[f(2), f(1)], dim=0), Call([f(2, 1), f(2, 1)], axis=1),
        ]
        for name in ("cat", "concat", "concatenate")
    },
    "stack": [
        Call([f(2), f(2)]), Call([f(2, 3), f(2, 3)], 1), Call((f(), f()), dim=-1), Call([f(2), i(2)]),
        Call([f(2), f(3)], raises=True), Call([], raises=True), Call([f(2)], 2, raises=True), Call([f(0), f(0)]),
        Call([f(2), f(1, 2)], raises=True),
        Call(tensors=[f(2), f(2)], dim=1), Call([b(2), i(2)]), Call(f(2), raises=True),
    ],
    "hstack": [
        Call([f(2), f(3)]), Call([f(2, 1), f(2, 2)]), Call([f(), f()]), Call([f(2, 1), f(3, 1)], raises=True),
        Call([], raises=True),
    ],
    "vstack": [
        Call([f(3), f(3)]), Call([f(2, 1), f(1, 1)]), Call([f(), f(1)]), Call([f(2), f(3)], raises=True),
        Call([], raises=True),
    ],
    "flip": [
        Call(f(2, 3), (0,)), Call(f(2, 3), (0, -1)), Call(f(2, 3), [1]), Call(f(), ()), Call(f(2), (1,), raises=True),
        Call(f(2, 3), (0, 0), raises=True), Call(i(0), (0,)), Call(f(2, 3), ()),
    ],
    "Tensor.flip": [Call(f(2, 3), 0), Call(f(2, 3), 0, 1), Call(f(2, 3), (1,))],
    "fliplr": [Call(f(2, 3)), Call(f(2), raises=True)],
    "flipud": [Call(f(2, 3)), Call(f(2)), Call(f(), raises=True)],
    "roll": [
        Call(f(2, 3), 1), Call(f(2, 3), 1, 1), Call(f(2, 3), (1, -1), (0, 1)), Call(f(5), -7),
        Call(f(2, 3), shifts=2, dims=-1), Call(f(0), 1), Call(f(), 1), Call(f(2, 3), (1, 2), 0, raises=True),
        Call(f(2), 1, 1, raises=True),
        Call(f(2, 3), (1, 2), raises=True), Call(f(2, 3), (1, 1), (0, 0)),
    ],
    "Tensor.repeat": [
        Call(f(2), 2), Call(f(2), 2, 3), Call(f(2, 3), (1, 2)), Call(f(), 3), Call(f(2), 0),
        Call(f(2, 3), 2, raises=True), Call(f(2), -1, raises=True), Call(f(2, 1), 1, 1), Call(i(2), 2),
    ],
    "tile": [
        Call(f(2), (2,)), Call(f(2, 3), (2,)), Call(f(2), (2, 3)), Call(f(), (2,)), Call(f(2), (0,)), Call(f(2, 3), ()),
    ],
    "Tensor.tile": [Call(f(2), 2, 2), Call(f(2, 3), (2,))],
    "repeat_interleave": [
        Call(f(3), 2), Call(f(2, 3), 2), Call(f(2, 3), 2, 1), Call(f(2, 3), i(2), dim=0), Call(f(3), i(3), 0),
        Call(f(2, 3), i(1, low=2, high=3), 1), Call(f(2, 3), i(3), 0, raises=True), Call(f(3), -1, raises=True),
        Call(f(3), i(3, low=-2, high=-1), raises=True), Call(f(2), 2, 1, raises=True), Call(f(3), 0),
    ],
    "tril": [
        Call(f(3, 3)), Call(f(2, 3), 1), Call(f(3, 2), -1), Call(f(2, 3, 3)), Call(i(3, 3), diagonal=1),
        Call(f(2), raises=True), Call(b(2, 2)), Call(f(0, 3)),
    ],
    "triu": [
        Call(f(3, 3)), Call(f(2, 3), 1), Call(f(3, 2), -1), Call(f(2, 3, 3)), Call(i(3, 3), diagonal=1),
        Call(f(2), raises=True), Call(b(2, 2)), Call(f(2, 2), 5),
    ],
    "meshgrid": [
        Call(f(2), f(3)), Call(f(2), f(3), indexing="xy"), Call([f(2), f(1), f(3)], indexing="ij"), Call(f()),
        Call(f(2), f(3), f(1), indexing="xy"),
        Call(f(2, 2), f(2), raises=True), Call(f(2), f(2), indexing="no", raises=True), Call(f(2), indexing="xy"),
    ],
    **{
        name: [Call(f()), Call(f(2)), Call(f(2, 3)), Call([f(), f(2)]), Call(f(2), f(1, 2)), Call(f(1, 2, 3))]
        for name in ("atleast_1d", "atleast_2d", "atleast_3d")
    },
    "dstack": [Call([f(2), f(2)]), Call([f(2, 1), f(2, 1)]), Call([f(), f()]), Call([f(2), f(3)], raises=True)],
    "column_stack": [Call([f(2), f(2)]), Call([f(2), f(2, 3)]), Call([f(), f()]), Call([f(2), f(3)], raises=True)],
    "row_stack": [Call([f(3), f(3)])],
    "Tensor.unfold": [
        Call(f(5), 0, 3, 1), Call(f(2, 5), 1, 2, 2), Call(f(5, 2), -2, 2, 3), Call(f(3), 0, 3, 1),
        Call(f(3), 0, 4, 1, raises=True), Call(f(3), 0, 2, 0, raises=True), Call(f(3), 1, 2, 1, raises=True),
        Call(i(4), dimension=0, size=2, step=1),
    ],
    "diff": [
        Call(f(4)), Call(f(2, 3), 1, 0), Call(f(2, 3), n=2, dim=1), Call(i(4)), Call(b(4)), Call(f(3), prepend=f(1)),
        Call(f(3), append=f(2)), Call(f(1)), Call(f(3), 0), Call(f(2), 5), Call(f(3), -1, raises=True),
        Call(f(), raises=True), Call(f(2), 1, 1, raises=True),
        Call(f(0)),
    ],
    "diagonal": [
        Call(f(2, 3)), Call(f(2, 3), 1), Call(f(3, 2), -1), Call(f(2, 3, 4), 0, 1, 2),
        Call(f(2, 3, 2), offset=1, dim1=-1, dim2=0),
        Call(f(2), raises=True), Call(f(2, 2), 0, 1, 1, raises=True), Call(f(2, 2), 5),
        Call(f(2, 3), 0, 0, 2, raises=True),
    ],
    "trace": [Call(f(2, 3)), Call(i(2, 2)), Call(f(2), raises=True), Call(f(0, 0))],
    "diag": [
        Call(f(3)), Call(f(2, 3)), Call(f(2), 1), Call(f(3, 3), -1), Call(f(2, 3), 2), Call(f(2, 2, 2), raises=True),
        Call(f(), raises=True), Call(i(2), diagonal=-1), Call(f(2, 3), 4), Call(f(0)),
        Call(f(3), 1), Call(f(3), -3),
    ],
}  # fmt: skip
METHODS = """
    flatten ravel unflatten squeeze unsqueeze transpose swapaxes swapdims t movedim moveaxis broadcast_to select narrow
    unbind chunk tensor_split fliplr flipud roll repeat_interleave tril triu diag diagonal trace diff
""".split()
IN_PLACE = "squeeze unsqueeze transpose swapaxes swapdims t tril triu".split()
CALLS.update({f"Tensor.{name}": CALLS[name][:3] for name in METHODS})
CALLS.update({f"Tensor.{name}_": CALLS[name][:2] for name in IN_PLACE})
