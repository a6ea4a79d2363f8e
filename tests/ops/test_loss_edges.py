"""Losses, softmax, lookup, dropout and layer normalization at their edges, beside PyTorch's."""

from __future__ import annotations

import inspect
from itertools import product

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.autograd.backward import expand

from .test_array_edges import beside_torch, leaf

random = np.random.default_rng(5)
INF, NAN = float("inf"), float("nan")


def against_torch(name: str, *arrays, **attrs):
    """ops.name and torch.nn.functional.name; array attributes become tensors."""
    functional = pytest.importorskip("torch").nn.functional
    torch = pytest.importorskip("torch")

    def call(function, make):
        made = {key: make(value) if isinstance(value, np.ndarray) else value for key, value in attrs.items()}
        return lambda *xs: function(*xs, **made)

    beside_torch(call(getattr(ops, name), tg.tensor), call(getattr(functional, name), torch.tensor), *arrays)


# --- softmax ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("x", [[1e4, 0.0, -INF], [INF, 0.0], [-INF, -INF], [], 2.0, [[]], [NAN, 1.0]], ids=str)
def test_softmax_beside_torch(name, x):
    against_torch(name, np.array(x), dim=-1)


def test_softmax_without_a_dimension_warns_and_chooses_as_torch():
    x = tg.tensor(random.standard_normal((2, 3)))
    with pytest.warns(UserWarning, match="implicitly"):
        y = ops.softmax(x)
    np.testing.assert_allclose(y.array.sum(1), 1.0)


def test_softmax_in_another_dtype():
    assert ops.softmax(tg.tensor([1, 2]), 0, dtype=np.float64).dtype == np.float64
    assert ops.softmin(tg.tensor([1.0, 2.0]), 0).array[0] > 0.5


# --- classes ---------------------------------------------------------------------------------------------------

SHAPES = [((5, 4), (5,)), ((4,), ()), ((2, 4, 3), (2, 3)), ((2, 4, 3, 2), (2, 3, 2)), ((0, 4), (0,)), ((2, 1), (2,))]


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("shape", "targets"), SHAPES)
def test_class_losses_beside_torch(shape, targets, reduction, weighted):
    classes = shape[min(len(shape) - 1, 1)]
    x, target = random.standard_normal(shape), random.integers(0, classes, targets)
    probabilities = random.uniform(0, 1, shape)
    weight = random.uniform(0.5, 2, classes) if weighted else None
    for ignore_index, smoothing in product((-100, 0), (0.0, 0.1, 1.0)):
        options = {"reduction": reduction, "weight": weight}
        against_torch("cross_entropy", x, target, ignore_index=ignore_index, label_smoothing=smoothing, **options)
        if shape[0]:  # torch divides by the batch size there, to inf
            against_torch("cross_entropy", x, probabilities, label_smoothing=smoothing, **options)
        against_torch("nll_loss", x, target, ignore_index=ignore_index, **options)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize(
    ("x", "target"),
    [((3, 4), [0, 4, 1]), ((3, 4), [0, -1, 1]), ((3, 4), [1, 2]), ((3, 4), [[1, 2, 0]]), ((2, 4, 3), [[1, 2], [0, 1]]),
     ((3, 4), [1.0, 2.0, 0.0]), ((3, 4), [-100, -100, -100])],
)  # fmt: skip
def test_class_losses_refuse_as_torch(name, x, target):
    against_torch(name, random.standard_normal(x), np.array(target))


def test_class_out_of_range_is_an_index_error_that_names_it():
    with pytest.raises(IndexError, match=r"target 4 is out of bounds.*\[0, 4\)"):
        ops.cross_entropy(tg.zeros(3, 4), tg.tensor([0, 4, 1]))


def test_nothing_to_average_is_nan_without_gradient():
    x = leaf(random.standard_normal((2, 3)))
    loss = ops.cross_entropy(x, tg.tensor([-100, -100]))
    loss.backward()
    assert np.isnan(loss.item())
    assert (x.grad.array == 0).all()
    assert np.isnan(ops.cross_entropy(tg.zeros(0, 3), tg.zeros(0, dtype=np.int64)).item())


@pytest.mark.parametrize("x", [[[1e4, 0.0, -INF]], [[-1e4, 1e4, 0.0]]], ids=str)
@pytest.mark.parametrize("target", [0, 1, 2])
def test_cross_entropy_of_extremes(x, target):
    against_torch("cross_entropy", np.array(x), np.array([target]))


def test_cross_entropy_keeps_no_more_than_its_inputs_and_vectors():
    x = leaf(random.standard_normal((50, 40)))
    loss = ops.cross_entropy(x, tg.tensor(random.integers(0, 40, 50)))
    large = [part for part in loss.node.saved if isinstance(part, np.ndarray) and part.size >= 50 * 40]
    assert [part is x.array for part in large] == [True]


