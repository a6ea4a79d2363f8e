"""draw: from a tensor, or whatever a module returned, to a Drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..autograd.graph import Leaf
from .annotate import annotate, checked
from .collapse import collapse
from .dot import arranged_by_dot
from .drawing import Drawing
from .grid import arranged_as_grid
from .groups import LEVELS
from .mirror import mirror
from .nodes import Trace, drawable, fetch_all
from .roll import rolled

VIEWS = ("unrolled", "folded", "rolled")
BUDGET = 20_000  # boxes of a picture in columns, whose places are computed
BUDGET_WITHOUT_STEPS = 2_000  # boxes that the dot engine places in a few seconds
FOLDED = 50  # boxes of a long computation without steps that is to be folded


def draw(
    x: Any,
    level: str | None = None,
    view: str = "unrolled",
    *,
    params: Mapping[str, Any] | None = None,
    budget: int | None = None,
    timeout: float = 60.0,
    show: str | Iterable[str] = (),
    color: str = "kind",
    backward: bool = False,
) -> Drawing:
    """Draw the graph by which `x` was computed. No user code runs and nothing is changed.

    Args:
        x: a Tensor, a Value, or a nest of tuples, lists and dicts of them, such as a module's output.
        level: "module", one box per module call; "layer", one per layer of a recurrent module; "step", one per
            layer or cell and time step; "op", every primitive operation. Default: "op" for Values, else "step".
        view: "unrolled", every step; "folded", the first two, an ellipsis and the last (of what has no steps, the
            beginning and the end); "rolled", one step with delayed edges back to itself.
        params: name -> tensor, for tensors that no module names.
        budget: how many boxes of operations at most; beyond, the middle is folded and the picture says so.
        timeout: seconds that the layout may take.
        show: what boxes show besides, one word or several: "value"; "grad", what `.grad` holds, of leaves and where
            retain_grad() was called; "gradient", the gradient of `x`, computed for this picture; "saved", how many
            bytes an operation keeps for the backward pass (one that was opened: what its parts would keep); "source",
            the line of your code that made it, if it ran within `autograd.record_source()` (of several operations the
            first). A few numbers are written out, more of them become a strip of colours.
        color: "kind", by what a box is; "gradient", boxes and edges by the norm of the gradient of `x` that arrives
            or flows back there, on a logarithmic scale; "finite", black where something is nan or infinite, in the
            forward pass or, of a number, in the backward pass, and which was the first.
        backward: draw the backward pass as well, the gradient of each box beside it. The picture is that of the
            graph with its edges turned around: nothing is computed for it, and a graph that was freed has it too.

    A gradient of `x`, which must then be a number, is computed apart: no `.grad` changes, nothing is freed and no
    hook runs; only the rules of functions of your own are called, and the functions of checkpoints once more.

    Returns:
        A Drawing, which shows itself in a notebook and saves as .svg, .png, .pdf, .dot, .gv or .html.

    Raises:
        ValueError: an unknown level or view; nothing to draw, with the reason; a gradient is asked for and
            `x` is no number; lines are asked for and none was recorded.
        RuntimeError: a gradient is asked for and an earlier backward has freed the graph.

    Example:
        >>> from tinygrad_rnn import Value, draw
        >>> x = Value(3.0)
        >>> drawing = draw(x * x)
        >>> drawing.save("square.svg")  # doctest: +SKIP
    """
    outputs = drawable(x)
    if level is None:
        level = "op" if all([y.node.plain_grad for _, y in outputs]) else "step"
    if level not in LEVELS:
        raise ValueError(f"draw: level must be one of {', '.join(LEVELS)}, got {level!r}")
    if view not in VIEWS:
        raise ValueError(f"draw: view must be one of {', '.join(VIEWS)}, got {view!r}")
    wanted = checked(show, color, view)
    opens = {"op": "all", "step": "steps"}.get(level, "none")
    if "gradient" in wanted or color != "kind":
        fetch_all(outputs)
    trace = Trace(outputs, opens)
    names: dict[Any, str] = {}
    for name, tensor in (params or {}).items():
        if tensor.node is not None:
            names[tensor.node] = name
        else:
            names[id(tensor.array)] = name
    outside = FOLDED if view == "folded" else BUDGET_WITHOUT_STEPS
    picture = collapse(trace, level, view, names, budget or BUDGET, budget or outside)
    if view == "rolled":
        picture = rolled(picture)
    if backward:
        mirror(picture)
    if wanted or color != "kind":
        named = {x.node: x.array for x in (params or {}).values() if isinstance(x.node, Leaf)}
        annotate(picture, trace, wanted, color, named)
    page = partial(_page, outputs, level, view, names, budget)
    if picture.columns:
        return Drawing(arranged_as_grid(picture), "nop2", timeout, page)
    return Drawing(arranged_by_dot(picture), "dot", timeout, page)


def _page(*graph: Any) -> str:
    from .explorer import explorer

    return explorer(*graph)
