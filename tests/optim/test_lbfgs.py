"""L-BFGS against torch, fifty steps long; its line search against what it promises."""

from __future__ import annotations

import pickle
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import optim
from tinygrad_rnn.autograd.writes import Writes
from tinygrad_rnn.optim.line_search import CURVATURE, DECREASE, Point, strong_wolfe

from ..autograd.both import as_torch, refused_as_torch

RANDOM = np.random.default_rng(0)
DATA, TARGET = RANDOM.normal(size=(30, 4)), RANDOM.normal(size=(30, 2))
W, B = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=2)


def regression(w, b, x, target):
    """Convex: the logarithm of cosh, nearly |error|."""
    return ((x @ w + b - target).cosh().log()).mean() + 0.01 * (w * w).sum()


def valley(w, b, x, target):
    """Rosenbrock's, along neighbouring parameters: not convex."""
    z = w.reshape(-1)
    return (100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum() + (b * b).sum()


LOSSES = [regression, valley]
OPTIONS = [
    {}, {"lr": 0.3}, {"lr": 0.5, "max_iter": 4}, {"max_iter": 5, "max_eval": 3}, {"history_size": 2, "max_iter": 3},
    {"max_iter": 3, "tolerance_grad": 1e-3}, {"max_iter": 4, "tolerance_change": 1e-3}, {"max_iter": 1},
    {"line_search_fn": "strong_wolfe"}, {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 3},
    {"line_search_fn": "strong_wolfe", "lr": 0.01, "max_iter": 2}, {"line_search_fn": "strong_wolfe", "lr": 30.0},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "max_eval": 6},
    {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": 1},
]  # fmt: skip


def problem(m, loss, options, dtype="f8"):
    """Parameters, their optimiser, and the closure."""
    params = [m.tensor(x.astype(dtype), requires_grad=True) for x in (W, B)]
    x, target = m.tensor(DATA.astype(dtype)), m.tensor(TARGET.astype(dtype))
    optimizer = m.optim.LBFGS(params, **options)

    def closure():
        optimizer.zero_grad()
        value = loss(*params, x, target)
        value.backward()
        return value

    return params, optimizer, closure


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_as_torch(loss, options):
    """Parameters, loss and counts after each of fifty steps; in the valley the last bit decides after thirty."""
    if loss is valley and "line_search_fn" not in options:
        options = {**options, "lr": 1e-3}  # longer steps leave the valley

    def program(m):
        params, optimizer, closure = problem(m, loss, options)
        seen = []
        for _ in range(20 if loss is valley else 50):
            before = optimizer.step(closure)
            state = optimizer.state_dict()["state"][0]
            seen.append([before, *[p.detach().clone() for p in params], state["func_evals"], state.get("n_iter")])
        return seen

    as_torch(program, rtol=1e-6)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_float32_as_torch(search):
    def program(m):
        params, optimizer, closure = problem(m, regression, {"line_search_fn": search, "max_iter": 3, "lr": 0.3}, "f4")
        losses = [optimizer.step(closure) for _ in range(4)]
        return [*losses, *[p.detach() for p in params]]

    as_torch(program, rtol=1e-4)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_state_as_torch(search):
    """The same names hold the same numbers, so that either loads the other's."""
    torch = pytest.importorskip("torch")
    found = []
    for m in (tg, torch):
        _, optimizer, closure = problem(m, regression, {"line_search_fn": search, "max_iter": 3, "history_size": 4})
        for _ in range(3):
            optimizer.step(closure)
        found.append(optimizer.state_dict())
    (ours, theirs), number = [each["state"][0] for each in found], lambda x: np.asarray(getattr(x, "array", x))
    assert found[0]["param_groups"] == found[1]["param_groups"]
    assert set(theirs) - set(ours) == {"al"}  # what torch keeps of one iteration for the next, which overwrites it
    for name, value in ours.items():
        pairs = zip(value, theirs[name], strict=True) if isinstance(value, list) else [(value, theirs[name])]
        for one, other in pairs:
            np.testing.assert_allclose(number(one), number(other), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_torch_state_loads(search):
    torch = pytest.importorskip("torch")
    options = {"line_search_fn": search, "max_iter": 3, "history_size": 4}
    (params, optimizer, closure), (theirs, reference, their_closure) = [
        problem(m, regression, options) for m in (tg, torch)
    ]
    for _ in range(3):
        reference.step(their_closure)
    optimizer.load_state_dict(reference.state_dict())
    for p, q in zip(params, theirs, strict=True):
        p.data = tg.tensor(q.detach().numpy())
    for _ in range(3):
        assert optimizer.step(closure).item() == pytest.approx(reference.step(their_closure).item(), rel=1e-8)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_loaded_state_continues_bit_for_bit(search):
    options = {"line_search_fn": search, "max_iter": 3}
    params, optimizer, closure = problem(tg, regression, options)
    for _ in range(3):
        optimizer.step(closure)
    others, fresh, other_closure = problem(tg, regression, options)
    fresh.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    for p, q in zip(params, others, strict=True):
        q.data = p.detach().clone()
    for _ in range(3):
        assert optimizer.step(closure).item() == fresh.step(other_closure).item()
    for p, q in zip(params, others, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_it_finds_the_minimum():
    params, optimizer, closure = problem(tg, valley, {"line_search_fn": "strong_wolfe", "max_iter": 200})
    optimizer.step(closure)
    np.testing.assert_allclose(params[0].detach().numpy(), 1.0, rtol=1e-4)
    np.testing.assert_allclose(params[1].detach().numpy(), 0.0, atol=1e-5)


def test_a_parameter_without_gradient_stays():
    def program(m):
        p, q = m.ones(2, requires_grad=True), m.ones(3, requires_grad=True)
        optimizer = m.optim.LBFGS([q, p])

        def closure():
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        return optimizer.step(closure), p.detach(), q.detach()

    as_torch(program)


def test_a_minimum_is_not_left_as_torch():
    def program(m):
        p = m.zeros(2, requires_grad=True)
        optimizer = m.optim.LBFGS([p])

        def closure():
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        return optimizer.step(closure), p.detach(), optimizer.state_dict()["state"][0]["func_evals"]

    as_torch(program)


@pytest.mark.parametrize("program", [
    lambda m: m.optim.LBFGS([m.ones(2, requires_grad=True)], lr=-1.0),
    lambda m: m.optim.LBFGS([{"params": [m.ones(2, requires_grad=True)]}, {"params": [m.ones(3, requires_grad=True)]}]),
    lambda m: m.optim.LBFGS([m.ones(2, requires_grad=True)]).step(),
    lambda m: m.optim.LBFGS([]),
])  # fmt: skip
def test_refused_as_torch(program):
    refused_as_torch(program)


def test_refused_before_anything_changes():
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported as line_search_fn, got 'armijo'"):
        optim.LBFGS([tg.ones(2, requires_grad=True)], line_search_fn="armijo")
    frozen = tg.from_numpy(np.broadcast_to(np.ones(1), (3,))).requires_grad_()
    optimizer = optim.LBFGS([tg.ones(2, requires_grad=True), frozen])
    with pytest.raises(RuntimeError, match=r"LBFGS\.step: parameter 1 of group 0: its memory is read-only"):
        optimizer.step(lambda: pytest.fail("the closure was called"))


def test_signature_is_torchs():
    torch = pytest.importorskip("torch")
    ours, theirs = [signature(place.LBFGS).parameters for place in (optim, torch.optim)]
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


def test_the_write_is_noted():
    params, optimizer, closure = problem(tg, regression, {})
    before = Writes.last
    optimizer.step(closure)
    assert Writes.last > before


# --- the line search ----------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.floats(0.05, 3.0), st.floats(-3, 3),
    st.floats(0.001, 100.0),
)  # fmt: skip
def test_wolfe_conditions_hold(waves, curve, shift, guess):
    """On bowls with waves: the point found lies lower, and the slope there is flatter, as promised."""

    def at(t):
        loss = curve * (t - shift) ** 2 + sum(a * np.sin((i + 1) * t) for i, a in enumerate(waves))
        slope = 2 * curve * (t - shift) + sum((i + 1) * a * np.cos((i + 1) * t) for i, a in enumerate(waves))
        return Point(t, float(loss), np.array([slope]), float(slope))

    start = at(0.0)
    if start.slope > -0.1:
        return
    found = strong_wolfe(at, start, guess, 1.0, 1e-12, 60)
    assert found.loss <= start.loss + DECREASE * found.t * start.slope + 1e-9
    assert abs(found.slope) <= -CURVATURE * start.slope + 1e-6
    assert found == at(found.t)
