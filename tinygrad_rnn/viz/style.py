"""One colour for one meaning, in every picture."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """How a kind of box is drawn."""

    fill: str
    line: str
    shape: str = "box"
    style: str = "rounded,filled"
    width: float = 1.1  # of the outline


INK, FAINT, LINE = "#1f2933", "#616e7c", "#52606d"
PANEL, PANEL_LINE, INNER, INNER_LINE = "#f4f6f8", "#e4e7eb", "#ffffff", "#d5dbe1"
FONT = "Helvetica"
TITLE, SMALL = 11, 9  # font sizes

LOOKS = {
    "op": Look("white", "#9aa5b1"),
    "cell": Look("white", "#334e68", width=1.5),
    "input": Look("#e3f2fd", "#64a3d8"),
    "output": Look("#e6f6ec", "#57ae7b"),
    "parameter": Look("#fdf3e1", "#d9a441", style="filled"),
    "start": Look("none", "none", "plaintext", ""),
    "fold": Look("none", "#b8c2cc", style="rounded,dashed"),
    "gradient": Look("#f3eefb", "#9c7fc9"),
    # gates keep one colour each everywhere
    "forget": Look("#e0e7ff", "#6366f1"),
    "input gate": Look("#dcfce7", "#22a55b"),
    "candidate": Look("#fef9c3", "#caa300"),
    "output gate": Look("#fee2e2", "#dc5252"),
    "reset": Look("#e0e7ff", "#6366f1"),
    "update": Look("#dcfce7", "#22a55b"),
    "memory": Look("white", "#b4690e", width=1.6),  # what makes the cell state
}

EDGES = {  # role -> colour, width
    "data": (LINE, 1.1),
    "state": ("#334e68", 1.6),
    "memory": ("#b4690e", 2.0),
    "parameter": ("#e0b75f", 1.0),
    "gradient": ("#9c7fc9", 1.1),
}

SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "matmul": "@"}

# port of the `chunk` in a step -> (letter, what it is, look), in PyTorch's order
GATES = {
    "lstm": [
        ("i", "input", "input gate"),
        ("f", "forget", "forget"),
        ("g", "candidate", "candidate"),
        ("o", "output", "output gate"),
    ],
    "gru": [("r", "reset", "reset"), ("z", "update", "update"), ("n", "candidate", "candidate")],
}
