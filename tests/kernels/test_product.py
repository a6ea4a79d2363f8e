"""Products made of register tiles against NumPy's, at every edge of a tile, and with nothing written outside."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.kernels.host import LANES_32, LANES_64
from tinygrad_rnn.kernels.jit import COMPILED, kernel
from tinygrad_rnn.kernels.panels import packed, pitch, transpose
from tinygrad_rnn.kernels.product import ALL, multiply, multiply_rows, panel_width, panels, product_for
from tinygrad_rnn.kernels.workspace import empty

dtypes = pytest.mark.parametrize("dtype", [np.dtype(np.float32), np.dtype(np.float64)], ids=str)
TOLERANCE = {4: 2e-5, 8: 1e-13}
EDGES = [1, 15, 16, 17, 63, 64, 65, 100]


@kernel
def packed_product(entry, a, K, b, N, c, widest, first, last, add):
    """The part `multiply`, to be called from Python."""
    multiply(entry, a, K, b, N, c, widest, first, last, add)


@kernel
def rows_product(entry, a, K, b, N, c, first, last, add):
    """The part `multiply_rows`, to be called from Python, with a transposed."""
    multiply_rows(entry, a.T, K, b, N, c, first, last, add)


def normal(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def result(M, N, dtype):
    """A guarded workspace of nans for M rows, and the rows."""
    whole = empty((M + 2, pitch(N, dtype)), dtype)
    whole[:] = np.nan
    return whole, whole[1:-1]


def assert_only_columns_written(whole, N, dtype):
    L = LANES_32 if dtype == np.float32 else LANES_64
    assert np.isnan(whole[[0, -1]]).all()
    assert np.isnan(whole[:, -(-N // L) * L :]).all()


@dtypes
@pytest.mark.parametrize("M", range(18))
@pytest.mark.parametrize("N", EDGES)
@pytest.mark.parametrize("add", [False, True])
def test_rows_and_columns_across_tile_edges(dtype, M, N, add):
    K = 33
    a, w = normal((M, K), dtype), normal((N, K), dtype, 1)
    whole, c = result(M, N, dtype)
    expected = a.astype(np.float64) @ w.T.astype(np.float64)
    if add:
        c[:] = 1
        expected += 1
    widest = panel_width(M)
    packed_product(product_for(dtype), a, K, packed(w, widest, True), N, c, widest, 0, ALL, add)
    np.testing.assert_allclose(c[:, :N], expected, atol=TOLERANCE[dtype.itemsize])
    if not add:
        assert_only_columns_written(whole, N, dtype)


@dtypes
@pytest.mark.parametrize("K", [0, *EDGES, 255, 256, 257, 700])
@pytest.mark.parametrize("M", [1, 8])
def test_depths_across_blocks(dtype, K, M):
    N = 20
    a, w = normal((M, K), dtype), normal((K, N), dtype, 1)
    _, c = result(M, N, dtype)
    widest = panel_width(M)
    packed_product(product_for(dtype), a, K, packed(w, widest, False), N, c, widest, 0, ALL, False)
    expected = a.astype(np.float64) @ w.astype(np.float64)
    np.testing.assert_allclose(c[:, :N], expected, atol=3 * TOLERANCE[dtype.itemsize])


@dtypes
@pytest.mark.parametrize("M", [1, 7, 65, 400])
@pytest.mark.parametrize("N", [3, 64, 130])
def test_both_operands_in_rows(dtype, M, N):
    K = 300
    a, b = empty((K, pitch(M, dtype)), dtype), empty((K, pitch(N, dtype)), dtype)
    a[:], b[:] = normal(a.shape, dtype), normal(b.shape, dtype, 1)
    whole, c = result(M, N, dtype)
    rows_product(product_for(dtype), a[:, :M], K, b, N, c, 0, ALL, False)
    expected = a[:, :M].astype(np.float64).T @ b[:, :N].astype(np.float64)
    np.testing.assert_allclose(c[:, :N], expected, atol=4 * TOLERANCE[dtype.itemsize])
    assert_only_columns_written(whole, N, dtype)


@pytest.mark.skipif(not COMPILED, reason="NumPy's products differ by how they are divided")
@dtypes
def test_the_sums_do_not_depend_on_how_the_product_is_divided(dtype):
    M, K, N = 29, 300, 333
    a, w, widest = normal((M, K), dtype), normal((N, K), dtype, 1), panel_width(29)
    b = packed(w, widest, True)
    entry = product_for(dtype)
    _, whole = result(M, N, dtype)
    packed_product(entry, a, K, b, N, whole, widest, 0, ALL, False)
    L = LANES_32 if dtype == np.float32 else LANES_64
    for rows in (1, 5, 7, 13):
        _, c = result(M, N, dtype)
        for m in range(0, M, rows):
            for p in range(panels(-(-N // L), widest)):
                packed_product(entry, a[m : m + rows], K, b, N, c[m : m + rows], widest, p, p + 1, False)
        np.testing.assert_array_equal(c[:, :N], whole[:, :N])


@dtypes
def test_infinity_and_nan_stay_in_their_rows_and_columns(dtype):
    a, w = normal((9, 40), dtype), normal((70, 40), dtype, 1)
    a[4, 3], w[7, 5] = np.nan, np.inf
    _, c = result(9, 70, dtype)
    packed_product(product_for(dtype), a, 40, packed(w, panel_width(9), True), 70, c, panel_width(9), 0, ALL, False)
    np.testing.assert_array_equal(np.isfinite(c[:, :70]), np.isfinite(a @ w.T))


@dtypes
@pytest.mark.parametrize("rows", [1, 16, 37])
@pytest.mark.parametrize("columns", [1, 16, 37, 64])
def test_transpose(dtype, rows, columns):
    source, target = normal((rows, columns), dtype), np.full((columns + 2, rows), np.nan, dtype)
    transpose(target[1:-1], source, 0, columns)
    np.testing.assert_array_equal(target[1:-1], source.T)
    assert np.isnan(target[[0, -1]]).all()
