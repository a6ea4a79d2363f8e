"""Products on register tiles and on the matrix unit against NumPy's, at every edge, with nothing written outside."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.kernels.host import LANES_32, LANES_64
from tinygrad_rnn.kernels.jit import COMPILED, kernel
from tinygrad_rnn.kernels.matrix_unit import has_matrix_unit
from tinygrad_rnn.kernels.multiplier import Multiplier, tall_multiplier, unit_multiplier, vector_multiplier
from tinygrad_rnn.kernels.panels import pitch, transpose
from tinygrad_rnn.kernels.product import ALL, multiply, multiply_rows, panels
from tinygrad_rnn.kernels.threads import get_num_threads, set_num_threads
from tinygrad_rnn.kernels.workspace import empty

FLOAT_32, FLOAT_64 = np.dtype(np.float32), np.dtype(np.float64)
needs_unit = pytest.mark.skipif(not has_matrix_unit(), reason="this processor has no matrix unit")
dtypes = pytest.mark.parametrize("dtype", [FLOAT_32, FLOAT_64], ids=str)


def unit(dtype: np.dtype, rows: int) -> Multiplier:
    return unit_multiplier()


def tall(dtype: np.dtype, rows: int) -> Multiplier:
    return tall_multiplier(dtype)


ways = pytest.mark.parametrize(
    ("dtype", "multiplier"),
    [
        pytest.param(FLOAT_32, vector_multiplier, id="float32"),
        pytest.param(FLOAT_64, vector_multiplier, id="float64"),
        pytest.param(FLOAT_32, tall, id="tall tile, float32"),
        pytest.param(FLOAT_64, tall, id="tall tile, float64"),
        pytest.param(FLOAT_32, unit, id="matrix unit", marks=needs_unit),
    ],
)
TOLERANCE = {4: 2e-5, 8: 1e-13}
EDGES = [1, 15, 16, 17, 63, 64, 65, 100]


@kernel
def packed_product(entry, a, K, b, N, c, widest, first, last, add):
    """The part `multiply`, to be called from Python."""
    multiply(entry, a, K, b, N, c, widest, first, last, add)


@kernel
def rows_product(entry, a, K, b, N, c, widest, first, last, add):
    """The part `multiply_rows`, to be called from Python."""
    multiply_rows(entry, a, K, b, N, c, widest, first, last, add)


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


@ways
@pytest.mark.parametrize("M", [*range(18), 27, 28, 29, 33, 57, 86])
@pytest.mark.parametrize("N", EDGES)
@pytest.mark.parametrize("add", [False, True])
def test_rows_and_columns_across_tile_edges(dtype, multiplier, M, N, add):
    K = 33
    a, w = normal((M, K), dtype), normal((N, K), dtype, 1)
    whole, c = result(M, N, dtype)
    expected = a.astype(np.float64) @ w.T.astype(np.float64)
    if add:
        c[:] = 1
        expected += 1
    by = multiplier(dtype, M)
    packed_product(by.product, a, K, by.packed(w, True), N, c, by.widest, 0, ALL, add)
    np.testing.assert_allclose(c[:, :N], expected, atol=TOLERANCE[dtype.itemsize])
    if not add:
        assert_only_columns_written(whole, N, dtype)


@ways
@pytest.mark.parametrize("K", [0, *EDGES, 255, 256, 257, 700])
@pytest.mark.parametrize("M", [1, 8])
@pytest.mark.parametrize("N", [20, 900])
def test_depths_across_blocks(dtype, multiplier, K, M, N):
    a, w = normal((M, K), dtype), normal((K, N), dtype, 1)
    _, c = result(M, N, dtype)
    by = multiplier(dtype, M)
    packed_product(by.product, a, K, by.packed(w, False), N, c, by.widest, 0, ALL, False)
    expected = a.astype(np.float64) @ w.astype(np.float64)
    error = np.abs(c[:, :N] - expected)
    assert (error <= 4 * np.finfo(dtype).eps * (np.abs(a) @ np.abs(w))).all()


@ways
@pytest.mark.parametrize("M", [1, 7, 65, 600])
@pytest.mark.parametrize("N", [3, 64, 130])
def test_both_operands_in_rows(dtype, multiplier, M, N):
    K = 301
    a, b = empty((M, pitch(K, dtype)), dtype), empty((K, pitch(N, dtype)), dtype)
    a[:], b[:] = normal(a.shape, dtype), normal(b.shape, dtype, 1)
    whole, c = result(M, N, dtype)
    by = multiplier(dtype, M)
    rows_product(by.product, a, K, b, N, c, by.widest, 0, ALL, False)
    expected = a[:, :K].astype(np.float64) @ b[:, :N].astype(np.float64)
    np.testing.assert_allclose(c[:, :N], expected, atol=4 * TOLERANCE[dtype.itemsize])
    assert_only_columns_written(whole, N, dtype)


@pytest.mark.skipif(not COMPILED, reason="NumPy's products differ by how they are divided")
@ways
def test_the_sums_do_not_depend_on_how_the_product_is_divided(dtype, multiplier):
    M, K, N = 29, 300, 333
    a, w = normal((M, K), dtype), normal((N, K), dtype, 1)
    entry, widest, _ = by = multiplier(dtype, M)
    b = by.packed(w, True)
    _, whole = result(M, N, dtype)
    packed_product(entry, a, K, b, N, whole, widest, 0, ALL, False)
    L = LANES_32 if dtype == np.float32 else LANES_64
    for rows in (1, 5, 7, 13):
        _, c = result(M, N, dtype)
        for m in range(0, M, rows):
            for p in range(panels(-(-N // L), widest)):
                packed_product(entry, a[m : m + rows], K, b, N, c[m : m + rows], widest, p, p + 1, False)
        np.testing.assert_array_equal(c[:, :N], whole[:, :N])


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@dtypes
@pytest.mark.parametrize("M", [1, 9, 20, 50])
def test_the_tall_tile_computes_the_bits_of_the_other(dtype, M):
    K, N = 200, 77
    a, w = normal((M, K), dtype), normal((N, K), dtype, 1)
    results = []
    for by in (vector_multiplier(dtype, M), tall_multiplier(dtype)):
        _, c = result(M, N, dtype)
        packed_product(by.product, a, K, by.packed(w, True), N, c, by.widest, 0, ALL, False)
        results.append(c[:, :N])
    np.testing.assert_array_equal(*results)


@dtypes
def test_strided_factors(dtype):
    K, M, N = 70, 20, 33
    a, w = normal((K, M), dtype).T, normal((N, K), dtype, 1)
    for by in (vector_multiplier(dtype, M), tall_multiplier(dtype)):
        _, c = result(M, N, dtype)
        packed_product(by.product, a, K, by.packed(w, True), N, c, by.widest, 0, ALL, False)
        np.testing.assert_allclose(c[:, :N], a @ w.T, atol=2 * TOLERANCE[dtype.itemsize])


@ways
@pytest.mark.parametrize("transposed", [False, True])
def test_large_weights_are_packed_by_all_threads_as_by_one(dtype, multiplier, transposed):
    w = normal((900, 1201), dtype)
    by = multiplier(dtype, 20)
    threads = get_num_threads()
    try:
        set_num_threads(1)
        expected = by.packed(w, transposed)
        set_num_threads(3)
        np.testing.assert_array_equal(by.packed(w, transposed), expected)
    finally:
        set_num_threads(threads)


@ways
@pytest.mark.parametrize("transposed", [False, True])
def test_infinity_and_nan_are_just_where_numpy_has_them(dtype, multiplier, transposed):
    chance = np.random.default_rng(0)
    special = np.array([np.inf, -np.inf, np.nan, 0.5, 1, 0, 1e18, -1e-39], dtype)
    for _ in range(50):
        a, w = normal((17, 40), dtype), normal((40, 37), dtype, 1)
        for matrix in (a, w):  # halves and ones have parts that are zero: infinity times them must not be nan
            where = chance.random(matrix.shape) < 0.02
            matrix[where] = chance.choice(special, where.sum())
        by = multiplier(dtype, 17)
        _, c = result(17, 37, dtype)
        packed = by.packed(np.ascontiguousarray(w.T) if transposed else w, transposed)
        packed_product(by.product, a, 40, packed, 37, c, by.widest, 0, ALL, False)
        with np.errstate(invalid="ignore"):
            expected = sum(a[:, k : k + 1] * w[k] for k in range(40))
        for kind in (np.isnan, np.isposinf, np.isneginf):
            np.testing.assert_array_equal(kind(c[:, :37]), kind(expected))


@needs_unit
@pytest.mark.parametrize("exponent", [-100, -30, 0, 30, 60])
def test_the_matrix_unit_errs_less_than_a_chain_of_multiply_adds(exponent):
    a, w = normal((48, 512), FLOAT_32), normal((512, 64), FLOAT_32, 1) * FLOAT_32.type(2.0**exponent)
    expected, errors = a.astype(np.float64) @ w.astype(np.float64), []
    for by in (unit_multiplier(), vector_multiplier(FLOAT_32, 48)):
        _, c = result(48, 64, FLOAT_32)
        packed_product(by.product, a, 512, by.packed(w, False), 64, c, by.widest, 0, ALL, False)
        errors.append(np.abs(c[:, :64] - expected).mean())
    assert errors[0] <= errors[1]


@dtypes
@pytest.mark.parametrize("rows", [1, 16, 37])
@pytest.mark.parametrize("columns", [1, 16, 37, 64])
def test_transpose(dtype, rows, columns):
    source, target = normal((rows, columns), dtype), np.full((columns + 2, rows), np.nan, dtype)
    transpose(1, columns, target[1:-1], source)
    np.testing.assert_array_equal(target[1:-1], source.T)
    assert np.isnan(target[[0, -1]]).all()
