"""Attention: values, gradients, masks and errors as torch's."""

from __future__ import annotations

import math
import warnings
from inspect import signature

import numpy as np
import pytest

import tinygrad_rnn as tg
import tinygrad_rnn.nn as nn

from ..autograd.both import as_torch, refused_as_torch

RANDOM = np.random.default_rng(0)


def normal(*shape, dtype="f8"):
    return RANDOM.normal(size=shape).astype(dtype)


# --- scaled_dot_product_attention ---------------------------------------------------------------------------------

Q, K, V = normal(2, 3, 4, 6), normal(2, 3, 5, 6), normal(2, 3, 5, 7)
SEEN = RANDOM.random((4, 5)) < 0.6
SEEN[0], SEEN[1] = True, False  # the first query sees all, the second nothing
CASES = {
    "plain": ((Q, K, V), {}),
    "matrices": ((Q[0, 0], K[0, 0], V[0, 0]), {}),
    "cubes": ((Q[0], K[0], V[0]), {}),
    "broadcast": ((Q, K[:1, :1], V[0]), {}),
    "causal": ((Q, K, V), {"is_causal": True}),
    "causal with more queries": ((K, Q, Q), {"is_causal": True}),
    "scale": ((Q, K, V), {"scale": 0.3}),
    "bools": ((Q, K, V), {"attn_mask": SEEN}),
    "bools of each head": ((Q, K, V), {"attn_mask": RANDOM.random((2, 3, 4, 5)) < 0.7}),
    "floats": ((Q, K, V), {"attn_mask": normal(4, 5)}),
    "floats with minus infinity": ((Q, K, V), {"attn_mask": np.where(SEEN, 0.5, -math.inf)}),
    "bools on a row": ((Q, K, V), {"attn_mask": SEEN[2:3]}),
    "groups of heads": ((normal(2, 6, 4, 6), K, V), {"enable_gqa": True}),
    "no queries": ((Q[:, :, :0], K, V), {}),
    "no keys": ((Q, K[:, :, :0], V[:, :, :0]), {}),
    "no dropout": ((Q, K, V), {"dropout_p": 0.0}),
}


@pytest.mark.parametrize(("dtype", "tolerance"), [("f8", 1e-9), ("f4", 1e-4)])
@pytest.mark.parametrize("name", CASES)
def test_as_torch(name, dtype, tolerance):
    arrays, options = CASES[name]

    def program(m):
        given = dict(options)
        mask = given.get("attn_mask")
        if mask is not None:
            given["attn_mask"] = m.tensor(mask if mask.dtype == bool else mask.astype(dtype))
        xs = [m.tensor(x.astype(dtype), requires_grad=True) for x in arrays]
        y = m.nn.functional.scaled_dot_product_attention(*xs, **given)
        (y * y).sum().backward()
        return [y, *[x.grad for x in xs]]

    as_torch(program, rtol=tolerance)


def test_a_mask_of_floats_gets_its_gradient_as_torch():
    def program(m):
        mask = m.tensor(CASES["floats"][1]["attn_mask"], requires_grad=True)
        m.nn.functional.scaled_dot_product_attention(*map(m.tensor, (Q, K, V)), mask).square().sum().backward()
        return mask.grad

    as_torch(program, rtol=1e-9)


def test_nan_in_a_hidden_value_comes_through_as_in_torch():
    """0 times nan. DecoderAttention does better: there no query sees what another does not."""

    def program(m):
        values = V.copy()
        values[..., 2, :] = np.nan
        seen = m.tensor([[True, True, False, True, True]])
        return m.nn.functional.scaled_dot_product_attention(*map(m.tensor, (Q, K, values)), seen).isnan().all().item()

    as_torch(program)


def test_the_definition():
    weights = np.exp(Q[0, 0] @ K[0, 0].T / math.sqrt(6))
    weights /= weights.sum(1, keepdims=True)
    y = tg.nn.functional.scaled_dot_product_attention(*map(tg.tensor, (Q[0, 0], K[0, 0], V[0, 0])))
    np.testing.assert_allclose(y.numpy(), weights @ V[0, 0], rtol=1e-12)


def test_dropout_drops_weights():
    tg.manual_seed(0)
    query, keys = tg.zeros(1, 400, 4), tg.zeros(1, 100, 4)
    y = nn.functional.scaled_dot_product_attention(query, keys, tg.eye(100)[None], dropout_p=0.25)
    assert set(np.unique(y.numpy().round(6))) == {0.0, np.float32(0.013333)}
    np.testing.assert_allclose((y == 0).float().mean().item(), 0.25, atol=0.01)


def attend(*shapes, dtypes=("f4", "f4", "f4"), mask=None, **options):
    def program(m):
        xs = [m.tensor(np.ones(shape, dtype)) for shape, dtype in zip(shapes, dtypes)]
        return m.nn.functional.scaled_dot_product_attention(*xs, None if mask is None else m.tensor(mask), **options)

    return program


