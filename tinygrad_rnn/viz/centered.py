"""Words in the middle of their boxes, whatever font the reader has.

Graphviz places each piece of a label by its left end, as wide as it is in a font of the machine that draws. With
another font titles slide off the middle; so what stands alone on its line is anchored there, a subscript together with
its letter.
"""

from __future__ import annotations

import re

SHAPE = re.compile(r'<(?:path|polygon) .*?\b(?:d|points)="([^"]*)"')
TEXT = re.compile(r'(<text .*?)text-anchor="start" x="[^"]*" y="([^"]*)"(.*?)>(.*)</text>')
SIZE = re.compile(r'font-size="[^"]*"')
STRUT = "\u200a"  # gives a line its height, see dot.markup

Texts = dict[str, list[tuple[int, re.Match[str]]]]  # of one box: height -> number of the line of the file, its parts


def centered(svg: str) -> str:
    """The same picture, with the lines of its boxes anchored in the middle."""
    lines: list[str] = []
    inside, middle, texts = False, None, Texts()
    for line in svg.split("\n"):
        if line.startswith("<g id=") and 'class="' in line:
            _center(lines, middle, texts)
            inside, middle, texts = 'class="node"' in line, None, {}
        elif inside and middle is None and (shape := SHAPE.match(line)):
            xs = [float(x) for x in re.findall(r"(-?[\d.]+),", shape[1])]
            middle = (min(xs) + max(xs)) / 2
        elif middle is not None and (text := TEXT.fullmatch(line)):
            if text[4] == STRUT:
                continue
            texts.setdefault(text[2], []).append((len(lines), text))
        lines.append(line)
    _center(lines, middle, texts)
    return "\n".join([line for line in lines if line])


def _center(lines: list[str], middle: float | None, texts: Texts) -> None:
    """Rewrite the texts of one box. A strip stands between a caption and words, which stay where they are."""
    for y, ((k, text), *others) in texts.items():
        anchored = f'{text[1]}text-anchor="middle" x="{middle:.2f}" y="{y}"{text[3]}>{text[4]}'
        if not others:
            lines[k] = f"{anchored}</text>"
        elif len(others) == 1 and "baseline-shift" in others[0][1][3]:
            below, sub = others[0]
            size = SIZE.findall(sub[3])
            lines[k] = f'{anchored}<tspan dy="3" font-weight="normal" {"".join(size)}>{sub[4]}</tspan></text>'
            lines[below] = ""
