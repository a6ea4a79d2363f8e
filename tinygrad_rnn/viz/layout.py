"""Graphviz, in a child process: it can be timed out, and a crash in it spares the user.

A `dot` on the PATH is used first, then the Graphviz inside the pygraphviz 2 wheel.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

MISSING = (
    "drawing needs Graphviz, and there is none: `pip install pygraphviz` (2.0 or newer; its wheel carries Graphviz) "
    "or install the graphviz package of your system, so that `dot` is on the PATH. "
    "Saving as .dot works without it."
)


def render(source: str, engine: str, format: str, timeout: float) -> bytes:
    """Lay DOT text out and render it.

    Args:
        engine: "dot", or "nop2" where the text holds all positions.
        format: "svg", "png" or "pdf".
        timeout: in seconds.

    Raises:
        RuntimeError: no Graphviz, a failed layout, or no time left.
    """
    command = _command(engine, format)
    try:
        child = subprocess.run(command, input=source.encode(), capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"draw: the layout took longer than {timeout:g} seconds; draw a coarser level, view='folded' or a smaller "
            f"budget, or pass a larger timeout"
        ) from None
    if child.returncode or not child.stdout:
        said = child.stderr.decode(errors="replace").strip()[-500:]
        how = f"was ended by signal {-child.returncode}" if child.returncode < 0 else "failed"
        raise RuntimeError(f"draw: the layout {how}: {said or 'no message'}")
    return child.stdout


def _command(engine: str, format: str) -> list[str]:
    if dot := shutil.which("dot"):
        return [dot, f"-K{engine}", f"-T{format}"]
    if (wheel := find_spec("pygraphviz")) is None or wheel.origin is None:
        raise RuntimeError(MISSING)
    # by file name: as a module of this package it would import NumPy first
    return [sys.executable, str(Path(__file__).with_name("child.py")), engine, format]
