"""What scripts say to be repeatable, or to be faster with fewer digits: here both have one answer.

Every operation gives the same bits for the same input in every run, and float32 products are as exact as float32 goes.
So these settings are kept, for whoever asks for them, and change nothing.

The same bits: on one machine, with the same versions. The number of threads does not matter to layers, losses, norms
and optimisers; of products elsewhere (`matmul`, `einsum`) it can change the last bits, because NumPy's BLAS splits them
by it: `set_num_threads` sets both. Between machines, versions of NumPy, and granularities of a layer sums are taken in
another order and round differently. Random numbers are NumPy's, the same everywhere, and not PyTorch's.
"""

from __future__ import annotations

PRECISIONS = ("highest", "high", "medium")

_wanted = {"deterministic": False, "precision": "highest"}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for the same bits in every run, which is the case anyway.

    Args:
        mode: kept, for `are_deterministic_algorithms_enabled` to return.
        warn_only: in PyTorch a warning in place of an error; here there is neither.

    Raises:
        TypeError: `mode` is not a bool.

    Source: `torch.use_deterministic_algorithms`.
    """
    if not isinstance(mode, bool):
        raise TypeError(f"use_deterministic_algorithms: mode must be bool, not {type(mode).__name__}")
    _wanted["deterministic"] = mode


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` was asked for."""
    return bool(_wanted["deterministic"])


def set_float32_matmul_precision(precision: str) -> None:
    """Allow float32 products to be less exact, of which no use is made.

    Args:
        precision: "highest", "high" or "medium".

    Raises:
        ValueError: another word (PyTorch warns and does nothing).

    Source: `torch.set_float32_matmul_precision`.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"set_float32_matmul_precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    _wanted["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told, by default "highest"."""
    return str(_wanted["precision"])
