"""The backward pass beside the forward pass: for every box the box of its gradient, for every edge the edge back.

Reverse mode walks the graph that is drawn with its edges turned around, so its picture is the mirror image of the
forward pass. A box passes to each input what its rules make of what arrives; where several edges arrive, they add up.
"""

from __future__ import annotations

from .formula import formulas
from .nodes import Given
from .picture import INPUTS, OUTPUTS, Box, Edge, Picture

SHORT = 30  # letters of the formulas that are written in a box


def mirror(picture: Picture) -> None:
    """Add the backward pass to a picture. Its rows come above the others, in the opposite order."""
    picture.turn = turn = len(picture.rows)
    picture.rows += [label and f"∇ {label}" for label in reversed(picture.rows)]
    twin: dict[int, int] = {}
    for i, box in reversed([*enumerate(picture.boxes)]):
        if _has_gradient(box):
            twin[i] = len(picture.boxes)
            row = None if box.row is None else 2 * turn - 1 - box.row
            picture.boxes.append(_gradient(box, i, row, picture.level))
    forward = picture.edges
    back = [
        Edge(twin[e.target], twin[e.source], BACK.get(e.role, "gradient"), tuple([-d for d in e.delays]), e.links)
        for e in reversed(forward)
        if e.source in twin and e.target in twin and _passes(e)
    ]
    pairs = [Edge(i, j, "pair") for i, j in twin.items() if _is_joined(picture, i)]
    picture.edges = [*forward, *pairs, *back]


BACK = {"memory": "memory gradient"}  # what becomes of a role; of others "gradient"


def _has_gradient(box: Box) -> bool:
    if box.tip in (INPUTS, OUTPUTS):
        return box.tip == OUTPUTS
    return any([not isinstance(part, Given) for part in [*box.parts, *[node for node, _ in box.results]]])


def _passes(edge: Edge) -> bool:
    """Whether a gradient goes back along an edge. The edges of an ellipsis do not say what they stand for."""
    return not edge.links or any([link.reader.inputs[link.slot] is not None for link in edge.links])


def _is_joined(picture: Picture, i: int) -> bool:
    """Whether a line says which gradient belongs to a box: in a step; and where the backward pass starts."""
    box = picture.boxes[i]
    return box.kind == "output" or (picture.level != "op" and box.row is not None)


def _gradient(box: Box, of: int, row: int | None, level: str) -> Box:
    if box.kind == "fold":
        return Box("fold", box.title, box.notes, box.tip, box.column, row, gradient_of=of)
    kind, notes, tip = "gradient", box.notes, [f"gradient of {box.title}".strip()]
    if any([getattr(node, "plain_grad", False) for node in box.parts]):
        notes = [note for note in notes if note.startswith("grad")]  # what the Value holds is said in its own box
    if len(box.nodes) == 1:
        rules = formulas(box.nodes[0])
        tip += rules
        if level == "op":
            notes = rules if rules and max(map(len, rules)) <= SHORT else notes[-1:]
    elif box.kind == "output":
        notes = ["1"] if notes == ["scalar"] else notes
    elif box.kind == "parameter":
        kind = "parameter gradient"
    title = f"∇ {box.title}".strip()
    found = Box(kind, title, notes, "\n".join(tip), box.column, row, box.subscript, box.symbol)
    found.results, found.gradient_of = box.results, of
    return found
