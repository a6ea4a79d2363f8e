"""Draw the pictures of the gallery: run each piece of code on the page and keep what it saves.

    python docs/gallery/make.py              all of them
    python docs/gallery/make.py attention    those with this in their name

Each file ends with a fingerprint of the DOT text that it was made from, so that a test can tell, without any layout,
whether it still shows what the code draws.
"""

from __future__ import annotations

import re
import sys
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import tinygrad_rnn as tg
from tinygrad_rnn.viz.drawing import Drawing

FOLDER = Path(__file__).parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r'\.save\("(.*?)"\)$', re.MULTILINE)
TIP = re.compile(r'\btooltip="(?:[^"\\]|\\.)*"')


def entries() -> dict[str, str]:
    """Name of the picture -> the code that draws it."""
    imports, *blocks = BLOCK.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    return {name: imports + block for block in blocks for name in SAVED.findall(block)}


def drawn(code: str) -> Drawing:
    """What the code would save."""
    found: list[Drawing] = []
    tg.manual_seed(0)
    with patch.object(Drawing, "save", lambda drawing, path: found.append(drawing)):
        exec(compile(code, "README.md", "exec"), {"__name__": "gallery"})
    (drawing,) = found
    return drawing


def fingerprint(drawing: Drawing) -> str:
    """Of everything but the numbers of the tooltips: their third digit may differ from processor to processor."""
    return f"<!-- DOT {sha256(TIP.sub('', drawing.source).encode()).hexdigest()[:16]} -->"


def main(wanted: list[str]) -> None:
    for name, code in entries().items():
        if not wanted or any(each in name for each in wanted):
            drawing = drawn(code)
            picture = drawing.render("svg") + fingerprint(drawing).encode() + b"\n"
            (FOLDER / name).write_bytes(picture)
            print(f"{len(picture) / 1000:6.1f} kB  {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
