"""Every optimiser and option against torch, fifty steps long."""

from __future__ import annotations

import copy
import pickle
from inspect import signature

import numpy as np
import pytest

import tinygrad_rnn.optim as optim
from tinygrad_rnn.autograd.scope import no_grad
from tinygrad_rnn.autograd.writes import Writes
from tinygrad_rnn.optim.blocks import BLOCK, blocks
from tinygrad_rnn.tensor import Tensor

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "momentum": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "betas": (0.3, 0.9)}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.3, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.02, "centered": True}),
    ("RMSprop", {"lr": 0.02, "centered": True, "momentum": 0.8, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1}),
    ("Adadelta", {"rho": 0.0, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.7, "eps": 1e-3, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "betas": (0.8, 0.5), "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (0.01, 0.5), "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 10, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 0, "maximize": True}),
    ("SGD", {"lr": 0.1, "foreach": True}),
    ("Adam", {"lr": 0.05, "fused": True, "weight_decay": 0.1}),
    ("RMSprop", {"foreach": True}),
    ("Adagrad", {"fused": True}),
]
SHAPES = [(3, 4), (5,), ()]


def parameters(dtype="f8", seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=shape).astype(dtype)).requires_grad_() for shape in SHAPES]


def gradients(t, dtype="f8"):
    """The gradients of step t; they shrink, so that amsgrad's maximum matters."""
    rng = np.random.default_rng(1000 + t)
    return [np.asarray(rng.normal(size=shape) / (1 + t % 7), dtype) for shape in SHAPES]


def advance(optimizer, params, steps, dtype="f8"):
    for t in steps:
        for p, dp in zip(params, gradients(t, dtype), strict=True):
            p.grad = Tensor(dp)
        optimizer.step()


@pytest.mark.parametrize(("dtype", "tolerance"), [("f8", 1e-13), ("f4", 2e-5)])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_as_torch(name, options, dtype, tolerance):
    torch = pytest.importorskip("torch")
    params = parameters(dtype)
    theirs = [torch.tensor(p.array.copy()).requires_grad_() for p in params]
    optimizer = getattr(optim, name)(params, **options)
    reference = getattr(torch.optim, name)(theirs, **options)
    for t in range(50):
        for q, dq in zip(theirs, gradients(t, dtype), strict=True):
            q.grad = torch.tensor(dq)
        reference.step()
        advance(optimizer, params, [t], dtype)
    for p, q in zip(params, theirs, strict=True):
        np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=tolerance, atol=tolerance)
    ours, expected = optimizer.state_dict(), reference.state_dict()
    assert {k: v for k, v in ours["param_groups"][0].items()} == expected["param_groups"][0]
    for number, entries in expected["state"].items():
        assert set(ours["state"].get(number, {})) == set(entries)
        for key, value in entries.items():
            found = ours["state"][number][key].array
            assert found.shape == tuple(value.shape)
            assert str(found.dtype) == str(value.dtype).removeprefix("torch.")
            np.testing.assert_allclose(found, value.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_loaded_state_continues_bit_for_bit(name, options):
    params = parameters()
    optimizer = getattr(optim, name)(params, **options)
    advance(optimizer, params, range(10))
    saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
    others = [Tensor(p.array.copy()).requires_grad_() for p in params]
    fresh = getattr(optim, name)(others, lr=77.0)
    fresh.load_state_dict(saved)
    advance(optimizer, params, range(10, 20))
    advance(fresh, others, range(10, 20))
    for p, q in zip(params, others, strict=True):
        np.testing.assert_array_equal(p.array, q.array)
    assert fresh.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("as_arrays", [False, True])
def test_torch_state_loads(name, options, as_arrays):
    torch = pytest.importorskip("torch")
    params = parameters()
    theirs = [torch.tensor(p.array.copy()).requires_grad_() for p in params]
    reference = getattr(torch.optim, name)(theirs, **options)
    for t in range(20):
        if t == 10:
            saved = copy.deepcopy(reference.state_dict())
            params = [Tensor(q.detach().numpy().copy()).requires_grad_() for q in theirs]
        for q, dq in zip(theirs, gradients(t), strict=True):
            q.grad = torch.tensor(dq)
        reference.step()
    if as_arrays:
        for entries in saved["state"].values():
            entries.update({key: value.numpy() for key, value in entries.items()})
    optimizer = getattr(optim, name)(params)
    optimizer.load_state_dict(saved)
    advance(optimizer, params, range(10, 20))
    for p, q in zip(params, theirs, strict=True):
        np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=1e-13)


