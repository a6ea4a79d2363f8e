"""From the list of nodes to the boxes and edges of a picture, at one level of detail."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.graph import LEAF, Leaf, Node
from ..autograd.scope import path
from . import style
from .fold import Plan
from .gather import gather
from .groups import JOINS, STACKS, UNBINDS, Group, grouped, has_layers, name_of
from .nodes import Given, Source, Trace, is_gradient, numbers_of, shape_of
from .picture import INPUTS, OUTPUTS, Box, Edge, Link, Picture
from .steps import Timeline

STATES = ("h", "c", "hx")  # what recurrent operations call them
PICKS = ("getitem", "unsqueeze")  # may hand on one step, or one state
MINIMAL = {2: "MinGRU", 3: "MinLSTM"}  # by the number of their sums
MATRIX = ("linear", "matmul", "mm", "addmm", "bmm")


def collapse(trace: Trace, level: str, view: str, names: dict[Any, str], budget: int, budget_outside: int) -> Picture:
    """Draw each group of nodes as one box; at level "op" each node."""
    return Collapse(trace, level, view, names, budget, budget_outside).picture


class Collapse:
    """The boxes and edges under construction.

    Args:
        names: leaf node, or id of an array -> what the user calls it.
    """

    def __init__(
        self, trace: Trace, level: str, view: str, names: dict[Any, str], budget: int, budget_outside: int
    ) -> None:
        self.trace, self.level, self.names = trace, level, names
        self.timeline = Timeline(trace)
        self.groups = grouped(trace, self.timeline, level, budget_outside // 20)
        self.index = {node: position for position, node in enumerate(trace.nodes)}
        self.looks_through = bool(self.timeline.columns) or has_layers(trace)
        self.lone_root = len({f.owner for n in trace.nodes for f in n.scope[:1] if f.kind == "module"}) < 2
        self.picture = Picture(level)
        self.members: list[list[Node]] = [  # what is drawn of each group
            [
                node
                for node in trace.nodes[g.start : g.stop]
                if node.op.name not in UNBINDS or not self._is_seen_through(node)
            ]
            for g in self.groups
        ]
        self.plan = Plan(self.groups, self.members, self.timeline.columns, level, view, budget, budget_outside)
        self.box_of: dict[Node, int] = {}  # also of leaves
        self.box_of_given: dict[Any, int] = {}
        self.start_of: dict[Given, int] = {}  # initial state -> its box
        self.sequences: set[Node] = set()  # leaves of which each step reads its part
        self.rows: dict[tuple, int] = {}
        self.known_dtypes = {y.node: y.dtype for _, y in trace.outputs if hasattr(y, "dtype")}
        self.memories, self.state_slots = self._states()
        self._make_boxes()
        self._make_edges()
        self._make_outputs()
        self._color_memory()
        self._label_columns()
        self.picture.folded = self.plan.said

    # --- what is drawn through --------------------------------------------------------------------------------

    def _is_seen_through(self, node: Node) -> bool:
        """A layer takes its sequence apart into steps and puts it together; edges alone show that.

        At level "op" only what the layer does itself is left out, not what the user wrote.
        """
        if not self.looks_through or node.op.name not in UNBINDS + STACKS:
            return False
        return self.level != "op" or any([frame.kind == "layer" for frame in node.scope])

    def origins(self, source: Source, gathers: bool = True) -> list[Source]:
        """The drawn nodes behind a source: element t of a stack is the t-th thing stacked.

        Args:
            gathers: whether what reads a stack as a whole is joined to all that was stacked. Not inside a
                step: attention over T steps would take T * T edges.
        """
        if not self.looks_through:
            return [source]
        found: list[Source] = []
        waiting: list[tuple[Source, int | None]] = [(source, None)]
        while waiting:
            (node, out, _, via), t = waiting.pop()
            name = "" if isinstance(node, Given) or node.rule is LEAF else node.op.name
            if t is None and name in PICKS and (picked := self._picked(node)) is not None:
                waiting.append(picked)
            elif name and t is None and (not self._is_seen_through(node) or (name in STACKS and not gathers)):
                found.append(Source(node, out, source.slot, via))
            elif name in UNBINDS:
                waiting += [(each._replace(via=(node, each.slot)), out) for each in self.trace.sources(node)]
            elif name in STACKS or (t is not None and name in JOINS and self._joins_steps(node)):
                inputs = self.trace.sources(node, t if name in STACKS else None)
                read = [each._replace(via=(node, each.slot)) for each in reversed(inputs)]
                waiting += [(each, t if name in JOINS else None) for each in read]
            else:
                if t is not None and isinstance(node, Leaf):
                    self.sequences.add(node)
                found.append(Source(node, out, source.slot, via))
        return found if len(found) > 1 else [each._replace(via=None) for each in found]

    def _picked(self, node: Node) -> tuple[Source, int | None] | None:
        """What a node hands on as it is: one step of a sequence, y[-1], or the last state of a layer.

        With the step, if the source is a sequence.
        """
        if self.level == "op" or len(sources := self.trace.sources(node)) != 1:
            return None
        maker = sources[0].node
        if isinstance(maker, Given) or maker.rule is LEAF:
            return None
        if node.op.name == "unsqueeze":
            return (sources[0], None) if is_final_state(node, maker) else None
        t, *rest = kept(node, "index") or [None]
        if t.__class__ is not int or rest != [Ellipsis]:
            return None
        if maker.op.name == "unsqueeze":
            return self._picked(maker)
        return (sources[0], t % maker.shape[0]) if self._is_sequence(maker) else None

    def _is_sequence(self, node: Node) -> bool:
        """Whether time is the first axis of a result, and its steps are known."""
        if node.op.name in JOINS:
            makers = [source.node for source in self.trace.sources(node)]
            return self._joins_steps(node) and all([each in self.index and self._is_sequence(each) for each in makers])
        if node.op.name not in STACKS or not self._is_seen_through(node):
            return False
        return kept(node, "dim") in (0, -len(node.shape))

    def _joins_steps(self, node: Node) -> bool:
        """Whether a concatenation leaves time, the first axis, alone."""
        lengths = [shape_of(each.node, each.out)[:1] for each in self.trace.sources(node)]
        return len(node.inputs) == len(lengths) and all([length == node.shape[:1] for length in lengths])

    # --- states -------------------------------------------------------------------------------------------------

    def _states(self) -> tuple[set, dict]:
        """Which outputs are a cell state, and which input slots receive a state from another step.

        A cell state is called c by its operation; where operations are recorded one by one, it is the
        state that meets only elementwise operations, beside one that is multiplied by a matrix.
        """
        memories: set[tuple[Node, int]] = set()
        slots: dict[tuple, tuple[Node, int]] = {}
        readers: dict[tuple[Node, int], set[str]] = {}
        where: dict[tuple, list] = {}
        if not self.timeline.columns:
            return memories, slots
        for group, members in zip(self.groups, self.members):
            for offset, node in enumerate(members):
                for source in self.trace.sources(node) if not is_gradient(node) else ():
                    for origin in self.origins(source, group.column is None):
                        at = self.index.get(origin.node)
                        if at is None or group.column is None or self.timeline.of[at] in (None, group.column):
                            continue
                        key = origin.node, origin.out
                        slots[group.row, offset, origin.slot] = key
                        if key not in readers:
                            where.setdefault((group.row, group.column), []).append(key)
                        readers.setdefault(key, set()).add(node.op.name)
                        if self.output_name(*key).startswith("c"):
                            memories.add(key)
        for states in where.values():
            matrix = [key for key in states if readers[key] & set(MATRIX)]
            plain = [key for key in states if readers[key] <= {"mul", "where", "add"}]
            if matrix and not memories & set(states):
                memories.update(plain)
        return memories, slots

    def output_name(self, node: Node, out: int) -> str:
        if (name := self.trace.names.get((node, out))) is not None:
            return name
        return "y" if node.op.single or out >= len(node.op.outputs) else node.op.outputs[out]

    # --- boxes --------------------------------------------------------------------------------------------------

    def _row(self, group: Group) -> int | None:
        if not group.frames and group.column is None:
            return None
        if group.row not in self.rows:
            self.rows[group.row] = len(self.rows)
            self.picture.rows.append(name_of(group.frames, self.lone_root))
        return self.rows[group.row]

    def _add(self, box: Box, *parts: Any) -> int:
        box.parts += parts
        self.picture.boxes.append(box)
        return len(self.picture.boxes) - 1

    def _make_boxes(self) -> None:
        folds: dict[Any, int] = {}
        for number, (group, members) in enumerate(zip(self.groups, self.members)):
            if not members:
                continue
            if (fold := self.plan.of_group(number, group.column)) is not None:
                key = fold.key if group.column is None else (fold.key, group.row)
                if key not in folds:
                    row = self._row(group) if group.column is not None else None
                    folds[key] = self._add(Box("fold", "⋯", [fold.label], fold.tip, fold.column, row))
                self.picture.boxes[folds[key]].parts += members
                self.box_of.update(dict.fromkeys(members, folds[key]))
                continue
            column, row = self.plan.column(group.column), self._row(group)
            if self.level == "op" or group.apart:
                gates = self._gates(members) if column is not None or family_of(members[0]) else {}
                for node in members:
                    box = self._op_box(node, gates.get(node))
                    box.column, box.row = column, row
                    self.box_of[node] = self._add(box, node)
            else:
                box = self._group_box(group, members)
                box.column, box.row = column, row
                self.box_of.update(dict.fromkeys(members, self._add(box, *members)))

    def _op_box(self, node: Node, gate: tuple[str, str, str] | None) -> Box:
        title = style.SYMBOLS.get(node.op.name, node.op.name)
        if node.plain_grad:
            return Box("op", title, value_notes(node), self._tip(node))
        kind, notes = "op", [shape_text(shape_of(node, 0))]
        if gate is not None:
            letter, what, kind = gate
            title, notes = f"{letter}  {title}", [what, *notes]
        if self.trace.names.get((node, 0), "").startswith("c") or (node, 0) in self.memories:
            kind = "memory"
        if (dtype := self._dtype(node)) not in (None, np.dtype(np.float32)):
            notes.append(str(dtype))
        if is_gradient(node):
            kind = "gradient"
        return Box(
            kind,
            title,
            [" ".join(notes)] if len(notes) < 3 else notes,
            self._tip(node),
            symbol=title != node.op.name,
        )

    def _group_box(self, group: Group, members: list[Node]) -> Box:
        frames = group.frames
        place = name_of(frames, self.lone_root) if group.named else ""
        family = next((f for node in members if (f := self._cell(node))), "")
        modules = [frame.name for frame in frames if frame.kind == "module"]
        ops = [style.SYMBOLS.get(node.op.name, node.op.name) for node in members]
        last = members[-1]
        if family:
            title, notes = family, [place]
        elif group.named and not modules[-1:][0].isdigit():
            title, notes = place or modules[-1], []
        else:  # without a name that tells anything
            shown = ops if len(ops) < 6 else [*ops[:2], "…", *ops[-2:]]
            title, notes = (f"{len(ops)} operations", [place, " ".join(shown)]) if len(ops) > 1 else (ops[0], [place])
        if last.plain_grad:
            notes += value_notes(last)
        else:
            notes.append(shape_text(shape_of(last, 0)))
            if (dtype := self._dtype(last)) not in (None, np.dtype(np.float32)):
                notes.append(str(dtype))
        if is_gradient(last):
            title = f"∇ {title}"
        tip = "\n".join([path(frames), *dict.fromkeys([first_line(node) for node in members])][:12])
        return Box("gradient" if is_gradient(last) else "cell", title, [n for n in notes if n], tip)

    def _cell(self, node: Node) -> str:
        """The family, by the name that users know; MinGRU and MinLSTM differ in the height of their weight."""
        if (family := family_of(node)) != "MINIMAL":
            return family
        weights = self.trace.sources(node, node.op.inputs.index("w")) if "w" in node.op.inputs else []
        rows = [shape_of(w.node, w.out)[0] // shape_of(node, 0)[-1] for w in weights]
        return MINIMAL[rows[0]] if rows else " or ".join(MINIMAL.values())

    def _tip(self, node: Node) -> str:
        shape = "" if node.plain_grad else f"output {shape_text(shape_of(node, 0))}"
        return "\n".join([line for line in (first_line(node), path(node.scope), shape) if line])

    def _dtype(self, node: Node) -> Any:
        """From what is known of it: outputs, what its rule saved, then its inputs."""
        for _ in range(50):  # far enough; an operation keeps the dtype of its inputs
            if node in self.known_dtypes:
                return self.known_dtypes[node]
            if isinstance(node, (Leaf, Given)):
                return node.dtype
            if node.rule is LEAF or node.op.name == "cast":
                return None
            saved = node.saved if isinstance(node.saved, tuple) else ()
            found = [x.dtype for x in saved if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
            if found:
                return found[0]
            sources = [s.node for s in self.trace.sources(node) if getattr(s.node, "dtype", np.dtype("f4")).kind == "f"]
            if not sources:
                return None
            node = sources[0]
        return None

    def _gates(self, members: list[Node]) -> dict[Node, tuple[str, str, str]]:
        """The activations that are gates, recognised by the piece of a `chunk` that they come from."""
        piece: dict[Any, tuple[str, int]] = {}
        found = {}
        for node in members:
            known = set()
            for source in self.trace.sources(node):
                maker = source.node
                if maker in self.index and maker.op.name in ("chunk", "split") and (cell := cell_of_pieces(maker)):
                    known.add((cell, source.out))
                elif maker in piece:
                    known.add(piece[maker])
            if len(known) != 1:
                continue
            (cell, k), name = next(iter(known)), node.op.name
            gate = style.GATES[cell][k]
            if name == ("tanh" if gate[1] == "candidate" else "softplus" if cell == "minlstm" else "sigmoid"):
                found[node] = gate
            elif name in ("add", "mul", "neg"):
                piece[node] = cell, k
        return found

    # --- edges --------------------------------------------------------------------------------------------------

    def _make_edges(self) -> None:
        seen: dict[tuple[int, int, str], Edge] = {}
        for number, (group, members) in enumerate(zip(self.groups, self.members)):
            folded = self.plan.of_group(number, group.column) is not None
            separate = not folded and (self.level == "op" or group.apart or len(members) == 1)
            if folded and group.column is None:
                self._link_folded(members, seen)
                continue
            for offset, node in enumerate(members):
                target = self.box_of[node]
                for source in self.trace.sources(node):
                    for origin in self.origins(source, group.column is None):
                        start = self.state_slots.get((group.row, offset, origin.slot))
                        if (box := self._source_box(origin, node, group, start, folded)) is None or box == target:
                            continue
                        role = self._role(box, target, origin)
                        if separate or (box, target, role) not in seen:
                            edge = seen[box, target, role] = Edge(box, target, role)
                            self.picture.edges.append(edge)
                        if not folded and self.picture.boxes[box].kind != "fold":
                            result = origin.node, origin.out
                            self.picture.boxes[box].results[result] = None
                            seen[box, target, role].links.append(Link(result, *(origin.via or (node, origin.slot))))

    def _link_folded(self, members: list[Node], seen: dict) -> None:
        """What is drawn and feeds an ellipsis in the middle of a long computation."""
        target = self.box_of[members[0]]
        for node in members:
            for link in node.inputs:
                box = target if link is None else self.box_of.get(self.trace.follow(link)[0], target)
                if box != target and (box, target, "data") not in seen:
                    seen[box, target, "data"] = Edge(box, target)
                    self.picture.edges.append(seen[box, target, "data"])

    def _source_box(self, origin: Source, node: Node, group: Group, start: Any, folded: bool) -> int | None:
        maker = origin.node
        if maker in self.box_of:
            return self.box_of[maker]
        if isinstance(maker, Given):
            if maker.name == "x" and family_of(node):
                start = None  # a cell knows its input from its state, also where others of its inputs come from a step
            if folded and group.column is not None and maker.shape and not start:
                return self._folded_inputs(group)
            return None if folded else self._given_box(maker, group, start, is_gradient(node))
        if maker.rule is not LEAF or folded:
            return None
        box = self._leaf_box(maker, node, start)
        self.box_of[maker] = box
        return box

    def _folded_inputs(self, group: Group) -> int:
        column = self.plan.column(group.column)
        key = INPUTS, column
        if key not in self.box_of_given:
            self.box_of_given[key] = self._add(Box("fold", "⋯", [], INPUTS, column))
        return self.box_of_given[key]

    def _leaf_box(self, leaf: Node, user: Node, start: Any = None) -> int:
        """A box for a tensor that wants a gradient. `start`: as for `_given_box`."""
        if leaf.plain_grad:
            return self._add(Box("input", self.names.get(leaf, ""), value_notes(leaf), "requires grad"), leaf)
        name = self.names.get(leaf)
        if name is None and (own := leaf.name) is not None:
            modules = [frame.name for frame in user.scope if frame.kind == "module"]
            name = ".".join([*modules[1 if self.lone_root else 0 :], own])
        kind = "parameter" if name is not None and leaf not in self.sequences else "input"
        notes = [shape_text(leaf.shape)]
        if leaf.dtype != np.float32:  # type: ignore[attr-defined]
            notes.append(str(leaf.dtype))  # type: ignore[attr-defined]
        if start and leaf.name is None:
            state = "c" if start in self.memories else "h"
            return self._add(Box("start", name or state, notes, "initial state"), leaf)
        return self._add(Box(kind, name or self._slot_name(leaf, user), notes, "requires grad"), leaf)

    def _slot_name(self, leaf: Node, user: Node) -> str:
        """An unnamed leaf is called what its first user calls that input."""
        slots = [i for i, link in enumerate(user.inputs) if link is leaf]
        return user.op.inputs[slots[0]] if slots and not user.op.variadic else "x"

    def _given_box(self, given: Given, group: Group, start: Any, gradient: bool) -> int | None:
        """A box for an input without a gradient: a constant, an initial state, or data.

        Args:
            start: the output that takes this place at every later step, if there is one.
            gradient: whether the backward pass reads it.
        """
        constant = isinstance(given.array, float)
        if given.shape == () and not (constant and self.level == "op"):
            return None
        if gradient and given in self.start_of:
            return self.start_of[given]
        start = start or (given.name in STATES and (given, 0))
        numbers = numbers_of(given.array) if isinstance(given.array, np.ndarray) else given
        key: Any = (numbers, start[0] is given or start, group.row) if start and not constant else given
        if key not in self.box_of_given:
            name = self.names.get(id(given.array), given.name)
            column = self.plan.column(group.column)
            if constant:
                box = Box("start", f"{given.array:.4g}", [], "", column, self._row(group))
            elif start:
                if start[0] is not given and name not in ("h", "c"):
                    name = "c" if start in self.memories else "h"
                zero = given.array is not None and not given.traced and not np.any(given.array)
                box = Box("start", f"{name} = 0" if zero else name, [shape_text(given.shape)], "initial state")
            else:
                box = Box("input", name, [shape_text(given.shape)], "no gradient is wanted for it", column)
            self.box_of_given[key] = self._add(box, given)
            if start and not constant:
                self.start_of[given] = self.box_of_given[key]
        index = self.box_of_given[key]
        box = self.picture.boxes[index]
        if box.column is not None and box.column != self.plan.column(group.column):
            box.column = box.row = None  # used at several steps: it belongs to none
        return index

    def _role(self, source: int, target: int, origin: Source) -> str:
        a, b = self.picture.boxes[source], self.picture.boxes[target]
        if a.kind == "parameter":
            return "parameter"
        if b.kind == "gradient":
            return "gradient"
        if (origin.node, origin.out) in self.memories and a.column != b.column:
            return "memory"
        if a.column is not None and b.column is not None and a.column != b.column:
            return "state"
        if a.kind == "start" and a.tip == "initial state":
            return "memory" if a.title.startswith("c") else "state"
        return "data"

    def _color_memory(self) -> None:
        """Inside an opened cell the cell state flows on to the box that makes the next one."""
        boxes = self.picture.boxes
        carried = {edge.target for edge in self.picture.edges if edge.role == "memory"}
        for edge in self.picture.edges:
            if edge.role == "data" and edge.source in carried and boxes[edge.target].kind == "memory":
                edge.role = "memory"

    # --- outputs ------------------------------------------------------------------------------------------------

    def _make_outputs(self) -> None:
        wanted, outputs = set(), self._outputs()
        nameless = [name for name, _, origins, _ in outputs if name.startswith("[") and not self._final_state(origins)]
        for name, y, origins, each_step in outputs:
            node, _ = self.trace.follow(y.node)
            joined = each_step and node.op is not None and node.op.name in JOINS
            if y.node.plain_grad:
                box = self.box_of.get(node)
                if box is None:
                    box = self._leaf_box(node, node)
                if self.picture.boxes[box].kind == "op":
                    self.picture.boxes[box].kind = "output"
                self.picture.boxes[box].results[node, 0] = None
                wanted.add(box)
                continue
            called = "y" if nameless == [name] or (each_step and name == "[0]") else f"y{name}"
            title = name if name and not name.startswith("[") else called
            if each_step:
                made: dict[int | None, int] = {}
                for origin in origins:
                    column = self._column_of(origin)
                    box = self.box_of[origin.node]
                    shape = y.shape[1:] if joined else shape_of(origin.node, origin.out)
                    if column not in made and self.picture.boxes[box].kind == "fold":
                        made[column] = self._add(Box("fold", "⋯", [], OUTPUTS, column))
                    elif column not in made:
                        t, notes = self.plan.steps[column or 0], [shape_text(shape)]
                        made[column] = self._add(Box("output", title, notes, f"{title}[{t}]", column, subscript=t))
                        self.picture.boxes[made[column]].results[origin.node, origin.out] = None
                    self._connect(origin, box, made[column])
                wanted.update(made.values())
            else:
                title = (name.startswith("[") and self._final_state(origins)) or title
                box = self._add(Box("output", title, [shape_text(y.shape)], f"output {shape_text(y.shape)}"))
                self.picture.boxes[box].results[self.trace.follow(y.node)] = None
                for origin in origins:
                    source = self.box_of.get(origin.node)
                    if source is None and isinstance(origin.node, Node):
                        source = self.box_of[origin.node] = self._leaf_box(origin.node, node)
                    if source is not None:
                        role = "memory" if self._is_memory(origin) else "data"
                        self._connect(origin, source, box, role)
                wanted.add(box)
        self._name_inputs()
        self.picture.prune(wanted)
        if self.level != "op":
            gather(self.picture)

    def _outputs(self) -> list[tuple[str, Any, list[Source], bool]]:
        """(name, handle, where it comes from, whether that is an output of each step).

        A sequence is that, and a list with tensors of several steps.
        """
        found: dict[str, tuple[str, Any, list[Source], bool]] = {}
        lists: dict[str, list[str]] = {}
        for name, y in self.trace.outputs:
            node, out = self.trace.follow(y.node)
            origins = self._steps_of(node) or self.origins(Source(node, out, 0))
            columns = [self._column_of(origin) for origin in origins]
            stacked = len(origins) > 1 or origins[0].node is not node
            each = stacked and None not in columns and len(set(columns)) == len(self.plan.labels)
            found[name] = name, y, origins, each and not y.node.plain_grad
            if name.endswith("]") and len(origins) == 1 and columns[0] is not None and not y.node.plain_grad:
                lists.setdefault(name.rpartition("[")[0], []).append(name)
        for listed, names in lists.items():
            origins = [origin for name in names for origin in found[name][2]]
            columns = [self._column_of(origin) for origin in origins]
            items = [name for name in found if name.startswith(f"{listed}[")]
            alone = items == [f"{listed}[0]"] and not self._final_state(origins)
            if (len(names) > 1 or alone) and len(set(columns)) == len(columns):
                found[names[0]] = listed, found[names[0]][1], origins, True
                for name in names[1:]:
                    del found[name]
        return [*found.values()]

    def _is_memory(self, origin: Source) -> bool:
        state = origin.node in self.index and family_of(origin.node) and self.output_name(origin.node, origin.out)
        return (origin.node, origin.out) in self.memories or str(state or "").startswith("c")

    def _steps_of(self, node: Node) -> list[Source]:
        """What two directions give at each step, and a module puts together feature by feature."""
        if self.level == "op" or not isinstance(node, Node) or node.op is None or node.op.name not in JOINS:
            return []
        if not self._is_sequence(node):
            return []
        found = [origin for source in self.trace.sources(node) for origin in self.origins(source)]
        return [each._replace(via=None) for each in found]

    def _final_state(self, origins: list[Source]) -> str:
        """An output of a recurrent module that is a final state is called so."""
        makers = [s for o in origins for s in (self.trace.sources(o.node) if o.node in self.index else [])]
        states = [s for s in makers if s.node in self.index and is_final_state(origins[0].node, s.node)] or origins
        letters = {self.output_name(s.node, s.out)[:1] for s in states if s.node in self.index and family_of(s.node)}
        return f"{letters.pop()}_n" if letters in ({"h"}, {"c"}) else ""

    def _connect(self, origin: Source, source: int, target: int, role: str = "data") -> None:
        self.picture.boxes[source].results[origin.node, origin.out] = None
        if not any([e.source == source and e.target == target for e in self.picture.edges[-8:]]):
            self.picture.edges.append(Edge(source, target, role))

    def _column_of(self, origin: Source) -> int | None:
        box = self.box_of.get(origin.node)
        return None if box is None else self.picture.boxes[box].column

    def _name_inputs(self) -> None:
        """Inputs of one step carry its number; unnamed leaves that many steps share are parameters."""
        targets: dict[int, set[int | None]] = {}
        for edge in self.picture.edges:
            targets.setdefault(edge.source, set()).add(self.picture.boxes[edge.target].column)
        for i, box in enumerate(self.picture.boxes):
            if box.kind == "input":
                columns = [column for column in targets.get(i, ()) if column is not None]
                if len(columns) > 1 and box.tip == "requires grad" and box.parts[0] not in self.sequences:
                    box.kind = "parameter"
                elif len(columns) == 1 and None not in targets[i]:
                    box.column = columns[0]
                    box.subscript = self.plan.steps[columns[0]] if box.title else ""
        for edge in self.picture.edges:
            if self.picture.boxes[edge.source].kind == "parameter":
                edge.role = "parameter"

    def _label_columns(self) -> None:
        eras = {era for era, _ in self.timeline.columns}
        self.picture.eras = [era for era, _ in self.plan.labels]
        self.picture.times = self.plan.steps
        names = {track.era: track.name for track in reversed(self.timeline.tracks)}
        self.picture.columns = [
            f"{names[era]}  {text}" if len(eras) > 1 and names[era] else text for era, text in self.plan.labels
        ]


# --- words --------------------------------------------------------------------------------------------------------


def shape_text(shape: tuple) -> str:
    return " × ".join(map(str, shape)) or "scalar"


def value_notes(value: Any) -> list[str]:
    grad = value.grad.data if hasattr(value.grad, "data") else value.grad  # a Value after create_graph
    return [f"data {round(value.data, 4) + 0:.4f}", f"grad {round(grad, 4) + 0:.4f}"]  # + 0: never -0.0000


def first_line(node: Node) -> str:
    """What an operation computes."""
    return (node.op.doc.strip().splitlines() or [""])[0]


def family_of(node: Node) -> str:
    """LSTM for lstm_step and lstm_sequence, and for what they consist of."""
    names = [node.op.name, *[frame.name for frame in node.scope if frame.kind in ("op", "vjp")]]
    return next((n.rpartition("_")[0].upper() for n in names if n.endswith(("_step", "_sequence"))), "")


def cell_of_pieces(node: Node) -> str | None:
    """The cell, a key of `style.GATES`, whose sums are cut into so many pieces."""
    pieces = len(node.shape)
    return MINIMAL.get(pieces, "").lower() if family_of(node) == "MINIMAL" else {3: "gru", 4: "lstm"}.get(pieces)


def is_final_state(node: Node, maker: Node) -> bool:
    """Whether a recurrent module only gives the last state of a layer its shape."""
    modules = [frame for frame in maker.scope if frame.kind == "module"]
    shapes = node.op is not None and node.op.name in ("unsqueeze", *STACKS)
    return shapes and bool(family_of(maker)) and modules[-1:] == [*node.scope[-1:]]


def kept(node: Node, name: str) -> Any:
    """What a node saved under a name; None if it saved no such thing, as an operation of the user's may not."""
    saved = node.saved if isinstance(node.saved, tuple) else ()
    return dict(zip(getattr(node.rule, "saves", ()), saved)).get(name)
