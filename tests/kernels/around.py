"""What the tests of passes around the recurrence share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tinygrad_rnn.kernels import fallback, threads

SIZES = [1, 2, 3, 15, 17, 64, 1023, 1025, 2049, 5000]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
sizes = pytest.mark.parametrize("size", SIZES)


def normal(seed: int, *shape: int, dtype=np.float64) -> np.ndarray:
    """Random numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def assert_same_at_any_number_of_threads(compute: Callable[[], list], monkeypatch) -> None:
    """The arrays that `compute` returns have the same bits with 1, 2, 3 and 4 threads."""
    monkeypatch.setattr(threads, "WORTH_SHARING", 0)
    monkeypatch.setattr(threads, "WORTH_WAKING", 0)
    before = threads.get_num_threads()
    try:
        threads.set_num_threads(1)
        expected = compute()
        for count in (2, 3, 4):
            threads.set_num_threads(count)
            for a, b in zip(compute(), expected, strict=True):
                np.testing.assert_array_equal(a, b)
    finally:
        threads.set_num_threads(before)


def fail(*arguments):
    """A kernel that cannot be compiled."""
    raise fallback.CompilationError("it could not be compiled")


def taken_over(compute: Callable[[], list], monkeypatch, module, kernel: str) -> list:
    """What `compute` returns, with one warning, where that kernel cannot be compiled."""
    monkeypatch.setattr(fallback, "_failed", False)
    monkeypatch.setattr(module, kernel, fail)
    with pytest.warns(RuntimeWarning, match="could not be compiled.*NumPy"):
        return compute()
