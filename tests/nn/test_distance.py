"""Distances, and losses of pairs and triplets: values, gradients and errors as torch's, in functions and modules."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest

import tinygrad_rnn as tg

from ..autograd.both import as_torch, programs, refused_as_torch

RANDOM = np.random.default_rng(0)
A, B, C = RANDOM.standard_normal((3, 6, 4))
SIGNS = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 0.0])
SAME = np.tile(A[:1], (6, 1))  # some distances are 0
CASES = {
    "pairwise_distance": [
        (A, B, {}), (A, B, {"p": 1.0, "keepdim": True}), (A, B[0], {"p": 3, "eps": 0.1}), (A, A, {"eps": 0.0}),
        (A[0], B[0], {}), (A[:, None], B, {}),
    ],
    "cosine_embedding_loss": [
        (A, B, SIGNS, {}), (A, B, SIGNS, {"margin": 0.3}), (A, B, SIGNS, {"margin": -0.5, "reduction": "none"}),
        (A[0], B[0], SIGNS[0], {}), (A, B[:1], SIGNS, {"reduction": "sum"}), (A, B, SIGNS, {"size_average": False}),
    ],
    "margin_ranking_loss": [
        (A, B, np.sign(C), {}), (A, B, np.sign(C), {"margin": 0.7, "reduction": "sum"}),
        (A[0], B[0, :1], np.sign(C[0]), {"reduction": "none"}),
    ],
    "triplet_margin_loss": [
        (A, B, C, {}), (A, B, C, {"margin": 0.2, "p": 1, "reduction": "none"}), (A[0], B[0], C[0], {}),
        (A, B, C, {"swap": True, "eps": 0.01, "reduction": "sum"}), (A, A, C, {"margin": 5.0}),
    ],
}  # fmt: skip
CDIST = [(A, B, {}), (A, B, {"p": 1.0}), (A[:2], SAME, {"p": 3.0}), (A, B, {"p": float("inf")}), (A[:0], B, {}),
         (np.stack([A, C]), B[None, :2], {}), (A[None, None, :1], np.stack([B, C]), {})]  # fmt: skip


def called(function, m, dtype, *args, **options):
    """The result and the gradients of a weighted sum of it; the last of three is a target where it is of signs."""
    xs = [m.tensor(x.astype(dtype), requires_grad=bool(np.any(np.abs(x) % 1))) for x in args]
    y = function(*xs, **options)
    (y * (y.detach() + 1)).sum().backward()
    return y, [x.grad for x in xs]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize(("name", "case"), [(name, case) for name in CASES for case in CASES[name]])
def test_functions_as_torch(name, case, dtype):
    *args, options = case
    as_torch(lambda m: called(getattr(m.nn.functional, name), m, dtype, *args, **dict(options)))


@pytest.mark.parametrize("case", CDIST)
def test_cdist_as_torch(case):
    *args, options = case
    as_torch(lambda m: called(m.cdist, m, "f8", *args, **options))


MODULES = {
    "PairwiseDistance": [((A, B), {}), ((A, B), {"p": 1, "eps": 0.1, "keepdim": True})],
    "CosineSimilarity": [((A, B), {}), ((A, B), {"dim": 0, "eps": 1e-3})],
    "CosineEmbeddingLoss": [((A, B, SIGNS), {}), ((A, B, SIGNS), {"margin": 0.5, "reduction": "none"})],
    "MarginRankingLoss": [((A, B, np.sign(C)), {}), ((A, B, np.sign(C)), {"margin": 0.5, "reduction": "sum"})],
    "TripletMarginLoss": [((A, B, C), {}), ((A, B, C), {"margin": 2.0, "p": 1.0, "swap": True, "eps": 0.1})],
}


@pytest.mark.parametrize(("name", "args", "options"), [(n, *case) for n in MODULES for case in MODULES[n]])
def test_modules_as_torch(name, args, options):
    as_torch(lambda m: called(getattr(m.nn, name)(**options), m, "f8", *args))


@pytest.mark.parametrize("name", MODULES)
def test_signatures_are_torchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = [signature(getattr(m.nn, name)).parameters.values() for m in (tg, torch)]
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]
    assert repr(getattr(tg.nn, name)()) == f"{name}()"
    assert getattr(tg.nn.modules, name) is getattr(tg.nn, name)


def ones(m, *shapes):
    return [m.ones(*shape) for shape in shapes]


@programs(
    lambda m: m.nn.functional.cosine_embedding_loss(*ones(m, (2, 3), (2, 3), (2, 1))),
    lambda m: m.nn.functional.cosine_embedding_loss(*ones(m, (2, 3), (3,), (2,))),
    lambda m: m.nn.functional.cosine_embedding_loss(*ones(m, (2, 3), (2, 3), (3,))),
    lambda m: m.nn.functional.cosine_embedding_loss(*ones(m, (2, 3), (2, 3), (2,)), reduction="median"),
    lambda m: m.nn.functional.margin_ranking_loss(*ones(m, (2, 1), (2,), (2,))),
    lambda m: m.nn.functional.triplet_margin_loss(*ones(m, (2, 3), (2, 3), (3,))),
    lambda m: m.nn.functional.triplet_margin_loss(*ones(m, (2, 3), (2, 3), (2, 3)), margin=0),
    lambda m: m.nn.TripletMarginLoss(margin=-1.0),
    lambda m: m.nn.functional.pairwise_distance(*ones(m, (2, 3), (2, 4))),
    lambda m: m.cdist(*ones(m, (3,), (4, 3))),
    lambda m: m.cdist(*ones(m, (2, 3), (4, 2))),
    lambda m: m.cdist(*ones(m, (2, 3), (4, 3)), p=-1.0),
    lambda m: m.cdist(m.ones(2, 3), m.ones(2, 3).double()),
    lambda m: m.cdist(m.ones(2, 3).long(), m.ones(2, 3).long()),
)
def test_refused_as_torch(program):
    refused_as_torch(program)
