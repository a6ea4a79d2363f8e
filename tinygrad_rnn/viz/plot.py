"""Plots by matplotlib, where it is installed: how they look, and their way into a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

from ..atomic import replacing
from .style import FAINT, INK

PLOTS = {".svg": {"Date": None}, ".png": {"Software": None}, ".pdf": {"CreationDate": None}}  # same curves, same bytes
MISSING = "the plot needs matplotlib, and it is not installed: `pip install matplotlib`"
LONGEST = 40  # letters of a name
STYLE: Any = {
    "svg.fonttype": "none",  # text, not outlines
    "svg.hashsalt": "gradient flow",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "font.size": 9,
    "grid.color": "#e4e7eb",
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
}


def check_plot(path: str | os.PathLike) -> Path:
    """The path, if a plot can be written under that name."""
    path = Path(path)
    if path.suffix.lower() not in PLOTS:
        raise ValueError(f"save: expected a name that ends in {', '.join(PLOTS)}, got {path.name!r}")
    check_matplotlib()
    return path


def check_matplotlib() -> None:
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise RuntimeError(MISSING) from None


def save_plot(figure: Callable[[], Any], path: str | os.PathLike) -> Path:
    """Write the figure that a function makes; a file that exists is replaced all at once or not touched."""
    path = check_plot(path)
    content = rendered(figure, path.suffix.lower())
    with replacing(path) as file:
        file.write(content)
    return path


def rendered(figure: Callable[[], Any], suffix: str) -> bytes:
    """The content of a file of that kind."""
    from matplotlib import rc_context

    content = BytesIO()
    with rc_context(STYLE), catch_warnings():
        if suffix == ".svg":  # whoever shows it has other fonts
            filterwarnings("ignore", "Glyph .* missing from font")
        figure().savefig(content, format=suffix[1:], metadata=PLOTS[suffix], dpi=150)
    return content.getvalue()


def named(text: Any, name: str) -> None:
    """A name is data: a dollar sign begins no formula in it, and a line break no line. A long one loses its middle."""
    if len(name) > LONGEST:
        name = f"{name[: LONGEST // 2]}…{name[1 - LONGEST // 2 :]}"
    text.set_parse_math(False)
    text.set_text("".join([letter if letter.isprintable() else " " for letter in name]))
