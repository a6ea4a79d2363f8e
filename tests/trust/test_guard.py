"""No kernel reads or writes outside of its arrays; and one that did would be noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_rnn.kernels.jit import COMPILED

pytestmark = pytest.mark.skipif(os.name != "posix" or not COMPILED, reason="pages that may not be touched, as on POSIX")

STRAYING = """
import sys
from numba import njit
from tests.trust.fences import Fences

@njit
def stray(x, place, writes):
    if writes:
        x[place] = 1
    return x[place]

fences = Fences(sys.argv[1] == "end")
stray(fences.empty(5), int(sys.argv[2]), sys.argv[3] == "write")
fences.check()
"""


def run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])


def test_kernels_stay_within_their_arrays():
    """A sample of what `python -m tests.trust.guard` does with many more sizes."""
    done = run("-m", "tests.trust.guard", "--shapes", 4)
    assert done.returncode == 0, done.stderr
    assert "arrays: none was left" in done.stdout


@pytest.mark.parametrize("what", ["read", "write"])
@pytest.mark.parametrize(("fence", "place"), [("end", 5), ("end", 6), ("beginning", -6), ("beginning", -7)])
def test_a_function_that_strays_is_stopped(fence, place, what):
    """Five numbers; Numba adds 5 to a place below 0."""
    assert run("-c", STRAYING, fence, place, what).returncode == -signal.SIGSEGV


@pytest.mark.parametrize(("fence", "place"), [("end", -6), ("beginning", 5)])
def test_what_is_written_at_the_other_side_is_seen(fence, place):
    assert "AssertionError: written outside of an array" in run("-c", STRAYING, fence, place, "write").stderr
