"""Dropout by key: the kernel and NumPy drop the same numbers, which are those of SplitMix64."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.kernels import dropout
from tinygrad_rnn.kernels.plain import dropout as plain

from .around import assert_same_at_any_number_of_threads, dtypes, normal, sizes, taken_over

KEYS = [0, 1234567, 2**64 - 1]


def split_mix(key, count):
    """The first words of the generator, in whole numbers."""
    words, mask = [], 2**64 - 1
    for _ in range(count):
        key = (key + 0x9E3779B97F4A7C15) & mask
        z = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        words.append(z ^ (z >> 31))
    return words


def test_the_generator_is_split_mix():
    assert split_mix(1234567, 2) == [6457827717110365317, 3203168211198807973]


@sizes
@dtypes
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_naive_loop_and_numpy_agree_to_the_bit(size, dtype, key, p):
    x = normal(size, size, dtype=dtype)
    halves = [half for word in split_mix(key, (size + 1) // 2) for half in (word % 2**32, word >> 32)]
    factors = [dtype(1 / (1 - p)) if half >= p * 2**32 else dtype(0) for half in halves[:size]]
    with np.errstate(over="ignore"):  # not compiled, NumPy reports that words are cut to 64 bits
        for module in (plain, dropout):
            y = module.drop(x, key, p)
            assert y.dtype == dtype
            np.testing.assert_array_equal(y, x * np.array(factors))


@dtypes
def test_naive_nan_stays_where_it_is_dropped(dtype):
    x = np.array([np.nan, np.inf, -np.inf] * 20, dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(dropout.drop(x, 5, 0.5), plain.drop(x, 5, 0.5))
        assert np.isnan(dropout.drop(x, 5, 1.0)).all()


@dtypes
def test_the_number_of_threads_does_not_change_a_bit(dtype, monkeypatch):
    x = normal(0, 30_001, dtype=dtype)
    assert_same_at_any_number_of_threads(lambda: [dropout.drop(x, 77, 0.3)], monkeypatch)


def large_dropout():
    """What dropout makes of many numbers, and their gradient."""
    x = tg.Tensor(normal(0, 300, 101, dtype=np.float32)).requires_grad_()
    y = ops.dropout(x, 0.3, generator=tg.Generator().manual_seed(9))
    y.backward(tg.ones(300, 101))
    return [y.array, x.grad.array]


def test_where_compiling_fails_numpy_drops_the_same(monkeypatch):
    expected = large_dropout()
    for a, b in zip(taken_over(large_dropout, monkeypatch, dropout, "drop_blocks"), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_seed_drops_the_same_places_in_any_dtype_layout_and_direction():
    y, dx = large_dropout()
    np.testing.assert_array_equal(y == 0, dx == 0)
    np.testing.assert_allclose((y == 0).mean(), 0.3, atol=0.02)  # more than 7 standard deviations
    turned = tg.from_numpy(np.ones((101, 300)).T)  # not contiguous: NumPy's path
    other = ops.dropout(turned, 0.3, generator=tg.Generator().manual_seed(9))
    np.testing.assert_array_equal(other.array == 0, y == 0)


def test_no_mask_is_kept():
    x = tg.Tensor(normal(0, 300, 101, dtype=np.float32)).requires_grad_()
    assert not [part for part in ops.dropout(x, 0.3).node.saved if isinstance(part, np.ndarray)]


def test_places_are_independent():
    """Neighbours, and the same place under other keys, agree as often as chance has it."""
    masks = np.array([plain.drop(np.ones(2048), key, 0.5) > 0 for key in range(256)])
    for other in (masks[:, 1:] == masks[:, :-1], masks[:, 2:] == masks[:, :-2], masks[1:] == masks[:-1]):
        np.testing.assert_allclose(other.mean(), 0.5, atol=0.005)  # 7 standard deviations
    np.testing.assert_allclose(masks.mean(0), 0.5, atol=0.2)
    np.testing.assert_allclose(masks.mean(1), 0.5, atol=0.08)
