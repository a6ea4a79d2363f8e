"""Data sets and how they are split, against torch's where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)

from . import torchs


class Squares(Dataset):
    """The squares of the first numbers."""

    def __init__(self, N):
        self.N = N

    def __getitem__(self, i):
        return i * i

    def __len__(self):
        return self.N


class Stream(IterableDataset):
    def __init__(self, *items):
        self.items = items

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)


class AtOnce(Squares):
    """One that reads whole batches."""

    def __getitems__(self, indices):
        return [("at once", self[i]) for i in indices]


def test_tensors_are_indexed_together():
    x, y = tg.randn(3, 2), tg.arange(3)
    data = TensorDataset(x, y)
    assert len(data) == 3
    assert [part.tolist() for part in data[1]] == [x[1].tolist(), 1]
    assert [part.tolist() for part in data[-2:]] == [x[-2:].tolist(), [1, 2]]
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[3, 2\]"):
        TensorDataset(x, y[:2])
    with pytest.raises(TypeError, match="expected Tensors, got ndarray"):
        TensorDataset(x, y.numpy())


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.data())
def test_one_after_the_other(lengths, data):
    parts = [[(k, i) for i in range(n)] for k, n in enumerate(lengths)]
    joined, expected = ConcatDataset(parts), [item for part in parts for item in part]
    assert len(joined) == len(expected)
    assert [joined[i] for i in range(len(joined))] == expected
    assert [joined[-i] for i in range(1, len(joined) + 1)] == expected[::-1]
    with pytest.raises(IndexError, match="out of range"):
        joined[len(joined)]
    with pytest.raises(ValueError, match="out of range"):
        joined[-len(joined) - 1]


def test_plus():
    both = Squares(2) + Squares(3)
    assert isinstance(both, ConcatDataset)
    assert [both[i] for i in range(5)] == [0, 1, 0, 1, 4]
    chained = Stream(1, 2) + Stream(3)
    assert isinstance(chained, ChainDataset)
    assert list(chained) == [1, 2, 3]
    assert len(chained) == 3


def test_what_cannot_be_joined():
    with pytest.raises(AssertionError, match="empty"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ChainDataset"):
        ConcatDataset([Squares(2), Stream(1)])
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ChainDataset([Stream(1), Squares(2)]))
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        len(ChainDataset([Squares(2)]))


def test_side_by_side():
    pairs = StackDataset(Squares(3), AtOnce(3))
    assert len(pairs) == 3
    assert pairs[2] == (4, 4)
    assert pairs.__getitems__([2, 0]) == [(4, ("at once", 4)), (0, ("at once", 0))]
    named = StackDataset(a=Squares(3), b="xyz")
    assert named[1] == {"a": 1, "b": "y"}
    assert named.__getitems__([1, 2]) == [{"a": 1, "b": "y"}, {"a": 4, "b": "z"}]


class TooFew(Squares):
    def __getitems__(self, indices):
        return []


def test_what_cannot_stand_side_by_side():
    with pytest.raises(ValueError, match=r"\[3, 2\]"):
        StackDataset(Squares(3), Squares(2))
    with pytest.raises(ValueError, match="either"):
        StackDataset()
    with pytest.raises(ValueError, match="either"):
        StackDataset(Squares(3), b=Squares(3))
    with pytest.raises(ValueError, match="expected 2 samples, got 0"):
        StackDataset(TooFew(3)).__getitems__([0, 1])


def test_a_subset_reads_the_whole():
    part = Subset(Squares(10), [5, 3, 3])
    assert [part[i] for i in range(len(part))] == [25, 9, 9]
    assert part.__getitems__([2, 0]) == [9, 25]
    assert Subset(AtOnce(10), [5, 3]).__getitems__([1]) == [("at once", 9)]
    assert Subset(TensorDataset(tg.arange(10)), [5, 3])[[1, 0]][0].tolist() == [3, 5]


def test_a_subset_of_ones_own_reads_batches_too():
    class Half(Subset):
        def __getitem__(self, i):
            return 0

    with pytest.raises(NotImplementedError, match="__getitems__"):
        Half(Squares(2), [0])


def test_abstract():
    with pytest.raises(NotImplementedError, match="Dataset should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(TypeError, match="abstract"):
        IterableDataset()
    assert Dataset[int]
    assert IterableDataset[int]


@pytest.mark.filterwarnings("ignore:.*Length of split")  # lengths with the sum 1 are taken for fractions
@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 2**32))
def test_a_split_by_lengths(lengths, seed):
    whole = range(100, 100 + sum(lengths))
    parts = random_split(whole, lengths, tg.Generator().manual_seed(seed))
    assert [len(part) for part in parts] == lengths
    assert sorted([x for part in parts for x in part]) == list(whole)


@pytest.mark.filterwarnings("ignore:.*Length of split")
@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 50))
def test_a_split_by_fractions_is_torchs(weights, N):
    fractions = [w / sum(weights) for w in weights]
    try:
        expected = [len(part) for part in torchs.data().random_split(range(N), fractions)]
    except ValueError:
        with pytest.raises(ValueError, match="Sum of input lengths"):
            random_split(range(N), fractions)
    else:
        parts = random_split(range(N), fractions)
        assert [len(part) for part in parts] == expected
        assert sorted([x for part in parts for x in part]) == list(range(N))


def test_fractions_round_down_and_the_first_get_the_rest():
    assert [len(part) for part in random_split(range(11), [0.3, 0.3, 0.4])] == [4, 3, 4]
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        assert [len(part) for part in random_split(range(1), [0.5, 0.5])] == [1, 0]


def test_a_split_depends_on_the_generator_only():
    def split(**options):
        return [part.indices for part in random_split(range(20), [15, 5], **options)]

    tg.manual_seed(3)
    first = split()
    assert split() != first
    tg.manual_seed(3)
    assert split() == first == split(generator=tg.Generator().manual_seed(3))


@pytest.mark.parametrize("lengths", [[5, 4], [11], [-1, 11], [0.5, 0.4], [], [1.5, -0.5]])
def test_lengths_that_do_not_fit(lengths):
    before = tg.get_rng_state().tolist()
    with pytest.raises((ValueError, TypeError)):
        random_split(range(10), lengths)
    assert tg.get_rng_state().tolist() == before


def test_arrays_and_lists_are_data_sets():
    parts = random_split(np.arange(4), [2, 2])
    assert sorted([int(x) for part in parts for x in part]) == [0, 1, 2, 3]