@pytest.mark.parametrize("program", [
    attend((2, 3), (4, 2), (4, 3)), attend((2, 3), (4, 3), (5, 3)), attend((3,), (4, 3), (4, 3)),
    attend((2, 3), (4, 3), (4, 3), dtypes=("f4", "f8", "f4")), attend((2, 3), (4, 3), (4, 3), dtypes=("i8",) * 3),
    attend((2, 3), (4, 3), (4, 3), mask=np.ones((2, 4)), is_causal=True),
    attend((2, 3), (4, 3), (4, 3), mask=np.ones((2, 4), int)), attend((2, 3), (4, 3), (4, 3), mask=np.ones((2, 4))),
    attend((2, 3), (4, 3), (4, 3), mask=np.ones((3, 4), "f4")), attend((2, 3), (4, 3), (4, 3), dropout_p=1.5),
    attend((1, 4, 2, 3), (1, 3, 4, 3), (1, 3, 4, 3), enable_gqa=True),
])  # fmt: skip
def test_refused_as_torch(program):
    refused_as_torch(program)


# --- MultiheadAttention --------------------------------------------------------------------------------------------

L, S, N, E = 4, 5, 3, 6
HIDDEN, PADDING = np.triu(np.ones((L, S), bool), 2), np.arange(S) >= np.array([[5], [2], [4]])
MODULES = [
    {}, {"bias": False}, {"kdim": 4}, {"vdim": 3}, {"kdim": 4, "vdim": 3, "bias": False}, {"add_zero_attn": True},
    {"add_bias_kv": True}, {"add_bias_kv": True, "add_zero_attn": True, "kdim": 2}, {"batch_first": True},
    {"batch_first": True, "kdim": 4, "add_bias_kv": True},
]  # fmt: skip
CALLS = {
    "plain": {},
    "weights of each head": {"average_attn_weights": False},
    "no weights": {"need_weights": False},
    "bools": {"attn_mask": HIDDEN},
    "floats": {"attn_mask": RANDOM.normal(size=(L, S))},
    "each head": {"attn_mask": RANDOM.random((2 * N, L, S)) < 0.3},
    "padding": {"key_padding_mask": PADDING},
    "padding of floats": {"key_padding_mask": RANDOM.normal(size=(N, S))},
    "both": {"attn_mask": HIDDEN, "key_padding_mask": PADDING},
    "both without weights": {"attn_mask": HIDDEN, "key_padding_mask": PADDING, "need_weights": False},
    "causal": {"attn_mask": np.triu(np.ones((L, S), bool), 1), "is_causal": True},
    "causal without weights": {"attn_mask": HIDDEN, "is_causal": True, "need_weights": False},
    "causal with padding": {
        "attn_mask": HIDDEN, "is_causal": True, "need_weights": False, "key_padding_mask": PADDING,
    },
}  # fmt: skip


def inputs(options):
    sizes = [(L, N, E), (S, N, options.get("kdim", E)), (S, N, options.get("vdim", E))]
    return [np.random.default_rng(i).normal(size=size) for i, size in enumerate(sizes)]


def as_tensors(m, call):
    return {name: m.tensor(x) if isinstance(x, np.ndarray) else x for name, x in call.items()}


def filled(m, module):
    """The same random parameters for ours and torch's; masks have the module's dtype."""
    module = module.to(m.float64)
    with m.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(m.tensor(np.random.default_rng(50 + i).normal(size=tuple(p.shape)) / 2))
    return module


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("options", MODULES)
def test_module_as_torch(options, call):
    """Outputs, weights, and the gradients of inputs and parameters."""

    def program(m):
        module = filled(m, m.nn.MultiheadAttention(E, 2, **options))
        xs = [m.tensor(x.swapaxes(0, 1) if options.get("batch_first") else x) for x in inputs(options)]
        for x in xs:
            x.requires_grad_()
        y, weights = module(*xs, **as_tensors(m, CALLS[call]))
        (y * y + (0 if weights is None else weights.sum())).sum().backward()
        grads = [x.grad for x in xs] + [p.grad for p in module.parameters()]
        return [y, weights, *grads, list(module.state_dict()), repr(module)]

    as_torch(program, rtol=1e-8)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("call", [
    {}, {"average_attn_weights": False}, {"need_weights": False}, {"attn_mask": HIDDEN},
    {"attn_mask": np.stack([HIDDEN] * 2), "key_padding_mask": PADDING[1]},
])  # fmt: skip
def test_without_a_batch_as_torch(call, batch_first):
    def program(m):
        module = filled(m, m.nn.MultiheadAttention(E, 2, batch_first=batch_first))
        return module(*[m.tensor(x[:, 0]) for x in inputs({})], **as_tensors(m, call))

    as_torch(program, rtol=1e-8)


