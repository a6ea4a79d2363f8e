"""One program, two libraries: what it gives with PyTorch it must give here.

A program is a function of the module (`torch` or `tinygrad_rnn`), so that it is written once. It returns tensors,
numbers, None, or tuples of them; or it raises, and then the other must raise an error of the same type.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg


def plain(result: Any) -> Any:
    """Tensors as arrays, anything else as it is."""
    if isinstance(result, (tuple, list)):
        return [plain(part) for part in result]
    if hasattr(result, "requires_grad"):
        return np.array(result.detach().numpy())
    return result


def outcome(program: Callable, module: Any) -> Any:
    """What the program gives, or the type of the error it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(program(module))
    except (RuntimeError, TypeError, IndexError, ValueError, AssertionError, AttributeError) as error:
        return type(error)


def assert_same(found: Any, expected: Any, rtol: float = 1e-5) -> None:
    if isinstance(expected, list):
        assert isinstance(found, list), f"expected {len(expected)} results, got {found!r}"
        assert len(found) == len(expected)
        for one, other in zip(found, expected):
            assert_same(one, other, rtol)
    elif isinstance(expected, np.ndarray):
        assert isinstance(found, np.ndarray), f"expected an array, got {found!r}"
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)
    else:
        assert found == expected


def as_torch(program: Callable, rtol: float = 1e-5) -> None:
    """Assert that the program gives the same with both libraries."""
    torch = pytest.importorskip("torch")
    expected = outcome(program, torch)
    assert not isinstance(expected, type), f"torch refuses this program: {expected}"
    assert_same(outcome(program, tg), expected, rtol)


def refused_as_torch(program: Callable) -> None:
    """Assert that both libraries raise an error of the same type."""
    torch = pytest.importorskip("torch")
    expected = outcome(program, torch)
    assert isinstance(expected, type), "torch accepts this program"
    assert outcome(program, tg) is expected


def programs(*functions: Callable):
    """Parametrise a test over programs, named after them."""
    return pytest.mark.parametrize("program", functions, ids=lambda f: f.__name__)
