"""The explorer: one file that shows a graph at every level and steps through its backward pass, offline.

What is drawn is data (JSON in a block that no browser executes); the code that shows it is the same in every file,
and the page's own policy allows nothing but that code.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any

from . import style
from .dot import shortened
from .facts import brief
from .levels import Levels
from .nodes import Root
from .replay import replay

SCRIPTS = ("graph.js", "room.js", "canvas.js", "details.js", "backward.js", "main.js")


def explorer(outputs: list[Root], level: str, view: str, names: Mapping[Any, str], budget: int | None) -> str:
    """The page for a graph, which opens at one level and view and holds the others.

    Args: as for `draw`; `names` by leaf or by the id of an array.
    """
    levels = Levels(outputs, dict(names), budget)
    return page(content(levels, levels.start(level, view)))


def page(data: dict[str, Any]) -> str:
    """The whole file: markup, style and scripts that are always the same, and the data."""
    folder = files(__package__) / "page"
    text = {name: (folder / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", *SCRIPTS)}
    css = text["page.css"] + colors()
    scripts = [text[name] for name in SCRIPTS]
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(css)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    text_of_data = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Template(text["page.html"]).substitute(
        policy=policy, css=css, data=text_of_data, scripts="\n".join(f"<script>{script}</script>" for script in scripts)
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def colors() -> str:
    """The palette of every picture, as style rules."""
    boxes = [f".k-{kind.replace(' ', '-')} {{ --fill: {look.fill}; --edge: {look.line}; --thick: {look.width} }}"
             for kind, look in style.LOOKS.items()]  # fmt: skip
    lines = [f".r-{role} {{ --edge: {color}; --thick: {width} }}" for role, (color, width) in style.EDGES.items()]
    return "\n".join(["", *boxes, *lines, ""]).replace("none;", "transparent;")


def content(levels: Levels, start: list[str]) -> dict[str, Any]:
    """All that the page shows: the pictures, what is known of everything in them, and the backward pass."""
    items = levels.items
    steps, problem = replay(levels.trace, items.of, brief)
    passed = [
        {
            "item": step.item, "arrives": step.arrives,
            "sends": [[items.of(to[0]), slot, dx, total, items.drawn(to)] for to, slot, dx, total in step.sends],
        }
        for step in steps
    ]  # fmt: skip
    return {
        "start": start, "scenes": levels.scenes, "rooms": levels.rooms, "openings": levels.openings,
        "items": items.items, "operations": items.operations,
        "sources": [[line.short, shortened(line.text, 200)] for line in items.sources],
        "steps": passed, "problem": problem, "seed": _seed(levels.trace.outputs),
    }  # fmt: skip


def _seed(outputs: list[Root]) -> str:
    """Of what the gradient is."""
    if len(outputs) > 1:
        return f"gradient of the sum of {len(outputs)} outputs"
    return "gradient of the output" if outputs[0][1].node.shape == () else "gradient of the sum of the output"
