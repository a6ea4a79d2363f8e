"""Every name does what PyTorch's does: values, gradients, dtypes, shapes, return types, and the types of errors."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import tinygrad_rnn as tg

from .calling import Call, Outcome, outcome
from .golden import TABLES, calls, read

TOLERANCE = {"float64": 1e-6, "float32": 1e-5}
OF_A_DISTRIBUTION = 0.03  # four standard deviations of the quantiles of 30 000 numbers
golden = cache(read)

ALL = [
    pytest.param(table, name, number, call, dtype, id=f"{name}-{number}-{dtype}")
    for table in TABLES
    for name, number, call in calls(table)
    for dtype in call.dtypes
]
each_call = pytest.mark.parametrize(("table", "name", "number", "call", "dtype"), ALL)


def assert_same(found: Outcome, expected: Outcome, call: Call, dtype: str) -> None:
    tolerance = OF_A_DISTRIBUTION if call.only == "distribution" else TOLERANCE[dtype]
    if expected.error:
        wanted = expected.error.split()[0]
        assert wanted in found.error.split(), f"expected {wanted}, got {found.error or found}"
        return
    assert found.error == ""
    assert found.kinds == expected.kinds
    for what in ("values", "grads"):
        ours, theirs = getattr(found, what), getattr(expected, what)
        assert len(ours) == len(theirs), what
        for k, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            assert_close(x, y, tolerance, f"{what}[{k}]")


def assert_close(x, y, tolerance: float, where: str) -> None:
    if not isinstance(y, (list, float)):
        assert x == y, where
        return
    x, y = np.array(x, float), np.array(y, float)
    scale = np.abs(y[np.isfinite(y)]).max(initial=1.0)
    np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * scale, err_msg=where)


def expected(table: str, key: str, call: Call, dtype: str) -> Outcome:
    """The numbers of float64, with what is of this dtype."""
    kept = golden(table)[key]
    first = kept[call.dtypes[0]]
    return Outcome(first.values, kept[dtype].kinds, first.grads, kept[dtype].error)


@each_call
def test_as_torch(table, name, number, call, dtype):
    found = outcome(name, number, call, tg, dtype)
    assert_same(found, expected(table, f"{name} {number}", call, dtype), call, dtype)


@each_call
def test_golden_is_what_torch_gives(table, name, number, call, dtype):
    torch = pytest.importorskip("torch")
    found = outcome(name, number, call, torch, dtype)
    assert_same(found, expected(table, f"{name} {number}", call, dtype), call, dtype)
