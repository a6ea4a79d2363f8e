"""Pictures stand in the page itself: their text can be searched, and they turn dark when the page does."""

from __future__ import annotations

import re
from html import escape

from tinygrad_rnn.viz.style import DARK

HEAD = re.compile(r"\A.*?(?=<svg)", re.S)  # declaration, document type, comments
SHEET = re.compile(r"<style>.*?</style>", re.S)
SIZE = re.compile(r'<svg([^>]*?) width="([\d.]+)pt" height="([\d.]+)pt"')
METADATA = re.compile(r"<metadata>.*?</metadata>", re.S)


def inline(svg: str, name: str, alt: str) -> str:
    """The picture as a piece of HTML; `name` keeps its ids apart from those of other pictures."""
    svg = METADATA.sub("", HEAD.sub("", svg))
    if 'class="tinygrad-rnn"' in svg:
        svg = SHEET.sub("", svg, count=1)  # the site has one sheet for all
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = SIZE.sub(sized, svg, count=1)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(alt, quote=True)}"', 1)
    return f'<div class="picture" tabindex="0">{svg}</div>'


def sized(match: re.Match) -> str:
    """Points to pixels, as a property: it may shrink to what still can be read, and then scrolls."""
    width = float(match[2]) * 4 / 3
    return f'<svg{match[1]} style="--width: {width:.0f}px"'


def sheet() -> str:
    """The dark colours of all pictures: for a reader who chose dark, or chose nothing and has a system that is."""
    rules = [
        f'.tinygrad-rnn [{what}="{light}"] {{ {what}: {dark} }}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    ]
    chosen = "\n".join(f'body[data-theme="dark"] {rule}' for rule in rules)
    preferred = "\n".join(f'  body[data-theme="auto"] {rule}' for rule in rules)
    crisp = '.tinygrad-rnn polygon[stroke="none"] { shape-rendering: crispEdges }'
    return f"{crisp}\n{chosen}\n@media (prefers-color-scheme: dark) {{\n{preferred}\n}}\n"
