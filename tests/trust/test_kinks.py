"""Where a function has no derivative, the one we give: PyTorch's, written in the function's docstring, tested here.

Every differentiable operation is here: smooth, or with its kinks, the words of its docstring and the gradient there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, ops
from tinygrad_rnn.autograd.op import registry

from .generated import DIFFERENTIABLE

inf, nan = math.inf, math.nan


class Kink(NamedTuple):
    """Inputs at which a function has no derivative, and the gradient it gives for each of them."""

    words: str  # of its docstring
    inputs: tuple
    gradients: tuple
    attrs: Mapping[str, Any] = MappingProxyType({})
    theirs: str = ""  # what PyTorch does if it does not do the same
    call: Any = None  # where it is not the function itself


def at(words: str, x: list, dx: list, **attrs: Any) -> Kink:
    return Kink(words, (x,), (dx,), attrs)


FLAT = at("gradient 0", [-1.5, 0.0, 0.5, 1.0], [0, 0, 0, 0])
JUMPS = Kink("gradient does not see its jumps", ([4.0, -5.0], [2.0, 2.5]), ([1, 1], [-2, 2]))
TIE = Kink("a tie shares the gradient equally", ([1.0, 2.0], [1.0, 2.0]), ([0.5, 0.5], [0.5, 0.5]))
EMPTY = [-inf, -inf]

KINKS: dict[str, Kink] = {
    # operations
    "abs": at("gradient 0 at 0", [0.0], [0]),
    "relu": at("gradient 0 at 0", [0.0], [0]),
    "leaky_relu": at("gradient negative_slope at 0", [0.0], [0.2], negative_slope=0.2),
    "elu": at("gradient alpha at 0", [0.0], [0.4], alpha=0.4),
    "hardtanh": at("gradient 0 at both", [-1.0, 1.0], [0, 0]),
    "softplus": at("At the threshold the gradient is that of the smooth part", [1.0], [1 / (1 + math.exp(-1))],
                   threshold=1.0),
    "clamp": Kink("On a bound x gets the gradient", ([1.0, 2.0, 3.0], [1.0, 1.0, 3.0], [2.0, 2.0, 2.0]),
                  ([1, 1, 0], [0, 0, 0], [0, 0, 1])),
    "maximum": TIE,
    "minimum": TIE,
    "amax": at("equal ones share the gradient", [1.0, 1.0, 0.0], [0.5, 0.5, 0]),
    "amin": at("equal ones share the gradient", [1.0, 1.0, 2.0], [0.5, 0.5, 0]),
    "sign": FLAT,
    "floor": FLAT,
    "ceil": FLAT,
    "trunc": FLAT,
    "round": FLAT,
    "floor_divide": Kink("gradient 0", ([4.0], [2.0]), ([0], [0]), theirs="refused"),
    "fmod": JUMPS,
    "remainder": JUMPS,
    "sqrt": at("gradient inf at 0", [0.0], [inf]),
    "rsqrt": at("gradient -inf at 0", [0.0], [-inf]),
    "reciprocal": at("gradient -inf at 0", [0.0], [-inf]),
    "log": at("gradient inf at 0", [0.0], [inf]),
    "log2": at("gradient inf at 0", [0.0], [inf]),
    "log10": at("gradient inf at 0", [0.0], [inf]),
    "log1p": at("gradient inf at -1", [-1.0], [inf]),
    "asin": at("gradient inf at both ends", [-1.0, 1.0], [inf, inf]),
    "acos": at("gradient -inf at both ends", [-1.0, 1.0], [-inf, -inf]),
    "pow": Kink("Of 0**p the gradient for p >= 0 is 0; for x it is inf below p = 1",
                ([0.0, 0.0, 0.0, 0.0], [0.0, 0.5, 1.0, 2.0]), ([0, inf, 1, 0], [0, 0, 0, 0])),
    "atan2": Kink("gradient 0 at (0, 0)", ([0.0], [0.0]), ([0], [0])),
    "p_norm": Kink("Gradient 0 where x or y is 0", ([0.0, 1.0],), ([0, 1],), {"p": 1.5}, call=ops.norm),
    "std": at("gradient 0 where it is 0", [2.0, 2.0], [0, 0]),
    "nan_to_num": at("gradient 0", [nan, inf, -inf], [0, 0, 0]),
    "logsumexp": Kink("Where all are -inf, gradient 0", (EMPTY,), ([0, 0],), {"dim": 0}, theirs="nan"),
    "logcumsumexp": Kink("Where all are -inf, gradient 0", (EMPTY,), ([0, 0],), {"dim": 0}, theirs="nan"),
    # functions made of operations
    "norm": at("gradient 0 where the norm is 0", [0.0, 0.0], [0, 0]),
    "relu6": at("gradient 0 at both", [0.0, 6.0], [0, 0]),
    "hardsigmoid": at("gradient 0 at x = -3 and 3", [-3.0, 3.0], [0, 0]),
    "hardswish": at("gradient 0 at -3, 1 at 3", [-3.0, 3.0], [0, 1]),
    "threshold": at("gradient 0 at the threshold", [1.0], [0], threshold=1.0, value=2.0),
    "hardshrink": at("gradient 0 at both ends", [-0.5, 0.5], [0, 0]),
    "softshrink": at("gradient 0 at both ends", [-0.5, 0.5], [0, 0]),
    "prelu": Kink("gradient weight at 0", ([0.0], [0.3]), ([0.3], [0])),
    "median": at("Equal elements share the gradient of that of all", [1.0, 1.0, 0.0], [0.5, 0.5, 0]),
    "l1_loss": Kink("gradient 0 at 0", ([0.5], [0.5]), ([0], [0])),
    "multi_margin_loss": Kink("gradient 0 where the margin is just kept", ([[1.0, 0.0]],), ([[0, 0]],),
                              {"target": np.array([0])}),
}  # fmt: skip
OTHERS = {  # smooth, or with their kinks in what they are made of
    "add", "sub", "mul", "div", "neg", "square", "exp", "exp2", "expm1", "sin", "cos", "tan", "atan", "sinh", "cosh",
    "tanh", "sigmoid", "erf", "sum", "mean", "prod", "var", "softmax", "log_softmax", "cumsum", "cumprod",
    "linear_scan", "decaying_sum", "matmul", "linear", "contract", "inverse", "det", "cofactors", "solution", "where",
    "masked_fill", "reshape", "squeeze", "unsqueeze", "transpose", "permute", "expand", "clone", "unbind", "split",
    "flip", "roll", "pad", "diagonal", "tril", "triu", "cat", "stack", "getitem", "spread", "setitem", "embedding",
    "dropout", "batch_norm", "layer_norm", "cross_entropy", "binary_cross_entropy", "ctc_loss", "lstm_step",
    "lstm_sequence", "gru_step", "gru_sequence", "rnn_step", "rnn_sequence", "minimal_step", "minimal_sequence",
    "fit", "alias", "cast", "overwrite", "replaced", "assemble", "disassemble", "take_rows", "place_rows", "tell",
}  # fmt: skip


def test_every_differentiable_operation_is_here():
    assert sorted(set(DIFFERENTIABLE) - set(KINKS) - OTHERS) == []


@pytest.mark.parametrize("name", KINKS)
def test_it_is_written_where_users_look(name):
    described = registry[name].body or registry[name]._forward if name in registry else function(tg, name)
    assert KINKS[name].words in " ".join(described.__doc__.split())


def function(library, name: str):
    """The function of this name: of the library, or of its nn.functional."""
    return getattr(library, name, None) or getattr(library.nn.functional, name)


def gradients(library, name: str) -> list:
    kink = KINKS[name]
    xs = [library.tensor(np.array(x), requires_grad=True) for x in kink.inputs]
    call = (kink.call and function(library, kink.call.__name__)) or function(library, name)
    attrs = {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in kink.attrs.items()}
    call(*xs, **attrs).sum().backward()
    return [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in xs]


@pytest.mark.parametrize("name", KINKS)
def test_the_gradient_there(name):
    for dx, expected in zip(gradients(tg, name), KINKS[name].gradients, strict=True):
        np.testing.assert_allclose(dx, expected, rtol=1e-12)


@pytest.mark.parametrize("name", KINKS)
def test_it_is_that_of_torch(name):
    torch = pytest.importorskip("torch")
    kink = KINKS[name]
    if kink.theirs == "refused":
        with pytest.raises(RuntimeError, match="not implemented"):
            gradients(torch, name)
        return
    for dx, expected in zip(gradients(torch, name), kink.gradients, strict=True):
        np.testing.assert_allclose(dx, np.full_like(dx, nan) if kink.theirs else expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["max", "min", "median"])
def test_one_of_equals_along_a_dimension_gets_all_of_the_gradient(name):
    x = tg.tensor([1.0, 1.0, 1.0], requires_grad=True)
    values, index = getattr(x, name)(0)
    values.backward()
    assert np.flatnonzero(x.grad.array).tolist() == [index.item()]
    assert x.grad.array.sum() == 1


def test_relu_within_a_recurrent_layer():
    layer = nn.RNN(2, 3, nonlinearity="relu")
    with tg.no_grad():
        for p in layer.parameters():
            p.zero_()
    layer(tg.ones(4, 1, 2))[0].sum().backward()
    assert not any(p.grad.array.any() for p in layer.parameters())
