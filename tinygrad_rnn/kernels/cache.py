"""Where compiled kernels are kept on disk, so that what is loaded always belongs to this very source.

Numba looks only at the file that holds a kernel: an edit in a helper of another file, or other versions of
Numba, would go unseen. Here the directory's name is a hash of all kernel sources, the versions of everything
that takes part in compiling, and the processor; what changes any of them starts an empty directory.

Numba's files are an index for each kernel, and machine code by number. Two processes that compile the same kernel
for different dtypes at once may leave an index that names the other's code, and a damaged file stops the call that
reads it. Here every entry is a file of its own, named after its key, with a checksum before its bytes.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import platform
import sys
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import binding
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.serialize import dumps

from .host import host_features

SIZE = hashlib.sha256().digest_size


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
def directory() -> Path:
    """The directory of this fingerprint; where it is read-only or cannot be made, nothing more is kept."""
    try:
        path = user_directory() / fingerprint()
    except RuntimeError:  # there is no home
        return Path(os.devnull)
    with suppress(OSError):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


class _Locator(_CacheLocator):
    """Tells Numba's cache to use our directory, where everything is fresh."""

    def __init__(self, kernel):
        self._line, self._file = kernel.__code__.co_firstlineno, Path(kernel.__code__.co_filename)

    @classmethod
    def from_function(cls, kernel, source):
        return cls(kernel)

    def get_cache_path(self):
        return str(directory())

    def ensure_cache_path(self):
        """Nothing: where it cannot be written, nothing is kept."""

    def get_source_stamp(self):
        at_home = self._file.is_relative_to(Path(__file__).parent)
        return fingerprint() if at_home else fingerprint() + hashlib.sha256(self._file.read_bytes()).hexdigest()

    def get_disambiguator(self):
        return str(self._line)


class _Files(CompileResultCacheImpl):
    _locator_classes = (_Locator,)


class _Entries:
    """The files of one kernel. What cannot be read, or is damaged, is not there; what cannot be written is not kept."""

    def __init__(self, name: str, stamp: str) -> None:
        self._name, self._stamp = name, stamp

    def _path(self, key: Any) -> Path:
        return directory() / f"{self._name}.{hashlib.sha256(f'{self._stamp} {key}'.encode()).hexdigest()[:20]}"

    def load(self, key: Any) -> Any:
        """The entry, or None."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        checksum, data = content[:SIZE], content[SIZE:]
        return pickle.loads(data) if checksum == hashlib.sha256(data).digest() else None

    def save(self, key: Any, entry: Any) -> None:
        """Other processes see all of it or nothing."""
        path, data = self._path(key), dumps(entry)
        temporary = path.with_name(f"{path.name}.{token_hex(4)}.tmp")
        with suppress(OSError):
            try:
                temporary.write_bytes(hashlib.sha256(data).digest() + data)
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)


class KernelCache(FunctionCache):
    """Numba's cache of one function's machine code, in our files."""

    _impl_class = _Files

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file = _Entries(self._impl.filename_base, self._impl.locator.get_source_stamp())
