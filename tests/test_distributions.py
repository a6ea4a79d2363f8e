"""torch.distributions: values, gradients and errors as PyTorch's, samples by their statistics."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

RANDOM = np.random.default_rng(3)
PROBS = RANDOM.uniform(0.1, 1, (2, 3))
SINGLE = RANDOM.uniform(0.1, 0.9, (2, 3))
X, POSITIVE = RANDOM.standard_normal((2, 3)), RANDOM.uniform(0.2, 2, (2, 3))
ONES = np.ones((2, 3))

# name of the class, arguments, a value
CASES = [
    ("Categorical", {"logits": np.array([0.5, -np.inf, 1.0])}, np.array(0)),
    ("Categorical", {"probs": PROBS}, np.array([0, 2])),
    ("Categorical", {"probs": PROBS}, np.array([[0, 2], [1, 1], [2, 0]])),
    ("Categorical", {"logits": X}, np.array([1, 1])),
    ("Categorical", {"logits": X[0]}, np.array(2)),
    ("Categorical", {"logits": X[0]}, np.array([[0, 1, 2]])),
    ("Categorical", {"probs": np.array([0.0, 1.0, 3.0])}, np.array(0)),
    ("Bernoulli", {"probs": SINGLE}, (SINGLE > 0.5).astype(float)),
    ("Bernoulli", {"logits": X}, ONES),
    ("Bernoulli", {"logits": X}, np.array([[0.0], [1.0]])),
    ("Normal", {"loc": X, "scale": POSITIVE}, X + 0.3),
    ("Normal", {"loc": X, "scale": POSITIVE[0]}, np.array(0.5)),
]


def made(module, name, parameters):
    tensors = {key: module.tensor(array, requires_grad=True) for key, array in parameters.items()}
    return getattr(module.distributions, name)(**tensors), list(tensors.values())


@pytest.mark.parametrize(("name", "parameters", "value"), CASES)
def test_as_torch(name, parameters, value):
    torch = pytest.importorskip("torch")
    found = []
    for m in (tg, torch):
        d, _ = made(m, name, parameters)
        shapes = [tuple(d.batch_shape), tuple(d.event_shape), repr(d).replace("torch.", "")]
        results = [d.log_prob(m.tensor(value)), d.entropy(), d.mean, d.variance, d.stddev, d.mode]
        if name != "Normal":
            results += [d.probs, d.logits]
        else:
            results += [d.cdf(m.tensor(value))]
        if name == "Categorical":
            results += [d.param_shape, d.enumerate_support(), d.enumerate_support(expand=False)]
        _, leaves = made(m, name, parameters)
        d = getattr(m.distributions, name)(*leaves) if name == "Normal" else type(d)(**dict(zip(parameters, leaves)))
        (d.log_prob(m.tensor(value)).sum() + 0.5 * d.entropy().sum()).backward()
        found.append((shapes, results, [leaf.grad for leaf in leaves]))
    (ours, values, grads), (theirs, values_torch, grads_torch) = found
    assert ours == theirs
    for a, b in zip([*values, *grads], [*values_torch, *grads_torch], strict=True):
        a, b = (x.detach().numpy() if hasattr(x, "detach") else np.array(x) for x in (a, b))
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_values_by_hand():
    d = tg.distributions.Categorical(probs=tg.tensor([1.0, 3.0]))
    np.testing.assert_allclose(d.log_prob(tg.tensor([0, 1])).numpy(), np.log([0.25, 0.75]), rtol=1e-6)
    np.testing.assert_allclose(d.entropy().item(), -0.25 * np.log(0.25) - 0.75 * np.log(0.75), rtol=1e-6)
    d = tg.distributions.Normal(1.0, 2.0)
    np.testing.assert_allclose(d.log_prob(tg.tensor(3.0)).item(), -0.5 - np.log(2 * np.sqrt(2 * np.pi)), rtol=1e-6)
    d = tg.distributions.Bernoulli(0.25)
    np.testing.assert_allclose(d.log_prob(tg.tensor([0.0, 1.0])).numpy(), np.log([0.75, 0.25]), rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
@pytest.mark.parametrize("number", [1, 7, 10])
def test_samples_are_of_the_right_shape_and_have_no_gradient(number, shape):
    name, parameters, _ = CASES[number]
    d, _ = made(tg, name, parameters)
    x = d.sample(shape)
    assert tuple(x.shape) == (*shape, *d.batch_shape)
    assert not x.requires_grad
    assert x.dtype == (tg.int64 if name == "Categorical" else tg.float64)
    assert tuple(d.log_prob(x).shape) == tuple(x.shape)


def test_samples_are_as_frequent_as_they_should_be():
    tg.manual_seed(0)
    n = 20_000
    x = tg.distributions.Categorical(probs=tg.tensor(PROBS)).sample((n,)).numpy()
    expected = PROBS / PROBS.sum(-1, keepdims=True)
    for row in range(2):
        np.testing.assert_allclose(np.bincount(x[:, row], minlength=3) / n, expected[row], atol=0.015)
    y = tg.distributions.Bernoulli(tg.tensor(SINGLE)).sample((n,)).numpy()
    np.testing.assert_allclose(y.mean(0), SINGLE, atol=0.015)
    z = tg.distributions.Normal(tg.tensor(X), tg.tensor(POSITIVE)).sample((n,)).numpy()
    np.testing.assert_allclose(z.mean(0), X, atol=0.06)
    np.testing.assert_allclose(z.std(0), POSITIVE, atol=0.06)


def test_rsample_is_differentiable():
    loc, scale = tg.tensor(1.0, requires_grad=True), tg.tensor(2.0, requires_grad=True)
    d = tg.distributions.Normal(loc, scale)
    x = d.rsample((7,))
    x.sum().backward()
    assert loc.grad.item() == 7
    np.testing.assert_allclose(scale.grad.item(), ((x.detach() - 1) / 2).sum().item(), rtol=1e-5)
    with pytest.raises(NotImplementedError, match="use sample"):
        tg.distributions.Categorical(tg.ones(2)).rsample()


@pytest.mark.parametrize(("name", "number", "other"), [("Normal", 10, (X + 1, POSITIVE + 1)),
                                                       ("Categorical", 3, (X[::-1].copy(),)),
                                                       ("Bernoulli", 8, (X[::-1].copy(),))])  # fmt: skip
def test_kl_divergence(name, number, other):
    torch = pytest.importorskip("torch")
    found = []
    for m in (tg, torch):
        p, _ = made(m, name, CASES[number][1])
        q, _ = made(m, name, dict(zip(CASES[number][1], other, strict=True)))
        found.append(m.distributions.kl_divergence(p, q).detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-9)


ERRORS = {
    "both": lambda m: m.distributions.Categorical(m.ones(2), m.ones(2)),
    "none": lambda m: m.distributions.Bernoulli(),
    "a number": lambda m: m.distributions.Categorical(m.tensor(0.5)),
    "negative": lambda m: m.distributions.Categorical(m.tensor([-1.0, 2.0])),
    "nan": lambda m: m.distributions.Categorical(logits=m.tensor([0.0, float("nan")])),
    "value too large": lambda m: m.distributions.Categorical(m.ones(2)).log_prob(m.tensor(2)),
    "value between": lambda m: m.distributions.Categorical(m.ones(2)).log_prob(m.tensor(0.5)),
    "no probability": lambda m: m.distributions.Bernoulli(1.5),
    "half": lambda m: m.distributions.Bernoulli(0.5).log_prob(m.tensor(0.5)),
    "no scale": lambda m: m.distributions.Normal(0.0, 0.0),
    "shapes": lambda m: m.distributions.Normal(m.zeros(2), m.ones(3)),
    "kinds": lambda m: m.distributions.kl_divergence(m.distributions.Normal(0.0, 1.0), m.distributions.Bernoulli(0.5)),
}


@pytest.mark.parametrize("what", ERRORS)
def test_errors(what):
    with pytest.raises((ValueError, RuntimeError, NotImplementedError)) as found:
        ERRORS[what](tg)
    torch = pytest.importorskip("torch")
    with pytest.raises(found.type):
        ERRORS[what](torch)
