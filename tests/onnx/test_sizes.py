"""Numbers that are sizes, found from what they are at several lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.onnx.arguments import resampled
from tinygrad_rnn.onnx.sizes import RUNS, Runs, Size, distinct, terms, trial_lengths

NAMES = ["batch", "time", "heads", "source"]
EXAMPLES = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 40), min_size=1)


@given(EXAMPLES, st.booleans(), st.integers(-5, 5).filter(bool), st.integers(-9, 9), st.data())
def test_any_term_is_found(example, within, factor, offset, data):
    lengths = trial_lengths(example, within)
    runs = Runs(lengths)
    axes = data.draw(st.sampled_from(list(terms(lengths))))
    numbers = [factor * n + offset for n in terms(lengths)[axes]]
    assert runs.explain(numbers) == Size(factor, axes, offset)


@given(EXAMPLES, st.booleans())
def test_the_lengths_tell_all_terms_apart(example, within):
    lengths = trial_lengths(example, within)
    assert len(lengths) == RUNS
    assert distinct([*terms(lengths).values(), list(range(RUNS))])
    assert all(run[name] >= 2 for run in lengths for name in example)
    if within and len(example) < 3 and min(example.values()) >= 6:
        assert all(run[name] <= n for run in lengths for name, n in example.items())
    if not within:
        assert all(run[name] > n for run in lengths for name, n in example.items())


def test_many_axes_end():
    assert len(trial_lengths(dict.fromkeys("abcdefgh", 2), True)) == RUNS


def test_what_is_no_size():
    runs = Runs(trial_lengths({"batch": 3, "time": 5}, True))
    assert runs.explain([7] * RUNS) == 7
    assert runs.explain([run["time"] ** 3 for run in runs.lengths]) is None
    assert runs.explain([run["time"] // 2 for run in runs.lengths]) is None
    assert Runs(trial_lengths({}, True)).explain([1, 2, 3, 4]) is None


@pytest.mark.parametrize(("size", "text"), [
    (Size(1, ("batch",), 0), "batch"), (Size(2, ("n", "t"), -1), "2*n*t-1"), (Size(-1, ("t",), 3), "-1*t+3"),
])  # fmt: skip
def test_as_text(size, text):
    assert str(size) == text


@given(st.integers(0, 5), st.integers(1, 9), st.sampled_from(["f4", "f8", "i8", "i4", "?"]), st.booleans())
def test_resampled(run, n, dtype, in_order):
    """Other lengths and numbers, none that would be out of place."""
    array = np.array([[9, 4, 3, 1, 0, 0]]).astype(dtype)
    found = resampled(array, {0: 2, 1: n}, run, in_order=in_order)
    assert found.dtype == array.dtype
    assert found.shape == (2, n)
    assert ((found == 0) | (found >= 1)).all()
    assert found.max(initial=0) <= (9.9001 if array.dtype.kind == "f" else 9)
    if in_order and array.dtype.kind == "i":
        assert (np.diff(found, axis=1) <= 0).all()


def test_inputs_differ():
    """Lengths of one sequence, given twice, are other ones in some run, and so are several of them within a run."""
    one = np.array([5])
    first, second = [[resampled(one, {0: 4}, run, place) for run in range(RUNS)] for place in (0, 1)]
    assert any((a != b).any() for a, b in zip(first, second))
    assert any(len(set(a.tolist())) > 1 for a in first)
