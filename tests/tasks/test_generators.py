"""The batches of each task, against what its description says; baselines, against who remembers nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.tasks import TASKS, Adding, Copying, Digits, Reber, TemporalOrder
from tinygrad_rnn.tasks.digits import digit_images, glyphs
from tinygrad_rnn.tasks.reber import SYMBOLS, embedded
from tinygrad_rnn.tensor import Tensor

SEEDS = st.integers(0, 2**32)


def random(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", TASKS)
def test_batches_have_the_shapes_and_depend_on_the_seed_alone(name):
    task = TASKS[name]()
    a, b, other = (task.batch(random(seed), 6) for seed in (1, 1, 2))
    assert a.x.dtype == np.float32
    assert a.x.shape[1:] == (6, task.inputs)
    for one, same in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not (a.x.shape == other.x.shape and (a.x == other.x).all())
    shape = (*a.x.shape[:2], task.outputs) if task.each_step else (6, task.outputs)
    scores = Tensor(random(3).standard_normal(shape).astype(np.float32))
    assert np.isfinite(task.loss(scores, a).item())
    assert task.solved(task.goal)
    assert not task.solved(task.measure(scores, a))
    assert not task.solved(task.baseline)


@given(steps=st.integers(2, 40), seed=SEEDS)
def test_adding_marks_one_number_in_each_half(steps, seed):
    x, target, *_ = Adding(steps).batch(random(seed), 5)
    for n in range(5):
        first, second = np.flatnonzero(x[:, n, 1])
        assert first < steps // 2 <= second
        assert target[n, 0] == x[first, n, 0] + x[second, n, 0]
    one = Adding(1).batch(random(seed), 5)
    np.testing.assert_array_equal(one.x[0, :, :1], one.target)
    assert ((x[..., 0] >= 0) & (x[..., 0] < 1)).all()


def test_who_always_says_one_has_the_baseline_of_adding():
    task = Adding(20)
    batch = task.batch(random(), 20_000)
    assert task.measure(Tensor(np.ones((20_000, 1), np.float32)), batch) == pytest.approx(task.baseline, rel=0.03)


@given(delay=st.integers(1, 30), seed=SEEDS)
def test_copying_asks_for_what_it_showed(delay, seed):
    x, target, *_ = Copying(delay).batch(random(seed), 4)
    read = x.argmax(-1)
    assert (x.sum(-1) == 1).all()
    assert len(x) == len(target) == delay + 20
    np.testing.assert_array_equal(read[:10], target[-10:])
    assert (read[:10] < 8).all()
    assert (target[:-10] == 8).all()
    assert (read[10 : delay + 9] == 8).all()
    assert (read[delay + 9] == 9).all()
    assert (read[delay + 10 :] == 8).all()


@pytest.mark.parametrize(("delay", "baseline"), [(50, 0.2971), (100, 0.1733), (200, 0.0945), (1000, 0.0204)])
def test_who_remembers_nothing_has_the_baseline_of_copying(delay, baseline):
    task = Copying(delay)
    assert task.baseline == pytest.approx(baseline, abs=5e-5)
    assert task.goal == pytest.approx(0.17 * task.baseline / 0.29706, rel=1e-4)
    batch = task.batch(random(), 3)
    scores = np.full((delay + 20, 3, 9), -50.0, np.float32)
    scores[:-10, :, 8] = 50
    scores[-10:, :, :8] = 50
    assert task.measure(Tensor(scores), batch) == pytest.approx(task.baseline, rel=1e-5)


@given(shortest=st.integers(10, 60), more=st.integers(0, 30), seed=SEEDS)
def test_temporal_order_puts_the_marks_where_it_says(shortest, more, seed):
    x, target, lengths, _ = TemporalOrder(shortest, shortest + more).batch(random(seed), 6)
    assert ((shortest <= lengths) & (lengths <= shortest + more)).all()
    for n, length in enumerate(lengths):
        symbols = x[:length, n].argmax(-1)
        first, second = np.flatnonzero(symbols >= 4)
        assert 10 * first >= length > 5 * first  # in [0.1 L, 0.2 L)
        assert 2 * second >= length > second * 10 / 6
        assert target[n] == 2 * (symbols[first] - 4) + symbols[second] - 4


def accepts(string: str) -> bool:
    """Reber's grammar by the edges of its usual drawing, forgetful of how it is generated here."""
    edges = {"0B1", "1T2", "1P3", "2S2", "2X4", "3T3", "3V5", "4X3", "4S6", "5P4", "5V6", "6E7"}
    states = {"0"}
    for symbol in string:
        states = {edge[2] for edge in edges if edge[0] in states and edge[1] == symbol}
    return states == {"7"}


@given(seed=SEEDS)
def test_reber_strings_are_of_the_grammar_and_every_legal_symbol_goes_on(seed):
    string, legal = embedded(random(seed))
    way, inner, again = re.fullmatch("B([TP])(B[TSXPV]+E)([TP])E", string).groups()
    assert way == again
    assert accepts(inner)
    assert len(string) == len(legal)
    assert all(symbol in those for symbol, those in zip(string, legal, strict=True))
    assert legal[-2:] == [way, "E"]


def test_held_out_reber_strings_are_different_and_never_trained_on():
    task = Reber()
    heldout = strings(task.batch(random(0), 300, heldout=True))
    assert len(set(heldout)) == 300
    assert not set(heldout) & set(strings(task.batch(random(1), 3000)))


def strings(batch):
    inputs = [batch.x[:length, n].argmax(-1) for n, length in enumerate(batch.lengths)]
    last = [batch.target[length - 1, n] for n, length in enumerate(batch.lengths)]
    return ["".join(SYMBOLS[i] for i in [*codes, end]) for codes, end in zip(inputs, last, strict=True)]


def test_a_reber_string_is_right_only_with_every_legal_symbol_and_no_other():
    task = Reber()
    batch = task.batch(random(0), 8)
    probabilities = batch.more / np.maximum(1, batch.more.sum(-1, keepdims=True))
    scores = np.log(probabilities + 1e-9).astype(np.float32)
    assert task.measure(Tensor(scores), batch) == 1
    wrong = scores.copy()
    wrong[batch.lengths[0] - 1, 0] = 0  # a seventh for each: all below 0.2, the legal one too
    assert task.measure(Tensor(wrong), batch) == 7 / 8
    padded = scores.copy()
    padded[batch.target == -100] = 0
    assert task.measure(Tensor(padded), batch) == 1


def test_digits_are_told_apart_by_the_nearest_mean():
    classes = random(0).integers(0, 10, 2000)
    images = digit_images(random(1), classes)
    means = np.stack([images[classes == k].mean(0) for k in range(10)])
    others = random(2).integers(0, 10, 500)
    apart = ((digit_images(random(3), others)[:, None] - means) ** 2).sum((2, 3))
    assert (apart.argmin(1) == others).mean() > 0.8
    assert len({glyph.tobytes() for glyph in glyphs()}) == 10


def test_digits_are_read_row_by_row():
    x, classes, *_ = Digits().batch(random(5), 3)
    rng = random(5)
    np.testing.assert_array_equal(rng.integers(0, 10, 3), classes)
    np.testing.assert_array_equal(x[:, :, 0].T.reshape(3, 8, 8), digit_images(rng, classes))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adding(0), "at least 1 step, got 0"),
        (lambda: Copying(0), "at least 1 step, got 0"),
        (lambda: TemporalOrder(9), "expected 10 <= shortest <= longest, got 9 and 50"),
        (lambda: TemporalOrder(30, 20), "got 30 and 20"),
    ],
)
def test_sequences_too_short_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
