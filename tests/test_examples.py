"""Every example runs as its docstring says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REPRODUCE = ROOT / "examples" / "reproduce.py"
EXAMPLES = sorted(set((ROOT / "examples").glob("[!_]*.py")) - {REPRODUCE})
TRAINS = re.compile(r"^from _[a-z]", re.M)  # imports what several share, and has a --quick mode


def start(example: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(example), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def run(example: Path, folder: Path, *arguments: str) -> str:
    quick = ["--quick"] if TRAINS.search(example.read_text(encoding="utf-8")) else []
    done = start(example, folder, *quick, *arguments, "-o", str(folder / "picture.svg"))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_runs_and_draws(example, tmp_path) -> None:
    text = example.read_text(encoding="utf-8")
    if "matplotlib" in text or TRAINS.search(text):
        pytest.importorskip("matplotlib")
    out = run(example, tmp_path)
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
    expected = re.search(r"dw = (\S+) and du = (\S+)\.\n", (ROOT / "examples" / "scalar_neuron.py").read_text())
    assert hand == engine == expected.groups()


def test_minimal_rnn_by_hand_and_by_engine(tmp_path) -> None:
    out = run(ROOT / "examples" / "minimal_rnn.py", tmp_path)
    assert float(re.search(r"the gradients differ by (\S+)", out).group(1)) < 1e-12
    assert out.count("['love', 'mathematics', '.']") >= 1
    assert re.search(r"update  200: loss 0\.0[12]", out)


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


def test_tasks_compare_the_cells_asked_for_and_take_other_set_ups(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "kept"
    settings = ["--steps", "8", "--updates", "20", "--every", "10", "--hidden", "4", "--checkpoint", str(folder)]
    out = run(ROOT / "examples" / "adding.py", tmp_path, "--cell", "tanh", "gru", *settings)
    assert re.findall(r"^(\w+): did not reach the goal, MSE .* after 20 updates", out, re.M) == ["tanh", "gru"]
    assert sorted(file.name for file in folder.iterdir()) == ["gru.safetensors", "tanh.safetensors"]


def test_a_training_without_numbers_is_told_of_and_the_next_one_goes_on(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    out = run(ROOT / "examples" / "adding.py", tmp_path, "--cell", "relu", "gru", "--lr", "1e30", "--clip", "1e30")
    assert re.search(r"^relu: stopped in update 2: the loss .* in Network / rnn / 0 / t=\d+ \(inf\)\. The", out, re.M)
    assert "gru: stopped in update 2" in out


def test_reproduce_keeps_what_it_does_not_run_again_and_writes_between_the_marks(tmp_path) -> None:
    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    (tmp_path / "tasks.md").write_text(page, encoding="utf-8")
    docs = ["--docs", str(tmp_path)]
    for cell in ("gru", "tanh"):
        done = start(REPRODUCE, tmp_path, *docs, "--tasks", "adding", "--cell", cell, "--seeds", "5", "--updates", "2")
        assert done.returncode == 0, done.stderr
    assert start(REPRODUCE, tmp_path, *docs, "--tasks", "identity", "--seeds", "3", "4").returncode == 0
    written = (tmp_path / "tasks.md").read_text(encoding="utf-8")
    assert re.search(r"\| adding problem \| GRU \| .* \| 0 of 1 \| 5 \| 2 \| \d\.\d{4} \| \d+ \|", written)
    assert re.search(r"\| adding problem \| tanh \| .* \| 1 of 1 \| 5 \| 2 \|", written)
    assert re.search(r"\| IRNN property \| .* \| 2 of 2 \| 3, 4 \|", written)
    assert "| embedded Reber grammar | LSTM | 500 of 500 held-out strings | not run |" in written
    split = lambda text: re.sub(r"(<!-- table.*?-->).*?(<!-- end.*?-->)", r"\1\2", text, flags=re.DOTALL)
    assert split(written) == split(page)


def test_the_table_in_the_docs_is_that_of_the_results(tmp_path) -> None:
    for name in ("tasks.md", "tasks.json"):
        (tmp_path / name).write_bytes((ROOT / "docs" / name).read_bytes())
    assert start(REPRODUCE, tmp_path, "--docs", str(tmp_path), "--tasks", "none").returncode == 0
    assert (tmp_path / "tasks.md").read_bytes() == (ROOT / "docs" / "tasks.md").read_bytes()


def test_reproduce_says_what_stands_in_its_way(tmp_path) -> None:
    done = start(REPRODUCE, tmp_path, "--tasks", "none", "--updates", "5")
    assert done.returncode == 2
    assert "say with --docs where they may go" in done.stderr
    (tmp_path / "tasks.md").write_text("nothing", encoding="utf-8")
    done = start(REPRODUCE, tmp_path, "--docs", str(tmp_path), "--tasks", "none")
    assert done.returncode == 1
    assert "must have the marks" in done.stderr