def test_our_state_loads_into_torch():
    torch = pytest.importorskip("torch")
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    advance(optimizer, params, range(3))
    saved = optimizer.state_dict()
    for entries in saved["state"].values():
        entries.update({key: torch.tensor(value.array) for key, value in entries.items()})
    reference = torch.optim.Adam([torch.zeros(shape, dtype=torch.float64) for shape in SHAPES])
    reference.load_state_dict(saved)
    assert reference.state_dict()["state"][0]["step"] == 3
    assert reference.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("shape", [(BLOCK + 5,), (3, BLOCK)])
def test_blocks_change_no_bit(name, options, shape, monkeypatch):
    rng = np.random.default_rng(3)
    start, dps = rng.normal(size=shape), rng.normal(size=(3, *shape))

    def trained():
        p = Tensor(start.copy()).requires_grad_()
        optimizer = getattr(optim, name)([p], **options)
        for dp in dps:
            p.grad = Tensor(dp)
            optimizer.step()
        return p.array

    monkeypatch.setattr("tinygrad_rnn.kernels.passes.suit", lambda *arrays: False)  # NumPy's path, without kernels
    in_pieces = trained()
    monkeypatch.setattr("tinygrad_rnn.optim.blocks.BLOCK", start.size)
    np.testing.assert_array_equal(in_pieces, trained())


def test_blocks_cover_everything_once_and_write_through():
    x, y = np.zeros((3, BLOCK)), np.zeros((3, BLOCK))
    pieces = list(blocks(x, y, None))
    assert len(pieces) == 3
    for a, b, nothing in pieces:
        a += 1
        b += 2
        assert nothing is None
    assert (x == 1).all()
    assert (y == 2).all()
    transposed = np.zeros((BLOCK, 2)).T
    assert [[a is transposed for a in piece] for piece in blocks(transposed)] == [[True]]


def test_a_transposed_parameter_is_updated():
    p = Tensor(np.ones((BLOCK, 2)).T).requires_grad_()
    p.grad = Tensor(np.ones((2, BLOCK)))
    optim.SGD([p], lr=0.25).step()
    assert (p.array == 0.75).all()


def test_parameters_without_gradient_stay():
    p, q = parameters()[:2]
    before = q.array.copy()
    p.grad = Tensor(np.ones(p.shape))
    optimizer = optim.Adam([p, q])
    optimizer.step()
    np.testing.assert_array_equal(q.array, before)
    assert list(optimizer.state_dict()["state"]) == [0]


def test_the_gradient_is_not_changed():
    for name, options in CASES:
        p = parameters()[0]
        dp = gradients(0)[0]
        p.grad = Tensor(dp.copy())
        getattr(optim, name)([p], **options).step()
        np.testing.assert_array_equal(p.grad.array, dp)


def test_the_write_is_noted():
    p = parameters()[0]
    y = p * p
    p.grad = Tensor(np.ones(p.shape))
    before = Writes.last
    optim.Adam([p]).step()
    assert Writes.last > before
    with pytest.raises(RuntimeError, match=r"Adam\.step at .*test_optimizers"):
        y.backward(Tensor(np.ones(p.shape)))


def test_groups_have_their_own_hyperparameters():
    p, q = Tensor(np.ones(2)).requires_grad_(), Tensor(np.ones(2)).requires_grad_()
    optimizer = optim.SGD([{"params": p}, {"params": [q], "lr": 0.5}], lr=0.25)
    p.grad = q.grad = Tensor(np.ones(2))
    optimizer.step()
    assert p.tolist() == [0.75] * 2
    assert q.tolist() == [0.5] * 2
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.5]
    assert [group["params"] for group in optimizer.state_dict()["param_groups"]] == [[0], [1]]


def test_a_group_added_later_is_updated():
    p, q = Tensor(np.ones(2)).requires_grad_(), Tensor(np.ones(2)).requires_grad_()
    optimizer = optim.SGD([p], lr=0.25)
    optimizer.add_param_group({"params": [q]})
    q.grad = Tensor(np.ones(2))
    optimizer.step()
    assert q.tolist() == [0.75] * 2


def test_named_parameters():
    p, q = parameters()[:2]
    optimizer = optim.SGD([("weight", p), ("bias", q)])
    assert [id(x) for x in optimizer.param_groups[0]["params"]] == [id(p), id(q)]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="name"):
        optim.SGD([("weight", p), q])


def test_a_tensor_as_learning_rate_becomes_a_number():
    group = {"params": parameters(), "lr": Tensor(np.array([0.5]))}
    optimizer = optim.SGD([group], lr=Tensor(np.array(0.25)))
    assert optimizer.defaults["lr"] == 0.25
    assert type(optimizer.defaults["lr"]) is float
    assert optimizer.param_groups[0]["lr"] == 0.5
    with pytest.raises(ValueError, match="lr must be 1-element"):
        optim.SGD(parameters(), lr=Tensor(np.zeros(2)))


