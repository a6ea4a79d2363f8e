"""DOT text for a picture. Labels are data: whatever a name holds comes out as it is."""

from __future__ import annotations

import html
from typing import Any

from . import style
from .picture import Box, Edge, Picture

MANY = 8  # edges from one box, from which on they leave it by a rail


def text(label: str, limit: int = 60) -> str:
    """A label inside HTML-like markup: nothing in it is markup, an escape sequence or an invalid character."""
    label = label if len(label) <= limit else label[: limit - 1] + "…"
    shown = "".join([_visible(c) for c in label])
    return html.escape(shown).replace("\\", "\\\\").replace("\n", "<br/>")


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
    color = f' color="{style.FAINT}"'
    title = text(box.title) if box.symbol or not box.notes else f"<b>{text(box.title)}</b>"
    if box.kind in ("start", "fold"):
        title = f'<font color="{style.FAINT}">{text(box.title)}</font>'
    if box.subscript:
        title += f'<sub><font point-size="{style.SMALL - 1}">{text(box.subscript)}</font></sub>'
    strut = '<font point-size="{}">\u200a</font>'  # a line is as high as its largest letter
    notes = [f'<font point-size="{style.SMALL}"{color}>{text(note)}</font>' for note in box.notes if note]
    notes = [strut.format(style.SMALL + 1.5 + 2.5 * (not k and bool(box.title))) + note for k, note in enumerate(notes)]
    lines = ([title] if box.title else []) + notes
    return f"<{'<br/>'.join(lines) or ' '}>"


def attributes(box: Box) -> dict[str, str]:
    look = style.LOOKS[box.kind]
    found = {"label": markup(box), "fillcolor": look.fill, "color": look.line, "penwidth": str(look.width)}
    if look.shape != "box":
        found["shape"] = look.shape
    if look.style != style.LOOKS["op"].style:
        found["style"] = look.style
    if box.tip:
        found["tooltip"] = plain(box.tip)
    return found


def edge_attributes(edge: Edge) -> dict[str, str]:
    color, width = style.EDGES[edge.role]
    found = {"color": color, "penwidth": str(width)}
    if edge.delayed:
        found["style"] = "dashed"
    return found


def new_graph(picture: Picture, **options: str) -> Any:
    """An empty Digraph with the defaults of every picture."""
    import graphviz

    title = f"{len(picture.boxes)} boxes" + (f"; {picture.folded}" if picture.folded else "")
    graph = graphviz.Digraph("computation", comment=title.replace("\n", " "))
    font = {"fontname": style.FONT, "fontsize": str(style.TITLE), "fontcolor": style.INK}
    graph.attr("graph", bgcolor="white", pad="0.15", **font, **options)
    if picture.folded:
        graph.attr("graph", label=plain(picture.folded), labelloc="b", labeljust="l", fontcolor=style.FAINT)
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
        leaving.setdefault(edge.source, []).append(edge)
    for source, edges in leaving.items():
        if len(edges) > MANY:
            rail(graph, source, sorted(edges, key=lambda edge: edge.target))
            continue
        for edge in edges:
            graph.edge(f"n{source}", f"n{edge.target}", **edge_attributes(edge))
    return graph.source


def rail(graph: Any, source: int, edges: list[Edge]) -> None:
    """A row of points that hands what one box gives on to many, oldest first.

    Direct edges would each run past all that lies between, and `dot` would take minutes to place a few hundred.
    """
    before = f"n{source}"
    for k, edge in enumerate(edges):
        look = edge_attributes(edge)
        point = f"n{source}_{k}"
        graph.node(point, label="", shape="point", width="0.05", height="0.05", color=look["color"])
        graph.edge(before, point, arrowhead="none", **look)
        graph.edge(point, f"n{edge.target}", **look)
        before = point
