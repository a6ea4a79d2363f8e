"""DataLoader without workers, and what it refuses; `test_workers.py` has the rest."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Subset,
    TensorDataset,
    dataloader,
    random_split,
)

from . import torchs


class Count(IterableDataset):
    """The first numbers."""

    def __init__(self, N):
        self.N = N

    def __iter__(self):
        return iter(range(self.N))

    def __len__(self):
        return self.N


class Slow(Dataset):
    """Another's samples one by one, so that no short cut is taken."""

    def __init__(self, inner):
        self.inner = inner

    def __getitem__(self, i):
        return self.inner[i]

    def __len__(self):
        return len(self.inner)


def lists(loader):
    """All batches as plain lists."""
    return [[part.tolist() for part in b] if isinstance(b, (tuple, list)) else b.tolist() for b in loader]


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(1, 5), st.booleans())
def test_batches_in_order(N, size, drop_last):
    for dataset in (range(N), Count(N)):
        loader = DataLoader(dataset, batch_size=size, drop_last=drop_last)
        expected = [list(range(N))[k : k + size] for k in range(0, N, size)]
        if drop_last:
            expected = [batch for batch in expected if len(batch) == size]
        assert lists(loader) == lists(loader) == expected
        assert len(loader) == len(expected)


def test_shuffled():
    data = TensorDataset(tg.arange(10), tg.arange(10) * 2)
    loader = DataLoader(data, batch_size=3, shuffle=True)
    tg.manual_seed(0)
    epochs = [lists(loader) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    for epoch in epochs:
        assert sorted([i for x, _ in epoch for i in x]) == list(range(10))
        assert all(y == [2 * i for i in x] for x, y in epoch)
    tg.manual_seed(0)
    assert [lists(loader) for _ in range(3)] == epochs


def test_an_own_generator_leaves_the_default_one_alone():
    state = tg.get_rng_state().tolist()
    loader = DataLoader(range(10), shuffle=True, generator=tg.Generator().manual_seed(1))
    assert lists(loader) != lists(loader)
    assert tg.get_rng_state().tolist() == state


def test_training_resumes_within_an_epoch():
    generator = tg.Generator().manual_seed(7)
    loader = DataLoader(range(20), batch_size=3, shuffle=True, generator=generator)
    lists(loader)
    state = generator.get_state()
    expected = [lists(loader) for _ in range(2)]

    generator = tg.Generator()
    generator.set_state(state)
    again = DataLoader(range(20), batch_size=3, shuffle=True, generator=generator)
    rest = lists(again)[4:]
    assert [expected[0][:4] + rest, lists(again)] == expected


def test_orders_of_ones_own():
    assert lists(DataLoader(range(5), sampler=[4, 0, 4], batch_size=2)) == [[4, 0], [4]]
    loader = DataLoader(range(5), batch_sampler=[[1, 2, 3], [0]])
    assert lists(loader) == [[1, 2, 3], [0]]
    assert len(loader) == 2
    assert loader.batch_size is None
    random = DataLoader(range(5), sampler=RandomSampler(range(5), num_samples=2))
    assert len(random) == len(lists(random)) == 2
    assert len(iter(random)) == 2


def test_without_batches():
    assert list(DataLoader(range(3), batch_size=None)) == [0, 1, 2]
    assert lists(DataLoader(np.arange(3.0), batch_size=None)) == [0, 1, 2]
    assert list(DataLoader(Count(3), batch_size=None)) == [0, 1, 2]
    assert len(DataLoader(Count(3), batch_size=None)) == 3
    whole = DataLoader(TensorDataset(tg.arange(6)), sampler=BatchSampler(range(6), 4, False), batch_size=None)
    assert lists(whole) == [[[0, 1, 2, 3]], [[4, 5]]]


def test_collate_fn():
    assert list(DataLoader(range(4), batch_size=2, collate_fn=sum)) == [1, 5]
    assert list(DataLoader(range(2), batch_size=None, collate_fn=str)) == ["0", "1"]
    assert list(DataLoader(Count(3), batch_size=2, collate_fn=list)) == [[0, 1], [2]]


def test_data_sets_that_read_whole_batches():
    class AtOnce(Slow):
        def __getitems__(self, indices):
            return {"indices": indices}

    loader = DataLoader(AtOnce(range(3)), batch_size=2, collate_fn=dict)
    assert list(loader) == [{"indices": [0, 1]}, {"indices": [2]}]


def tensors():
    return TensorDataset(tg.arange(24).reshape(8, 3), tg.arange(8).double(), tg.arange(8) > 3)


@pytest.mark.parametrize(
    "dataset",
    [
        tensors(),
        Subset(tensors(), [7, 0, 0, -1]),
        Subset(Subset(tensors(), range(1, 7)), np.array([2, 1])),
        Subset(tensors(), tg.tensor([3, 1])),
        random_split(tensors(), [5, 3])[1],
    ],
)
@pytest.mark.parametrize("sampler", [[0, 1, 1], [-1], [np.int64(1), np.int64(0)], [tg.tensor(1), tg.tensor(0)]])
def test_the_short_cut_for_tensors_changes_nothing(dataset, sampler):
    fast, slow = (list(DataLoader(d, 2, sampler=sampler)) for d in (dataset, Slow(dataset)))
    assert len(fast) == len(slow)
    for a, b in zip(fast, slow):
        assert type(a) is type(b) is list
        assert [x.tolist() for x in a] == [x.tolist() for x in b]
        assert [(x.dtype, x.shape) for x in a] == [(x.dtype, x.shape) for x in b]
    with pytest.raises(IndexError):
        list(DataLoader(dataset, 2, sampler=[0, 99]))


def test_the_short_cut_is_not_taken_by_other_indices():
    loader = DataLoader(tensors(), 2, sampler=[slice(0, 2), slice(2, 4)])
    (batch,) = lists(loader)
    assert batch[1] == [[0, 1], [2, 3]]


def test_batches_of_leaves_are_differentiable():
    w = tg.ones(4, 2, requires_grad=True)
    for (x,) in DataLoader(TensorDataset(w), 2):
        x.sum().backward()
    assert w.grad.tolist() == [[1, 1]] * 4


def test_errors_of_the_data_set_pass_and_the_next_batch_can_be_had():
    batches = iter(DataLoader([1, None, 3]))
    assert next(batches).tolist() == [1]
    with pytest.raises(TypeError, match="NoneType"):
        next(batches)
    assert next(batches).tolist() == [3]
    assert next(batches, "end") == "end"


def test_attributes():
    loader = DataLoader(range(3), 2, pin_memory=True, pin_memory_device="cpu")
    assert (loader.batch_size, loader.num_workers, loader.drop_last, loader.pin_memory) == (2, 0, False, True)
    assert (loader.prefetch_factor, loader.timeout, loader.persistent_workers) == (None, 0, False)
    assert loader.dataset == range(3)
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
            setattr(loader, name, None)
    loader.collate_fn = list
    assert list(loader) == [[0, 1], [2]]
    assert DataLoader[int]


STREAM = "stream"
REFUSED = [
    {"num_workers": -1},
    {"timeout": -1},
    {"timeout": 5},
    {"prefetch_factor": 2},
    {"prefetch_factor": -1, "num_workers": 1},
    {"persistent_workers": True},
    {"sampler": [0], "shuffle": True},
    {"batch_sampler": [[0]], "batch_size": 2},
    {"batch_sampler": [[0]], "shuffle": True},
    {"batch_sampler": [[0]], "sampler": [0]},
    {"batch_sampler": [[0]], "drop_last": True},
    {"batch_size": None, "drop_last": True},
    {"batch_size": 0},
    {"batch_size": 1.5},
    {"batch_size": -1},
    {"multiprocessing_context": "fork"},
    {"multiprocessing_context": "no such", "num_workers": 1},
    {"multiprocessing_context": 3, "num_workers": 1},
    {STREAM: True, "shuffle": True},
    {STREAM: True, "sampler": [0]},
    {STREAM: True, "batch_sampler": [[0]]},
]


@pytest.mark.parametrize("options", REFUSED, ids=str)
def test_what_is_refused_is_what_torch_refuses(options):
    options = dict(options)
    stream = options.pop(STREAM, False)

    class TheirStream(torchs.data().IterableDataset):
        def __iter__(self):
            return iter(range(3))

    theirs = torchs.error_of(lambda: iter(torchs.data().DataLoader(TheirStream() if stream else range(3), **options)))
    with pytest.raises(theirs):
        DataLoader(Count(3) if stream else range(3), **options)


def test_workers_without_requests_are_refused():
    with pytest.raises(AssertionError, match="prefetch_factor"):
        DataLoader(range(3), num_workers=1, prefetch_factor=0)


def test_more_workers_than_processors(monkeypatch):
    monkeypatch.setattr(dataloader, "usable_processors", lambda: 1)
    with pytest.warns(UserWarning, match="2 worker processes, but this one may use 1 proc"):
        DataLoader(range(3), num_workers=2)


def test_an_empty_data_set():
    assert list(DataLoader([])) == []
    assert len(DataLoader([])) == 0
    with pytest.raises(ValueError, match="num_samples"):
        DataLoader([], shuffle=True)


def test_a_length_nobody_knows():
    class Endless(IterableDataset):
        def __iter__(self):
            while True:
                yield 1

    loader = DataLoader(Endless(), batch_size=2)
    assert next(iter(loader)).tolist() == [1, 1]
    with pytest.raises(TypeError, match="len"):
        len(loader)


def test_names_and_what_an_import_costs():
    code = """
import sys, tinygrad_rnn as tg
assert not [m for m in sys.modules if m.startswith("tinygrad_rnn.utils")]
assert tg.utils.data.DataLoader is not None
from tinygrad_rnn.utils.data import DataLoader
from tinygrad_rnn.utils.data.dataloader import DataLoader as by_file, default_collate
from tinygrad_rnn.utils.data.sampler import RandomSampler
from tinygrad_rnn.utils.data.dataset import Dataset, random_split
assert DataLoader is by_file is tg.utils.data.DataLoader
list(DataLoader(range(3)))
print([m for m in ("numba", "multiprocessing") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