def test_closure_runs_recorded_and_its_loss_is_returned():
    p = Tensor(np.array([3.0])).requires_grad_()
    optimizer = optim.SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = p * p
        loss.backward()
        return loss

    with no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 9.0
    assert p.item() == 0.0


def test_zero_grad():
    p, q = parameters()[:2]
    optimizer = optim.SGD([p, q])
    p.grad = Tensor(np.ones(p.shape))
    memory = p.grad.array
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.array is memory
    assert not memory.any()
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_an_optimizer_of_the_user():
    class Descent(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["count"] = self.state[p].get("count", 0) + 1
                    p.array[...] -= group["lr"] * p.grad.array

    p = Tensor(np.ones(2)).requires_grad_()
    p.grad = Tensor(np.ones(2))
    optimizer = Descent([p], 0.5)
    optimizer.step()
    assert p.tolist() == [0.5, 0.5]
    other = Descent([p], 0.1)
    other.load_state_dict(optimizer.state_dict())
    assert other.state[p] == {"count": 1}
    assert other.param_groups[0]["lr"] == 0.5


def test_repr_names_every_hyperparameter():
    text = repr(optim.SGD([{"params": parameters()}, {"params": parameters(), "lr": 0.25}], lr=0.5))
    assert text.splitlines()[:2] == ["SGD (", "Parameter Group 0"]
    assert "    lr: 0.5\n" in text
    assert "Parameter Group 1" in text
    assert "    lr: 0.25\n" in text
    assert text.endswith("\n)")


# --- errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("SGD", {"lr": -1}, "learning rate: -1"),
        ("SGD", {"lr": float("nan")}, "learning rate: nan"),
        ("SGD", {"momentum": -0.1}, "momentum value: -0.1"),
        ("SGD", {"weight_decay": -0.1}, "weight_decay value: -0.1"),
        ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "Nesterov"),
        ("Adam", {"lr": -1}, "learning rate: -1"),
        ("Adam", {"eps": -1}, "eps value: -1"),
        ("Adam", {"betas": (1.0, 0.9)}, "beta parameter at index 0: 1.0"),
        ("Adam", {"betas": (0.9, -0.1)}, "beta parameter at index 1: -0.1"),
        ("Adam", {"betas": (0.9,)}, "expected two numbers"),
        ("AdamW", {"weight_decay": -1}, "weight_decay value: -1"),
        ("RMSprop", {"alpha": -1}, "alpha value: -1"),
        ("RMSprop", {"momentum": -1}, "momentum value: -1"),
        ("Adagrad", {"lr_decay": -1}, "lr_decay value: -1"),
        ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value value: -1"),
        ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
        ("Adadelta", {"rho": -0.1}, "rho value: -0.1"),
        ("Adadelta", {"eps": -1}, "eps value: -1"),
        ("Adamax", {"lr": -1}, "learning rate: -1"),
        ("Adamax", {"betas": (1.0, 0.9)}, "beta parameter at index 0: 1.0"),
        ("NAdam", {"momentum_decay": -1}, "momentum_decay value: -1"),
        ("NAdam", {"betas": (0.9, 1.0)}, "beta parameter at index 1: 1.0"),
        ("RAdam", {"eps": -1}, "eps value: -1"),
        ("RAdam", {"betas": (0.9, 1.0)}, "beta parameter at index 1: 1.0"),
        ("Rprop", {"etas": (1.0, 1.2)}, "Invalid eta values"),
        ("Rprop", {"etas": (0.5, 1.0)}, "Invalid eta values"),
        ("ASGD", {"lr": -1}, "learning rate: -1"),
        ("ASGD", {"weight_decay": -1}, "weight_decay value: -1"),
    ],
)
def test_bad_hyperparameters(name, options, message):
    kind = getattr(optim, name)
    with pytest.raises(ValueError, match=message):
        kind(parameters(), **options)
    with pytest.raises(ValueError, match=message):
        kind([{"params": parameters(), **options}])
    optimizer = kind(parameters())
    with pytest.raises(ValueError, match=message):
        optimizer.add_param_group({"params": parameters(), **options})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("other", ["foreach", "differentiable"])
def test_what_fused_excludes(other):
    with pytest.raises(RuntimeError, match=f"fused=True and {other}=True exclude each other"):
        optim.SGD(parameters(), fused=True, **{other: True})


@pytest.mark.parametrize(("name", "error"), [("capturable", AssertionError), ("differentiable", RuntimeError)])
def test_a_step_that_is_refused_changes_nothing(name, error):
    params = parameters()
    optimizer = optim.Adam([{"params": params[:1]}, {"params": params[1:], name: True}])
    before = params[0].array.copy()
    with pytest.raises(error, match=f"Adam.step: {name}=True is not supported"):
        advance(optimizer, params, [0])
    np.testing.assert_array_equal(params[0].array, before)


