"""Models as scripts write them: language models, classifiers, attention, transformers."""

from __future__ import annotations

import math

import pytest

import tinygrad_rnn as tg
from tests.onnx.running import Wrapped, check, randn, tokens
from tinygrad_rnn import nn
from tinygrad_rnn.autograd import op as engine

F = nn.functional
X = {"input_names": ["x"], "dynamic_axes": {"x": {0: "N", 1: "T"}}}


@pytest.fixture(autouse=True)
def _seed():
    tg.manual_seed(0)


class CharModel(nn.Module):
    """Embedding, recurrent layers, a linear map of every step; the state goes in and out."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 5, padding_idx=0)
        self.rnn = getattr(nn, kind)(5, 6, num_layers=2, dropout=0.3, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(6, 7)

    def forward(self, x, state=None):
        y, state = self.rnn(self.embed(x), state)
        logits = self.head(self.dropout(y).contiguous().view(-1, 6))
        return F.log_softmax(logits, dim=1).view(x.size(0), x.size(1), -1), state


def test_a_fused_operation_of_ones_own_is_exported_as_its_body(monkeypatch):
    monkeypatch.setattr(engine, "registry", dict(engine.registry))
    forward = lambda x, h: (x * h, x + h)

    @tg.fused(forward=forward, vjp=lambda dy, dz, x, h: (dy * h + dz, dy * x + dz), outputs="y z")
    def both(x, h):
        return x * h, x + h

    @tg.fused(forward=lambda x, h: x * h + x + h, vjp=lambda dy, x, h: (dy * (h + 1), dy * (x + 1)))
    def joined(x, h):
        y, z = both(x, h)
        return y + z

    model = Wrapped(lambda self, x: joined(self.linear(x), x.tanh()) * both(x, x)[1], linear=nn.Linear(4, 4))
    check(model, (randn(2, 3, 4),), (randn(5, 1, 4),), **X)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_language_model(kind):
    check(CharModel(kind), (tokens(2, 5),), (tokens(3, 9),), (tokens(1, 1),), **X)
    state = lambda n: (randn(2, n, 6), randn(2, n, 6, seed=1)) if kind == "LSTM" else randn(2, n, 6)
    names = ["x", "h", "c"][: 3 if kind == "LSTM" else 2]
    axes = {"x": {0: "N", 1: "T"}, "h": {1: "N"}, "c": {1: "N"}}
    check(CharModel(kind), (tokens(2, 5), state(2)), (tokens(3, 1), state(3)), input_names=names,
          dynamic_axes={name: axes[name] for name in names})  # fmt: skip


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_as_a_training_script_ends(kind, tmp_path):
    """Zeros as input, the state of `init_hidden`, a path: nothing is dynamic."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.encoder, self.decoder = nn.Dropout(0.2), nn.Embedding(7, 6), nn.Linear(6, 7)
            self.rnn = getattr(nn, kind)(6, 6, 2, dropout=0.2)
            self.decoder.weight = self.encoder.weight

        def init_hidden(self, n):
            weight = next(self.parameters())
            h = weight.new_zeros(2, n, 6)
            return (h, weight.new_zeros(2, n, 6)) if kind == "LSTM" else h

        def forward(self, input, hidden):
            output, hidden = self.rnn(self.drop(self.encoder(input)), hidden)
            decoded = self.decoder(self.drop(output)).view(-1, 7)
            return F.log_softmax(decoded, dim=1), hidden

    model = Model()
    dummy = tg.LongTensor(3 * 2).zero_().view(-1, 2)
    tg.onnx.export(model, (dummy, model.init_hidden(2)), tmp_path / "model.onnx")
    assert model.training
    check(model, (dummy, model.init_hidden(2)), (tokens(3, 2), model.init_hidden(2)))


def test_classifier():
    def forward(self, x):
        y, _ = self.rnn(x)
        return F.softmax(self.head(self.norm(y[:, -1, :])), dim=1)

    model = Wrapped(forward, rnn=nn.LSTM(4, 6, bidirectional=True, batch_first=True), norm=nn.BatchNorm1d(12),
                    head=nn.Linear(12, 3))  # fmt: skip
    model.norm.running_mean.uniform_()
    model.norm.running_var.uniform_(0.5, 2.0)
    check(model, (randn(2, 5, 4),), (randn(3, 9, 4),), **X)


def test_states_of_both_directions():
    def forward(self, x):
        _, (h, _) = self.rnn(x)
        return self.head(tg.cat([h[-2], h[-1]], dim=1))

    model = Wrapped(forward, rnn=nn.LSTM(4, 6, 2, bidirectional=True, batch_first=True), head=nn.Linear(12, 3))
    check(model, (randn(2, 5, 4),), (randn(3, 9, 4),), **X)


def test_sequential():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(8, 6), nn.LayerNorm(6), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Identity(),
        nn.Linear(6, 6, bias=False), nn.BatchNorm1d(6), nn.GELU(), nn.Sigmoid(), nn.Linear(6, 2), nn.LogSoftmax(1),
    )  # fmt: skip
    check(model, (randn(3, 2, 4),), (randn(1, 2, 4),), input_names=["x"], dynamic_axes={"x": {0: "N"}})


