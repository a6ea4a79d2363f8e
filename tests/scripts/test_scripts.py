"""Scripts written for PyTorch, with nothing but their import lines changed, print what they print there."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

from .golden import read, with_torch
from .running import PROGRAMS, Run, run

GOLDEN = read()
each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)


def assert_same(found: Run, expected: Run) -> None:
    assert expected.losses, "a script that does not train shows nothing"
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-4, atol=1e-7)
    assert found.words == expected.words
    np.testing.assert_allclose(found.numbers, expected.numbers, rtol=1e-3, atol=2e-4)


@each_program
def test_as_torch(program, tmp_path, monkeypatch):
    assert_same(run(program, tg, tmp_path, monkeypatch), GOLDEN[program.stem])


@each_program
def test_golden_is_what_torch_gives(program, tmp_path):
    torch = pytest.importorskip("torch")
    assert_same(with_torch(program, torch, tmp_path), GOLDEN[program.stem])


def test_there_are_enough():
    assert len(PROGRAMS) >= 40
    assert set(GOLDEN) == {program.stem for program in PROGRAMS}
