"""Where compiled kernels are kept on disk, so that what is loaded always belongs to this very source.

Numba looks only at the file that holds a kernel: an edit in a helper of another file, or other versions of
Numba, would go unseen. Here the directory's name is a hash of all kernel sources, the versions of everything
that takes part in compiling, and the processor; what changes any of them starts an empty directory.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

import llvmlite
import numba
import numpy as np
from llvmlite import binding
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from .host import host_features


def user_directory() -> Path:
    """TINYGRAD_RNN_CACHE_DIR, or the place this system has for a user's caches."""
    if chosen := os.environ.get("TINYGRAD_RNN_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tinygrad-rnn"


@functools.cache
def fingerprint() -> str:
    """A hash of everything that machine code depends on."""
    processor = binding.get_host_cpu_name(), sorted(host_features().items())
    chosen = os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_OPT")
    versions = sys.version, numba.__version__, llvmlite.__version__, np.__version__
    whole = hashlib.sha256(repr((platform.platform(), processor, chosen, versions)).encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        whole.update(source.name.encode() + b"\0" + source.read_bytes())
    return whole.hexdigest()[:20]


@functools.cache
def directory() -> str:
    """The directory of this fingerprint; a temporary one, for this process only, where none can be written."""
    try:
        path = user_directory() / fingerprint()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        path = Path(tempfile.mkdtemp(prefix="tinygrad-rnn-"))
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    return str(path)


class _Locator(_CacheLocator):
    """Tells Numba's cache to use our directory, where everything is fresh."""

    def __init__(self, kernel):
        self._line, self._file = kernel.__code__.co_firstlineno, Path(kernel.__code__.co_filename)

    @classmethod
    def from_function(cls, kernel, source):
        return cls(kernel)

    def get_cache_path(self):
        return directory()

    def get_source_stamp(self):
        at_home = self._file.is_relative_to(Path(__file__).parent)
        return fingerprint() if at_home else fingerprint() + hashlib.sha256(self._file.read_bytes()).hexdigest()

    def get_disambiguator(self):
        return str(self._line)


class _Files(CompileResultCacheImpl):
    _locator_classes = (_Locator,)


class KernelCache(FunctionCache):
    """Numba's cache of one function's machine code, in our directory."""

    _impl_class = _Files
