"""Each page that is run opens as a notebook: the same cells with the same outputs, beside the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import indent

from . import cells
from .quote import source

QUOTE = re.compile(r"^(?P<indent> *)```\{quote\} (?P<name>\S+)\n(?P<options>(?: *:.*\n)*) *```$", re.M)
OUTPUT = re.compile(r"^```output\n.*?^```\n?", re.M | re.S)
DIRECTIVE = re.compile(r"^(:::+|```)\{(\w+)\} ?(.*)$", re.M)


def notebook(text: str, page: cells.Page) -> dict:
    """The page as nbformat 4.5 wants it."""
    found, at = [], 0
    for cell in page.cells:
        if not cell.run:
            continue
        begin = text.rindex("```python", 0, cell.end)
        found += [prose(text[at:begin], page.files), code(cell)]
        at = cell.end
    found.append(prose(text[at:], page.files))
    kept = [cell for cell in found if "".join(cell["source"]).strip()]
    for k, cell in enumerate(kept):
        cell["id"] = f"cell-{k}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": kept, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def prose(text: str, files: dict[str, bytes]) -> dict:
    """A cell of Markdown: outputs and pictures belong to the cells of code, and quotations become blocks."""
    text = QUOTE.sub(quoted, OUTPUT.sub("", text))
    text = cells.PIECE.sub(lambda piece: f"*{piece['alt']}*" if piece["file"] in files else piece[0], text)
    text = text.replace("<details><summary>Answer</summary>", "**Answer.**").replace("</details>", "")
    text = DIRECTIVE.sub(r"**\3**", text).replace("\n:::", "\n")
    return {"cell_type": "markdown", "metadata": {}, "source": text.strip().splitlines(True)}


def quoted(match: re.Match) -> str:
    options = dict(re.findall(r":([\w-]+): ?\"?(.*?)\"?$", match["options"], re.M))
    first, last = options.get("from", ""), options.get("to", "")
    text, file, line = source(match["name"], first, last, "without-docstring" not in options)
    return indent(f"`{file}`, line {line}:\n\n```python\n{text}```", match["indent"])


def code(cell: cells.Cell) -> dict:
    outputs: list[dict] = []
    if cell.output:
        outputs.append({"output_type": "stream", "name": "stdout", "text": cell.output.splitlines(True)})
    if cell.drawn:
        outputs.append({"output_type": "display_data", "data": {"image/svg+xml": cell.drawn}, "metadata": {}})
    source = cell.code.strip("\n").splitlines(True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": outputs, "source": source}


def write(path: Path, text: str, page: cells.Page) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(text, page), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
