"""Memory that is used again: never while somebody looks into it, and never too much of it."""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest

from tinygrad_rnn.kernels import workspace

FLOAT = np.dtype(np.float32)


@pytest.fixture(autouse=True)
def shelf(monkeypatch):
    """An empty shelf for this test."""
    monkeypatch.setattr(workspace, "shelf", workspace.Shelf())


def address(array):
    return array.ctypes.data


@pytest.mark.parametrize("shape", [0, 5, (3, 4), (0, 7), (100, 1000)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_array_is_ordinary_and_aligned(shape, dtype):
    array = workspace.pages(shape, np.dtype(dtype))
    array[:] = 1
    assert type(array) is np.ndarray
    assert array.shape == np.empty(shape).shape
    assert array.dtype == dtype
    assert address(array) % 64 == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_memory_comes_back_when_the_array_is_gone():
    array = workspace.pages(1000, FLOAT)
    where = address(array)
    del array
    assert address(workspace.pages(1000, FLOAT)) == where


@pytest.mark.parametrize("view", [lambda a: a[3:5], lambda a: a.reshape(10, -1).T, lambda a: a.view("i4")[::2]])
def test_a_view_keeps_the_memory(view):
    array = workspace.pages(1000, FLOAT)
    array[:] = 5
    kept, where = view(array), address(array)
    before = kept.copy()
    del array
    other = workspace.pages(1000, FLOAT)
    other[:] = 7
    assert address(other) != where
    np.testing.assert_array_equal(kept, before)


def test_no_more_than_the_limit_waits(monkeypatch):
    monkeypatch.setattr(workspace, "LIMIT", 1 << 16)
    shelf = workspace.Shelf()
    monkeypatch.setattr(workspace, "shelf", shelf)
    arrays = [workspace.pages(size, FLOAT) for size in (3000, 5000, 9000, 3000, 1 << 20)]
    del arrays
    gc.collect()
    waiting = [block for blocks in shelf._waiting.values() for block in blocks]
    assert sum(map(len, waiting)) == shelf._bytes <= 1 << 16
    assert waiting


def test_a_copy_and_a_pickle_own_their_memory():
    array = workspace.pages(10, FLOAT)
    array[:] = np.arange(10)
    for other in (array.copy(), pickle.loads(pickle.dumps(array))):
        assert not np.shares_memory(other, array)
        np.testing.assert_array_equal(other, array)
