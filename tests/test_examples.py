"""Every example runs as its docstring says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REPRODUCE = ROOT / "examples" / "reproduce.py"
EXAMPLES = sorted(set((ROOT / "examples").glob("[!_]*.py")) - {REPRODUCE})
TRAINS = re.compile(r"^from _[a-z]", re.M)  # imports what several share


def start(example: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(example), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def run(example: Path, folder: Path, *arguments: str) -> str:
    done = start(example, folder, *arguments, "-o", str(folder / "picture.svg"))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_runs_and_draws(example, tmp_path) -> None:
    text = example.read_text(encoding="utf-8")
    if "matplotlib" in text or TRAINS.search(text):
        pytest.importorskip("matplotlib")
    out = run(example, tmp_path, "--quick")
    assert out
    losses: dict[str, list[float]] = {}
    for name, loss in re.findall(r"^(.+): update +\d+, loss (\S+), \d+ s$", out, re.M):
        losses.setdefault(name, []).append(float(loss))
    for name, told in losses.items():
        assert told[-1] < told[0], name
    assert "<svg" in (tmp_path / "picture.svg").read_text(encoding="utf-8")


def test_scalar_neuron_by_hand_and_by_engine(tmp_path) -> None:
    out = run(ROOT / "examples" / "scalar_neuron.py", tmp_path)
    hand, engine = re.findall(r"dw = (\S+)  du = (\S+)", out)
    *slopes, last = re.search(
        r"dw = (\S+) and du = (\S+); h_T = (\S+)\.\n", (ROOT / "examples" / "scalar_neuron.py").read_text()
    ).groups()
    assert hand == engine == tuple(slopes)
    assert f"h_T = {last}" in out
    unrolled, rolled = [(tmp_path / f"picture{kind}.svg").read_text(encoding="utf-8") for kind in ("", "-rolled")]
    assert last[1:] in unrolled and unrolled.count(">tanh<") == 3  # [1:]: an SVG has another sign for minus
    assert last[1:] not in rolled and rolled.count(">tanh<") == 1


def test_minimal_rnn_by_hand_and_by_engine(tmp_path) -> None:
    out = run(ROOT / "examples" / "minimal_rnn.py", tmp_path)
    assert float(re.search(r"the gradients differ by (\S+)", out).group(1)) < 1e-12
    assert out.count("['love', 'mathematics', '.']") >= 1
    assert re.search(r"update  200: loss 0\.0[12]", out)


def test_real_time_recurrent_learning_is_backpropagation_through_time(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    out = run(ROOT / "examples" / "real_time_recurrent_learning.py", tmp_path)
    assert float(re.search(r"the gradients differ by (\S+)", out).group(1)) < 1e-12
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", out)]
    assert losses[-1] < 0.8 * losses[0]


def test_stateful_cell_says_why_to_detach_and_learns(tmp_path) -> None:
    out = run(ROOT / "examples" / "stateful_cell.py", tmp_path)
    assert "backward through the graph a second time" in out
    assert float(re.findall(r"loss (\S+)", out)[-1]) < 0.01


def test_activations_leave_what_the_docstring_says(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    out = run(ROOT / "examples" / "activations.py", tmp_path)
    left = dict(re.findall(r"(\w+) +steepest .* steps (\S+) of", out))
    text = (ROOT / "examples" / "activations.py").read_text()
    assert f"sigmoid leaves {left['sigmoid']}" in text
    assert f"tanh {left['tanh']}" in text
    assert left["ReLU"] == "1.0e+00"


def test_gradients_grow_with_the_spectral_radius(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    out = run(ROOT / "examples" / "exploding_gradients.py", tmp_path)
    rows = re.findall(r"^ +(\S+) +(\S+) +(\S+) +(\S+)$", out, re.M)
    assert len(rows) == 5
    for _, log_radius, linear, squashed in (map(float, row) for row in rows):
        assert abs(linear - log_radius) <= max(0.005, 0.05 * abs(log_radius))
        assert squashed < linear
    assert re.search(r"1\.0000 after, cosine 1\.000000", out)


@pytest.mark.parametrize(
    ("name", "printed", "told"),
    [
        ("limits", r": 20 steps back (\S+) of the gradient", "Of the gradient, 20 steps back"),
        ("remedies", r": 100 steps back (\S+) of the gradient", "of the gradient 100 steps back"),
    ],
)
def test_of_the_gradient_is_left_what_the_docstring_says(name, printed, told, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    example = ROOT / "examples" / f"{name}.py"
    found = [float(left) for left in re.findall(printed, run(example, tmp_path, "--quick"))]
    text = example.read_text(encoding="utf-8").split(told)[1].partition("Expected")[0].partition('"""')[0]
    expected = [float(left) for left in re.findall(r"\d\.\de[+-]\d\d", re.sub(r"\(.*?\)", "", text))]
    assert found == pytest.approx(expected, rel=0.1, abs=0)
    assert len(found) >= 5