@pytest.mark.parametrize("training", [True, False])
def test_self_attention_as_torch(training):
    def program(m):
        module = filled(m, m.nn.MultiheadAttention(E, 3)).train(training)
        x = m.tensor(inputs({})[0], requires_grad=True)
        y, weights = module(x, x, x)
        (y.sum() + (weights**2).sum()).backward()
        return y, weights, x.grad

    as_torch(program, rtol=1e-8)


def test_a_query_that_sees_nothing_as_torch():
    def program(m):
        module = filled(m, m.nn.MultiheadAttention(E, 2))
        xs, hidden = [m.tensor(x) for x in inputs({})], m.ones(L, S, dtype=m.bool)
        y, weights = module(*xs, attn_mask=hidden)
        return y.isnan().all().item(), weights.isnan().all().item(), module(*xs, attn_mask=hidden, need_weights=False)

    as_torch(program, rtol=1e-8)


def test_dropout_acts_while_training():
    tg.manual_seed(0)
    module, x = nn.MultiheadAttention(8, 2, dropout=0.5), tg.randn(40, 2, 8)
    weights = module(x, x, x, average_attn_weights=False)[1]
    np.testing.assert_allclose((weights == 0).float().mean().item(), 0.5, atol=0.05)
    assert not (module.eval()(x, x, x)[1] == 0).any()


def test_parameters_start_as_in_torch():
    tg.manual_seed(0)
    module = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = math.sqrt(6 / (64 + 192))
    values = module.in_proj_weight.detach().numpy()
    assert abs(values).max() <= bound
    np.testing.assert_allclose(values.std(), bound / math.sqrt(3), rtol=0.02)
    assert not module.in_proj_bias.any()
    assert not module.out_proj.bias.any()
    assert abs(module.out_proj.weight.detach().numpy()).max() <= 1 / 8
    np.testing.assert_allclose(module.bias_k.detach().numpy().std(), math.sqrt(2 / 128), rtol=0.3)


def call(*shapes, options=None, **given):
    def program(m):
        module = m.nn.MultiheadAttention(4, 2, **(options or {}))
        return module(*[m.ones(shape) for shape in shapes], **as_tensors(m, given))

    return program


@pytest.mark.parametrize("program", [
    lambda m: m.nn.MultiheadAttention(5, 2), lambda m: m.nn.MultiheadAttention(0, 2),
    lambda m: m.nn.MultiheadAttention(4, 0), call((4,), (4,), (4,)), call((3, 4), (5, 2, 4), (5, 4)),
    call((3, 2, 4), (5, 4), (5, 4)), call((3, 2, 5), (3, 2, 4), (3, 2, 4)), call((3, 2, 4), (3, 2, 4), (4, 2, 4)),
    call((3, 2, 4), (3, 2, 3), (4, 2, 4), options={"kdim": 3}), call((3, 2, 4), (3, 2, 5), (3, 2, 5)),
    call((3, 2, 4), (3, 5, 4), (3, 5, 4)),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), attn_mask=np.ones((2, 2), "f4")),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), attn_mask=np.ones((2, 3, 3), "f4")),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), attn_mask=np.ones(3, "f4")),
    call((3, 4), (3, 4), (3, 4), attn_mask=np.ones((3, 3, 3), "f4")),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), key_padding_mask=np.ones((3, 2), "f4")),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), key_padding_mask=np.ones(3, "f4")),
    call((3, 4), (3, 4), (3, 4), key_padding_mask=np.ones((1, 3), "f4")),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), key_padding_mask=np.ones((2, 3), int)),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), attn_mask=np.ones((3, 3), int)),
    call((3, 2, 4), (3, 2, 4), (3, 2, 4), is_causal=True),
])  # fmt: skip
def test_module_refuses_as_torch(program):
    refused_as_torch(program)


def test_masks_of_two_kinds_warn_as_torch():
    torch = pytest.importorskip("torch")
    for m in (tg, torch):
        module, x = m.nn.MultiheadAttention(4, 2), m.ones(3, 2, 4)
        with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
            module(x, x, x, m.zeros(2, 3, dtype=m.bool), attn_mask=m.zeros(3, 3))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            module(x, x, x, m.zeros(2, 3), attn_mask=m.zeros(3, 3))


@pytest.mark.parametrize("name", ["MultiheadAttention", "MultiheadAttention.forward"])
def test_signature_is_torchs(name):
    torch = pytest.importorskip("torch")
    kind, _, method = name.partition(".")
    ours, theirs = [getattr(place, kind) for place in (nn, torch.nn)]
    if method:
        ours, theirs = getattr(ours, method), getattr(theirs, method)
    pairs = [[(p.name, p.default) for p in signature(f).parameters.values()] for f in (ours, theirs)]
    assert pairs[0] == pairs[1]
