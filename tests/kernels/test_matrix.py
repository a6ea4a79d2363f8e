"""Products of any two matrices, transposed or not, against float64."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.kernels.matrix import matmul

SHAPES = [(2048, 256, 103), (103, 300, 256), (1, 300, 200), (300, 7, 64), (17, 1, 16), (5, 3, 1), (64, 64, 64)]


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("M", "K", "N"), SHAPES)
def test_any_shape_and_layout(M, K, N, dtype, turned) -> None:
    normal = np.random.default_rng(0).standard_normal
    a, b = [
        normal(shape[::-1]).astype(dtype).T if transposed else normal(shape).astype(dtype)
        for shape, transposed in zip([(M, K), (K, N)], turned)
    ]
    y = matmul(a, b)
    assert y.dtype == dtype
    assert y.flags.c_contiguous
    exact = a.astype(np.float64) @ b.astype(np.float64)
    np.testing.assert_allclose(y, exact, atol=(2e-5 if dtype == np.float32 else 1e-13) * np.sqrt(K) * 8)