@pytest.mark.parametrize("name", sorted(set(optim.__all__) - {"LBFGS", "Optimizer", "lr_scheduler"}))
def test_signature_is_torchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = [signature(getattr(place, name)).parameters for place in (optim, torch.optim)]
    assert list(ours) == list(theirs)
    for ours_, theirs_ in zip(ours.values(), theirs.values(), strict=True):
        assert (ours_.default, ours_.kind) == (theirs_.default, theirs_.kind), ours_.name


def test_bad_parameters():
    p = parameters()[0]
    with pytest.raises(ValueError, match="empty parameter list"):
        optim.SGD([])
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([p, p])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optim.SGD([{"params": p}, {"params": p}])
    with pytest.raises(ValueError, match=r"non-leaf Tensor: params\[1\].*`mul`"):
        optim.SGD([p, p * 2])
    with pytest.raises(TypeError, match=r"params\[0\] is a ndarray"):
        optim.SGD([np.ones(3)])
    with pytest.raises(TypeError, match="iterable of Tensors or dicts"):
        optim.SGD(p)
    with pytest.raises(TypeError, match="ordered collection"):
        optim.SGD([{"params": {p}}])
    with pytest.raises(TypeError, match="param_group must be a dict, but got list"):
        optim.SGD([p]).add_param_group([p])


def test_nothing_is_updated_when_something_does_not_fit():
    p, q = Tensor(np.ones(2)).requires_grad_(), Tensor(np.ones(2)).requires_grad_()
    optimizer = optim.Adam([p, q])
    p.grad, q.grad = Tensor(np.ones(2)), Tensor(np.ones(2))
    q.data = Tensor(np.ones(3))
    with pytest.raises(RuntimeError, match=r"Adam.step: parameter 1.*shape \(3,\), its gradient \(2,\)"):
        optimizer.step()
    q.grad = Tensor(np.ones(3))
    optimizer.step()
    before = p.array.copy()
    q.data = Tensor(np.ones(2))
    q.grad = Tensor(np.ones(2))
    with pytest.raises(RuntimeError, match=r"parameter 1 of group 0.*shape \(2,\), its exp_avg \(3,\)"):
        optimizer.step()
    np.testing.assert_array_equal(p.array, before)
    q.data = Tensor(np.broadcast_to(np.ones(1), (3,)))
    q.grad = Tensor(np.ones(3))
    with pytest.raises(RuntimeError, match=r"parameter 1 of group 0.*read-only"):
        optimizer.step()
    np.testing.assert_array_equal(p.array, before)


def test_a_state_dict_that_does_not_fit_changes_nothing():
    p, q = parameters()[:2]
    optimizer = optim.Adam([p, q], lr=0.5)
    two_groups = optim.Adam([{"params": p}, {"params": q}]).state_dict()
    with pytest.raises(ValueError, match="different number of parameter groups: 2, not 1"):
        optimizer.load_state_dict(two_groups)
    with pytest.raises(ValueError, match="optimizer's group: 0 has 1 parameters, not 2"):
        optimizer.load_state_dict(optim.Adam([p]).state_dict())
    bad = optim.Adam([p, q]).state_dict()
    bad["param_groups"][0]["lr"] = -1
    with pytest.raises(ValueError, match="learning rate"):
        optimizer.load_state_dict(bad)
    p.grad, q.grad = (Tensor(np.ones_like(x.array)) for x in (p, q))
    optimizer.step()
    before, bad = optimizer.state[p]["exp_avg"].array.copy(), copy.deepcopy(optimizer.state_dict())
    bad["param_groups"][0]["lr"] = 0.25
    bad["state"][0]["exp_avg"].array[...] = 7
    bad["state"][1]["exp_avg"] = np.array([None])
    with pytest.raises(TypeError, match="object"):
        optimizer.load_state_dict(bad)
    assert optimizer.param_groups[0]["lr"] == 0.5
    np.testing.assert_array_equal(optimizer.state[p]["exp_avg"].array, before)


def test_loading_torchs_ways_to_compute_it():
    optimizer = optim.Adam(parameters())
    saved = optimizer.state_dict()
    saved["param_groups"][0].update(fused=True, capturable=True)
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["fused"] is True
    assert optimizer.param_groups[0]["capturable"] is False


def test_a_loaded_state_is_a_copy():
    params = parameters()
    optimizer = optim.Adam(params)
    advance(optimizer, params, range(2))
    saved = optimizer.state_dict()
    optimizer.load_state_dict(saved)
    before = saved["state"][0]["exp_avg"].array.copy()
    advance(optimizer, params, range(2))
    np.testing.assert_array_equal(saved["state"][0]["exp_avg"].array, before)
