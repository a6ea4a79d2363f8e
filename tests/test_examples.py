"""Every example runs as its docstring says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("[!_]*.py"))


def run(example: Path, folder: Path) -> str:
    quick = ["--quick"] if "_compare" in example.read_text(encoding="utf-8") else []
    command = [sys.executable, str(example), *quick, "-o", str(folder / "picture.svg")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_runs_and_draws(example, tmp_path) -> None:
    if "matplotlib" in example.read_text(encoding="utf-8"):
        pytest.importorskip("matplotlib")
    assert run(example, tmp_path)
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
