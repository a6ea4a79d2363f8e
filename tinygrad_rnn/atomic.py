"""Files that are either the old one or the new one, never half of each."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from secrets import token_hex
from typing import IO

ABANDONED = 3600.0  # seconds without a write: who wrote this temporary file was killed
LONGEST = 50  # characters of a name that its temporary file repeats: 200 bytes in UTF-8, of the usual 255


@contextmanager
def replacing(path: str | os.PathLike, mode: str = "wb", **options) -> Iterator[IO]:
    """Open a file for writing that takes the place of `path` when the block ends without an error.

    The bytes go to a temporary file in the same folder, are forced to the disk, and only then does the new
    name point to them; after an error or an interrupt the old file is as it was and nothing is left behind.
    A process that is killed leaves its temporary file, which a save to the same path removes after an hour.

    Args:
        path: where to; a symbolic link is followed. A device or a pipe is written to directly.
        mode: "wb", or "w" with `encoding` and `newline` in the options.

    Raises:
        OSError: where the folder is missing or not writable, the disk is full, or the old file is read-only.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, mode, **options) as file:  # replacing /dev/null by a file would be a surprise
            yield file
        return
    target = Path(os.path.realpath(path))
    if target.exists() and not os.access(target, os.W_OK):  # else a file that somebody protects would be replaced
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    _sweep(target)
    temporary = target.with_name(f".{target.name[:LONGEST]}.{token_hex(4)}.tmp")
    try:
        with _naming(target):
            with open(temporary, mode.replace("w", "x"), **options) as file:
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


def _sweep(target: Path) -> None:
    """Remove the temporary files of saves that were killed long ago."""
    for left in target.parent.glob(f".{escape(target.name[:LONGEST])}.{'[0-9a-f]' * 8}.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors name what the user asked for: not the temporary file beside it, nor nothing, as a full disk does."""
    try:
        yield
    except OSError as error:
        if error.errno and (error.filename is None or str(error.filename).endswith(".tmp")):
            named = type(error)(error.errno, error.strerror, str(path))
            named.add_note("Nothing was changed: what was there before is still there.")
            raise named from None
        raise


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power failure; only POSIX opens folders."""
    if os.name == "posix":
        with suppress(OSError):  # some network file systems cannot, nor can who may not list the folder
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
