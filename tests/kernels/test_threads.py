"""Threads: the same bits whatever their number, all parts done once, several callers at once, and after a fork."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tinygrad_rnn.kernels import threads
from tinygrad_rnn.kernels.fork import shared
from tinygrad_rnn.kernels.jit import COMPILED

from .cases import KINDS

kinds = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture
def number_of_threads(monkeypatch):
    """A function that sets the number of threads, for calls of any size."""
    monkeypatch.setattr(threads, "WORTH_SHARING", 0)
    monkeypatch.setattr(threads, "WORTH_WAKING", 0)
    before = threads.get_num_threads()
    yield threads.set_num_threads
    threads.set_num_threads(before)


def everything(kind, N, reverse=False, lengths=None, dtype=np.float32, H=70):
    """Outputs and gradients of one call."""
    inputs = [None if a is None else a / dtype(8) for a in kind.inputs(5, N, dtype, H=H)]
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    return *outputs, *kind.sequence_vjp(kind.cotangents(outputs), inputs, saved, reverse, lengths)


compiled = pytest.mark.skipif(not COMPILED, reason="NumPy's products differ by how they are divided")


def assert_same(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@compiled
@kinds
@pytest.mark.parametrize("N", [1, 15, 16, 33])
@pytest.mark.parametrize("padded", [False, True], ids=["full", "padded"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_the_number_of_threads_does_not_change_a_bit(kind, N, padded, reverse, number_of_threads):
    lengths = np.arange(N) % 5 + 1 if padded else None
    number_of_threads(1)
    expected = everything(kind, N, reverse, lengths)
    for count in (2, 3, 4):
        number_of_threads(count)
        assert_same(everything(kind, N, reverse, lengths), expected)


@compiled
@kinds
def test_several_callers_at_once(kind, number_of_threads):
    number_of_threads(3)
    expected = everything(kind, 33)
    results = {}

    def caller(number):
        for _ in range(5):
            results[number] = everything(kind, 33)

    callers = [threading.Thread(target=caller, args=(i,)) for i in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert len(results) == 4
    for result in results.values():
        assert_same(result, expected)


def child(kind, expected, queue):
    assert_same(everything(kind, 33), expected)
    queue.put("same")


@compiled
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork(number_of_threads):
    kind = KINDS[3]
    number_of_threads(3)
    expected = everything(kind, 33)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=child, args=(kind, expected, queue))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert queue.get() == "same"
    assert_same(everything(kind, 33), expected)


@shared
def count_up(counts, first, last):
    """Each number from first ... last - 1 is counted."""
    for k in range(first, last):
        counts[k] += 1


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_everything_is_done_once(parts, count):
    counts = np.zeros(count, np.int64)
    for _ in range(20):
        count_up(parts, count, counts)
    assert counts.tolist() == [20] * count


@compiled
def test_helpers_fall_asleep_and_wake_up():
    team, counts = threads.the_team(), np.zeros(10, np.int64)
    for _ in range(5):
        count_up(2, 10, counts)
        while team.up:  # nobody calls: they tire of watching
            threading.Event().wait(0.001)
    assert counts.tolist() == [5] * 10


def test_callers_in_several_threads_share_one_team():
    counts = [np.zeros(1000, np.int64) for _ in range(4)]

    def caller(mine):
        for _ in range(200):
            count_up(3, 1000, mine)

    callers = [threading.Thread(target=caller, args=(mine,)) for mine in counts]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert all((mine == 200).all() for mine in counts)


def test_a_process_ends_while_helpers_watch():
    code = (
        "import numpy as np; from tinygrad_rnn.kernels import norm, threads; threads.WORTH_WAKING = 0;"
        "threads.WORTH_SHARING = 0; threads.set_num_threads(3); norm.sum_of_squares(np.ones(100_000)); print('done')"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (done.stdout.strip(), done.stderr) == ("done", "")


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_a_wrong_number_is_refused(value):
    before = threads.get_num_threads()
    with pytest.raises(RuntimeError, match="set_num_threads"):
        threads.set_num_threads(value)
    assert threads.get_num_threads() == before


@pytest.mark.parametrize("name", threads.ENVIRONMENT)
def test_the_environment_sets_the_default(name):
    environment = {key: value for key, value in os.environ.items() if key not in threads.ENVIRONMENT}
    code = "from tinygrad_rnn.kernels import threads; print(threads.get_num_threads())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | {name: "7"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "7"
