"""What is not finite in an array, and where in the user's program something was: words of error messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from .scope import Scope, path, places
from .source import Source


def odd(x: Any) -> str:
    """What there is in x that is not finite: nan, inf or -inf; "" if there is nothing, or nothing is known."""
    if x is None or (x := np.asarray(x)).dtype.kind != "f" or np.isfinite(x).all():
        return ""
    flat = x[~np.isfinite(x)]
    return "nan" if np.isnan(flat).any() else str(flat[0])


def placed(name: str, scope: Scope, line: Source | None) -> str:
    """An operation, and where in the user's program it was."""
    where = path(places(scope))
    return f"`{name}`" + (f" in {where}" if where else "") + (f", made at {line}" if line else "")


def place(node: Any) -> str:
    """The same of what a node records."""
    return placed(node.op.name, node.scope, node.source)
