"""How much memory this process holds, and the most it held."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

STATUS = Path("/proc/self/status")  # Linux; its VmHWM does not begin with the parent's peak, as ru_maxrss does


def resident_memory() -> int:
    """Bytes now; where the system does not tell, the most so far."""
    return _status("VmRSS") if STATUS.exists() else peak_memory()


def forget_peak() -> None:
    """Let the peak begin anew, where the system can: what compiling took is over."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """The most bytes so far, or since `forget_peak`.

    Raises:
        OSError: where the system does not tell.
    """
    if STATUS.exists():
        return _status("VmHWM")
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        raise OSError("this system does not tell the peak memory of a process") from None
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(field: str) -> int:
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024
