"""What an operation keeps for the backward pass, and the rule that asks for it: read off the operation itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tinygrad_rnn.autograd.op import Op, registry
from tinygrad_rnn.viz.facts import rule_source

OPERATIONS = "tinygrad_rnn.ops"
CHAPTER = "/course/03-reading-our-engine"
LONGEST = 12  # lines of a rule that are shown; a kernel's is not


def lines(name: str, function: Any) -> list[str]:
    """For the reference: what is saved for which gradient, and the rule's text."""
    op = operation(name, function)
    if op is None or not op.differentiable or not (op.partials or op._joint):
        return []
    source = rule_source(SimpleNamespace(op=op, rule=None)).splitlines()
    shown = ["", "::", "", *[f"   {line}" for line in source], ""] if 0 < len(source) <= LONGEST else [""]
    return [f"**Saved for the backward pass** (:doc:`why <{CHAPTER}>`): {sentence(op)}", *shown]


def operation(name: str, function: Any) -> Op | None:
    """The operation that a public function applies: itself, or the one of its name that it prepares arguments for."""
    found = registry.get(name) if function.__module__.startswith(OPERATIONS) else None
    return getattr(function, "op", found)


def sentence(op: Op) -> str:
    every = kept(op, op.inputs)
    each = {x: kept(op, [x]) for x in op.inputs if x in op.partials}
    if not op.partials or len(set(map(tuple, each.values()))) == 1:
        return f"{listed(every)}."
    return "; ".join([f"for the gradient of {literal(x)}: {listed(names)}" for x, names in each.items()]) + "."


def kept(op: Op, wanted: list[str]) -> list[str]:
    """The names saved when these inputs require a gradient."""
    return [name for name in op.rule(tuple([x in wanted for x in op.inputs])).saves if name != "needs"]


def listed(names: list[str]) -> str:
    return ", ".join([literal(name) for name in names]) or "nothing"


def literal(name: str) -> str:
    return f"``{name}``"
