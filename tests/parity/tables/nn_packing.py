"""Sequences of different length, packed, padded and back."""

from ..calling import Call, Program, constant, f, given, i

X, FIRST = f(4, 3, 2), f(3, 4, 2)
SORTED, MIXED = given([4, 2, 1], "int64"), given([2, 4, 1], "int64")
TWO, SWAPPED = given([2], "int64"), given([1, 0], "int64")
THREE = [f(3, 2), f(2, 2), f(1, 2)]
UNLIKE = [f(1, 2), f(3, 2), f(2, 2)]


def packing(of, lengths=MIXED, x=X, raises=False, **options) -> Program:
    """Something done with a packed sequence of these lengths."""
    options.setdefault("enforce_sorted", False)
    pack = lambda torch, x, lengths: torch.nn.utils.rnn.pack_padded_sequence(x, lengths, **options)
    return Program(lambda torch, x, lengths: of(torch, pack(torch, x, lengths)), x, lengths, raises=raises)


def seen(packed) -> list:
    """All that a packed sequence says of itself."""
    return [packed, packed.is_cuda, packed.is_pinned(), len(packed), repr(packed)[:30]]


pad = lambda torch, packed, *options, **more: torch.nn.utils.rnn.pad_packed_sequence(packed, *options, **more)
METHODS = [
    lambda p: p.double(), lambda p: p.float(), lambda p: p.cpu(), lambda p: p.long(), lambda p: p.int(),
    lambda p: p.to("cpu"), lambda p: p.to(p.data.double()), lambda p: p.batch_sizes.tolist(), lambda p: p[1],
    lambda p: p._replace(data=p.data * 2), lambda p: p.to(p.data.dtype) is p, lambda p: p.short(), lambda p: p.char(),
    lambda p: p.byte(),
]  # fmt: skip

CALLS = {
    "nn.utils.rnn.pack_padded_sequence": [
        *[Call(x, SORTED) for x in (X, f(4, 3), f(4, 3, 2, 1), i(4, 3))], *[Call(X, n) for n in ([4, 3, 3], [2, 1, 1])],
        Call(FIRST, SORTED, True), Call(X, MIXED, enforce_sorted=False),
        Call(FIRST, [1, 4, 4], batch_first=True, enforce_sorted=False), Call(X, given([4, 2, 1], "int32")),
        Call(X, (3, 3, 3)), Call(f(1, 1, 2), [1]),
        *[Call(X, lengths, raises=True) for lengths in (MIXED, [4, 2], [4, 2, 0], [4, 2, -1], [[4, 2, 1]], [])],
        Call(f(4), SORTED, raises=True), Call(X, raises=True), Call(FIRST, SORTED, raises=True),
        Call(f(4, 3, 0), SORTED, raises=True),
    ],
    "nn.utils.rnn.pad_packed_sequence": [
        packing(pad), packing(pad, SORTED, enforce_sorted=True), packing(lambda torch, p: pad(torch, p, True)),
        packing(lambda torch, p: pad(torch, p, batch_first=True, padding_value=-1.5)),
        packing(lambda torch, p: pad(torch, p, total_length=6)),
        packing(pad, x=i(4, 3)),
        packing(lambda torch, p: pad(torch, p, True, 0.5, 4), MIXED, FIRST, batch_first=True),
        packing(lambda torch, p: pad(torch, p, total_length=3), raises=True), Call(X, raises=True),
    ],
    "nn.utils.rnn.PackedSequence": [
        packing(lambda torch, p: seen(p)), *[packing(lambda torch, p, of=of: of(p)) for of in METHODS],
        Call(f(4, 2), given([3, 1], "int64")), Call(f(2, 2), TWO, SWAPPED), Call(f(2, 2), TWO, None, SWAPPED),
        Call(f(2, 2), raises=True),
    ],
    "nn.utils.rnn.invert_permutation": [Call(given([2, 0, 1], "int64")), Call(None), Call(given([0], "int64"))],
    "nn.utils.rnn.pack_sequence": [
        Call(THREE), Call([f(2), f(1)]), Call(UNLIKE, False), Call(UNLIKE, enforce_sorted=False), Call([f(2, 1, 3)]),
        Call([i(2), i(2)]),
        Call(UNLIKE, raises=True), Call([], raises=True), Call([f(2), f(0)], raises=True),
        Call([f(2, 2), f(1, 3)], raises=True),
    ],
    "nn.utils.rnn.unpack_sequence": [
        packing(lambda torch, p: torch.nn.utils.rnn.unpack_sequence(p), lengths)
        for lengths in (SORTED, MIXED, given([3, 3, 3], "int64"))
    ],
    "nn.utils.rnn.pad_sequence": [
        Call(THREE), Call(UNLIKE, True), Call(UNLIKE, batch_first=True, padding_value=0.5), Call([f(2), f(3)]),
        Call([f(1, 2, 2), f(2, 2, 2)]),
        Call([i(2), i(1)], padding_value=-1), Call(UNLIKE, padding_side="left"), Call([f(0, 2), f(2, 2)]),
        Call((f(1), f(2)), True),
        Call([i(1), f(2)]), Call([f(2)], True, 9.0, "left"), Call([f(0)]),
        Call(THREE, padding_value=float("nan"), grad=False),
        Call([], raises=True), Call([f(2, 2), f(2, 3)], raises=True), Call(THREE, padding_side="top", raises=True),
        Call([f()], raises=True), Call([[1.0]], raises=True), Call(3, raises=True), Call([f(2), f(2, 3)], raises=True),
    ],
    "nn.utils.rnn.unpad_sequence": [
        *[Call(constant(x), *options) for x, options in [  # PyTorch's fails on a leaf that requires grad
            (X, (SORTED,)), (FIRST, (MIXED, True)), (f(4, 3), (SORTED, False)), (X, (given([4, 0, 1], "int64"),)),
            (i(4, 3), (MIXED,)),
        ]],
    ],
}  # fmt: skip
