"""The table of translations: what ONNX says for an operation, by the operation's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# translate(builder, step) -> the name of the one result, or {output: name}
TRANSLATIONS: dict[str, Callable[..., Any]] = {}

# Why there is no translation, where that helps.
REASONS = {
    "dropout": "it is random; pass training=self.training to functional.dropout",
    "setitem": "ONNX has no writing in place; use where, cat or stack",
    "batch_norm": "it normalizes with the batch's own statistics; export with track_running_stats=True in eval mode",
}


def translates(*names: str) -> Callable[[Callable], Callable]:
    """Enter a function in the table."""

    def enter(function: Callable) -> Callable:
        TRANSLATIONS.update(dict.fromkeys(names, function))
        return function

    return enter
