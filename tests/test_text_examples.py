"""The examples of text, and backpropagation through time by hand: what they claim, and what they refuse."""

from __future__ import annotations

import importlib
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.nn.functional import cross_entropy
from tinygrad_rnn.text import Vocabulary, batches
from tinygrad_rnn.trainer import Config, Trainer

EXAMPLES = Path(__file__).parent.parent / "examples"
TEXT = "the quick brown fox jumps over the lazy dog. " * 60


@pytest.fixture
def example(monkeypatch):
    """Imports one by its name."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module


@pytest.fixture
def run(example, monkeypatch, tmp_path, capsys):
    """Runs one by its name in an empty folder, with arguments; what it prints."""
    monkeypatch.chdir(tmp_path)
    threads = tg.get_num_threads()

    def call(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        example(name).main()
        return capsys.readouterr().out

    yield call
    tg.set_num_threads(threads)


# --- backpropagation through time by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("steps", [1, 2, 50])
def test_by_hand_is_as_by_the_engine(example, cell, steps) -> None:
    by_hand = example("bptt_by_hand")
    assert by_hand.largest_difference(cell, steps, seed=steps) < 1e-12
    compared = by_hand.differences(cell, "sequence", steps)
    states = ["h", "c"] if cell == "lstm" else ["h"]
    gradients = ["dW_ih", "dW_hh", "db_ih", "db_hh", "dx", *[f"d{name}_0" for name in states]]
    assert list(compared) == ["y", *[f"{name}_T" for name in states], *gradients]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_by_hand_is_as_numeric_differentiation(example, cell) -> None:
    """Without the engine: along a random direction of everything that goes in."""
    by_hand = example("bptt_by_hand")
    w, x, states, dy, dstates = by_hand.problem(cell, 4, 0)
    random, step = np.random.default_rng(1), 1e-5
    ahead = [random.standard_normal(array.shape) for array in (*w.values(), x, *states)]

    def at(along: float) -> dict[str, np.ndarray]:
        moved = [array + along * direction for array, direction in zip((*w.values(), x, *states), ahead)]
        return by_hand.by_hand(cell, dict(zip(w, moved)), moved[len(w)], moved[len(w) + 1 :], dy, dstates)

    def loss(found: dict[str, np.ndarray]) -> float:
        ends = [array for name, array in found.items() if name.endswith("_T")]
        return sum([(end * dend).sum() for end, dend in zip([found["y"], *ends], [dy, *dstates])])

    gradients = [array for name, array in at(0).items() if name.startswith("d")]
    slope = sum([(gradient * direction).sum() for gradient, direction in zip(gradients, ahead, strict=True)])
    assert slope == pytest.approx((loss(at(step)) - loss(at(-step))) / (2 * step), rel=1e-6)


def test_differences_of_all_cells_are_printed(run, tmp_path) -> None:
    out = run("bptt_by_hand", "--steps", 7, "--cell", "gru", "-o", "gru.svg")
    found = re.findall(r"^  (fused layer|unrolled graph) +(\S+) apart at most: .*dW_hh .*dx .*dh_0", out, re.M)
    assert [name for name, _ in found] == ["fused layer", "unrolled graph"] * 3
    assert all(float(apart) < 1e-12 for _, apart in found)
    assert "candidate" in (tmp_path / "gru.svg").read_text(encoding="utf-8")


# --- the setting of 2015 --------------------------------------------------------------------------------------------


def test_the_first_smooth_loss_is_25_ln_v(run, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "text.txt").write_text(TEXT)
    out = run("min_char_rnn", "text.txt", "--updates", 300, "-o", "loss.svg")
    assert f"28 distinct: the smooth loss begins at 25 ln 28 = {25 * math.log(28)!r}\n" in out
    told = re.findall(r"^update (\d+): smooth loss (\S+), \d+ s$", out, re.M)
    assert [int(update) for update, _ in told] == list(range(0, 301, 30))
    assert float(told[0][1]) == pytest.approx(25 * math.log(28), rel=1e-9)
    assert float(told[-1][1]) < 0.9 * float(told[0][1])
    apart = re.findall(r"differ by (\S+) (before|after) training", out)
    assert [when for _, when in apart] == ["before", "after"]
    assert all(float(difference) < 1e-12 for difference, _ in apart)
    assert "25 ln 28" in (tmp_path / "loss.svg").read_text(encoding="utf-8")


def test_training_is_that_of_the_published_loop(example) -> None:
    """Written out once more: clipped elements, Adagrad with 1e-8 inside the root, and the state carried, in NumPy."""
    setting = example("min_char_rnn")
    vocabulary = Vocabulary(TEXT)
    chunks = batches(vocabulary.encode(TEXT[:60]), 1, 25)
    tg.manual_seed(0)
    net = setting.MinCharRNN(len(vocabulary))
    parameters = {name: net.get_parameter(place) for name, place in setting.NAMES.items()}
    w = {name: p.detach().numpy().copy() for name, p in parameters.items()}
    assert 0.009 < w["W_hh"].std() < 0.011
    assert not w["b_h"].any() and not w["b_y"].any()
    first, _ = setting.by_hand(w, *[part[:, 0] for part in chunks[0]], np.zeros(100))
    assert first == pytest.approx(25 * math.log(len(vocabulary)), abs=0.01)

    smooth, _ = setting.train(net, chunks, 5, lambda *_: None)
    memory, expected, h = {name: 1e-8 for name in w}, [25 * math.log(len(vocabulary))], np.zeros(100)
    for update in range(5):  # rounding grows tenfold in each
        inputs, targets = [part[:, 0] for part in chunks[update % len(chunks)]]
        h = h if update % len(chunks) else np.zeros(100)
        loss, dw = setting.by_hand(w, inputs, targets, h)
        for character in inputs:
            h = np.tanh(w["W_xh"][:, character] + w["W_hh"] @ h + w["b_h"])
        for name in w:
            dp = np.clip(dw[name], -5, 5)
            memory[name] = memory[name] + dp**2
            w[name] = w[name] - 0.1 * dp / np.sqrt(memory[name])
        expected.append(0.999 * expected[-1] + 0.001 * loss)
    assert len(chunks) == 2
    np.testing.assert_allclose(smooth, expected, rtol=1e-9)
    for name, p in parameters.items():
        np.testing.assert_allclose(p.detach().numpy(), w[name], rtol=1e-6, atol=1e-9)
    assert not net.rnn.bias_hh_l0.numpy().any()


# --- writing text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_learns_to_write_what_it_reads(run, tmp_path, cell) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "text.txt").write_text(TEXT)
    sizes = ["--hidden", 24, "--embedding", 8, "--steps", 20, "--batch", 8, "--lr", 0.02]
    prompt = ["--prompt", "the quick ", "--temperature", 0, 1]
    out = run("char_rnn", "text.txt", "--cell", cell, "--updates", 100, *sizes, *prompt, "-o", "learnt.svg")
    heldout = [float(bits) for bits in re.findall(r"^update \d+: .* read, (\S+) held out", out, re.M)]
    counted = re.search(r"held-out character: (\S+) by frequencies, (\S+) by the character before", out)
    alone, after_one = map(float, counted.groups())
    assert heldout[0] > after_one
    assert heldout[-1] < 0.5 < after_one < alone
    careful = out.split("temperature 0.0:")[1]
    assert "the quick brown fox jumps over the lazy dog. the quick" in careful
    assert "temperature 1.0:" in careful
    assert "framed what came" in (tmp_path / "learnt.svg").read_text(encoding="utf-8")


def test_what_is_expected_agrees_with_the_bits(example) -> None:
    char_rnn = example("char_rnn")
    trainer = Trainer(TEXT * 3, Config(hidden=6, embedding=4, steps=9, batch=4, dropout=0.5))
    chances, came = char_rnn.expected(trainer)
    assert chances.shape == (char_rnn.SHOWN, len(trainer.vocabulary))
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    assert np.array_equal(came, trainer.heldout[char_rnn.BEFORE :][: char_rnn.SHOWN])
    ids = trainer.heldout[: char_rnn.BEFORE + char_rnn.SHOWN]
    with tg.no_grad():
        trainer.model.eval()
        scores, _ = trainer.model(tg.tensor(ids[:-1, None]))
    bits = cross_entropy(scores[-char_rnn.SHOWN :, 0], tg.tensor(came)).item() / math.log(2)
    assert -np.log2(chances[np.arange(len(came)), came]).mean() == pytest.approx(bits, rel=1e-5)


def test_counting_is_a_bound_that_a_network_can_be_held_against(example) -> None:
    found = example("char_rnn").by_counting(np.array([0, 1] * 50), np.array([0, 1, 0]), 3)
    assert found["frequencies"] == pytest.approx(math.log2(103 / 51))
    assert found["the character before"] == pytest.approx((math.log2(53 / 51) + math.log2(52 / 50)) / 2)


def test_a_short_text_has_a_smaller_picture(run, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "text.txt").write_text("a$b\n" * 5)
    sizes = ["--hidden", 3, "--steps", 3, "--batch", 2, "--updates", 2]
    run("char_rnn", "text.txt", *sizes, "-o", "short.svg")
    assert "<svg" in (tmp_path / "short.svg").read_text(encoding="utf-8")


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["min_char_rnn", "char_rnn"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "text.txt: No such file or directory"),
        (b"", "text.txt is empty"),
        (b" \n ", "text.txt is empty"),
        (b"abc\xff", "text.txt is not UTF-8 text (byte 0xff at position 3)"),
        (b"abc\0", "text.txt is binary, not text (a zero byte at position 3)"),
        (b"25 characters, 26 needed.", "the text is too short: it has "),
    ],
)
def test_a_text_that_cannot_be_used_is_refused(run, tmp_path, capsys, monkeypatch, name, content, message) -> None:
    if content is not None:
        (tmp_path / "text.txt").write_bytes(content)
    before, files = tg.get_rng_state().numpy().tobytes(), sorted(tmp_path.iterdir())
    with pytest.raises(SystemExit, match="2"):
        run(name, "text.txt", "-o", "folder/picture.svg")
    assert f"{name}.py: error: {message}" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == files
    assert tg.get_rng_state().numpy().tobytes() == before


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("min_char_rnn", ["."], ".: Is a directory"),
        ("min_char_rnn", ["-o", "loss.txt"], "save: expected a name that ends in .svg, .png, .pdf, got 'loss.txt'"),
        ("min_char_rnn", ["-o", "text.txt/loss.svg"], "text.txt"),
        ("min_char_rnn", ["--updates", "0"], "expected a whole number from 1 on, got '0'"),
        ("char_rnn", ["--cell", "elman"], "invalid choice: 'elman'"),
        ("char_rnn", ["--prompt", "Zoë"], "the vocabulary of 28 characters does not have 'Z', 'ë'"),
        ("char_rnn", ["--temperature", "-1"], "expected a number from 0 on, got -1"),
        ("char_rnn", ["--temperature", "nan"], "expected a number from 0 on, got nan"),
        ("char_rnn", ["--lr", "-1"], "-1"),
        ("bptt_by_hand", ["--steps", "0"], "expected a whole number from 1 on, got '0'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_training(run, tmp_path, capsys, name, arguments, message) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "text.txt").write_text(TEXT)
    text = [] if name == "bptt_by_hand" or arguments == ["."] else ["text.txt"]
    with pytest.raises(SystemExit, match="2"):
        run(name, *text, *arguments)
    assert message in capsys.readouterr().err.split("error: ")[1]
    assert [file.name for file in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_a_training_whose_numbers_end_says_so(run, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "text.txt").write_text(TEXT)
    with pytest.raises(SystemExit, match=r"^stopped: the (loss|norm) .*in update \d+: try a smaller learning rate"):
        run("char_rnn", "text.txt", "--lr", "1e38", "--hidden", 4, "--batch", 2, "--steps", 5, "--updates", 20)
