"""`return_states`: states and gates at every step, against a naive loop, in every form and at every granularity."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.recurrent_reference import sigmoid
from tinygrad_rnn import nn
from tinygrad_rnn.kernels import fallback
from tinygrad_rnn.nn.utils import rnn

from .test_recurrent import GRANULARITIES, MODULES, H, I, N, T, data, flat, hx_of, loss_of, make, states_for

MINIMAL = [(kind, options) for kind in ("MinGRU", "MinLSTM") for options in ({}, {"num_layers": 2, "bidirectional": 1})]
ALL = [*MODULES, *MINIMAL]


def step(module, x, states, w_ih, w_hh=None, b_ih=None, b_hh=None, w_hr=None) -> dict[str, np.ndarray]:
    """One step of one row: the states after it and the gates, by name."""
    h, *c = states
    given = w_ih @ x + (0 if b_ih is None else b_ih)
    if isinstance(module, nn.MinGRU):
        z, n = np.split(given, 2)
        z = sigmoid(z)
        return {"h": (1 - z) * h + z * n, "z": z, "n": n}
    if isinstance(module, nn.MinLSTM):
        f, i, n = np.split(given, 3)
        f, i = sigmoid(f), sigmoid(i)
        return {"h": f / (f + i) * h + i / (f + i) * n, "f": f, "i": i, "n": n}
    kept = w_hh @ h + (0 if b_hh is None else b_hh)
    if isinstance(module, nn.RNN):
        return {"h": np.tanh(given + kept) if module.nonlinearity == "tanh" else np.maximum(given + kept, 0)}
    if isinstance(module, nn.GRU):
        r, z = sigmoid((given + kept)[: 2 * H]).reshape(2, H)
        n = np.tanh(given[2 * H :] + r * kept[2 * H :])
        return {"h": (1 - z) * n + z * h, "r": r, "z": z, "n": n}
    i, f, g, o = np.split(given + kept, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * c[0] + i * g
    h = o * np.tanh(c)
    return {"h": h if w_hr is None else w_hr @ h, "c": c, "i": i, "f": f, "g": g, "o": o}


def naive(module, x: np.ndarray, states: list[np.ndarray], lengths) -> list[dict[str, np.ndarray]]:
    """For each layer and direction what `step` says of all steps, [T, N, ...]: zero behind the end of a sequence."""
    found = []
    for layer in range(module.num_layers):
        for d in range(module.directions):
            k = layer * module.directions + d
            weights = [w if w is None else w.detach().numpy() for w in module._weights(layer, d)]
            if isinstance(module, nn.minimal.Minimal):
                weights = [weights[0], None, weights[1]]
            each: dict[str, np.ndarray] = {}
            for n in range(x.shape[1]):
                row, steps = [state[k, n] for state in states], range(len(x) if lengths is None else lengths[n])
                for t in reversed(steps) if d else steps:
                    at = step(module, x[t, n], row, *weights)
                    row = [at[name] for name in module.states]
                    for name, value in at.items():
                        each.setdefault(name, np.zeros((*x.shape[:2], len(value))))[t, n] = value
            found.append(each)
        x = np.concatenate([each["h"] for each in found[-module.directions :]], -1)
    return found


def assert_states(found, expected, turned=lambda a: a, **tolerance) -> None:
    assert len(found) == len(expected)
    for layer, each in zip(found, expected):
        assert ([] if layer.c is None else ["c"]) + list(layer.gates) == [*each][1:]
        parts = {"h": layer.h, "c": layer.c, **layer.gates}
        for name, value in each.items():
            assert parts[name].grad_fn is None and not parts[name].requires_grad
            value = turned(value)
            np.testing.assert_allclose(parts[name].numpy(), value, **{"rtol": 1e-12, "atol": 1e-13, **tolerance})


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("lengths", [None, [5, 1, 3], [2, 4, 4]])
@pytest.mark.parametrize(("kind", "options"), ALL)
def test_against_the_naive_loop(kind, options, lengths, granularity) -> None:
    """Padded and packed, with a graph and without, and beside the same output as always."""
    module = make(kind, **options)
    turned = (lambda a: a.swapaxes(0, 1)) if module.batch_first else lambda a: a
    x, states = data(T, N, I).numpy(), states_for(module)
    expected, hx = naive(module, x, states, lengths), hx_of([tg.tensor(s) for s in states])
    given = tg.tensor(turned(x).copy(), requires_grad=True)
    with tg.granularity(granularity):
        plain = flat(module(given, hx, lengths))
        for recorded in (True, False):
            with tg.set_grad_enabled(recorded):
                *results, found = module(given, hx, lengths, return_states=True)
            assert_states(found, expected, turned)
            for a, b in zip(flat(*results), plain, strict=True):
                np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
                assert (a.grad_fn is not None) == recorded
        if lengths is not None:
            packed = rnn.pack_padded_sequence(given, lengths, module.batch_first, enforce_sorted=False)
            y, _, found = module(packed, hx, return_states=True)
            assert isinstance(y, rnn.PackedSequence)
            assert_states(found, expected, lambda a: turned(a[: max(lengths)]))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU", "MinGRU", "MinLSTM"])
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_unbatched_and_a_single_step(kind, granularity) -> None:
    module = make(kind, bidirectional=True, batch_first=True)
    zeros = [np.zeros((2, 1, H)) for _ in module.states]
    for steps in (1, T):
        x = data(steps, I)
        with tg.granularity(granularity):
            *_, found = module(x, return_states=True)
        assert_states(found, naive(module, x.numpy()[:, None], zeros, None), lambda a: a[:, 0])


@pytest.mark.parametrize(("kind", "options"), [("LSTM", {"proj_size": 2}), ("GRU", {}), ("MinLSTM", {}), ("RNN", {})])
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_where_numpy_takes_the_kernels_place(kind, options, granularity) -> None:
    module = make(kind, bidirectional=True, **options)
    x, states = data(T, N, I), states_for(module)
    hx = hx_of([tg.tensor(s) for s in states])
    with patch.object(fallback, "_failed", True), tg.granularity(granularity):
        for lengths in (None, [5, 1, 3], [2, 4, 4]):
            assert_states(module(x, hx, lengths, return_states=True)[2], naive(module, x.numpy(), states, lengths))
        packed = rnn.pack_padded_sequence(x, [2, 4, 4], enforce_sorted=False)
        expected = naive(module, x.numpy(), states, [2, 4, 4])
        assert_states(module(packed, hx, return_states=True)[2], expected, lambda a: a[:4])


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "MinGRU", "RNN"])
def test_the_gradient_is_the_same_and_looking_costs_no_copy(kind) -> None:
    module, x, found = make(kind, num_layers=2), data(T, N, I), []
    for looked in (False, True):
        y, final, *states = module(x, return_states=looked)
        found.append([g.numpy() for g in tg.autograd.grad(loss_of(y, final), [*module.parameters()])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
    (states,) = states
    assert np.shares_memory(states[1].h.array, y.array)
    if kind in ("LSTM", "GRU"):
        assert len({id(tg.autograd.writes.owner(gate.array)) for gate in states[0].gates.values()}) == 1


def test_a_gate_that_was_written_to_is_refused_by_backward() -> None:
    module = make("LSTM")
    y, _, (states,) = module(data(T, N, I), return_states=True)
    states.gates["f"].zero_()
    with pytest.raises(RuntimeError, match=r"saved `gates`.* zero_ .*overwrote it"):
        y.sum().backward()


def test_outlives_backward_and_single_precision() -> None:
    module = make("GRU", dtype=tg.float32)
    x = data(T, N, I)
    y, _, (states,) = module(x.float(), return_states=True)
    y.sum().backward()
    module(x.float())[0].sum().backward()  # whose workspaces are not those that are still looked at
    expected = naive(module, x.numpy(), [np.zeros((1, N, H))], None)
    assert_states([states], expected, rtol=1e-4, atol=1e-6)
    assert {gate.dtype for gate in states.gates.values()} == {tg.float32}


def test_says_what_it_is() -> None:
    module = make("LSTM", num_layers=2, bidirectional=True, proj_size=2)
    *_, states = module(data(T, N, I), return_states=True)
    assert [layer.name for layer in states] == ["layer 0", "layer 0 reverse", "layer 1", "layer 1 reverse"]
    assert repr(states[1]) == "<layer 0 reverse: h [5, 3, 2], c [5, 3, 6]; gates i, f, g, o>"
    *_, (states,) = make("RNN")(data(T, N, I), return_states=True)
    assert repr(states) == "<layer 0: h [5, 3, 6]>"
    assert states.c is None and states.gates == {}


# --- cells of the user's own, in Recurrent ------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [None, [5, 1, 3], [2, 4, 4]])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_of_a_cell_they_are_those_of_the_layer(kind, batch_first, lengths) -> None:
    """All but the gates, in two layers and both directions, padded and packed."""
    layer = make(kind, num_layers=2, bidirectional=True, batch_first=batch_first)

    def cell(k: int, direction: int):
        made = getattr(nn, f"{kind}Cell")(I if k == 0 else 2 * H, H, dtype=tg.float64)
        made.load_state_dict({n: layer.state_dict()[n + layer._suffix(k, direction)] for n in made.state_dict()})
        return made

    net = nn.Recurrent(cell, num_layers=2, bidirectional=True, batch_first=batch_first)
    x = data(N, T, I) if batch_first else data(T, N, I)
    inputs = [(x, lengths)]
    if lengths is not None:
        inputs.append((rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False), None))
    for given, ends in inputs:
        plain, (y, final, states) = net(given, lengths=ends), net(given, lengths=ends, return_states=True)
        *_, expected = layer(given, lengths=ends, return_states=True)
        assert len(states) == len(expected) == 4
        for found, other in zip(states, expected):
            assert found.name == other.name and found.gates == {} and (found.c is None) == (other.c is None)
            for one, same in [(found.h, other.h)] if found.c is None else [(found.h, other.h), (found.c, other.c)]:
                assert one.grad_fn is None
                np.testing.assert_allclose(one.numpy(), same.numpy(), rtol=1e-12, atol=1e-13)
        for one, same in zip(flat(y.data, final), flat(plain[0].data, plain[1]), strict=True):
            np.testing.assert_array_equal(one.detach().numpy(), same.detach().numpy())


class Three(nn.Module):
    def forward(self, x, state):
        return (x, x, x)


def test_of_a_cell_with_more_parts_it_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="two .h, c., this cell's has 3; join the others"):
        nn.Recurrent(Three())(data(T, N, I), return_states=True)
