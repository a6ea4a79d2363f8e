"""Samples of softmax, losses, lookup, dropout and layer normalization."""

from __future__ import annotations

from itertools import product

import numpy as np

from .sampling import Sample, integers, normal, positive

random = np.random.default_rng(11)
F = "torch.nn.functional."


def log_probabilities(x: np.ndarray, dim: int) -> np.ndarray:
    """x - log sum e**x, example by example."""
    return np.apply_along_axis(lambda row: row - np.log(sum(np.exp(v) for v in row)), dim, x)


def cross_entropy(x, target, weight, *, ignore_index, reduction, label_smoothing):
    """Example by example, from the definition."""
    dim = min(x.ndim - 1, 1)
    logp = np.moveaxis(log_probabilities(x, dim), dim, -1)
    weight = np.ones(x.shape[dim]) if weight is None else weight
    losses, total = np.zeros(target.shape), 0.0
    for at in np.ndindex(target.shape):
        if target[at] != ignore_index:
            wanted = np.full(x.shape[dim], label_smoothing / x.shape[dim])
            wanted[target[at]] += 1 - label_smoothing
            losses[at] = -np.sum(wanted * weight * logp[at])
            total += weight[target[at]]
    return losses if reduction == "none" else losses.sum() / (total if reduction == "mean" else 1)


def classes() -> list[Sample]:
    found = []
    shapes = [((5, 4), (5,)), ((4,), ()), ((2, 4, 3), (2, 3))]
    for (shape, targets), reduction, smoothing in product(shapes, ("mean", "sum", "none"), (0.0, 0.3)):
        for weighted in (False, True):
            inputs = (normal(random, *shape), integers(random, 4, *targets), positive(random, 4) if weighted else None)
            attrs = {"ignore_index": 2 if targets else -100, "reduction": reduction, "label_smoothing": smoothing}
            label = f"{reduction} smooth {smoothing} {'weighted' if weighted else ''}"
            found.append(Sample("cross_entropy", inputs, attrs, cross_entropy, label=label))
    return found


def binary_cross_entropy(p, target):
    return -target * np.log(p) - (1 - target) * np.log(1 - p)


def normalized(x, weight, bias, *, dims, eps):
    """Example by example, from the definition."""
    y = np.empty(x.shape)
    for at in np.ndindex(x.shape[: x.ndim - dims]):
        row = x[at]
        y[at] = (row - row.mean()) / np.sqrt(row.var() + eps)
    return y * (1 if weight is None else weight) + (0 if bias is None else bias)


def by_channel(x, weight, bias, *, eps):
    """Channel by channel, from the definition."""
    y = np.empty(x.shape)
    for c in range(x.shape[1]):
        part = x[:, c]
        y[:, c] = (part - part.mean()) / np.sqrt(part.var() + eps) * (1 if weight is None else weight[c])
        y[:, c] += 0 if bias is None else bias[c]
    return y


def others() -> list[Sample]:
    x = normal(random, 2, 3, 4)
    kept = np.array([[1.25, 0.0, 1.25], [1.25, 1.25, 1.25]])  # by key 3
    table, names = normal(random, 5, 3), np.array([[0, 4, 4], [1, 0, 4]])
    weight, bias = normal(random, 3, 4), normal(random, 3, 4)
    return [
        Sample("softmax", x, {"dim": 1}, F + "softmax"),
        Sample("softmax", np.array(0.5), {"dim": 0}, F + "softmax", label="number"),
        Sample("log_softmax", x, {"dim": -1}, F + "log_softmax"),
        Sample("binary_cross_entropy", (random.uniform(0.1, 0.9, (3, 4)), random.uniform(0.1, 0.9, (3, 4))), {},
               binary_cross_entropy),
        Sample("embedding", (names, table), {}, lambda names, table: table[names]),
        Sample("embedding", (np.array(3), table), {}, lambda names, table: table[3], label="number"),
        Sample("dropout", normal(random, 2, 3), {"key": 3, "p": 0.2}, lambda x, key, p: x * kept, float32=None),
        Sample("batch_norm", (normal(random, 5, 3), positive(random, 3), normal(random, 3)), {"eps": 1e-5}, by_channel),
        Sample("batch_norm", (x, None, None), {"eps": 0.1}, by_channel, label="plain"),
        Sample("batch_norm", (x, None, normal(random, 3)), {"eps": 0.1}, by_channel, label="bias"),
        Sample("layer_norm", (x, normal(random, 4), normal(random, 4)), {"dims": 1, "eps": 1e-5}, normalized),
        Sample("layer_norm", (x, weight, bias), {"dims": 2, "eps": 0.1}, normalized, label="two dims"),
        Sample("layer_norm", (x, None, None), {"dims": 1, "eps": 1e-5}, normalized, label="plain"),
        Sample("layer_norm", (x, None, normal(random, 4)), {"dims": 1, "eps": 1e-5}, normalized, label="bias"),
    ]  # fmt: skip


SAMPLES = [*classes(), *others()]