def test_tasks_compare_the_cells_asked_for_and_take_other_set_ups(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "kept"
    settings = ["--steps", "8", "--updates", "20", "--every", "10", "--hidden", "4", "--checkpoint", str(folder)]
    out = run(ROOT / "examples" / "adding.py", tmp_path, "--quick", "--cell", "tanh", "gru", *settings)
    assert re.findall(r"^(\w+): did not reach the goal, MSE .* after 20 updates", out, re.M) == ["tanh", "gru"]
    assert sorted(file.name for file in folder.iterdir()) == ["gru.safetensors", "tanh.safetensors"]


def test_a_training_without_numbers_is_told_of_and_the_next_one_goes_on(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    wild = ["--lr", "1e30", "--clip", "1e30"]
    out = run(ROOT / "examples" / "adding.py", tmp_path, "--quick", "--cell", "relu", "gru", *wild)
    assert re.search(r"^relu: stopped in update 2: the loss .* in Network / rnn / 0 / t=\d+ \(inf\)\. The", out, re.M)
    assert "gru: stopped in update 2" in out


@pytest.fixture
def trial(tmp_path) -> Path:
    """A folder with the page and no results."""
    (tmp_path / "tasks.md").write_bytes((ROOT / "docs" / "tasks.md").read_bytes())
    return tmp_path


def reproduce(folder: Path, *arguments: str) -> str:
    done = start(REPRODUCE, folder, "--docs", str(folder), *arguments)
    assert done.returncode == 0, done.stderr
    return (folder / "tasks.md").read_text(encoding="utf-8")


def test_reproduce_tests_every_claim_and_writes_between_the_marks(trial) -> None:
    pytest.importorskip("matplotlib")
    page = (trial / "tasks.md").read_text(encoding="utf-8")
    written = reproduce(trial, "--quick")
    split = lambda text: re.sub(r"(<!-- tables.*?-->).*?(<!-- end.*?-->)", r"\1\2", text, flags=re.DOTALL)
    assert split(written) == split(page)
    assert written.count("\n| ") == page.count("\n| ")
    assert "not run" not in written
    assert "diverged" not in written
    for found in (
        r"IRNN property \| ReLU, identity \| .* 1 of 1 \| 0 \|  \| 1 \|",
        r"rescaled weights \| layer-norm LSTM \| .* 1 of 1 \|",
        r"norm of dL/dh_t \| linear cell \| .* 1 of 1 \|",
        r"temporal order, forget bias \| LSTM \| .* 0 of 1 \| 0 \| 2 \| 1.0; median 1.0 \|",  # a tie
        r"BPTT by hand \| GRU \| .* 1 of 1 \| 0 \| \de-1\d \|",
        r"checkpointed \| 10 graphs \| .* yes \|",
        r"checkpointed \| 2 states \| .* yes \|",
        r"100,000 steps \| .* yes \|",
    ):
        assert re.search(found, written), found
    assert "without attention" in (trial / "dates-by-length.svg").read_text(encoding="utf-8")


def test_reproduce_keeps_what_it_does_not_run_again(trial) -> None:
    reproduce(trial, "--quick", "--only", "adding problem, GRU", "--seeds", "5")
    written = reproduce(trial, "--quick", "--only", "adding problem, GRU", "IRNN property, ReLU", "--seeds", "3", "4")
    assert re.search(r"\| adding problem \| GRU \| .* \| 0 of 3 \| 3, 4, 5 \| 2, 2, 2 \|", written)
    assert re.search(r"\| IRNN property \| ReLU, identity \| .* \| 2 of 2 \| 3, 4 \|", written)
    assert re.search(r"\| embedded Reber grammar \| LSTM \| .* \| not run \|", written)


def test_reproduce_tells_of_a_training_that_diverged(trial) -> None:
    runs = {"0": {"holds": True, "figure": 0.5, "updates": 7}, "1": {"holds": False, "figure": None, "updates": None}}
    found = {name: runs for name in ("adding problem, GRU", "adding problem, forget bias, LSTM")}
    (trial / "tasks.json").write_text(json.dumps(found), encoding="utf-8")
    written = reproduce(trial, "--write")
    assert re.search(r"GRU \| .* \| 1 of 2 \| 0, 1 \| 7, - \| 0.5000, diverged \|", written)
    assert "0.5, diverged; median 0.5" in written


def test_the_tables_in_the_docs_are_those_of_the_results(trial) -> None:
    (trial / "tasks.json").write_bytes((ROOT / "docs" / "tasks.json").read_bytes())
    reproduce(trial, "--write")
    assert (trial / "tasks.md").read_bytes() == (ROOT / "docs" / "tasks.md").read_bytes()


@pytest.mark.parametrize(("arguments", "words"), [
    (["--quick"], "say with --docs where they may go"),
    (["--only", "nothing like it"], "no claim has any of these words; there are: adding problem, tanh; "),
])  # fmt: skip
def test_reproduce_refuses(tmp_path, arguments, words) -> None:
    done = start(REPRODUCE, tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_reproduce_says_what_stands_in_its_way(tmp_path) -> None:
    for words in ("a copy of docs/tasks.md does", "must have the marks"):
        done = start(REPRODUCE, tmp_path, "--docs", str(tmp_path), "--quick")
        assert done.returncode == 1
        assert words in done.stderr
        assert not done.stdout
        (tmp_path / "tasks.md").write_text("nothing", encoding="utf-8")
