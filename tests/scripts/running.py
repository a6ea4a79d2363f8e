"""Runs a script that was written for PyTorch: as it is, or with nothing but its import lines changed."""

from __future__ import annotations

import io
import random
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
IMPORT = re.compile(r"\s*(?:import|from)\s.*\btorch\b")
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


@dataclass
class Run:
    """What came of a script.

    Args:
        losses: every number from which it went backwards, in order.
        printed: what it wrote to standard output.
    """

    losses: list[float]
    printed: str

    @property
    def words(self) -> list[str]:
        """What was printed, without numbers and the library's name: ours print `Size([2])`, not `torch.Size([2])`."""
        return NUMBER.sub("#", self.printed.replace("torch.", "")).split()

    @property
    def numbers(self) -> list[float]:
        """The numbers that were printed."""
        return [float(number) for number in NUMBER.findall(self.printed)]


def with_our_imports(source: str) -> str:
    """The script with its import lines changed, as a user would.

    >>> with_our_imports("import torch, math")
    'import tinygrad_rnn as torch, math'
    >>> with_our_imports("from torch import nn")
    'from tinygrad_rnn import nn'
    >>> with_our_imports("    import torch.nn.functional as F  # torch")
    '    import tinygrad_rnn.nn.functional as F  # torch'
    >>> with_our_imports("import torch.optim")
    'import tinygrad_rnn.optim, tinygrad_rnn as torch'
    """
    lines = source.splitlines(keepends=True)
    return "".join([changed(line) if IMPORT.match(line) else line for line in lines])


def changed(line: str) -> str:
    code, mark, comment = line.partition("#")
    code = re.sub(r"\btorch\b", "tinygrad_rnn", code)
    if not code.lstrip().startswith("from"):
        code = re.sub(r"\btinygrad_rnn(?=\s*(?:,|$))", "tinygrad_rnn as torch", code)
        code = re.sub(r"\btinygrad_rnn\.[\w.]+(?=\s*(?:,|$))", r"\g<0>, tinygrad_rnn as torch", code)
    return code + mark + comment


def run(program: Path, library: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What comes of the script in a folder of its own, with `torch` or with `tinygrad_rnn`."""
    source = program.read_text(encoding="utf-8")
    if library is tg:
        source = with_our_imports(source)
    script = folder / program.name
    script.write_text(source, encoding="utf-8")
    random.seed(0)
    np.random.seed(0)
    tg.manual_seed(0)
    printed = io.StringIO()
    monkeypatch.chdir(folder)
    cudnn = library.backends.cudnn
    for setting in ("benchmark", "deterministic"):  # a script's own
        monkeypatch.setattr(cudnn, setting, getattr(cudnn, setting))
    with warnings.catch_warnings(), recorded(library) as losses, redirect_stdout(printed):
        if library is not tg:
            warnings.simplefilter("ignore")  # PyTorch's own, of legacy spellings
        try:
            run_path(str(script), run_name="__main__")
        finally:
            library.set_default_device(None)
            library.set_default_dtype(library.float32)
            library.set_printoptions(profile="default")
    return Run(losses, printed.getvalue())


@contextmanager
def recorded(library: Any) -> Iterator[list[float]]:
    """Notes every number from which somebody goes backwards."""
    losses: list[float] = []
    original = library.Tensor.backward

    def backward(self, *args, **options):
        if self.numel() == 1:
            losses.append(float(self.detach()))
        library.Tensor.backward = original  # where a default device is set, PyTorch's comes here a second time
        try:
            return original(self, *args, **options)
        finally:
            library.Tensor.backward = backward

    library.Tensor.backward = backward
    try:
        yield losses
    finally:
        library.Tensor.backward = original
