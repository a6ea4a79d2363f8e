"""Ctrl-C at any moment leaves no optimiser's step half applied, and is never lost."""

from __future__ import annotations

import random
import signal
import threading

import numpy as np
import pytest

from tinygrad_rnn.interrupts import uninterrupted

from . import interrupts
from .interrupts import OPTIMIZERS, default_handler, halved, length


@pytest.fixture(autouse=True)
def errors_of_numpy():
    """An interrupt as `with np.errstate(...)` begins leaves NumPy silent: not so for the tests after these."""
    before = np.geterr()
    yield
    np.seterr(**before)


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_is_whole(name, steps):
    with default_handler():
        moments = random.Random(steps).sample(range(length(name, steps)), 25)
        assert halved(name, steps, moments) == (25, [])


def test_the_test_sees_a_half_step(monkeypatch):
    class Nothing:
        __enter__ = __exit__ = lambda *_: None

    monkeypatch.setattr("tinygrad_rnn.optim.optimizer.uninterrupted", Nothing)
    with default_handler():
        _, wrong = halved("Adam", 1, range(length("Adam", 1)))
    assert wrong


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_at_random_times():
    """An interrupt within a `__del__` Python itself only prints: it does not count as come."""
    with default_handler():
        came, _, wrong = interrupts.at_random_times(15)
    assert (came, wrong) == (15, 0)


def test_the_handler_of_the_user_is_called_after():
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            assert not seen
        assert seen == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_nested():
    reached = []

    def block():
        with uninterrupted():
            with uninterrupted():
                signal.raise_signal(signal.SIGINT)
            reached.append(True)

    with default_handler(), pytest.raises(KeyboardInterrupt):
        block()
    assert reached


def test_in_a_thread_there_is_nothing_to_do():
    done = []

    def work():
        with uninterrupted():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done


def test_a_failing_closure_leaves_lbfgs_where_it_was():
    training = interrupts.prepared(OPTIMIZERS["LBFGS"], 1)
    before, calls = training.state, []

    def closure():
        calls.append(None)
        if len(calls) == 2:
            raise OSError("no more data")
        return training.loss()

    with pytest.raises(OSError, match="no more data"):
        training.optimizer.step(closure)
    assert training.state == before
