"""DOT text for a picture. Labels are data: whatever a name holds comes out as it is."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from . import style
from .legend import legend
from .picture import Box, Edge, Picture
from .strip import NOT_FINITE, Strip

MANY = 8  # edges from one box, from which on they leave it by a rail
BARE = 'border="0" cellborder="0" cellspacing="0"'


def text(label: str, limit: int = 60) -> str:
    """A label inside HTML-like markup: nothing in it is markup, an escape sequence or an invalid character."""
    shown = "".join([_visible(c) for c in shortened(label, limit)])
    return html.escape(shown).replace("\\", "\\\\").replace("\n", "<br/>")


def shortened(label: str, limit: int) -> str:
    return label if len(label) <= limit else label[: limit - 1] + "…"


def plain(label: str) -> str:
    """A label outside HTML-like markup: of a cluster, or a tooltip."""
    import graphviz

    return graphviz.escape("".join([_visible(c) for c in label])).replace("\n", "\\n")


def _visible(c: str) -> str:
    """Control characters as their pictures; half characters as the replacement character."""
    code = ord(c)
    if c == "\n":
        return c
    if code < 32 or code == 127:
        return chr(0x2400 + (code if code < 32 else 33))
    return "\ufffd" if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF) else c


def markup(box: Box) -> str:
    """The label of a box: its title, and below it the notes, smaller."""
    tone = style.TONES.get(box.tone)
    color = f' color="{tone.ink if tone is not None and tone.fill != "white" else style.FAINT}"'
    title = text(box.title) if box.symbol or not box.lines else f"<b>{text(box.title)}</b>"
    if box.kind in ("start", "fold"):
        title = f'<font color="{style.FAINT}">{text(box.title)}</font>'
    if box.subscript:
        title += f'<sub><font point-size="{style.SMALL - 1}">{text(box.subscript)}</font></sub>'
    strut = '<font point-size="{}">\u200a</font>'  # a line is as high as its largest letter
    small = lambda words: f'<font point-size="{style.SMALL}"{color}>{text(words)}</font>'
    notes = [note if isinstance(note, Strip) else small(note) for note in box.lines if note]
    lines = [title] if box.title else []
    if any([isinstance(note, Strip) for note in notes]):
        return f"<{table([*lines, *notes], small)}>"
    lines += [f"{strut.format(style.SMALL + 1.5 + 2.5 * (not k and bool(box.title)))}{n}" for k, n in enumerate(notes)]
    return f"<{'<br/>'.join(lines) or ' '}>"


def table(lines: list[Any], small: Callable[[str], str]) -> str:
    """Lines of a label, and among them strips whose captions, cells and words stand in columns."""
    rows = []
    for line in lines:
        if isinstance(line, Strip):
            cells = [small(line.caption), strip(line), small(line.words)]
            rows.append("".join([f'<td align="left">{cell}</td>' for cell in cells]))
        else:
            rows.append(f'<td colspan="3">{line}</td>')
    return f'<table {BARE} cellpadding="1">{"".join([f"<tr>{row}</tr>" for row in rows])}</table>'


def strip(line: Strip) -> str:
    """The cells of a strip, in a frame."""
    width, height = line.cell
    size = f'fixedsize="true" width="{width}" height="{height}"'
    colors = {NOT_FINITE: style.ODD_CELL} | dict(enumerate(style.STRIP_COLORS))
    rows = ["".join([f'<td {size} bgcolor="{colors[place]}"></td>' for place in row]) for row in line.cells]
    frame = f'border="1" color="{style.INNER_LINE}" cellborder="0" cellspacing="0" cellpadding="0"'
    return f"<table {frame}>{''.join([f'<tr>{row}</tr>' for row in rows])}</table>"


def attributes(box: Box) -> dict[str, str]:
    look = style.LOOKS[box.kind]
    found = {"label": markup(box), "fillcolor": look.fill, "color": look.line, "penwidth": str(look.width)}
    if tone := style.TONES.get(box.tone):
        found |= {"fillcolor": tone.fill, "fontcolor": tone.ink}
    if look.shape != "box":
        found["shape"] = look.shape
    if look.style != style.LOOKS["op"].style:
        found["style"] = look.style
    if box.tip:
        found["tooltip"] = plain(box.tip)
    return found


def edge_attributes(edge: Edge) -> dict[str, str]:
    if edge.tone:
        tone = style.TONES[edge.tone]
        found = {"color": tone.line or tone.fill, "penwidth": str(tone.width)}
        if tone.style:
            found["style"] = tone.style
    else:
        color, width = style.EDGES[edge.role]
        found = {"color": color, "penwidth": str(width)}
        if edge.role == "pair":
            found |= {"style": "dotted", "arrowhead": "none"}
    if edge.tip:
        found["tooltip"] = plain(edge.tip)
    if edge.delays:
        found["style"] = "dashed"
    return found


def new_graph(picture: Picture, **options: str) -> Any:
    """An empty Digraph with the defaults of every picture."""
    import graphviz

    title = f"{len(picture.boxes)} boxes" + (f"; {picture.folded}" if picture.folded else "")
    graph = graphviz.Digraph("computation", comment=title.replace("\n", " "))
    font = {"fontname": style.FONT, "fontsize": str(style.TITLE), "fontcolor": style.INK}
    graph.attr("graph", bgcolor="white", pad="0.15", **font, **options)
    if below := f"<{legend(picture)}>" if picture.legend else plain(picture.folded):
        graph.attr("graph", label=below, labelloc="b", labeljust="l", fontcolor=style.FAINT)
    op = style.LOOKS["op"]
    graph.attr("node", shape=op.shape, style=op.style, margin="0.12,0.06", height="0.3", **font)
    graph.attr("edge", arrowsize="0.6", fontname=style.FONT, fontsize=str(style.SMALL))
    return graph


def cluster(graph: Any, label: str, inner: bool, **options: str) -> None:
    """The look of a time step, or of a cell inside it."""
    fill, line = (style.INNER, style.INNER_LINE) if inner else (style.PANEL, style.PANEL_LINE)
    graph.attr(
        label=plain(label),
        style="rounded,filled",
        color=line,
        fillcolor=fill,
        fontcolor=style.FAINT,
        **options,
    )
    graph.attr(fontsize=str(style.SMALL if inner else style.TITLE))


def arranged_by_dot(picture: Picture) -> str:
    """DOT text without positions, of a graph without steps, for the `dot` engine."""
    graph = new_graph(picture, rankdir="LR" if picture.level == "op" else "BT", nodesep="0.25", ranksep="0.35")
    cells: dict[int, list[int]] = {}
    for i, box in enumerate(picture.boxes):
        if box.row is not None and picture.level == "op":
            cells.setdefault(box.row, []).append(i)
        else:
            graph.node(f"n{i}", **attributes(box))
    for row, boxes in cells.items():
        with graph.subgraph(name=f"cluster_m{row}") as cell:
            cluster(cell, picture.rows[row], inner=True)
            for i in boxes:
                cell.node(f"n{i}", **attributes(picture.boxes[i]))
    leaving: dict[int, list[Edge]] = {}
    for edge in picture.edges:
        leaving.setdefault(edge.target if is_back(picture, edge) else edge.source, []).append(edge)
    for first, edges in leaving.items():
        back = is_back(picture, edges[0])
        if len(edges) > MANY:
            rail(graph, first, sorted(edges, key=lambda edge: edge.source if back else edge.target), back)
            continue
        for edge in edges:
            look = edge_attributes(edge) | ({"dir": "back"} if back else {})
            if edge.role == "pair" and picture.boxes[edge.source].kind != "output":
                look["constraint"] = "false"
            graph.edge(f"n{first}", f"n{edge.source if back else edge.target}", **look)
    return graph.source


def is_back(picture: Picture, edge: Edge) -> bool:
    """Whether an edge belongs to the backward pass: it is placed like the edge whose way back it is."""
    return picture.boxes[edge.source].gradient_of is not None


def rail(graph: Any, first: int, edges: list[Edge], back: bool) -> None:
    """A row of points that hands what one box gives on to many, oldest first; or collects it, on the way `back`.

    Direct edges would each run past all that lies between, and `dot` would take minutes to place a few hundred.
    """
    plain = {"arrowhead": "none"}
    before, start, end = f"n{first}", {"dir": "back"} if back else plain, plain if back else {}
    for k, edge in enumerate(edges):
        look = edge_attributes(edge)
        point = f"n{first}_{k}"
        graph.node(point, label="", shape="point", width="0.05", height="0.05", color=look["color"])
        graph.edge(before, point, **edge_attributes(edge.rail) | (plain if k else start))
        graph.edge(point, f"n{edge.source if back else edge.target}", **look | end)
        before = point
