"""Every translation, on inputs [N, T, 4] whose batch and time are dynamic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.onnx.running import Wrapped, check, randn, tokens
from tinygrad_rnn import nn, ops
from tinygrad_rnn.onnx.table import TRANSLATIONS

F = nn.functional
TABLE = tg.arange(28).float().view(7, 4) / 10

# What is computed of x [N, T, 4], and perhaps another input.
FLOATS = {
    "arithmetic": lambda x: (x + 1, 2 - x, x * x, x / 3, -x, 1 / x.exp(), x + x.sum(0)),
    "powers": lambda x: (x**2, 2.0**x, x.abs() ** 0.5, x.square(), x.abs().sqrt(), (x.abs() + 1).rsqrt()),
    "reciprocal": lambda x: (x.abs() + 1).reciprocal(),
    "exponentials": lambda x: (x.exp(), x.exp2(), x.expm1()),
    "logarithms": lambda x: [f(x.abs() + 0.5) for f in (tg.log, tg.log2, tg.log10, tg.log1p)],
    "rounding": lambda x: (x.floor(), x.ceil(), x.trunc(), x.round(), x.round(decimals=1)),
    "remainders": lambda x: (x % 0.7, x.fmod(0.7), x // 0.7),
    "signs": lambda x: (x.abs(), x.sign()),
    "limits": lambda x: (x.clamp(-0.5, 0.5), x.clamp(min=0.1), x.clamp(max=0.1), tg.maximum(x, -x), tg.minimum(x, -x)),
    "sines": lambda x: (x.sin(), x.cos()),
    "tanh": tg.tanh,
    "sigmoid": tg.sigmoid,
    "relu": F.relu,
    "softmax": lambda x: (x.softmax(-1), x.softmax(1), F.log_softmax(x, 2), F.softmin(x, 0)),
    "sums": lambda x: (x.sum(), x.sum(1), x.sum((0, 2), keepdim=True), x.mean(1), x.mean(-1, keepdim=True), x.prod(1)),
    "extremes": lambda x: (x.max(), x.amin(1), x.amax((1, 2)), x.max(1), x.min(2, keepdim=True)),
    "places": lambda x: (x.argmax(), x.argmax(1), x.argmin(-1, keepdim=True)),
    "spread": lambda x: (x.var(1), x.std(), x.var((0, 1), correction=0), x.std(-1, keepdim=True)),
    "norms": lambda x: (x.norm(), x.norm(2, 1), x.norm(1, -1), x.norm(3, -1, True), F.normalize(x, dim=-1)),
    "logsumexp": lambda x: (x.logsumexp(1), x.logsumexp(-1, keepdim=True)),
    "running sums": lambda x: (x.cumsum(1), x.cumsum(-1)),
    "order": lambda x: (x.sort(1), x.sort(-1, descending=True), x.topk(2, -1), x.topk(2, 2, False), x.argsort(0)),
    "comparisons": lambda x: (x > 0, x < 0.5, x >= 0, x <= 0, x == x, x != 0, (x > 0) == (x < 1)),
    "logic": lambda x: ((x > 0) & (x < 1), (x > 1) | (x < -1), ~(x > 0), (x > 0) ^ (x > 1)),
    "logic of numbers": lambda x: [f(x, x.floor()) for f in (tg.logical_and, tg.logical_or, tg.logical_xor)],
    "logic of a number": lambda x: tg.logical_not(x.floor()),
    "truth": lambda x: ((x > 0).all(), (x > 0).any(1), (x > -9).all(-1, keepdim=True)),
    "nan": lambda x: (tg.isnan(x / x.floor()), tg.isinf(x / 0), tg.isfinite(x / x.floor())),
    "choices": lambda x: (tg.where(x > 0, x, -x), x.masked_fill(x > 0, -math.inf), x.masked_fill_(x < 0, 0.0)),
    "casts": lambda x: ((x * 3).long(), x.double(), (x > 0).float(), x.float() * (x > 0)),
    "counting": lambda x: ((x > 0).sum(), (x > 0).sum(1), tg.count_nonzero(x > 0, 2), (x > 0).long().cumsum(1)),
    "reshape": lambda x: (x.view(-1, 4), x.reshape(x.size(0), -1), x.view(x.size(0), x.size(1), 2, 2), x.flatten()),
    "reshape back": lambda x: (x.view(-1, 4) * 2).view(x.shape),
    "squeeze": lambda x: (x[:, :1].squeeze(1), x.unsqueeze(1).squeeze(), x.unsqueeze(-1), x.squeeze(0)),
    "transpose": lambda x: (x.transpose(0, 1), x.permute(2, 0, 1), x.mT, x.T, x.sum(0).t(), x.sum((0, 1)).T),
    "expand": lambda x: (x[:, :1].expand(-1, 3, -1), x[0].expand(x.size(0), 2, x.size(1), 4), x[:, :1].expand_as(x)),
    "repeat": lambda x: (x.repeat(1, 2, 1), x.repeat(2, 1, 1, 1), tg.tile(x, (2,))),
    "cat": lambda x: (tg.cat([x, x * 2], 1), tg.cat([x, tg.zeros(x.size(0), 1, 4)], 1), tg.stack([x, -x], -1)),
    "parts": lambda x: (x.split(2, -1), x.chunk(2, 2), x.unbind(-1), x[:, 0].chunk(2, 1), x.narrow(1, 0, 1)),
    "split at a size": lambda x: tg.cat([x, x], 1).split([x.size(1), x.size(1)], 1),
    "index": lambda x: (x[:, -1], x[..., 0], x[:, 1:], x[:, :-1], x[:, ::2], x[None, :, 0], x[0, 0, 1]),
    "index by a size": lambda x: (x[:, x.size(1) - 1], x[: x.size(0) - 1], x[:, : x.size(0) + 1]),
    "index by an array": lambda x: (x[:, :, [2, 0]], x[..., tg.tensor([1, 1, 3])], x[[1, 0]]),
    "index by arrays": lambda x: (x[:, [0, 1], [1, 2]], x[[0, 1], :, [1, 2]], x[[0, 1], [[1], [0]]]),
    "index by a mask": lambda x: (x[x > 0], x[x[:, 0, 0] > 0], x[:, x[0, :, 0] > 0], tg.nonzero(x > 0)),
    "index by what is computed": lambda x: x[tg.arange(x.size(0)), x.sum(-1).argmax(1)],
    "gather": lambda x: (x.gather(2, x.argsort(2)), x.gather(1, x.argmax(1, keepdim=True))),
    "scatter": lambda x: tg.zeros(x.shape).scatter(2, x.argmax(2, keepdim=True), 1.0),
    "flip": lambda x: (x.flip(1), x.flip((0, 2))),
    "roll": lambda x: (x.roll(1, 1), x.roll((1, -2), (0, 2)), x.roll(1)),
    "pad": lambda x: (F.pad(x, (1, 2)), F.pad(x, (0, 0, 2, 0), value=3.0), F.pad(x, (0, -1))),
    "triangles": lambda x: (x.tril(), x.triu(1), tg.triu(tg.ones(x.size(1), x.size(1)), 1) * x[0, 0, 0]),
    "products": lambda x: (x @ TABLE.to(x.dtype).T, x @ x.mT, x[0, 0] @ x[0, 0], x @ x[0, 0], tg.bmm(x, x.mT)),
    "einsum": lambda x: (tg.einsum("ntd,ntd->nt", x, x), tg.einsum("ntd,md->nmt", x, TABLE)),
    "linear": lambda x: (F.linear(x, TABLE.to(x.dtype)), F.linear(x, TABLE[0].to(x.dtype)),
                         F.linear(x[:, 0], TABLE.to(x.dtype), tg.arange(7).to(x.dtype))),
    "layer norm": lambda x: (F.layer_norm(x, (4,)), F.layer_norm(x, (4,), TABLE[0], TABLE[1], 1e-3)),
    "a size as a number": lambda x: (x.sum(1) / x.size(1), x * x.size(0), x.sum((0, 1)) / (x.size(0) * x.size(1) + 1)),
    "a range": lambda x: (tg.arange(x.size(1)) + x[..., 0], tg.arange(1, x.size(1) + 1)),
    "a range with steps": lambda x: (tg.arange(0, 2 * x.size(0), 2), tg.arange(x.size(0), 0, -1)),
    "constants": lambda x: (tg.zeros(x.size(0), 2), tg.full((x.size(1),), 2.5), tg.ones_like(x) + x, tg.eye(3)),
    "what a mask leaves": lambda x: (x[x > 0].view(1, -1).squeeze(0), x[x > 0][None].expand(2, -1), x[x > 0].sum()),
    "in place": lambda x: x.clone().mul_(2).add_(1).relu_(),
    "detached": lambda x: tg.from_numpy(x.detach().numpy()).data + 1,
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    "causal attention": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    "masked attention": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=(x @ x.mT) > -99),
}  # fmt: skip
# The same, of functions for which onnxruntime has no float64.
ONLY_FLOAT32 = {
    "tangents": lambda x: (x.tan(), x.sinh(), x.cosh(), x.atan(), (x / 9).asin(), (x / 9).acos()),
    "rectifiers": lambda x: (F.leaky_relu(x), F.leaky_relu(x, 0.3), F.elu(x), F.elu(x, 0.5)),
    "smooth rectifiers": lambda x: (F.softplus(x), F.softplus(x, 2.0), F.softplus(x, 2, 1), F.logsigmoid(x), F.silu(x)),
    "gelu": lambda x: (F.gelu(x), F.gelu(x, "tanh")),
}
INTEGERS = {
    "arithmetic": lambda i: (i + 1, i * i, i - 3, -i, i / 2, i * 0.5, i // 2, (i - 3) // 2, (i - 3) % 2),
    "functions": lambda i: (i.sqrt(), i.float().mean(1), i.tanh()),
    "bits": lambda i: (i & 3, i | 1, i ^ 5, ~i),
    "comparisons": lambda i: (i == 3, i > 2, tg.where(i > 2, i, 0), i.masked_fill(i == 0, -1)),
    "reductions": lambda i: (i.sum(), i.max(1), i.amin(0), i.prod(1), i.cumsum(1)),
    "lookup": lambda i: (F.embedding(i, TABLE), F.embedding(i, TABLE, padding_idx=0), TABLE[i], F.one_hot(i, 7)),
    "int32": lambda i: F.embedding(i.int(), TABLE),
    "one-hot by hand": lambda i: tg.zeros(*i.shape, 7).scatter_(2, i.unsqueeze(2), 1),
    "padding mask": lambda i: ((i != 0).sum(1), (i != 0).unsqueeze(1) & (i != 0).unsqueeze(2)),
}


@contextmanager
def default(dtype: str) -> Iterator[None]:
    """Python's floats are of this dtype."""
    tg.set_default_dtype(np.dtype(dtype))
    try:
        yield
    finally:
        tg.set_default_dtype(tg.float32)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", [*FLOATS, *ONLY_FLOAT32])
