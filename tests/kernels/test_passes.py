"""When a kernel is chosen, and that the passes around the recurrence run without the compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.kernels.passes import accelerated, divide, suit
from tinygrad_rnn.kernels.threads import get_num_threads, set_num_threads

TESTS = Path(__file__).parent


def test_arrays_that_suit_a_kernel():
    x, names = np.zeros((3, 4), np.float32), np.zeros(3, np.int64)
    assert suit(x, x, None, 0.5, names)
    assert suit(x.astype(np.float64), names)
    for other in (x.T, x[:, ::2], x.astype(np.float64), names.astype(np.int32), np.broadcast_to(x[0], (3, 4))):
        assert not suit(x, other)
    for first in (x.T, x.astype(np.float16), names, x.astype(">f4")):
        assert not suit(first)


def test_numpy_does_what_is_small_or_does_not_suit():
    @accelerated("norm", least=10)
    def sum_of_squares(x):
        return "NumPy"

    assert sum_of_squares(np.ones(9)) == "NumPy"
    assert sum_of_squares(np.ones(10)) == 10
    assert sum_of_squares(np.ones(9), among=10) == 9
    assert sum_of_squares(np.ones(0), among=10) == "NumPy"
    assert sum_of_squares(np.ones(20)[::2]) == "NumPy"
    assert sum_of_squares(np.ones(10, np.int64)) == "NumPy"


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize(("nanoseconds", "most"), [(0, 1), (1e9, 4)])
def test_a_long_pass_is_divided_into_no_more_parts_than_things(count, nanoseconds, most):
    calls, before = [], get_num_threads()
    set_num_threads(4)
    try:
        divide(lambda *arguments: calls.append(arguments), count, nanoseconds, "x", 5)
    finally:
        set_num_threads(before)
    assert calls == [(min(most, count), count, "x", 5)]


SMALL = """
import sys
import numpy as np
import tinygrad_rnn as tg
from tinygrad_rnn import nn, ops, optim
model = nn.Sequential(nn.Embedding(30, 16), nn.Dropout(0.5), nn.Linear(16, 30))
for kind in (optim.SGD, optim.Adam, optim.RMSprop, optim.Adagrad):
    optimizer = kind(model.parameters(), lr=0.1)
    ids = tg.from_numpy(np.arange(30))
    nn.functional.cross_entropy(model(ids), ids).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
sys.exit("numba" in sys.modules)
"""


def test_small_training_steps_do_not_load_numba():
    subprocess.run([sys.executable, "-c", SMALL], cwd=TESTS.parents[1], check=True)


def test_the_passes_run_without_the_compiler():
    files = [TESTS / f"test_{name}.py" for name in ("cross_entropy", "dropout", "norm", "scatter", "updates")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *files, "-k", "naive"],
        cwd=TESTS.parents[1], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
