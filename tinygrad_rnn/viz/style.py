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
    "start": Look("none", "none", style=""),
    "fold": Look("none", "#b8c2cc", style="rounded,dashed"),
    "gradient": Look("#f3eefb", "#9c7fc9"),
    "parameter gradient": Look("#f3eefb", "#d9a441", style="filled"),
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
    "memory gradient": ("#c98a4b", 1.6),
    "pair": ("#b8c2cc", 0.8),  # from a box to its gradient
}

SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "matmul": "@"}

# port of the `chunk` in a step -> (letter, what it is, look), in the order of the weights
GATES = {
    "lstm": [
        ("i", "input", "input gate"),
        ("f", "forget", "forget"),
        ("g", "candidate", "candidate"),
        ("o", "output", "output gate"),
    ],
    "gru": [("r", "reset", "reset"), ("z", "update", "update"), ("n", "candidate", "candidate")],
    "mingru": [("z", "update", "update"), ("n", "candidate", "candidate")],
    "minlstm": [("f", "forget", "forget"), ("i", "input", "input gate"), ("n", "candidate", "candidate")],
}

# --- gradients and numbers as colour --------------------------------------------------------------------------------


class Tone(NamedTuple):
    """How the norm of a gradient is drawn, as a box and as an edge."""

    fill: str
    ink: str  # of what is written on it
    width: float  # of the edge
    line: str = ""  # of the edge, where it is not the fill
    style: str = ""  # of the edge


# From small to large. Lightness falls all the way: the order survives in grey and for any eye, the hue is a help.
RAMP = ("#f8d399", "#f4a26c", "#e86e5c", "#c9406a", "#972676", "#601774", "#2d0c5e")
# From minus to plus, dark to light, zero in the middle.
STRIP_COLORS = (
    "#072563", "#18346b", "#294373", "#3b517a", "#4d5f80", "#5f6d86", "#737b8a", "#898989", "#9b9985",
    "#ada886", "#bfb887", "#d2c788", "#e4d789", "#f7e78b", "#fff7c4",
)  # fmt: skip
# The same with white in the middle, for pictures on paper in which most is near zero.
ACROSS_ZERO = "#1c5596", "#5b96cd", "#b4d2ea", "#ffffff", "#f5cba6", "#e08a3c", "#b3540d"
ODD_CELL = "#d6006c"  # not a finite number

TONES = {str(k): Tone(fill, INK if k < 3 else "white", 1.0 + 0.5 * k) for k, fill in enumerate(RAMP)} | {
    "zero": Tone("white", INK, 1.0, "#9aa5b1", "dotted"),
    "none": Tone("white", INK, 0.8, "#cbd2d9"),
    "not finite": Tone("black", "white", 4.5, "black", "dashed"),
    "rail": Tone("white", INK, 0.8, "#cbd2d9"),  # shared by edges of many tones
}

# What each colour becomes on a dark page: paper and ink change places, a large gradient glows.
DARK = {
    "white": "#14181d", "black": "#ffffff", INK: "#e6eaee", FAINT: "#9aa7b4", LINE: "#a3b1bf",
    PANEL: "#1c2229", PANEL_LINE: "#2d3640", INNER: "#14181d", INNER_LINE: "#3d4854",
    "#9aa5b1": "#66727f", "#334e68": "#9db8d2", "#cbd2d9": "#3d4854", "#b8c2cc": "#4b5865",
    "#e3f2fd": "#12293c", "#e6f6ec": "#12301f", "#fdf3e1": "#33270f", "#f3eefb": "#271d38",
    "#e0e7ff": "#1f2252", "#dcfce7": "#0f3320", "#fef9c3": "#38310a", "#fee2e2": "#421a1a",
    "#b4690e": "#e39a3b", "#e0b75f": "#8f7134",
    **dict(zip(RAMP, ("#432979", "#78338a", "#aa3a83", "#e05475", "#fa8063", "#feb476", "#ffe1a3"))),
}  # fmt: skip
