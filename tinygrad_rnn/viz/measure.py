"""How large a box will be, without asking a font: an estimate that errs on the large side."""

from __future__ import annotations

import unicodedata

from . import style
from .picture import Box

NARROW, WIDE = set("ijltfr.,:;|!'()[]{}/\\ \"`-"), set("mwMW@%…⋯")


def text_width(text: str, size: float, bold: bool = False) -> float:
    """In points."""
    ems = 0.0
    for c in text:
        if c in NARROW:
            ems += 0.41
        elif c in WIDE or c.isupper():
            ems += 0.86 if c in WIDE else 0.74
        else:
            ems += 1.05 if unicodedata.east_asian_width(c) in "WF" else 0.65
    return ems * size * (1.08 if bold else 1.0)


def size(box: Box) -> tuple[float, float]:
    """Width and height of a box, in points."""
    notes = [text_width(note[:60], style.SMALL) for note in box.notes if note]
    subscript = text_width(box.subscript, style.TITLE * 0.7)
    title = text_width(box.title[:60], style.TITLE, bold=bool(notes)) + subscript if box.title else 0.0
    width = max([title, *notes]) + 16
    height = (15.0 if box.title else 0.0) + 12.6 * len(notes) + (11 if notes else 7) + (3 if box.subscript else 0)
    return max(width, 26.0), max(height, 22.0)
