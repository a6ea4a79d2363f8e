"""A page is a notebook: its Python blocks run in order in one namespace, and what they print is what the page shows.

    ```python
    print(1 + 1)
    ```

    ```output
    2
    ```

A block is a cell of a notebook: what it prints is shown, and the value of its last expression. A drawing is a picture,
and the image below the block says what is to be seen there and how its file is called:

    ```python
    tg.draw(y)
    ```

    ![Two steps of an LSTM](two-steps.svg)

A picture or explorer that the code saves is shown by its name in the same way. `...` in an output stands for anything.
A block of `sh` is run where an output stands below it, in the same folder; without one it is only shown, and so is
every block below `<!-- not run: reason -->`. A page that says `<!-- needs: torch -->` is run where that can be
imported, which the tests of continuous integration see to; elsewhere its written outputs are taken for true.

    python docs/machinery/cells.py PAGE ...           runs pages and says what is wrong with them
    python docs/machinery/cells.py --write PAGE ...   writes what they print into them; then look at the difference
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FENCE = r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$"
PIECE = re.compile(FENCE + r"|^!\[(?P<alt>[^\]]*)\]\((?P<file>[^):]+)\)$", re.M | re.S)
NOT_RUN = re.compile(r"<!-- not run: \S.*-->\s*\Z")
NEEDS = re.compile(r"^<!-- needs: (.+) -->$", re.M)
LIMIT = 120  # seconds a page may take
SAME = doctest.OutputChecker().check_output


@dataclass
class Cell:
    """One block of a page that can run: where it is, what the page says that it shows, and what it does show."""

    language: str  # python or sh
    code: str
    line: int
    end: int  # where its fence ends in the text
    run: bool = True
    indented: bool = False
    expected: str | None = None
    expected_at: tuple[int, int] = (0, 0)
    images: list[tuple[str, str, int]] = field(default_factory=list)  # alternative text, file, line
    output: str = ""
    error: str = ""
    drawn: str = ""  # the picture that its last expression is


@dataclass
class Page:
    """A page that was run: its cells, the files it made, and what is wrong with it as (line, sentence)."""

    cells: list[Cell]
    files: dict[str, bytes]
    problems: list[tuple[int, str]]


def cells_of(text: str) -> list[Cell]:
    """The blocks of Python and sh of a page, each with the output and the images that follow it."""
    found: list[Cell] = []
    for piece in PIECE.finditer(text):
        line = text.count("\n", 0, piece.start()) + 1
        if piece["language"] in ("python", "sh"):
            wanted, indented = not NOT_RUN.search(text, 0, piece.start()), bool(piece["indent"])
            found.append(Cell(piece["language"], piece["text"], line, piece.end(), wanted, indented))
        elif piece["language"] == "output" and found:
            found[-1].expected, found[-1].expected_at = piece["text"], piece.span("text")
        elif piece["file"] and found:
            found[-1].images.append((piece["alt"], piece["file"], line))
    for cell in found:
        wanted = cell.run and (cell.language == "python" or cell.expected is not None)
        cell.run, cell.indented = wanted and not cell.indented, wanted and cell.indented
    return found


def needed(text: str) -> list[str]:
    """The packages that a page says it needs."""
    return [name for names in NEEDS.findall(text) for name in names.split(", ")]


def missing(text: str) -> list[str]:
    """Those of them that cannot be imported here."""
    return [name for name in needed(text) if find_spec(name) is None]


def run(text: str) -> Page:
    """Run a page in a process and a folder of its own, unless what it needs is not there."""
    cells = cells_of(text)
    if missing(text):
        return unseen(cells)
    wanted = [cell for cell in cells if cell.run]
    with tempfile.TemporaryDirectory() as place:
        (folder := Path(place, "page")).mkdir()
        child = subprocess.run(
            [sys.executable, "-W", "error", str(Path(__file__).with_name("child.py"))],
            input=json.dumps([[cell.language, cell.code] for cell in wanted]),
            cwd=folder, env=environment(Path(place, "bin")), capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        if child.returncode:
            raise RuntimeError(f"the page ended its interpreter:\n{child.stderr}")
        for cell, shown in zip(wanted, json.loads(child.stdout), strict=True):
            cell.output, cell.error, cell.drawn = shown["output"], shown["error"], shown["drawn"]
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    problems = [problem for cell in cells for problem in problems_of(cell, files)]
    return Page(cells, files, problems)


def unseen(cells: list[Cell]) -> Page:
    """A page that could not be run: what it says that it shows is taken for true, but no picture can be."""
    for cell in cells:
        cell.output = cell.expected or ""
    pictures = [image for cell in cells for image in cell.images if "/" not in image[1]]
    return Page(cells, {}, [(line, f"{file}: what generates it cannot run here") for _, file, line in pictures])


def environment(folder: Path) -> dict[str, str]:
    """Where a page finds this package, whether it is installed or not, and its command, which goes into a folder."""
    folder.mkdir()
    command = folder / "tinygrad-rnn"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -W error -m tinygrad_rnn "$@"\n')
    command.chmod(0o755)
    paths = {
        "PYTHONPATH": [str(ROOT), os.environ.get("PYTHONPATH", "")],
        "PATH": [str(folder), str(Path(sys.executable).parent), os.environ.get("PATH", "")],
    }
    return os.environ | {name: os.pathsep.join(found) for name, found in paths.items()} | {"MPLBACKEND": "Agg"}


def problems_of(cell: Cell, files: dict[str, bytes]) -> Iterator[tuple[int, str]]:
    """What is wrong with a cell; a picture that it draws is filed under the name that the page gives it."""
    if cell.indented:
        yield cell.line, "this block stands in a list and is not run: begin it at the left edge"
    if cell.error:
        yield cell.line, f"this block raises:\n{cell.error}"
        return
    shown, told = cell.output, cell.expected or ""
    if not SAME(told, shown, doctest.ELLIPSIS):
        yield cell.line, f"this block shows:\n{shown or '(nothing)'}\nbut the page says:\n{told or '(nothing)'}"
    drawn = cell.drawn
    for alt, file, line in cell.images:
        if not alt.strip():
            yield line, f"{file}: say in the brackets what is to be seen there, for those who cannot see it"
        if drawn and file not in files:
            files[file], drawn = drawn.encode(), ""
        elif file not in files and "/" not in file:
            yield line, f"{file}: no block above generates this picture"
    if drawn:
        yield cell.line, "this block draws a picture: put ![what is to be seen there](its-name.svg) below it"


def written(text: str, page: Page) -> str:
    """The text of the page with the outputs as they are."""
    for cell in reversed(page.cells):
        if cell.error or SAME(cell.expected or "", cell.output, doctest.ELLIPSIS):
            continue
        if cell.expected is None:
            text = f"{text[: cell.end]}\n\n```output\n{cell.output}```{text[cell.end :]}"
        else:
            start, end = cell.expected_at
            text = text[:start] + cell.output + text[end:]
    return text


def main(arguments: list[str]) -> int:
    write, bad = "--write" in arguments, 0
    for path in [Path(name) for name in arguments if name != "--write"]:
        text = path.read_text(encoding="utf-8")
        if absent := missing(text):
            print(f"{path}: not run, for it needs {', '.join(absent)}")
        page = run(text)
        if write:
            path.write_text(text := written(text, page), encoding="utf-8")
            page = run(text)
        for line, sentence in page.problems:
            print(f"{path}:{line}: {sentence}")
        bad += len(page.problems)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
