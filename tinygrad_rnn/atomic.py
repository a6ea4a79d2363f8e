"""Files that are either the old one or the new one, never half of each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO


@contextmanager
def replacing(path: str | os.PathLike, mode: str = "wb", **options) -> Iterator[IO]:
    """Open a file for writing that takes the place of `path` when the block ends without an error.

    The bytes go to a temporary file in the same folder, are forced to the disk, and only then does the new
    name point to them; after an error or an interrupt the old file is as it was and nothing is left behind.

    Args:
        path: where to; a symbolic link is followed. A device or a pipe is written to directly.
        mode: "wb", or "w" with `encoding` and `newline` in the options.

    Raises:
        OSError: where the folder is missing or not writable.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, mode, **options) as file:  # replacing /dev/null by a file would be a surprise
            yield file
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:100]}.{token_hex(4)}.tmp")
    try:
        with _naming(target), open(temporary, mode.replace("w", "x"), **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink()
    _sync_folder(target.parent)


def check_writable(folder: str | os.PathLike) -> Path:
    """Make the folder if need be, and try a file in it: better now than after an hour of training."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _naming(folder):
        probe = folder / f".probe.{token_hex(4)}.tmp"
        probe.touch(exist_ok=False)
        probe.unlink()
    return folder


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors name what the user asked for, not the temporary file beside it."""
    try:
        yield
    except OSError as error:
        if str(error.filename or "").endswith(".tmp"):
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power failure; only POSIX opens folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network file systems cannot
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
