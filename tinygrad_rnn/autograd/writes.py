"""In-place writes, noted by the memory they hit, so that a falsified gradient is refused and explained.

A counter in every tensor would tax every operation. Instead a write stamps the owner of the memory, which
`ndarray.base` already names for all views alike, with the next sequence number. Backward compares one
number and looks closer only at nodes older than the latest write anywhere.
"""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from .source import caller

next_seq = count(1).__next__  # of nodes and writes alike: which came first is a comparison of two numbers


class Writes:
    last = 0  # sequence number of the latest write anywhere
    by_owner: ClassVar[dict[int, tuple[int, str, ref]]] = {}

    @classmethod
    def note(
        cls, array: np.ndarray, writer: str, result: np.ndarray | None = None, value: np.ndarray | None = None
    ) -> None:
        """Remember that `writer` has just overwritten (part of) the memory of `array`.

        `result` is the operation's result that `array` holds now, where it is one; `value` is what was written, if it
        is not. Only a listener asks for them.
        """
        own = owner(array)
        key = id(own)
        cls.last = next_seq()
        forget = cls.by_owner.pop
        where = caller()
        cls.by_owner[key] = cls.last, f"{writer} at {where}" if where else writer, ref(own, lambda _: forget(key, None))

    @classmethod
    def since(cls, seq: int, array: np.ndarray) -> str:
        """Who last wrote to the memory of `array`, if that was after `seq`; otherwise ""."""
        latest, writer, _ = cls.by_owner.get(id(owner(array)), (0, "", None))
        return writer if latest > seq else ""

    @classmethod
    def check(cls, node: Any) -> None:
        """Refuse to pull back through `node` if something it saved was overwritten since."""
        saved = node.saved if node.saved.__class__ is tuple else ()
        for name, array in zip(node.rule.saves, saved, strict=False):
            for part in array if array.__class__ in (list, tuple) else (array,):
                if not isinstance(part, np.ndarray):
                    continue
                if writer := cls.since(node.seq, part):
                    raise RuntimeError(
                        f"one of the variables needed for gradient computation has been modified by an inplace "
                        f"operation: {node.describe()} saved `{name}`, of shape {part.shape}, and {writer} "
                        f"overwrote it afterwards. {advice(writer)}"
                    )


def advice(writer: str) -> str:
    """What to do about a write."""
    what = writer.partition(" at ")[0]
    if what.endswith(".step"):
        return "Call backward() before the step, or compute the loss anew after it."
    if what == "load_state_dict" or what.startswith("init."):
        return "Write to parameters before the loss is computed, or compute it anew."
    return "Use the out-of-place operation there, or clone() the tensor before writing to it."


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory which `array` views."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
