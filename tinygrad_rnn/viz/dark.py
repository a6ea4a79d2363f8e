"""Dark mode: an SVG that follows the reader's preference, by a style sheet over Graphviz's attributes."""

from __future__ import annotations

from .style import DARK

CLASS = "tinygrad-rnn"  # the rules reach no other picture of the page
CRISP = f'.{CLASS} polygon[stroke="none"] {{ shape-rendering: crispEdges }}'  # no gaps between the cells of a strip


def adaptive(svg: bytes) -> bytes:
    """The same picture with the colours of style.DARK where dark is preferred; the numbers' strips keep theirs."""
    start = svg.find(b"<svg")
    end = svg.find(b">", start) + 1
    rules = [
        f'.{CLASS} [{what}="{light}"] {{ {what}: {dark} }}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
        if f'{what}="{light}"'.encode() in svg
    ]
    if start < 0 or not end or not rules:
        return svg
    sheet = "\n".join(["<style>", CRISP, "@media (prefers-color-scheme: dark) {", *rules, "}", "</style>"])
    return b"".join([svg[:start], f'<svg class="{CLASS}"'.encode(), svg[start + 4 : end], sheet.encode(), svg[end:]])
