"""Threads, forks and the lack of a compiler: a sample of `python -m tests.trust.stress`, and each lock on its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trust.stress import train
from tinygrad_rnn.kernels.jit import COMPILED

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

FORK = """
import os, signal, sys, threading, warnings
import numba, numpy as np
import tinygrad_rnn as tg
from tinygrad_rnn.autograd import graph
from tinygrad_rnn.kernels import jit, norm

leaf = tg.ones(3, requires_grad=True)
LOCKS = {
    "deposit": (graph._depositing, lambda: leaf.sum().backward()),
    "compiler": (jit.global_compiler_lock, lambda: numba.njit(lambda x: x + 1)(1)),
}
lock, use = LOCKS[sys.argv[1]]
held = threading.Event()

def hold():
    with lock:
        held.set()
        threading.Event().wait(0.2)  # a fork that does not wait happens now

threading.Thread(target=hold).start()
held.wait()
warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of a fork beside threads
child = os.fork()
if child == 0:
    signal.alarm(30)
    use()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
use()
"""


def run(*arguments: object, **environment: str) -> str:
    """What a child process prints."""
    command, env = [sys.executable, *map(str, arguments)], os.environ | environment
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@forks
@pytest.mark.skipif(not COMPILED, reason="too slow without")
def test_threads_of_many_sizes_and_forks_among_them():
    lines = run("-m", "tests.trust.stress", "--calls", 4, "--forks", 8, "--cold", 0).splitlines()
    assert lines == [
        "8 threads x 4 calls at once, 8 threads each, 27 jobs: 0 differ",
        "8 forks while 3 threads compute: 0 children failed",
    ]


@forks
@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
@pytest.mark.parametrize("lock", ["deposit", "compiler"])
def test_a_fork_waits_for_who_holds_a_lock(lock):
    """Its child would wait for ever: the thread that holds the lock is not in it."""
    assert run("-c", FORK, lock).strip() == "0"


def test_without_the_compiler_a_training_is_the_same():
    """To rounding: the sums are in another order."""
    plain = run("-c", "from tests.trust.stress import train; print(train())", NUMBA_DISABLE_JIT="1")
    assert float(plain) == pytest.approx(float(train()), rel=1e-4)
