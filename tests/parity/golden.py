"""What PyTorch gives for every call of the tables, kept for where it is not installed.

`python -m tests.parity.golden [table ...]` makes it anew.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from .calling import Call, Outcome, outcome

HERE = Path(__file__).parent
TABLES = sorted(path.stem for path in (HERE / "tables").glob("[a-z]*.py"))


def calls(table: str) -> list[tuple[str, int, Call]]:
    """The calls of a table, each with its name and its number among those of that name."""
    found = import_module(f"{__package__}.tables.{table}").CALLS
    return [(name, number, call) for name, listed in found.items() for number, call in enumerate(listed)]


def read(table: str) -> dict[str, dict[str, Outcome]]:
    """By name and number, and by dtype."""
    kept = json.loads((HERE / "golden" / f"{table}.json").read_text(encoding="utf-8"))
    return {key: {dtype: Outcome(**found) for dtype, found in by_dtype.items()} for key, by_dtype in kept.items()}


def short(x: Any) -> Any:
    """Floats to 8 digits."""
    if isinstance(x, float):
        return float(f"{x:.8g}")
    return [short(part) for part in x] if isinstance(x, list) else x


def main(tables: list[str]) -> None:
    import torch

    for table in tables or TABLES:
        lines = []
        for name, number, call in calls(table):
            kept = {}
            for dtype in call.dtypes:
                found = outcome(name, number, call, torch, dtype)
                if call.raises and not found.error:
                    raise SystemExit(f"{name} {number}: PyTorch raises no error")
                if kept:  # the numbers are those of float64
                    found.values, found.grads = [], []
                kept[dtype] = {key: short(value) for key, value in asdict(found).items() if value}
            lines.append(f"{json.dumps(f'{name} {number}')}: {json.dumps(kept, separators=(',', ':'))}")
        file = HERE / "golden" / f"{table}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"{table}: {len(lines)} calls, {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
