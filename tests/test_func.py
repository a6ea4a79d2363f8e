"""tinygrad_rnn.func beside what the tables of tests/parity compare with torch.func."""

from __future__ import annotations

import pytest

import tinygrad_rnn as tg


def test_the_own_parameters_return_after_an_error():
    model = tg.nn.Linear(3, 2)
    own = list(model.parameters())
    with pytest.raises(RuntimeError):
        tg.func.functional_call(model, {"weight": tg.ones(2, 2)}, tg.ones(3))
    assert [id(p) for p in model.parameters()] == [id(p) for p in own]


def test_errors_name_what_was_expected_and_what_came():
    x = tg.ones(3)
    pull = tg.func.vjp(lambda x: {"a": x}, x)[1]
    for call, message in [
        (lambda: tg.func.grad(lambda x: x)(x), r"grad: expected the function to return a scalar, got shape \(3,\)"),
        (lambda: tg.func.grad(sum, 2)(x), "argnums names argument 2, but there are only 1 positional arguments"),
        (lambda: pull((x,)), r"the structure of the output, \{'a': \*\}, got tuple\(\*\)"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            call()


def test_what_depends_on_nothing_outside_keeps_no_graph():
    dx, value = tg.func.grad_and_value(lambda x: (x**3).sum())(tg.ones(3))
    assert dx.node is None and value.node is None