def test_floats(name, dtype):
    if dtype == "f8" and name in ONLY_FLOAT32:
        pytest.skip("onnxruntime has no float64 for these")
    function = {**FLOATS, **ONLY_FLOAT32}[name]
    inputs = [(randn(*shape, 4, dtype=dtype),) for shape in ((2, 5), (7, 3), (3, 2))]
    with default(dtype):
        check(Wrapped(lambda self, x: function(x)), *inputs, input_names=["x"], dynamic_axes={"x": {0: "N", 1: "T"}})


@pytest.mark.parametrize("name", INTEGERS)
def test_integers(name):
    inputs = [(tokens(*shape),) for shape in ((2, 5), (7, 3), (1, 1))]
    model = Wrapped(lambda self, i: INTEGERS[name](i))
    check(model, *inputs, input_names=["i"], dynamic_axes={"i": {0: "N", 1: "T"}})


def test_every_translation_is_tested(monkeypatch):
    """The tables above and the other files of this folder use every entry."""
    used = set()
    for name, translate in list(TRANSLATIONS.items()):
        monkeypatch.setitem(TRANSLATIONS, name, lambda b, s, name=name, t=translate: used.add(name) or t(b, s))
    for table, x in (({**FLOATS, **ONLY_FLOAT32}, randn(2, 5, 4)), (INTEGERS, tokens(2, 5))):
        for function in table.values():
            model = Wrapped(lambda self, x, function=function: function(x))
            tg.onnx.export(model, x, input_names=["x"], dynamic_axes={"x": {0: "N", 1: "T"}}, do_constant_folding=False)
    elsewhere = {f"{kind}_{grain}" for kind in ("rnn", "gru", "lstm") for grain in ("sequence", "step")}
    assert set(TRANSLATIONS) - used == elsewhere | {"take_rows", "place_rows", "alias"}


@pytest.mark.parametrize("name", ["arithmetic", "sums", "index", "triangles", "order"])
def test_any_opset(name):
    for opset in range(18, 24):
        model = Wrapped(lambda self, x: FLOATS[name](x))
        proto = check(model, (randn(2, 5, 4),), (randn(3, 4, 4),), input_names=["x"], opset_version=opset,
                      dynamic_axes={"x": {0: "N", 1: "T"}})  # fmt: skip
        assert proto.opset_import[0].version == opset


def test_nothing_is_left_of_what_is_not_used():
    proto = tg.onnx.export(Wrapped(lambda self, x: (x.exp(), x + ops.sum(x))[1]), randn(2, 3)).model_proto
    assert [node.op_type for node in proto.graph.node] == ["ReduceSum", "Add"]