def test_options_are_checked_before_anything_else():
    for name in ("cross_entropy", "nll_loss", "mse_loss", "huber_loss", "kl_div", "binary_cross_entropy"):
        with pytest.raises(ValueError, match="not a valid value for reduction"):
            getattr(ops, name)(None, None, reduction="average")
    with pytest.raises(ValueError, match="batchmean"):
        ops.mse_loss(tg.zeros(2), tg.zeros(2), reduction="batchmean")
    with pytest.raises(RuntimeError, match="label_smoothing"):
        ops.cross_entropy(tg.zeros(2, 3), tg.tensor([0, 1]), label_smoothing=1.5)
    with pytest.raises(RuntimeError, match="weight for 3 classes"):
        ops.cross_entropy(tg.zeros(2, 3), tg.tensor([0, 1]), tg.ones(2))


@pytest.mark.parametrize(
    ("old", "new"),
    [({"size_average": False}, "sum"), ({"size_average": True}, "mean"), ({"reduce": False}, "none"),
     ({"reduce": True, "size_average": False}, "sum"), ({"reduce": False, "size_average": False}, "none")],
)  # fmt: skip
def test_the_old_spelling_of_reduction(old, new):
    x, target = tg.tensor([1.0, 2.0]), tg.tensor([0.0, 4.0])
    assert ops.mse_loss(x, target, **old).tolist() == ops.mse_loss(x, target, reduction=new).tolist()


# --- distances and probabilities -------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("name", "attrs"),
    [("mse_loss", {}), ("l1_loss", {}), ("smooth_l1_loss", {}), ("smooth_l1_loss", {"beta": 0.3}), ("kl_div", {}),
     ("smooth_l1_loss", {"beta": 0}), ("smooth_l1_loss", {"beta": -1}), ("huber_loss", {"delta": 0.5}),
     ("huber_loss", {"delta": 0}), ("kl_div", {"log_target": True})],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")  # torch's, of kl_div
def test_distances_beside_torch(name, attrs, reduction):
    target = random.uniform(0, 1, (3, 2))
    for x in (random.standard_normal((3, 2)), target.copy()):
        against_torch(name, x, target, reduction=reduction, **attrs)
    against_torch(name, np.zeros((0, 2)), np.zeros((0, 2)), reduction=reduction, **attrs)


def test_kl_div_of_impossible_events_is_0_and_batchmean_divides_by_n():
    x, target = tg.tensor([[0.0, -1.0]]), tg.tensor([[1.0, 0.0]], requires_grad=True)
    ops.kl_div(x, target, reduction="sum").backward()
    assert target.grad.array[0, 0] == 1.0
    assert np.isfinite(target.grad.array).all()
    against_torch("kl_div", random.standard_normal((3, 2)), random.uniform(0, 1, (3, 2)), reduction="batchmean")


def test_broadcast_targets_are_said():
    with pytest.warns(UserWarning, match=r"\(3,\) is broadcast against input of shape \(3, 1\)"):
        assert ops.mse_loss(tg.zeros(3, 1), tg.zeros(3)).item() == 0.0


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_binary_losses_beside_torch(reduction, weighted):
    weight = {"weight": random.uniform(0.5, 2, 2)} if weighted else {}
    p, target = random.uniform(0, 1, (3, 2)), random.uniform(0, 1, (3, 2))
    logits = random.standard_normal((3, 2)) * 5
    against_torch("binary_cross_entropy", p, target, reduction=reduction, **weight)
    against_torch("binary_cross_entropy_with_logits", logits, target, reduction=reduction, **weight)
    positive = random.uniform(0.5, 2, 2)
    against_torch(
        "binary_cross_entropy_with_logits", logits, target, pos_weight=positive, reduction=reduction, **weight
    )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize(("x", "target"), [([0.0, 2.0], [1.0, 1.0]), ([0.5], [1.0, 1.0]), ([], [])], ids=str)
def test_binary_losses_refuse_as_torch(name, x, target):
    against_torch(name, np.array(x), np.array(target))


def test_binary_losses_are_finite_at_the_ends():
    logits = leaf([1e4, -1e4, 1e4, -1e4])
    losses = ops.binary_cross_entropy_with_logits(logits, tg.tensor([0.0, 1.0, 1.0, 0.0]), reduction="none")
    losses.sum().backward()
    assert losses.tolist() == [1e4, 1e4, 0.0, 0.0]
    assert logits.grad.tolist() == [1.0, -1.0, 0.0, 0.0]
    p = leaf(np.array([0.0, 1.0, 0.0]))
    losses = ops.binary_cross_entropy(p, tg.tensor([0.0, 1.0, 1.0], dtype=np.float64), reduction="none")
    losses.sum().backward()
    assert losses.tolist() == [0.0, 0.0, 100.0]
    assert p.grad.tolist() == [0.0, 0.0, -1e12]


