"""The names that this package shares with PyTorch, and where each is tested.

`python -m tests.parity.surface` writes them, from both packages, to golden/names.json and to docs/pytorch.md.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from operator import attrgetter
from pathlib import Path
from typing import Any

from tinygrad_rnn import absent

from ..scripts.running import PROGRAMS
from .golden import HERE, TABLES, calls
from .remarks import DIFFERENCES, ELSEWHERE

PLACES = (*absent.PLACES, "Tensor")
NAMES = HERE / "golden" / "names.json"
PAGE = HERE.parent.parent / "docs" / "pytorch.md"
BEGIN, END = "<!-- the names, made by python -m tests.parity.surface -->", "<!-- end of the names -->"


def shared(torch: Any) -> dict[str, list[str]]:
    """By place, the names that both packages have."""
    theirs = {place: attrgetter(place)(torch) if place else torch for place in PLACES}
    return {
        place: sorted(n for n in absent.names(place) if hasattr(theirs[place], n) and not plumbing(torch, place, n))
        for place in PLACES
    }


def plumbing(torch: Any, place: str, name: str) -> bool:
    """Whether PyTorch's name is there only because the module needed it."""
    found = getattr(attrgetter(place)(torch), name) if place else getattr(torch, name)
    home = getattr(found, "__module__", None) or "torch"
    return (
        name in ("annotations", "Node", "Value")  # of its compiler, or of another thing
        or home.partition(".")[0] not in ("torch", "builtins")
        or (bool(place) and isinstance(found, type) and getattr(torch, name, None) is found)
    )


def names() -> dict[str, list[str]]:
    """The names as last written."""
    return json.loads(NAMES.read_text(encoding="utf-8"))["names"]


def used() -> dict[str, int]:
    """In how many of 80 public scripts a name was counted."""
    return json.loads(NAMES.read_text(encoding="utf-8"))["scripts"]


def full(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def compared() -> Counter[str]:
    """How many calls of each name are compared with PyTorch."""
    return Counter(name for table in TABLES for name, _, _ in calls(table))


def refused() -> int:
    """How many of those are errors."""
    return sum(call.raises for table in TABLES for _, _, call in calls(table))


def tested(name: str, count: int) -> str:
    """Where a name is tested, for the page."""
    if count:
        return f"{count} call{'s' * (count > 1)}"
    return f"[{Path(ELSEWHERE[name]).stem}](../{ELSEWHERE[name]})"


def rows() -> list[str]:
    count, scripts, lines = compared(), used(), []
    for place, found in names().items():
        lines += [
            "",
            f"### `{full('torch', place) if place else 'torch'}`",
            "",
            "| name | scripts | tested by | difference |",
            "|---|---|---|---|",
        ]
        for name in sorted(found, key=lambda n: (-scripts.get(full(place, n), 0), n)):
            key = full(place, name)
            lines.append(
                f"| `{name}` | {scripts.get(key, '')} | {tested(key, count[key])} | {DIFFERENCES.get(key, '')} |"
            )
    return lines


def summary() -> str:
    total, different = sum(map(len, names().values())), len(DIFFERENCES)
    return (
        f"{total} names; {sum(compared().values())} calls compared in value, gradient, dtype, shape and kind of result "
        f"(1e-6 in float64, 1e-5 in float32), {refused()} of them errors compared in type; {len(PROGRAMS)} scripts; "
        f"{different} names with a difference."
    )


def page() -> str:
    """docs/pytorch.md with the names as they are."""
    text = PAGE.read_text(encoding="utf-8")
    table = "\n".join([BEGIN, "", summary(), *rows(), "", END])
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: table, text, flags=re.S)


def main() -> None:
    import torch

    kept = json.loads(NAMES.read_text(encoding="utf-8"))
    kept["names"] = shared(torch)
    NAMES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    print(summary())


if __name__ == "__main__":
    main()
