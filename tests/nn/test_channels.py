"""What treats channels alike: batch normalization with its running statistics, dropout of channels; DataParallel."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

import tinygrad_rnn as tg
import tinygrad_rnn.nn as nn

from ..autograd.both import as_torch, refused_as_torch

RANDOM = np.random.default_rng(0)
BATCHES = [RANDOM.normal(3.0, 2.0, shape) for shape in ((6, 3), (2, 3), (5, 3, 4), (1, 3, 2))]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("options", [
    {}, {"momentum": 0.4, "eps": 0.1}, {"momentum": None}, {"momentum": 0.0}, {"momentum": 1.0}, {"affine": False},
    {"bias": False}, {"track_running_stats": False}, {"momentum": None, "affine": False, "track_running_stats": False},
])  # fmt: skip
def test_batch_norm_as_torch(options, dtype):
    """Four batches while training, two in evaluation: outputs, all gradients and all buffers."""

    def program(m):
        layer = m.nn.BatchNorm1d(3, **options).to(m.float64 if dtype == "f8" else m.float32)
        seen = []
        for batch in BATCHES * 2 + [batch[:0] for batch in BATCHES[:1]]:
            layer.train(len(seen) < 16)
            x = m.tensor(batch.astype(dtype), requires_grad=True)
            y = layer(x)
            (y * y * x).sum().backward()
            seen += [y, x.grad, [p.grad for p in layer.parameters()], [b.clone() for b in layer.buffers()]]
        return [*seen, list(layer.state_dict())]

    as_torch(program, rtol=1e-4 if dtype == "f4" else 1e-9)


def test_batch_norm_of_a_transposed_input_as_torch():
    def program(m):
        x = m.tensor(BATCHES[2], requires_grad=True)
        y = m.nn.BatchNorm1d(4, dtype=m.float64)(x.transpose(1, 2))
        (y**3).sum().backward()
        return y, x.grad

    as_torch(program, rtol=1e-8)


def test_functional_batch_norm_as_torch():
    def program(m):
        x, mean, var = (m.tensor(a) for a in (BATCHES[2], BATCHES[0][0], BATCHES[0][1] ** 2))
        weight, bias = m.tensor(BATCHES[0][2]), m.tensor(BATCHES[0][3])
        norm = m.nn.functional.batch_norm
        return [
            norm(x, mean, var), norm(x, mean, var, weight), norm(x, mean, var, None, bias, eps=0.1),
            norm(x, None, None, weight, bias, training=True), norm(x, mean, var, weight, bias, True, 0.3), mean, var,
            norm(x[..., None], mean, var),
        ]  # fmt: skip

    as_torch(program, rtol=1e-9)


@pytest.mark.parametrize("program", [
    lambda m: m.nn.BatchNorm1d(3)(m.ones(3)), lambda m: m.nn.BatchNorm1d(3)(m.ones(2, 3, 4, 5)),
    lambda m: m.nn.BatchNorm1d(3)(m.ones(2, 4)), lambda m: m.nn.BatchNorm1d(3)(m.ones(2, 4, 3)),
    lambda m: m.nn.BatchNorm1d(3)(m.ones(1, 3)), lambda m: m.nn.BatchNorm1d(3)(m.ones(1, 3, 1)),
    lambda m: m.nn.BatchNorm1d(3)(m.ones(2, 3, dtype=m.int64)), lambda m: m.nn.BatchNorm1d(-1),
    lambda m: m.nn.BatchNorm1d(3)(m.ones(2, 3, dtype=m.float64)),
    lambda m: m.nn.functional.batch_norm(m.ones(2, 3), None, None),
    lambda m: m.nn.functional.batch_norm(m.ones(2, 3), m.ones(3), None),
    lambda m: m.nn.functional.batch_norm(m.ones(2, 3), m.ones(2), m.ones(2)),
    lambda m: m.nn.functional.batch_norm(m.ones(2, 3), m.ones(3), m.ones(3), m.ones(2)),
    lambda m: m.nn.functional.dropout1d(m.ones(3)), lambda m: m.nn.functional.dropout1d(m.ones(2, 3, 4, 5)),
    lambda m: m.nn.functional.dropout2d(m.ones(3)), lambda m: m.nn.functional.dropout2d(m.ones(2, 3, 4, 5), p=2),
    lambda m: m.nn.Dropout1d(-0.1), lambda m: m.nn.Dropout2d(1.5), lambda m: m.nn.Dropout1d().eval()(m.ones(3)),
])  # fmt: skip
def test_refused_as_torch(program):
    refused_as_torch(program)


def test_a_refused_batch_changes_nothing():
    layer = nn.BatchNorm1d(3)
    for wrong in (tg.ones(1, 3), tg.ones(2, 4), tg.ones(2, 3, dtype=tg.float64)):
        with pytest.raises((ValueError, RuntimeError)):
            layer(wrong)
    assert layer.running_mean.tolist() == [0.0] * 3
    assert layer.running_var.tolist() == [1.0] * 3


def test_running_statistics_may_be_overwritten_before_backward():
    """They are no part of the graph."""
    layer, x = nn.BatchNorm1d(2), tg.randn(4, 2)
    first = layer(x).sum()
    layer(x)
    first.backward()
    assert layer.num_batches_tracked.item() == 2


@pytest.mark.parametrize(
    ("kind", "shape"), [("Dropout1d", (50, 8, 6)), ("Dropout1d", (400, 6)), ("Dropout2d", (50, 8, 2, 3))]
)
def test_whole_channels_are_dropped(kind, shape):
    tg.manual_seed(0)
    layer, x = getattr(nn, kind)(0.25), tg.ones(*shape, requires_grad=True)
    y = layer(x)
    channels = y.detach().numpy().reshape(400, -1)
    assert set(np.unique(channels)) == {0.0, np.float32(1 / 0.75)}
    assert (channels == channels[:, :1]).all()
    np.testing.assert_allclose((channels[:, 0] == 0).mean(), 0.25, atol=0.06)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())
    np.testing.assert_array_equal(layer.eval()(x).detach().numpy(), x.detach().numpy())
    assert not getattr(nn, kind)(1.0)(x).any()
    h = x * 1
    assert getattr(nn, kind)(0.25, inplace=True)(h) is h
    assert (h == 0).any()


@pytest.mark.parametrize(
    ("shape", "better"), [((4, 3), "dropout"), ((2, 3, 4), "dropout1d"), ((2, 3, 4, 5, 1), "dropout")]
)
def test_dropout2d_warns_of_other_shapes_as_torch(shape, better):
    torch = pytest.importorskip("torch")
    for m in (tg, torch):
        with pytest.warns(UserWarning, match="dropout2d: "):
            y = m.nn.functional.dropout2d(m.ones(shape))
        assert set(np.unique(y.numpy())) <= {0.0, 2.0}
    with pytest.warns(UserWarning, match=f"use {better}$"):
        tg.nn.functional.dropout2d(tg.ones(shape))


# --- other names --------------------------------------------------------------------------------------------------


def test_data_parallel_as_torch():
    def program(m):
        model = m.nn.DataParallel(m.nn.Sequential(m.nn.Linear(2, 3), m.nn.ReLU()), device_ids=[0, 1])
        with m.no_grad():
            for p in model.parameters():
                p.fill_(0.5)
        return model(m.ones(4, 2)), repr(model), list(model.state_dict()), model.device_ids, repr(model.module[1])

    as_torch(program)
    assert nn.parallel.DataParallel is nn.DataParallel


def test_paths_are_torchs():
    torch = pytest.importorskip("torch")
    for path, classes in nn.modules.PATHS.items():
        place = import_module(f"tinygrad_rnn.nn.modules.{path}")
        for name in classes.split():
            assert getattr(torch.nn, name).__module__ == f"torch.nn.modules.{path}"
            assert getattr(place, name) is getattr(nn, name) is getattr(nn.modules, name)
            assert place is getattr(nn.modules, path)
    listed = {name for classes in nn.modules.PATHS.values() for name in classes.split()}
    ours = {name for name, found in vars(nn).items() if isinstance(found, type) and issubclass(found, nn.Module)}
    assert [name for name in ours - listed if hasattr(torch.nn, name)] == ["DataParallel"]
    with pytest.raises(AttributeError, match=r"'tinygrad_rnn\.nn\.modules\.rnn' has no .*'Linear'; .* nn\.Linear"):
        nn.modules.rnn.Linear  # noqa: B018
