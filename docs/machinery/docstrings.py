"""Docstrings, which are plain text, to what Sphinx reads: sections to lists, `names` to links, equations to equations.

A docstring has a first line, paragraphs, and the sections Args, Returns, Yields, Raises, Warns, Attributes and Example.
An indented block outside of them is an equation on each line, or code. In a sentence, `y = a * b` is set as an equation
where it follows the grammar of `equations`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from . import equations

SECTIONS = ("Args", "Returns", "Yields", "Raises", "Warns", "Attributes", "Example", "Examples", "Note")
LISTED = ("Args", "Raises", "Warns", "Attributes")
HEADING = re.compile(rf"^({'|'.join(SECTIONS)}):$")
ENTRY = re.compile(r"^(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*)(?: \(([^)]*)\))?:(?: (.*))?$")
CODE = re.compile(r"``?([^`]+)``?")
EQUATION = re.compile(r"(?<![\w`.(\[=])(?:\|?[A-Za-z][A-Za-z]?'?\d?(?:_(?:\{[^}]*\}|\w+))?'?(?:, [a-z]'?)*) = ")
SPECIAL = re.compile(r"([\\*`|_<>\[\]])")

Link = Callable[[str], str | None]


def entries(doc: str, section: str) -> list[str] | None:
    """The names that a section lists; None where there is no such section."""
    lines = doc.splitlines()
    if f"{section}:" not in lines:
        return None
    found, inside = [], False
    for line in lines:
        if HEADING.match(line):
            inside = line == f"{section}:"
        elif inside and line and not line.startswith(" "):
            inside = False
        elif inside and (match := ENTRY.match(line[4:])):
            found += [name.strip("*") for name in match[1].split(", ")]
    return found


def rest(lines: list[str], link: Link = lambda name: None) -> list[str]:
    """The docstring as reStructuredText; `link` says what a name in it refers to."""
    written: list[str] = []
    for heading, body in sections(lines):
        if not heading:
            written += blocks(body, link)
        elif heading in LISTED:
            written += [f"**{heading}**", "", *listed(body, link), ""]
        else:
            written += [f"**{heading}**", "", *blocks(dedented(body), link, code=heading.startswith("Example")), ""]
    return written


def sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    heading, body = "", []
    for line in lines:
        if match := HEADING.match(line):
            yield heading, body
            heading, body = match[1], []
        elif heading and line and not line.startswith(" "):
            yield heading, body
            heading, body = "", [line]
        else:
            body.append(line)
    yield heading, body


def dedented(lines: list[str]) -> list[str]:
    return [line[4:] for line in lines]


def listed(lines: list[str], link: Link) -> list[str]:
    """name: what it is."""
    written: list[str] = []
    text: list[str] = []

    def close() -> None:
        if text:
            written.append(f"   {inline(' '.join(text), link)}")
            text.clear()

    for line in dedented(lines):
        if match := ENTRY.match(line):
            close()
            kind = f" ({escaped(match[2])})" if match[2] else ""
            written += ["", f"``{match[1]}``{kind}"]
            text.append(match[3] or "")
        elif line.strip():
            text.append(line.strip())
    close()
    return written


def blocks(lines: list[str], link: Link, code: bool = False) -> list[str]:
    """Paragraphs, items, examples and indented blocks."""
    written: list[str] = []
    for block in split(lines):
        if block[0].lstrip().startswith(">>>") or (code and not block[0][0].isalpha()):
            written += ["", ".. code-block:: pycon", "", *[f"   {line}" for line in undented(block)], ""]
        elif code:
            written += ["", ".. code-block:: python", "", *[f"   {line}" for line in undented(block)], ""]
        elif block[0].startswith("    "):
            written += displayed(undented(block), link)
        elif block[0].startswith("- "):
            items = re.split(r"\n(?=- )", "\n".join(block))
            written += ["", *[f"- {inline(' '.join(item[2:].split()), link)}" for item in items], ""]
        else:
            written += ["", inline(" ".join(line.strip() for line in block), link), ""]
    return written


def split(lines: list[str]) -> Iterator[list[str]]:
    """Blocks, which an empty line or a change to or from indentation ends."""
    block: list[str] = []
    for line in [*lines, ""]:
        if block and (not line.strip() or (line.startswith("    ") != block[-1].startswith("    "))):
            yield block
            block = []
        if line.strip():
            block.append(line)


def undented(block: list[str]) -> list[str]:
    margin = min(len(line) - len(line.lstrip()) for line in block)
    return [line[margin:].rstrip() for line in block]


def displayed(block: list[str], link: Link) -> list[str]:
    """An indented block: equations, each with its remark, or else code."""
    rows = []
    for line in block:
        columns = [part for part in re.split(r" {2,}", line) if part]
        try:
            cells = [equations.latex(columns[0].rstrip(","))]
        except equations.NoEquation:
            return ["", ".. code-block:: text", "", *[f"   {line}" for line in block], ""]
        for column in columns[1:]:
            try:
                cells.append(equations.latex(column.rstrip(",")))
            except equations.NoEquation:
                cells.append(rf"\text{{{re.sub('[_^]', ' ', column)}}}")
        rows.append(r" \qquad ".join(cells))
    return [piece for row in rows for piece in ("", f".. math:: {row}", "")]


def inline(text: str, link: Link) -> str:
    """A sentence: in backquotes are names and code, what follows the grammar is an equation, the rest is text."""
    written, at = "", 0
    for match in CODE.finditer(text):
        written += sentence(text[at : match.start()])
        target = link(match[1])
        written += rf":py:obj:`{match[1]} <{target}>`\ " if target else rf"``{match[1]}``\ "
        at = match.end()
    return (written + sentence(text[at:])).strip()


def sentence(text: str) -> str:
    written, at = "", 0
    while match := EQUATION.search(text, at):
        try:
            math, end = equations.longest(text[match.start() :])
        except equations.NoEquation:
            written += escaped(text[at : match.end()])
            at = match.end()
            continue
        size = r"\displaystyle " if r"\frac" in math else ""  # or fractions are too small to read
        written += escaped(text[at : match.start()]) + rf"\ :math:`{size}{math}`\ "
        at = match.start() + end
    return written + escaped(text[at:])


def escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
