"""Each page that is run opens as a notebook: the same cells with the same outputs, beside the page."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from textwrap import indent

from . import cells
from .quote import source

QUOTE = re.compile(r"^(?P<indent> *)```\{quote\} (?P<name>\S+)\n(?P<options>(?: *:.*\n)*) *```$", re.M)
OUTPUT = re.compile(r"^```output\n.*?^```\n?", re.M | re.S)
DIRECTIVE = re.compile(r"^(:::+|```)\{(\w+)\} ?(.*)$", re.M)
OBJECT = re.compile(r"\{py:\w+\}`(~?)([^`]+)`")
LINK = re.compile(r"\]\(([\w./-]*?)([\w-]+)\.(?:md|rst)(?=[#)])")
SHOWN = {".html": 'IFrame("{}", "100%", 600)', ".svg": 'SVG("{}")', ".png": 'Image("{}")'}  # by IPython.display


def notebook(text: str, page: cells.Page) -> dict:
    """The page as nbformat 4.5 wants it."""
    found, at = [], 0
    for cell in page.cells:
        if not cell.run:
            continue
        begin = text.rindex(f"```{cell.language}", 0, cell.end)
        found += [prose(text[at:begin], page.files), code(cell, page.files)]
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
    text = LINK.sub(beside, OBJECT.sub(lambda role: f"`{role[2].split('.')[-1] if role[1] else role[2]}`", text))
    return {"cell_type": "markdown", "metadata": {}, "source": text.strip().splitlines(True)}


def quoted(match: re.Match) -> str:
    options = dict(re.findall(r":([\w-]+): ?\"?(.*?)\"?$", match["options"], re.M))
    first, last = options.get("from", ""), options.get("to", "")
    text, file, line = source(match["name"], first, last, "without-docstring" not in options)
    return indent(f"`{file}`, line {line}:\n\n```python\n{text}```", match["indent"])


def beside(link: re.Match) -> str:
    """A link to another page of the folder leads to its notebook, any other one to the page as the site has it."""
    folder, name = link[1], link[2]
    return f"]({folder}{name}.{'html' if folder or name == 'index' else 'ipynb'}"


def code(cell: cells.Cell, files: dict[str, bytes]) -> dict:
    """A cell of code. What it saves, and the page shows below it, it shows itself."""
    outputs: list[dict] = []
    if cell.output:
        outputs.append({"output_type": "stream", "name": "stdout", "text": cell.output.splitlines(True)})
    if cell.drawn:
        outputs.append(svg(cell.drawn))
    saved = []
    for _, file, _ in cell.images:
        if file in files and files[file] != cell.drawn.encode():
            saved.append(SHOWN[Path(file).suffix].format(file))
            outputs += [svg(files[file].decode())] if file.endswith(".svg") else []
    source = with_display(cell, saved) if saved else cell.code.strip("\n")
    lines = (("%%sh\n" if cell.language == "sh" else "") + source).splitlines(True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": outputs, "source": lines}


def with_display(cell: cells.Cell, saved: list[str]) -> str:
    """The code, and what shows the files that it saves: before its last expression if that shows itself."""
    lines = cell.code.strip("\n").split("\n")
    end = ast.parse("\n".join(lines)).body[-1].lineno - 1 if cell.drawn else len(lines)
    names = ", ".join(sorted({shown.partition("(")[0] for shown in saved}))
    lines[end:end] = ["", f"from IPython.display import {names}, display", "", f"display({', '.join(saved)})"]
    return "\n".join(lines)


def svg(picture: str) -> dict:
    return {"output_type": "display_data", "data": {"image/svg+xml": picture}, "metadata": {}}


def write(path: Path, text: str, page: cells.Page) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(text, page), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
