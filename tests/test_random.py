"""Generators: seeds, states and the default one."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.fixture(autouse=True)
def default_as_before():
    state = tg.get_rng_state()
    yield
    tg.set_rng_state(state)


def test_a_seed_repeats_the_stream():
    first = tg.Generator().manual_seed(7)
    second = tg.Generator()
    assert second.manual_seed(7) is second
    assert tg.randn(5, generator=first).tolist() == tg.randn(5, generator=second).tolist()
    assert first.initial_seed() == 7


def test_new_generators_start_alike_and_seeds_differ():
    a, b = tg.Generator(), tg.Generator(device="cpu")
    assert tg.rand(3, generator=a).tolist() == tg.rand(3, generator=b).tolist()
    assert tg.rand(3, generator=a.manual_seed(1)).tolist() != tg.rand(3, generator=b.manual_seed(2)).tolist()


def test_seed_takes_entropy():
    g = tg.Generator()
    seeds = {g.seed() for _ in range(4)}
    assert len(seeds) == 4
    assert g.initial_seed() in seeds


def test_a_state_continues_the_stream():
    g = tg.Generator().manual_seed(3)
    tg.randint(10, (3,), generator=g)  # leaves half of a 64-bit draw behind
    state = g.get_state()
    expected = [tg.rand(3, generator=g).tolist(), tg.randint(10, (3,), generator=g).tolist()]
    other = tg.Generator()
    other.set_state(state)
    assert [tg.rand(3, generator=other).tolist(), tg.randint(10, (3,), generator=other).tolist()] == expected
    assert other.initial_seed() == 3
    assert state.dtype == np.uint8


def altered(change: str, to: str) -> tg.Tensor:
    state = tg.Generator().manual_seed(3).get_state().array.tobytes().decode()
    return tg.tensor(list(state.replace(change, to).encode()), dtype=np.uint8)


@pytest.mark.parametrize("state", [
    None, "state", tg.zeros(3, dtype=np.uint8), tg.tensor([123, 125], dtype=np.uint8),
    altered('"state": ', '"state": 9' + "9" * 60), altered('"state": ', '"state": -'),
    altered('"seed": 3', '"seed": "3"'),
    tg.full((100_000,), ord("["), dtype=np.uint8),
])  # fmt: skip
def test_a_wrong_state_is_refused_and_changes_nothing(state):
    g = tg.Generator().manual_seed(3)
    with pytest.raises((RuntimeError, TypeError), match="get_state"):
        g.set_state(state)
    assert tg.rand(2, generator=g).tolist() == tg.rand(2, generator=tg.Generator().manual_seed(3)).tolist()


def test_the_default_generator():
    assert tg.manual_seed(5) is tg.default_generator
    first = tg.rand(3).tolist()
    state = tg.get_rng_state()
    second = tg.rand(3).tolist()
    tg.manual_seed(5)
    assert tg.rand(3).tolist() == first
    assert tg.initial_seed() == 5
    tg.set_rng_state(state)
    assert tg.rand(3).tolist() == second
    assert tg.seed() == tg.initial_seed()


def test_an_own_generator_leaves_the_default_alone():
    tg.manual_seed(5)
    tg.rand(3, generator=tg.Generator())
    first = tg.rand(3).tolist()
    tg.manual_seed(5)
    assert tg.rand(3).tolist() == first


@pytest.mark.parametrize("seed", [-1, 0, 2**64 - 1, np.int64(4), -(2**63)])
def test_seeds_of_64_bits(seed):
    assert tg.Generator().manual_seed(seed).initial_seed() == int(seed) % 2**64


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 1.5, "1"])
def test_other_seeds_are_refused(seed):
    with pytest.raises(RuntimeError, match="expected an integer"):
        tg.Generator().manual_seed(seed)


def test_copies_and_pickles_continue_the_stream():
    g = tg.Generator().manual_seed(3)
    copies = [copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    expected = tg.rand(3, generator=g).tolist()
    assert [tg.rand(3, generator=c).tolist() for c in copies] == [expected, expected]
