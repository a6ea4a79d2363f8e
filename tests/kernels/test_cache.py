"""Compiled kernels on disk: found again, never stale, and not needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_rnn
from tinygrad_rnn.kernels import cache
from tinygrad_rnn.kernels.jit import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")

PACKAGE = Path(tinygrad_rnn.__file__).parent
TRANSPOSE = """
import numpy as np
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, event): compiled.append(event)
    def on_end(self, event): pass
event.register("numba:compile", Listener())
from tinygrad_rnn.kernels.panels import transpose
source, target = np.arange(600.0).reshape(20, 30), np.empty((30, 20))
transpose(1, 30, target, source)
assert (target == source.T).all()
print(len(compiled))
"""


@pytest.fixture
def copy(tmp_path):
    """The root of a copy of the kernels, which may be edited."""
    root = tmp_path / "root"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "kernels", root / "tinygrad_rnn" / "kernels", ignore=ignored)
    (root / "tinygrad_rnn" / "__init__.py").touch()
    return root


def start(root, folder, code=TRANSPOSE):
    """A Python process that runs `code` with the package in `root`."""
    environment = os.environ | {"PYTHONPATH": str(root), "TINYGRAD_RNN_CACHE_DIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-B", "-c", code], cwd=root, env=environment, stdout=subprocess.PIPE, text=True
    )


def run(*arguments):
    """What the process printed."""
    process = start(*arguments)
    output, _ = process.communicate()
    assert process.returncode == 0
    return output.strip()


def test_a_second_process_compiles_nothing_and_the_package_stays_clean(copy, tmp_path):
    before = sorted(copy.rglob("*"))
    assert int(run(copy, tmp_path / "cache")) > 0
    assert int(run(copy, tmp_path / "cache")) == 0
    assert sorted(copy.rglob("*")) == before


def test_an_edit_in_a_helper_of_another_file_is_seen(copy, tmp_path):
    run(copy, tmp_path / "cache")
    with open(copy / "tinygrad_rnn" / "kernels" / "product.py", "a") as file:
        file.write("\n# edited\n")
    assert int(run(copy, tmp_path / "cache")) > 0


def test_where_nothing_can_be_written_it_works_and_leaves_nothing(copy, tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    assert int(run(copy, file / "cache")) > 0
    assert not list((tmp_path / "temporary").iterdir())


def test_eight_processes_start_cold_together(copy, tmp_path):
    processes = [start(copy, tmp_path / "cache") for _ in range(8)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 8
    assert int(run(copy, tmp_path / "cache")) == 0


def entries(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


DAMAGES = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "a bit flipped": lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
    "other bytes": lambda content: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_compiled_again(damage, copy, tmp_path):
    """Else what runs would be other machine code than was written."""
    kept = tmp_path / "cache"
    count = int(run(copy, kept))
    for file in entries(kept):
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert int(run(copy, kept)) == count
    assert int(run(copy, kept)) == 0


@pytest.mark.skipif(os.name != "posix", reason="limits as on POSIX")
def test_on_a_full_disk_it_works_and_leaves_nothing(copy, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))"
    assert int(run(copy, tmp_path / "cache", limit + TRANSPOSE)) > 0
    assert entries(tmp_path / "cache") == []


def test_a_read_only_directory_is_read(copy, tmp_path):
    """As in an image that was built with it, and is used by others."""
    assert int(run(copy, tmp_path / "cache")) > 0
    refusing = """
import pathlib
def refuse(path, *arguments, **options): raise PermissionError(13, 'Permission denied', str(path))
pathlib.Path.mkdir = pathlib.Path.write_bytes = pathlib.Path.touch = refuse  # permissions do not stop root
"""
    before = entries(tmp_path / "cache")
    assert int(run(copy, tmp_path / "cache", refusing + TRANSPOSE)) == 0
    assert int(run(copy, tmp_path / "absent", refusing + TRANSPOSE)) > 0
    assert entries(tmp_path / "cache") == before


def test_without_a_home_it_works(copy, tmp_path):
    nowhere = "import pathlib\ndef home(): raise RuntimeError('there is no home')\npathlib.Path.home = home"
    hidden = "import os; del os.environ['TINYGRAD_RNN_CACHE_DIR']; os.environ.pop('XDG_CACHE_HOME', None)"
    assert int(run(copy, tmp_path / "unused", f"{nowhere}\n{hidden}{TRANSPOSE}")) > 0


def test_processes_that_compile_for_different_dtypes_at_once_keep_both(tmp_path, monkeypatch):
    """Each entry has a file of its own: an index of several could name what the other process wrote."""
    monkeypatch.setattr(cache, "directory", lambda: tmp_path)
    one, other = (cache.KernelCache(start)._cache_file for _ in range(2))
    one.save("float32", "code for float32")
    other.save("float64", "code for float64")
    assert one.load("float64") == "code for float64"
    assert other.load("float32") == "code for float32"


def test_warmup_compiles_all_that_training_needs(tmp_path):
    listen, _, _ = TRANSPOSE.partition("from tinygrad_rnn")
    code = f"""
from tinygrad_rnn.kernels.warmup import warmup
warmup()
{listen}
warmup()
print(len(compiled))
"""
    assert run(PACKAGE.parent, os.environ.get("TINYGRAD_RNN_CACHE_DIR", tmp_path / "cache"), code) == "0"
