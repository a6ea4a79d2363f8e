"""Saving and loading: weights, checkpoints, whole modules, and the files that `torch.save` writes."""

from ..absent import name_the_nearest
from .allowed import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .error import CheckpointError, UnsafeError
from .files import load, save

__all__ = [
    "CheckpointError", "UnsafeError", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "load",
    "safe_globals", "save",
]  # fmt: skip
name_the_nearest(__name__)
