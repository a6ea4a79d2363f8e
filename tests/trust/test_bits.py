"""The same seed gives the same bits, in another process and with another number of threads; seeds differ."""

from __future__ import annotations

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.kernels import blas

from .bits import BY_BLAS, PROGRAMS, hashes, in_a_process


@pytest.fixture(autouse=True)
def number_of_threads():
    before = tg.get_num_threads()
    yield
    tg.set_num_threads(before)


def lines(found: dict[str, str]) -> str:
    return "".join([f"{name} {value}\n" for name, value in found.items()])


def test_another_process_other_threads_another_hash_seed():
    tg.set_num_threads(1)
    assert in_a_process("kernels", hash_seed=7, threads=2) == lines(hashes(PROGRAMS))


@pytest.mark.parametrize("name", ["LSTM", "classifier", "order of data", "random numbers"])
def test_the_seed_matters_and_a_seed_repeats(name):
    program = {name: PROGRAMS[name]}
    first = hashes(program, seed=1)
    assert hashes(program, seed=2) != first
    assert hashes(program, seed=1) == first


@pytest.mark.skipif(blas.setter() is None, reason="NumPy's BLAS cannot be told its number of threads")
def test_set_num_threads_bounds_blas(monkeypatch):
    """A process in which BLAS may have one thread from its start gives the bits of this one, which is told so."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    tg.set_num_threads(1)
    assert in_a_process("blas", hash_seed=3, threads=1) == lines(hashes(BY_BLAS))


def test_blas_is_told(monkeypatch):
    told = []
    monkeypatch.setattr(blas, "setter", lambda: told.append)
    tg.set_num_threads(3)
    assert told == [3]


def test_a_blas_that_cannot_be_told(monkeypatch):
    monkeypatch.setattr(blas, "libraries", lambda: iter(["/nowhere/libopenblas.so"]))
    blas.setter.cache_clear()
    try:
        assert not blas.limit_blas(2)
        tg.set_num_threads(2)
    finally:
        blas.setter.cache_clear()