def test_batch_norm_over_time():
    model = Wrapped(lambda self, x: self.norm(x.transpose(1, 2)).transpose(1, 2), norm=nn.BatchNorm1d(4))
    check(model, (randn(2, 5, 4),), (randn(3, 9, 4),), **X)


# --- attention ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {}, {"batch_first": True}, {"bias": False}, {"add_bias_kv": True, "add_zero_attn": True}, {"dropout": 0.5},
])  # fmt: skip
@pytest.mark.parametrize("need_weights", [True, False])
def test_multi_head_attention(options, need_weights):
    attention = nn.MultiheadAttention(4, 2, **options)
    model = Wrapped(lambda self, x: self.a(x, x, x, need_weights=need_weights), a=attention)
    check(model, (randn(2, 5, 4),), (randn(3, 9, 4),), **X)


def test_attention_of_other_lengths():
    model = Wrapped(lambda self, q, k, v: self.a(q, k, v), a=nn.MultiheadAttention(4, 2, kdim=3, vdim=5))
    given = [(randn(L, N, 4), randn(S, N, 3), randn(S, N, 5)) for L, S, N in ((5, 3, 2), (2, 6, 3))]
    axes = {"q": {0: "L", 1: "N"}, "k": {0: "S", 1: "N"}, "v": {0: "S", 1: "N"}}
    check(model, *given, input_names=["q", "k", "v"], dynamic_axes=axes)


def test_padding_mask():
    model = Wrapped(
        lambda self, x, m: self.a(x, x, x, key_padding_mask=m), a=nn.MultiheadAttention(4, 2, batch_first=True)
    )
    given = [(randn(N, T, 4), tg.arange(T) >= tg.arange(1, N + 1)[:, None]) for N, T in ((2, 5), (3, 9))]
    axes = {"x": {0: "N", 1: "T"}, "m": {0: "N", 1: "T"}}
    check(model, *given, input_names=["x", "m"], dynamic_axes=axes)


@pytest.mark.parametrize("need_weights", [True, False])
def test_causal_mask(need_weights):
    def forward(self, x):
        T = x.size(1)
        mask = tg.triu(tg.full((T, T), -math.inf), diagonal=1)
        return self.a(x, x, x, attn_mask=mask, need_weights=need_weights)[0]

    model = Wrapped(forward, a=nn.MultiheadAttention(4, 2, batch_first=True))
    check(model, (randn(2, 5, 4),), (randn(3, 9, 4),), **X)


def test_encoder_and_decoder_with_attention():
    """Luong's: decoder states look at encoder states."""

    def forward(self, source, target):
        memory, state = self.encoder(self.embed(source))
        y, _ = self.decoder(self.embed(target), state)
        weights = F.softmax(tg.bmm(y, memory.transpose(1, 2)), dim=-1)
        return self.head(tg.cat([y, tg.bmm(weights, memory)], -1)), weights

    model = Wrapped(forward, embed=nn.Embedding(7, 5), encoder=nn.GRU(5, 6, batch_first=True),
                    decoder=nn.GRU(5, 6, batch_first=True), head=nn.Linear(12, 7))  # fmt: skip
    axes = {"source": {0: "N", 1: "S"}, "target": {0: "N", 1: "T"}}
    check(model, (tokens(2, 5), tokens(2, 3)), (tokens(3, 4), tokens(3, 8)), input_names=["source", "target"],
          dynamic_axes=axes)  # fmt: skip


class Block(nn.Module):
    """A transformer's block, its heads and its mask by hand."""

    def __init__(self, width: int, heads: int, longest: int) -> None:
        super().__init__()
        self.heads, self.qkv = heads, nn.Linear(width, 3 * width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.out, self.up, self.down = nn.Linear(width, width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("mask", tg.tril(tg.ones(longest, longest)).view(1, 1, longest, longest))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.qkv(self.norm1(x)).split(C, dim=2)
        q, k, v = [each.view(B, T, self.heads, C // self.heads).transpose(1, 2) for each in (q, k, v)]
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        y = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(B, T, C)
        x = x + self.out(y)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def test_transformer():
    """With positions of its own; it cannot run on more of them than it has, so lengths are tried below."""

    def forward(self, tokens):
        x = self.embed(tokens) + self.places(tg.arange(tokens.size(1)))
        return self.head(self.norm(self.blocks(x)))

    blocks = nn.Sequential(*[Block(8, 2, 8) for _ in range(2)])
    model = Wrapped(forward, embed=nn.Embedding(7, 8), places=nn.Embedding(8, 8), blocks=blocks, norm=nn.LayerNorm(8),
                    head=nn.Linear(8, 7, bias=False))  # fmt: skip
    check(model, (tokens(2, 8),), (tokens(3, 3),), (tokens(1, 1),), **X)


def test_sines_for_places():
    def forward(self, x):
        return x + self.table[: x.size(1)]

    t = tg.arange(9).unsqueeze(1) / 10 ** tg.arange(4)
    check(Wrapped(forward, table=t.sin()), (randn(2, 5, 4),), (randn(3, 9, 4),), **X)
