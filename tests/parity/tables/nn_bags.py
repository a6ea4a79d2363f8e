"""Bags of rows of a table."""

from ..calling import Call, Module, Program, constant, f, given, i

NAMES, OFFSETS, TABLE = given([1, 2, 4, 1], "int64"), given([0, 2, 2], "int64"), f(5, 2)
ROWS, NOTHING = given([[1, 2, 1], [4, 4, 0]], "int64"), given([], "int64")
MODES = ("sum", "mean", "max")

CALLS = {
    "nn.functional.embedding_bag": [
        *[Call(ROWS, TABLE, mode=mode, padding_idx=at) for mode in MODES for at in (None, 1, -1)],
        *[Call(NAMES, TABLE, OFFSETS, mode=mode, padding_idx=at) for mode in MODES for at in (None, 1)],
        Call(ROWS, TABLE), Call(NAMES, TABLE, given([0, 1, 4], "int64"), include_last_offset=True, mode="sum"),
        Call(ROWS, TABLE, mode="sum", per_sample_weights=f(2, 3)), Call(i(0, 2), TABLE),
        Call(NAMES, TABLE, OFFSETS, mode="sum", per_sample_weights=f(4), padding_idx=1),
        *[Call(NOTHING, TABLE, given([0, 0], "int64"), mode=mode, grad=False) for mode in MODES],
        Call(i(4, dtype="int32"), TABLE, given([0, 3], "int32")),
        Call(ROWS, constant(TABLE), max_norm=0.5), Call(ROWS, constant(TABLE), None, 0.7, 1.0, mode="sum"),
        *[Call(*x, raises=True, **options) for x, options in [
            ((NAMES, TABLE), {}), ((ROWS, TABLE, OFFSETS), {}), ((NAMES, TABLE, given([1, 2], "int64")), {}),
            ((NAMES, TABLE, given([0, 9], "int64")), {}), ((NAMES, TABLE, given([[0]], "int64")), {}),
            ((ROWS, TABLE), {"mode": "x"}), ((f(2, 2), TABLE), {}),
            ((ROWS, TABLE), {"per_sample_weights": f(2, 3)}), ((i(1, 2, 2), TABLE), {}), ((ROWS, i(5, 2)), {}),
            ((ROWS, TABLE), {"mode": "sum", "per_sample_weights": f(6)}), ((ROWS, TABLE), {"padding_idx": 5}),
            ((given([[5]], "int64"), TABLE), {}), ((given([[-1]], "int64"), TABLE), {}),
        ]],
    ],
    "nn.EmbeddingBag": [
        *[Module(5, 2, mode=mode, on=(ROWS,)) for mode in MODES], Module(5, 2, on=(NAMES, OFFSETS)),
        Module(5, 2, mode="sum", padding_idx=-1, on=(ROWS, None, f(2, 3))), Module(5, 2, _weight=f(5, 2), on=(ROWS,)),
        Module(5, 2, 0.4, 1.0, mode="sum", include_last_offset=True, on=(NAMES, given([0, 3, 4], "int64"))),
        Module(5, 2, padding_idx=5, raises=True), Module(5, 2, _weight=f(4, 2), raises=True),
        Module(5, 2, on=(NAMES,), raises=True),
        Program(lambda torch: torch.nn.EmbeddingBag(4, 3, padding_idx=1).weight[1]),
        Program(lambda torch, x, at: torch.nn.EmbeddingBag.from_pretrained(x, mode="max")(at), constant(TABLE), ROWS),
        Program(lambda torch, x: torch.nn.EmbeddingBag.from_pretrained(x, freeze=False).weight.requires_grad, f(3, 2)),
    ],
}  # fmt: skip
