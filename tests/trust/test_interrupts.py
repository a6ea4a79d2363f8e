"""Ctrl-C at any moment leaves no optimiser's step half applied, and is never lost."""

from __future__ import annotations

import contextlib
import random
import signal
import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.autograd.scope import frames
from tinygrad_rnn.interrupts import uninterrupted

from . import interrupts
from .interrupts import OPTIMIZERS, default_handler, frozen, halved, length, traced

# Python drops what is raised in a destructor, Ctrl-C too, and says so; whoever pressed it presses it again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


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
        came, wrong = halved(name, steps, moments)
    assert came > 20
    assert not wrong


def test_the_test_sees_a_half_step(monkeypatch):
    class Nothing:
        __enter__ = __exit__ = lambda *_: None

    monkeypatch.setattr("tinygrad_rnn.optim.optimizer.uninterrupted", Nothing)
    with default_handler():
        _, wrong = halved("Adam", 1, range(length("Adam", 1)))
    assert wrong


def test_a_model_is_loaded_as_a_whole():
    first, came = nn.LSTM(2, 3), 0
    new = {name: p + 1 for name, p in first.state_dict().items()}
    with default_handler():
        for at in range(traced(lambda: first.load_state_dict(new))):
            net = nn.LSTM(2, 3)
            before = frozen(net.state_dict())
            try:
                traced(lambda net=net: net.load_state_dict(new), at)
            except KeyboardInterrupt:
                came += 1
            assert frozen(net.state_dict()) in (before, frozen(new))
    assert came > 20


def test_a_call_of_a_module_leaves_its_place_wherever_it_is_interrupted():
    net, x = nn.Sequential(nn.Linear(2, 2), nn.Tanh()), tg.ones(1, 2)
    with default_handler():
        n = traced(lambda: net(x).sum().backward())
        for at in range(n):
            with contextlib.suppress(KeyboardInterrupt):
                traced(lambda: net(x).sum().backward(), at)
            assert frames() == ()
            assert tg.is_grad_enabled()
    assert n > 40


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_at_random_times():
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
