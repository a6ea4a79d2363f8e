"""Anomaly detection: a backward pass stops at the operation whose gradient is nan. Source: `torch.autograd`."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from .source import record_source


class Anomaly:
    """Whether it is on, for all threads."""

    enabled: ClassVar[bool] = False
    check_nan: ClassVar[bool] = True


class set_detect_anomaly:
    """Switch anomaly detection on or off, from now on or for a `with` block.

    While it is on, a gradient rule that gives nan is an error that names the operation, and nodes remember the line
    of your code that made them (`record_source`), so that it names this as well. Everything is slower.

    Args:
        mode: on or off.
        check_nan: whether nan is an error.

    Example:
        >>> import tinygrad_rnn as tg
        >>> x = tg.tensor(0.0, requires_grad=True)
        >>> with tg.autograd.set_detect_anomaly(True):  # doctest: +ELLIPSIS
        ...     (x.sqrt() * 0).backward()
        Traceback (most recent call last):
        RuntimeError: `sqrt` (node ...) returned nan as the gradient of its input 0
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = Anomaly.enabled, Anomaly.check_nan
        self.lines = record_source(True) if mode else record_source(False) if Anomaly.enabled else None
        Anomaly.enabled, Anomaly.check_nan = mode, check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        Anomaly.enabled, Anomaly.check_nan = self.previous
        if self.lines is not None:
            self.lines.__exit__()


class detect_anomaly:
    """Anomaly detection for a `with` block; see `set_detect_anomaly`. It warns that everything is slower."""

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn("Anomaly Detection has been enabled: everything is slower, for debugging only", stacklevel=2)

    def __enter__(self) -> None:
        self.mode = set_detect_anomaly(True, self.check_nan)

    def __exit__(self, *error: object) -> None:
        self.mode.__exit__(*error)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return Anomaly.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether it makes nan an error."""
    return Anomaly.check_nan


def check_nan(node: Any, dxs: Any) -> None:
    """Refuse nan among the gradients that the rule of a node has given for its inputs."""
    for i, dx in enumerate(dxs if node.rule.only is None else [dxs]):
        if dx is not None and np.isnan(getattr(dx, "array", dx)).any():
            raise RuntimeError(f"{node.describe()} returned nan as the gradient of its input {i}")
