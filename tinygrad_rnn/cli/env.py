"""`tinygrad-rnn env`: what a bug report should say."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import click

from .. import __version__
from ..bench.machine import processor, usable_cores
from .table import table

PACKAGES = ("numpy", "numba", "llvmlite", "graphviz", "pygraphviz", "safetensors", "click", "rich")


@click.command()
def env() -> None:
    """Print versions, processor features and the layout engine, for bug reports."""
    table([
        ("tinygrad-rnn", __version__),
        ("python", f"{platform.python_version()} ({platform.python_implementation()}, {sys.executable})"),
        *[(name, _version(name)) for name in PACKAGES],
        ("platform", platform.platform()),
        ("processor", processor()),
        ("cpu count", str(_cpu_count())),
        ("numpy's BLAS", _blas()),
        ("NUMBA_*", _numba_settings()),
        ("layout engine", _layout()),
    ])  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _cpu_count() -> str:
    return f"{os.cpu_count()}, usable {usable_cores()}"


def _numba_settings() -> str:
    return ", ".join([f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("NUMBA_")]) or "not set"


def _blas() -> str:
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name')} {blas.get('version')}"


def _layout() -> str:
    if dot := shutil.which("dot"):
        return f"{dot} ({subprocess.run([dot, '-V'], capture_output=True, text=True).stderr.strip()})"
    return "inside pygraphviz" if find_spec("pygraphviz") else "none"
