"""What type checkers read about Tensor is what Tensor has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / ".ci" / "write_stub.py"


@pytest.mark.skipif(not SCRIPT.exists(), reason="not a checkout: the script that writes the stub is not installed")
def test_up_to_date():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0, "run: python .ci/write_stub.py"


def test_users_programs_are_typed(tmp_path):
    """A user's file is checked against the stub: right lines pass, wrong ones do not."""
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(
        "import tinygrad_rnn as tg\n"
        "x: tg.Tensor = tg.zeros(2, 3)\n"
        "y: tg.Tensor = (x.exp().sum(0, keepdim=True) + 1.0) * x.reshape(3, 2).t().view(-1)[0]\n"
        "n: int = x.shape.numel() + x.ndim\n"
        "x.add_(1).clamp_(min=0.0).t_()\n"
        "x += 1\n"
        "wrong: int = x.exp()\n"
        "x.no_such_method()\n"
    )
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(program)]
    env = {"MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    errors = [line for line in done.stdout.splitlines() if line.startswith("program.py")]
    assert [line.split(":")[1] for line in errors] == ["7", "8"], done.stdout + done.stderr
