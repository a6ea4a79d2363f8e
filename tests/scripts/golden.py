"""The losses that PyTorch gives, kept for where it is not installed. `python -m tests.scripts.golden` makes them."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from .borrowed import lend
from .running import PROGRAMS, Run, run

FILE = Path(__file__).parent / "golden.json"


def with_torch(program: Path, torch: Any, folder: Path) -> Run:
    """The script as it is, on our random numbers."""
    with pytest.MonkeyPatch.context() as patches:
        lend(torch, patches)
        return run(program, torch, folder, patches)


def read() -> dict[str, Run]:
    """By the script's name."""
    return {name: Run(**kept) for name, kept in json.loads(FILE.read_text(encoding="utf-8")).items()}


def main() -> None:
    import torch

    kept = {}
    for program in PROGRAMS:
        with TemporaryDirectory() as folder:
            found = with_torch(program, torch, Path(folder))
        losses = [float(f"{loss:.7g}") for loss in found.losses]
        kept[program.stem] = {"losses": losses, "printed": found.printed}
        print(f"{program.stem:30} {len(losses):5} losses, {losses[0]:.4f} to {losses[-1]:.4f}")
    FILE.write_text(json.dumps(kept, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
