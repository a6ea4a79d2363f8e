"""Samplers: each index as often as it should be, in an order that can be repeated and continued."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.utils.data import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from . import torchs


def random_ones(generator=None):
    return [
        RandomSampler(range(7), generator=generator),
        RandomSampler(range(7), num_samples=17, generator=generator),
        RandomSampler(range(7), replacement=True, num_samples=40, generator=generator),
        SubsetRandomSampler([3, 1, 4, 1, 5, 9, 2, 6], generator=generator),
        WeightedRandomSampler([0.1, 0.9, 0.4], 20, generator=generator),
    ]


each = pytest.mark.parametrize("which", range(len(random_ones())))


@each
def test_the_order_is_that_of_the_seed(which):
    tg.manual_seed(1)
    first = [list(random_ones()[which]) for _ in range(2)]
    assert first[0] != first[1]
    assert all(len(order) == len(random_ones()[which]) for order in first)
    assert all(type(i) is int for i in first[0])
    tg.manual_seed(1)
    assert [list(random_ones()[which]) for _ in range(2)] == first
    own = random_ones(tg.Generator().manual_seed(1))[which]
    assert [list(own), list(own)] == first


@each
def test_the_order_continues_from_a_state(which):
    generator = tg.Generator().manual_seed(1)
    sampler = random_ones(generator)[which]
    before = generator.get_state()
    epoch = list(sampler)
    after = generator.get_state()
    following = list(sampler)
    generator.set_state(before)
    indices = iter(sampler)
    next(indices)
    assert generator.get_state().tolist() == after.tolist(), "drawn as a whole when it begins"
    assert [epoch[0], *indices] == epoch
    generator.set_state(after)
    assert list(sampler) == following


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 50))
def test_without_replacement_every_round_has_each_index_once(N, count):
    order = list(RandomSampler(range(N), num_samples=count))
    assert len(order) == count
    for start in range(0, count, N):
        part = order[start : start + N]
        assert len(set(part)) == len(part)
        assert set(part) <= set(range(N))


def test_with_replacement_all_are_equally_likely():
    order = list(RandomSampler(range(4), True, 4000, tg.Generator().manual_seed(0)))
    assert np.abs(np.bincount(order) - 1000).max() < 5 * 28  # five standard deviations


def test_chances_follow_the_weights():
    order = list(WeightedRandomSampler([1, 0, 3], 4000, generator=tg.Generator().manual_seed(0)))
    counts = np.bincount(order, minlength=3)
    assert counts[1] == 0
    assert abs(counts[0] - 1000) < 5 * 28
    drawn = list(WeightedRandomSampler(tg.tensor([1.0, 2.0, 3.0]), 3, replacement=False))
    assert sorted(drawn) == [0, 1, 2]


def test_a_subset_is_all_there():
    assert sorted(SubsetRandomSampler([3, 1, 4, 1])) == [1, 1, 3, 4]
    assert list(SubsetRandomSampler([])) == []


def test_in_order():
    sampler = SequentialSampler("abc")
    assert list(sampler) == [0, 1, 2]
    assert len(sampler) == 3


@settings(deadline=None)
@given(st.integers(0, 20), st.integers(1, 8), st.booleans())
def test_batches(N, size, drop_last):
    sampler = BatchSampler(range(N), size, drop_last)
    batches = list(sampler)
    assert len(sampler) == len(batches)
    assert [i for batch in batches for i in batch] == list(range(N - N % size if drop_last else N))
    assert all(len(batch) == size for batch in batches[:-1])


@pytest.mark.parametrize(
    "make",
    [
        lambda data: data.RandomSampler([]),
        lambda data: data.RandomSampler([1], num_samples=0),
        lambda data: data.RandomSampler([1], num_samples=1.5),
        lambda data: data.RandomSampler([1], replacement=1),
        lambda data: data.WeightedRandomSampler([1.0], 0),
        lambda data: data.WeightedRandomSampler([1.0], True),
        lambda data: data.WeightedRandomSampler([1.0], 1, replacement=0),
        lambda data: data.WeightedRandomSampler([[1.0]], 1),
        lambda data: list(data.WeightedRandomSampler([1.0], 2, replacement=False)),
        lambda data: list(data.WeightedRandomSampler([-1.0], 1)),
        lambda data: data.BatchSampler([1], 0, False),
        lambda data: data.BatchSampler([1], True, False),
        lambda data: data.BatchSampler([1], 2.0, False),
        lambda data: data.BatchSampler([1], 2, 1),
        lambda data: iter(data.Sampler()),
        lambda data: len(data.Sampler()),
    ],
)
def test_errors_are_torchs(make):
    with pytest.raises(torchs.error_of(lambda: make(torchs.data()))):
        make(tg.utils.data)


def test_a_sampler_of_ones_own():
    class Backwards(Sampler[int]):
        def __init__(self, data):
            self.data = data

        def __iter__(self):
            return iter(range(len(self.data))[::-1])

    assert list(BatchSampler(Backwards("abc"), 2, False)) == [[2, 1], [0]]