# --- lookup ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "attrs"),
    [([[1, 2], [0, 1]], {}), (1, {}), ([1, 1, 2], {"padding_idx": 1}), ([1, 1, 2], {"padding_idx": -2}), ([3], {}),
     ([-1], {}), ([1.0], {})],
    ids=str,
)  # fmt: skip
def test_embedding_beside_torch(index, attrs):
    torch = pytest.importorskip("torch")
    index = np.array(index)
    beside_torch(
        lambda w: ops.embedding(tg.tensor(index), w, **attrs),
        lambda w: torch.nn.functional.embedding(torch.tensor(index), w, **attrs),
        random.standard_normal((3, 4)),
    )


def test_embedding_refuses_a_padding_row_that_is_not_there():
    with pytest.raises(AssertionError, match="padding_idx must be within the 3 rows"):
        ops.embedding(tg.tensor([0]), tg.zeros(3, 2), 3)


@pytest.mark.parametrize(
    "args", [([0, 2],), ([0, 2], 4), ([0, 2], 2), ([-1],), ([1.0],), (1, 3), ([[], []], 3), ([[], []],)], ids=str
)
def test_one_hot_beside_torch(args):
    torch = pytest.importorskip("torch")
    names = np.array(args[0], dtype=None if np.size(args[0]) else np.int64)
    beside_torch(
        lambda: ops.one_hot(tg.tensor(names), *args[1:]),
        lambda: torch.nn.functional.one_hot(torch.tensor(names), *args[1:]),
    )


# --- dropout and layer normalization ---------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_the_share():
    x = tg.ones(200, 500, requires_grad=True)
    y = ops.dropout(x, 0.3, generator=tg.Generator().manual_seed(0))
    kept = y.array != 0
    assert y.dtype == np.float32
    np.testing.assert_allclose(kept.mean(), 0.7, atol=0.01)  # 7 standard deviations
    np.testing.assert_allclose(y.array[kept], 1 / 0.7, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.array)


def test_dropout_is_nothing_outside_of_training_and_everything_at_1():
    x = tg.ones(3)
    assert ops.dropout(x, 0.5, training=False) is x
    assert ops.dropout(x, 0.0) is x
    assert ops.dropout(x, 1.0).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="between 0 and 1"):
        ops.dropout(x, 1.5, training=False)


def test_dropout_follows_the_seed_and_can_be_in_place():
    tg.manual_seed(3)
    first = ops.dropout(tg.ones(20))
    tg.manual_seed(3)
    x = tg.ones(20)
    assert ops.dropout(x, inplace=True) is x
    np.testing.assert_array_equal(x.array, first.array)


def test_the_second_derivative_sees_the_same_mask():
    x = leaf(random.standard_normal(30))
    y = ops.dropout(x, 0.5)
    (dx,) = tg.autograd.grad((y * y).sum(), [x], create_graph=True)
    (ddx,) = tg.autograd.grad(dx.sum(), [x])
    np.testing.assert_array_equal(ddx.array, np.where(y.array == 0, 0.0, 8.0))


@pytest.mark.parametrize(
    ("shape", "normalized"),
    [((2, 3, 4), (4,)), ((2, 3, 4), (3, 4)), ((2, 3, 4), (3,)), ((0, 4), (4,)), ((4,), (4,)), ((2, 3, 1), (1,))],
)
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm_beside_torch(shape, normalized, affine):
    arrays = [random.standard_normal(shape)]
    if affine:
        arrays += [random.standard_normal(normalized), random.standard_normal(normalized)]
    functional = pytest.importorskip("torch").nn.functional
    beside_torch(
        lambda *xs: ops.layer_norm(xs[0], normalized, *xs[1:]),
        lambda *xs: functional.layer_norm(xs[0], normalized, *xs[1:]),
        *arrays,
    )


def test_layer_norm_of_far_away_numbers_in_float32():
    x = random.standard_normal((4, 64)) + 1000.0
    exact = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    y = ops.layer_norm(tg.tensor(x.astype(np.float32)), 64)
    np.testing.assert_allclose(y.array, exact, atol=2e-3)  # float32 knows x itself to 6e-5


def test_layer_norm_refuses_other_shapes():
    with pytest.raises(RuntimeError, match=r"ends in \(5,\), got \(2, 4\)"):
        ops.layer_norm(tg.zeros(2, 4), 5)
    with pytest.raises(RuntimeError, match=r"expected bias of shape \(4,\), got \(3,\)"):
        ops.layer_norm(tg.zeros(2, 4), 4, tg.ones(4), tg.ones(3))


@pytest.mark.parametrize("name", ["cross_entropy", "layer_norm"])
def test_a_fused_node_opens_to_its_definition(name):
    x = leaf(random.standard_normal((3, 4)))
    y = ops.cross_entropy(x, tg.tensor([0, 1, 2])) if name == "cross_entropy" else ops.layer_norm(x, 4)
    assert y.node.op.name == name
    _, (inner,) = expand(y.node)
    np.testing.assert_allclose(inner.array, y.array, rtol=1e-12)
    assert inspect.getdoc(getattr(ops, name))
