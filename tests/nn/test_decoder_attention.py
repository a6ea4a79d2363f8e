"""AdditiveAttention and DotProductAttention: against a naive loop, PyTorch and numeric gradients; masks; shapes."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.autograd import gradcheck, gradgradcheck

N, T, L, Q, K, V, H = 3, 5, 4, 6, 6, 2, 3
MASK = np.array([[True, False, True, True, False], [False] * T, [True] * T])
KINDS = {
    "additive": lambda **options: nn.AdditiveAttention(Q, K, H, dtype=tg.float64, **options),
    "bias": lambda **options: nn.AdditiveAttention(Q, K, H, bias=True, dtype=tg.float64, **options),
    "scaled": nn.DotProductAttention,
    "dot": lambda **options: nn.DotProductAttention(scale=False, **options),
}
SEEN = [{}, {"lengths": [5, 1, 3]}, {"mask": MASK}, {"mask": tg.tensor(MASK), "lengths": tg.tensor([2, 4, 1])}]
each = pytest.mark.parametrize("kind", KINDS)


def make(kind, **options):
    tg.manual_seed(1)
    return KINDS[kind](**options)


def data(*shape, seed=0, **options):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape), **options)


def score(attention, query, key) -> float:
    if isinstance(attention, nn.DotProductAttention):
        return query @ key / (np.sqrt(len(key)) if attention.scale else 1)
    w = {name: p.detach().numpy() for name, p in attention.named_parameters()}
    return w["weight_score"] @ np.tanh(w["weight_query"] @ query + w["weight_key"] @ key + w.get("bias", 0))


def naive(attention, query, keys, values, mask=None, lengths=None):
    """One query and one sequence at a time, over the keys that are seen only: context [L, N, V], weights [N, L, T]."""
    context, weights = np.zeros((len(query), N, values.shape[2])), np.zeros((N, len(query), T))
    for l, n in np.ndindex(len(query), N):
        end = T if lengths is None else int(lengths[n])
        seen = [t for t in range(end) if mask is None or bool(mask[n][t])]
        e = np.exp([score(attention, query[l, n], keys[t, n]) for t in seen])
        for t, weight in zip(seen, e / e.sum()):
            weights[n, l, t] = weight
            context[l, n] += weight * values[t, n]
    return context, weights


@each
@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("batch_first", [False, True])
def test_against_the_naive_loop(kind, seen, batch_first):
    """Queries of one step and of several, with values and without, at once and by way of a memory."""
    attention = make(kind, batch_first=batch_first)
    turned = (lambda x: x.transpose(0, 1)) if batch_first else lambda x: x
    query, keys = data(L, N, Q), data(T, N, K, seed=1)
    for values in (None, data(T, N, V, seed=2)):
        averaged = keys if values is None else values
        expected, weights = naive(attention, query.numpy(), keys.numpy(), averaged.numpy(), **seen)
        given = {"keys": turned(keys), "values": None if values is None else turned(values), **seen}
        for found in (attention(turned(query), **given), attention(turned(query), attention.memory(**given))):
            np.testing.assert_allclose(turned(found[0]).detach().numpy(), expected, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(found[1].detach().numpy(), weights, rtol=1e-12, atol=1e-13)
        memory = attention.memory(**given)
        for l in range(L):
            for found in (attention(query[l], **given), attention(query[l], memory)):
                np.testing.assert_allclose(found[0].detach().numpy(), expected[l], rtol=1e-12, atol=1e-13)
                np.testing.assert_allclose(found[1].detach().numpy(), weights[:, l], rtol=1e-12, atol=1e-13)


def test_the_product_against_torch():
    torch = pytest.importorskip("torch")
    query, keys, values = (data(N, k, size, seed=k) for k, size in ((L, K), (T, K), (T, V)))
    for scale in (True, False):
        context, _ = nn.DotProductAttention(scale, batch_first=True)(query, keys, values, lengths=[5, 1, 3])
        seen = torch.arange(T) < torch.tensor([[[5]], [[1]], [[3]]])
        theirs = torch.nn.functional.scaled_dot_product_attention(
            *(torch.tensor(x.numpy()) for x in (query, keys, values)), seen, scale=None if scale else 1.0
        )
        np.testing.assert_allclose(context.numpy(), theirs.numpy(), rtol=1e-12)


@each
@pytest.mark.parametrize("seen", [{}, {"mask": MASK}, {"lengths": [2, 5, 1]}])
def test_gradients_to_second_order(kind, seen):
    """Of query, keys, values and parameters, also where a sequence has nothing to look at."""
    attention = make(kind)
    query, keys, values = data(N, Q), data(T, N, K, seed=1), data(T, N, V, seed=2)
    inputs = [x.requires_grad_() for x in (query, keys, values)]

    def both(query, keys, values, *_):
        return attention(query, attention.memory(keys, values, **seen))

    wanted = (*inputs, *attention.parameters())
    assert gradcheck(both, wanted) and gradgradcheck(both, wanted)


@each
def test_what_is_not_seen_has_no_influence(kind):
    attention = make(kind)
    keys = data(T, N, K, requires_grad=True)
    context, weights = attention(data(N, Q, seed=1), keys, mask=MASK)
    assert not context[1].any() and not weights[1].any()  # nothing to look at: zeros, no nan
    (dkeys,) = tg.autograd.grad((context * context).sum() + (weights**2).sum(), keys)
    assert np.isfinite(dkeys.numpy()).all()
    assert not dkeys.numpy().swapaxes(0, 1)[~MASK].any()


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("separate", [False, True])
def test_nan_where_nobody_may_look_does_not_matter(kind, bad, separate):
    """Neither to what comes out nor to any gradient; where one may look, it does."""
    attention, hidden = make(kind), ~MASK.T
    found = []
    for there in (0.0, bad):
        query, *given = data(N, Q, requires_grad=True), data(T, N, K, seed=1), data(T, N, K, seed=2)
        for x in given:
            x.numpy()[hidden] = there
        keys, values = [x.requires_grad_() for x in given] if separate else [given[0].requires_grad_(), None]
        results = attention(query, keys, values, mask=MASK)
        wanted = [query, keys, *([values] if separate else []), *attention.parameters()]
        found.append([*results, *tg.autograd.grad((results[0] ** 2).sum() + (results[1] ** 2).sum(), wanted)])
    for clean, dirty in zip(*found, strict=True):
        assert np.isfinite(dirty.detach().numpy()).all()
        np.testing.assert_array_equal(dirty.detach().numpy(), clean.detach().numpy())
    seen = data(T, N, K)
    seen.numpy()[0, 0] = np.nan
    assert attention(data(N, Q), seen, mask=MASK)[0].isnan().any(1).tolist() == [True, False, False]


@each
def test_a_memory_is_computed_once_for_a_decoder(kind):
    """The gradient through one memory is that of looking at the keys anew at every step."""
    attention, cell = make(kind), nn.GRUCell(K, Q, dtype=tg.float64)
    found = []
    for once in (True, False):
        keys, h, steps = data(T, N, K, requires_grad=True), data(N, Q, seed=1), []
        memory = attention.memory(keys, lengths=[5, 2, 4]) if once else None
        for _ in range(3):
            context, _ = attention(h, memory) if once else attention(h, keys, lengths=[5, 2, 4])
            h = cell(context, h)
            steps.append(h)
        found.append(tg.autograd.grad((tg.stack(steps) ** 2).sum(), [keys, *attention.parameters()]))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-13)


@each
def test_nothing_to_look_at_and_nobody_to_look(kind):
    attention = make(kind)
    context, weights = attention(data(N, Q), data(0, N, K))
    assert not context.any() and context.shape == (N, K) and weights.shape == (N, 0)
    context, weights = attention(data(L, 0, Q), data(T, 0, K))
    assert context.shape == (L, 0, K) and weights.shape == (0, L, T)
    context, weights = attention(data(1, 1, Q), data(1, 1, K))
    assert weights.item() == 1.0


def test_parameters():
    attention = nn.AdditiveAttention(4, 25, 9, bias=True)
    shapes = {name: tuple(p.shape) for name, p in attention.named_parameters()}
    assert shapes == {"weight_query": (9, 4), "weight_key": (9, 25), "weight_score": (9,), "bias": (9,)}
    for p, bound in zip(attention.parameters(), (1 / 2, 1 / 5, 1 / 3, 1 / 2)):
        assert bound / 3 < float(p.abs().max()) <= bound
    assert list(nn.AdditiveAttention(4, 5, 6).state_dict()) == ["weight_query", "weight_key", "weight_score"]
    assert repr(nn.AdditiveAttention(4, 5, 6)) == "AdditiveAttention(4, 5, 6)"
    assert repr(nn.AdditiveAttention(4, 5, 6, True, True)) == "AdditiveAttention(4, 5, 6, bias=True, batch_first=True)"
    assert repr(nn.DotProductAttention()) == "DotProductAttention()"
    assert repr(nn.DotProductAttention(False, True)) == "DotProductAttention(scale=False, batch_first=True)"
    assert not list(nn.DotProductAttention().parameters())


KEYS, QUERY = data(T, N, K), data(N, Q)


@each
@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda a: a(QUERY.numpy(), KEYS), TypeError, "query to be a Tensor, got ndarray"),
    (lambda a: a(QUERY, KEYS.numpy()), TypeError, "keys to be a Tensor, got ndarray"),
    (lambda a: a(QUERY, KEYS, KEYS.numpy()), TypeError, "values to be a Tensor"),
    (lambda a: a(QUERY, KEYS[0]), RuntimeError, r"keys \[T, N, ...\], got \(3, 6\)"),
    (lambda a: a(QUERY, KEYS, KEYS[:2]), RuntimeError, r"values \[T, N, ...\], got \(2, 3, 6\)"),
    (lambda a: a(QUERY[0], KEYS), RuntimeError, r"query \[N, Q\] or \[L, N, Q\] with N = 3, got \(6,\)"),
    (lambda a: a(QUERY[:2], KEYS), RuntimeError, r"with N = 3, got \(2, 6\)"),
    (lambda a: a(KEYS.transpose(0, 1), KEYS), RuntimeError, r"with N = 3, got \(3, 5, 6\)"),
    (lambda a: a(QUERY[:, :4], KEYS), RuntimeError, r"expected query.* of 6 features, got \(3, 1, 4\)"),
    (lambda a: a(QUERY, KEYS, mask=MASK * 1), TypeError, "mask of bools, True where a key may be seen, got int64"),
    (lambda a: a(QUERY, KEYS, mask=MASK.T), RuntimeError, r"mask \[N, T\] = \(3, 5\), got \(5, 3\)"),
    (lambda a: a(QUERY, KEYS, lengths=[5, 0, 1]), ValueError, "each length must be from 1 to 5"),
    (lambda a: a(QUERY, KEYS, lengths=[5, 6, 1]), ValueError, "each length must be from 1 to 5"),
    (lambda a: a(QUERY, KEYS, lengths=[5]), ValueError, "lengths must be 3 integers"),
    (lambda a: a(QUERY, a.memory(KEYS), lengths=[1, 1, 1]), TypeError, "a Memory has its values and mask"),
])  # fmt: skip
def test_refused(kind, call, error, says):
    with pytest.raises(error, match=f"(Additive|DotProduct)Attention: .*{says}"):
        call(make(kind))


def test_sizes_that_are_refused():
    with pytest.raises(RuntimeError, match=r"expected keys of 6 features, got \(3, 5, 4\)"):
        make("additive")(QUERY, KEYS[..., :4])
    for sizes in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="_size must be at least 1, got 0"):
            nn.AdditiveAttention(*sizes)


class Decoder(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention, self.cell = attention, nn.GRUCell(K, Q, dtype=tg.float64)

    def forward(self, keys, h):
        memory = self.attention.memory(keys)
        for _ in range(3):
            context, _ = self.attention(h, memory)
            h = self.cell(context, h)
        return h


@each
def test_drawn_as_one_box_in_every_step(kind):
    """And its keys once, before them."""
    h = Decoder(make(kind))(data(T, N, K, requires_grad=True), data(N, Q))
    source, learnt = tg.draw(h).source, kind in ("additive", "bias")
    assert source.count("<b>attention</b>") == 3 + learnt  # steps, parameters
    assert source.count("weight_key") == learnt
    assert "softmax" not in source and "softmax" in tg.draw(h, level="op").source
