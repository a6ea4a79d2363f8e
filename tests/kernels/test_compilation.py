"""When Numba is loaded, and that the kernels do not depend on it compiling anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def python(*arguments, **environment):
    """Run Python in the repository's root and return what it did."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=TESTS.parents[1],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_the_package_does_not_load_numba():
    done = python("-c", "import sys, tinygrad_rnn.kernels; sys.exit('numba' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_kernels_run_without_the_compiler():
    done = python(
        "-m", "pytest", "-q", TESTS / "test_recurrent.py", "-k", "naive or torch", NUMBA_DISABLE_JIT="1"
    )
    assert done.returncode == 0, done.stdout
