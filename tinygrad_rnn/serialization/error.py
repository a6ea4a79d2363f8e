"""What is wrong with a file."""

from __future__ import annotations

import pickle


class CheckpointError(RuntimeError, ValueError):
    """A file that is not what it should be: truncated, of another format, or of a newer version."""


class UnsafeError(CheckpointError, pickle.UnpicklingError):
    """A file that may run code when it is loaded, and the caller did not say `weights_only=False`."""
