"""What goes on inside a recurrent layer, made of what its kernels keep for the backward pass anyway."""

from __future__ import annotations

from typing import Any

from .minimal import activations
from .plain.sequence import in_the_form_of, padding
from .sequence import Array, Lengths, rows_of

NAMES = {"lstm": "ifgo", "gru": "rzn"}  # of the gates, in the order of the weights
BLOCKS = {"lstm": "ifgo", "gru": "nrzq"}  # in a row that a kernel keeps
PLAIN = {"lstm": "ifgo", "gru": "rznq"}  # where NumPy takes a kernel's place


def inside(cell: str, known: dict[str, Any]) -> dict[str, Array]:
    """The gates' activations by name, in the order of the weights, and "c" of an LSTM.

    Args:
        cell: "rnn" (which has none), "lstm", "gru" or "minimal".
        known: inputs, results and attributes, by name, of the operation for one step or for a sequence.

    Returns:
        In the form of what was kept: rows [R, H], or [T, N, H]. Views of it; only `minimal` keeps no activations.
    """
    if cell == "rnn":
        return {}
    if cell == "minimal":
        kept = activations(*[known[name] for name in ("sums", "h", "w", "b")])
        names = blocks = "fin" if known["shared_out"] else "zn"
    else:
        kept, names = known["gates"], NAMES[cell]
        blocks = (BLOCKS if kept.ndim == 2 else PLAIN)[cell]
    H = len(known["w" if cell == "minimal" else "w_hh"]) // len(names)
    starts = {name: blocks.index(name) * H for name in names}
    found = {name: kept[..., start : start + H] for name, start in starts.items()}
    return {**found, "c": known["cs"] if "cs" in known else known["c_next"]} if cell == "lstm" else found


def by_step(kept: Array, x: Array, lengths: Lengths) -> Array:
    """What was kept, in rows [R, K] or as [T, N, K], in the form of y: zeros at the padding, or packed."""
    if kept.ndim == 2:
        return rows_of(x, lengths).put(kept)
    return in_the_form_of(x, kept, padding(x, lengths))
