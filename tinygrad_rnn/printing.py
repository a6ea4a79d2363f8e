"""How tensors print: as PyTorch's do, so that output can be compared line by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .autograd.graph import Leaf, Tensor, has_past
from .autograd.promotion import BOOL, I64, get_default_dtype
from .node_names import grad_fn_name


@dataclass(frozen=True)
class Options:
    """What `set_printoptions` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {"default": Options(), "short": Options(precision=2, edgeitems=2), "full": Options(threshold=float("inf"))}
options = PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print; what is None stays as it is.

    Args:
        precision: digits behind the point, 4.
        threshold: elements from which on only the ends are shown, 1000.
        edgeitems: how many items at each end those are, 3.
        linewidth: columns of a line, 80.
        profile: "default", "short" or "full", from which the other arguments deviate.
        sci_mode: whether numbers are written as 1.0000e+00; None, also in a later call, lets the numbers decide.

    Raises:
        ValueError: an unknown profile.
        TypeError: numbers that are none.

    Source: `torch.set_printoptions`.
    """
    global options
    if profile is not None and profile not in PROFILES:
        raise ValueError(f"set_printoptions: profile should be one of {', '.join(PROFILES)}, got {profile!r}")
    numbers = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    given: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, (int, float)) or (name != "threshold" and not isinstance(value, int)):
            raise TypeError(f"set_printoptions: {name} should be a number, got {value!r}")
    options = replace(PROFILES[profile] if profile else options, sci_mode=sci_mode, **given)


def tensor_repr(x: Tensor) -> str:
    """`tensor([[1., 2.], [3., 4.]], grad_fn=<MulBackward0>)`."""
    array = x.array
    extra = []
    if array.size == 0 and array.ndim != 1:
        extra.append(f"size={tuple(array.shape)}")
    if array.dtype not in (get_default_dtype(), I64, BOOL) or (array.size == 0 and array.dtype != get_default_dtype()):
        extra.append(f"dtype={array.dtype}")
    if isinstance(x.node, Leaf):
        extra.append("requires_grad=True")
    elif has_past(x.node):
        extra.append(f"grad_fn=<{grad_fn_name(x.node)}>")
    prefix = "tensor("
    lines = (prefix + values(array, len(prefix))).split("\n")
    for part in extra:
        if len(lines[-1]) + len(part) + 4 > options.linewidth:
            lines[-1] += ","
            lines.append(" " * len(prefix) + part)
        else:
            lines[-1] += f", {part}"
    return "\n".join(lines) + ")"


def values(array: np.ndarray, indent: int = 0) -> str:
    """The numbers in nested brackets, in PyTorch's formats and lines, summarised if there are too many."""
    if array.size == 0:
        return "[]"
    edge, summary = options.edgeitems, array.size > options.threshold
    show, width = number_format(ends_only(array) if summary else array.ravel())

    def nested(part: np.ndarray, indent: int) -> str:
        if part.ndim == 0:
            return show(part[()])
        kept, short = part, summary and len(part) > 2 * edge
        if short:
            kept = np.concatenate([part[:edge], part[len(part) - edge :]])
        if part.ndim == 1:
            items = [show(v) for v in kept]
            per_line = max(1, (options.linewidth - indent) // (width + 2))
            between = ",\n"
        else:
            items = [nested(row, indent + 1) for row in kept]
            per_line = 1
            between = "," + "\n" * (part.ndim - 1)
        if short:
            items.insert(edge, " ..." if part.ndim == 1 else "...")
        lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        return "[" + (between + " " * (indent + 1)).join(lines) + "]"

    return nested(array, indent)


def number_format(numbers: np.ndarray) -> tuple[Callable[[Any], str], int]:
    """One format for all elements, and its width.

    Whole numbers as `1.`, else with four decimals; scientific if they span too much or are too large or small.
    """
    if numbers.dtype.kind != "f":
        width = max([len(str(v)) for v in numbers])
        return lambda v: str(v).rjust(width), width
    regular = numbers[np.isfinite(numbers) & (numbers != 0)].astype(np.float64)
    spec, width, whole = ".0f", 1, True
    if regular.size:
        low, high = np.abs(regular).min(), np.abs(regular).max()
        whole = bool(np.all(regular == np.ceil(regular)))
        scientific = high / low > 1000 or high > 1e8 or (low < 1e-4 and not whole)
        if options.sci_mode is not None:
            scientific = options.sci_mode
        spec = f".{options.precision}e" if scientific else ".0f" if whole else f".{options.precision}f"
        whole = whole and not scientific
        width = max([len(format(v, spec)) for v in regular]) + whole

    def show(v) -> str:
        text = format(float(v), spec)
        return (f"{text}." if whole and np.isfinite(v) else text).rjust(width)

    return show, width


def ends_only(array: np.ndarray) -> np.ndarray:
    """The elements that a summary shows."""
    edge = options.edgeitems
    for axis, n in enumerate(array.shape):
        if n > 2 * edge:
            array = np.take(array, [*range(edge), *range(n - edge, n)], axis)
    return array.ravel()
