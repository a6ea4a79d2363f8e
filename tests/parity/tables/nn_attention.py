"""Attention: the function, and the module with several heads."""

from ..calling import Call, Module, Named, b, constant, f, given, i

SEEN = given([[True, False, True, True], [False, False, False, True]], "bool")
BLIND = given([[True, False, True, True], [False] * 4], "bool")
QKV = f(2, 3), f(4, 3), f(4, 5)
BATCH = f(2, 1, 2, 4), f(2, 1, 3, 4), f(2, 1, 3, 4)

T, S, N, E = 2, 3, 2, 4
SELF = (f(T, N, E),) * 3
INPUTS = f(T, N, E), f(S, N, E), f(S, N, E)
OTHER = f(T, N, E), f(S, N, 3), f(S, N, 5)
FIRST = f(N, T, E), f(N, S, E), f(N, S, E)
ALONE = f(T, E), f(S, E), f(S, E)
PADDING = given([[False, False, True], [False, True, True]], "bool")
CAUSAL = given([[False, True, True], [False, False, True]], "bool")
ADDED = constant(f(T, S))
HEADS = constant(f(N * 2, T, S))
OPTIONS = [(), (False,), (True, None, False), (False, CAUSAL), (True, ADDED), (True, HEADS), (True, ADDED, False)]

CALLS = {
    "nn.functional.scaled_dot_product_attention": [
        Call(*QKV), Call(*QKV, SEEN), Call(*QKV, attn_mask=constant(f(2, 4))), Call(*QKV, attn_mask=f(2, 4)),
        Call(*QKV, is_causal=True), Call(*QKV, scale=0.3), Call(*BATCH), Call(*BATCH, is_causal=True),
        Call(*QKV, BLIND),
        Call(*BATCH, b(1, 3)), Call(*QKV, b(4)), Call(*QKV, None, 0.5, only="shape"),
        Call(f(1, 4, 2, 3), f(1, 2, 3, 3), f(1, 2, 3, 3), enable_gqa=True),
        Call(f(0, 3), f(4, 3), f(4, 5)), Call(f(2, 3), f(1, 3), f(1, 2)),
        *[Call(*x, **options, raises=True) for x, options in [
            (QKV, {"attn_mask": SEEN, "is_causal": True}), ((f(2, 3), f(4, 2), f(4, 5)), {}), ((f(3), f(3), f(3)), {}),
            ((f(2, 3), f(4, 3), f(3, 5)), {}), ((i(2, 3), i(4, 3), i(4, 5)), {}), ((f(2, 3), i(4, 3), f(4, 5)), {}),
            (QKV, {"attn_mask": i(2, 4)}), (QKV, {"attn_mask": b(3, 4)}), (QKV, {"dropout_p": 1.5}),
            ((f(1, 3, 2, 3), f(1, 2, 3, 3), f(1, 2, 3, 3)), {"enable_gqa": True}),
        ]],
    ],
    "nn.MultiheadAttention": [
        Module(E, 2, on=SELF),
        *[Module(E, 2, on=(*INPUTS, PADDING, *options), training=False) for options in OPTIONS[:3]],
        *[Module(E, 2, on=(*INPUTS, None, *options)) for options in OPTIONS],
        *[Module(E, 2, on=(*ALONE, constant(f(S)), *options)) for options in ((), (False,), (True, ADDED))],
        *[Module(E, 1, bias=bias, on=INPUTS) for bias in (True, False)], Module(E, 2, kdim=3, vdim=5, on=OTHER),
        *[Module(E, 2, kdim=3, vdim=5, bias=False, add_bias_kv=True, on=(*OTHER, None, x)) for x in (True, False)],
        Module(E, 2, batch_first=True, on=FIRST), Module(E, 2, batch_first=True, on=(*FIRST, PADDING, False)),
        *[Module(E, 2, add_zero_attn=True, on=(*INPUTS, PADDING, True, x)) for x in (None, CAUSAL)],
        Module(E, 2, add_bias_kv=True, add_zero_attn=True, on=INPUTS), Module(E, 2, 0.5, on=INPUTS, only="shape"),
        Module(E, 2, 0.5, on=INPUTS, training=False), Module(E, 2, dtype=Named("float64"), device="cpu", on=SELF),
        Module(E, 2, on=(*SELF, None, True, given([[False, True], [False, False]], "bool"), True, True)),
        *[Module(*arguments, on=on, raises=True, **options) for arguments, on, options in [
            ((E, 3), SELF, {}), ((0, 1), SELF, {}), ((E, 0), SELF, {}), ((E, 2), (f(T, N, 3),) * 3, {}),
            ((E, 2), (f(E),) * 3, {}),
            ((E, 2), (*INPUTS[:2], f(2, N, E)), {}), ((E, 2), (*INPUTS, i(N, S)), {}), ((E, 2), (*INPUTS, b(2, N)), {}),
            ((E, 2), (*INPUTS, None, True, b(S, T)), {}), ((E, 2), (*INPUTS, None, True, None, True, True), {}),
            ((E, 2), (*INPUTS, None, True, constant(f(N, T, S))), {}), ((E, 2), (*ALONE[:2], f(S, 1, E)), {}),
            ((E, 2), SELF[:1], {}),
            ((E, 2), INPUTS, {"kdim": 3}), ((E,), SELF, {}), ((E, 2), (f(T, N, E), f(S, 1, E), f(S, 1, E)), {}),
        ]],
    ],
}  # fmt: skip
