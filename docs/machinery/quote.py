"""Real source by the name of the object, so that what a chapter quotes is what runs.

    ```{quote} tinygrad_rnn.autograd.backward.sweep
    :from: "while newest"
    :to: "dxs ="
    ```

Without options the whole object is quoted, a module too. `from` is a piece of its first line, which must be there once,
and `to` of the last, the next that has it. `without-docstring` leaves out what the reference has anyway.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent.parent


def found(name: str) -> Any:
    """The object of a dotted name."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            thing: Any = import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            if not hasattr(thing, part):
                raise LookupError(f"quote: {'.'.join(parts[:k])} has no {'.'.join(parts[k:])}")
            thing = inspect.getattr_static(thing, part) if inspect.isclass(thing) else getattr(thing, part)
        return thing
    raise LookupError(f"quote: there is no module {parts[0]}")


def source(name: str, first: str = "", last: str = "", docstring: bool = True) -> tuple[str, str, int]:
    """The lines that are to be quoted, the file they are in, and the number of the first of them."""
    thing = found(name)
    thing = getattr(thing, "fget", None) or getattr(thing, "__func__", thing)
    try:
        lines, start = inspect.getsourcelines(inspect.unwrap(thing))
        file = Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")
    except (TypeError, OSError):
        raise LookupError(f"quote: {name} has no source that could be quoted") from None
    start = max(start, 1)
    begin, *more = places(lines, first, name, 0) if first else [0]
    if more:
        raise LookupError(f"quote: {first!r} is in {1 + len(more)} lines of {name}; say more of the one that is meant")
    end = places(lines, last, name, begin)[0] + 1 if last else len(lines)
    skipped = set() if docstring else set(documentation(lines))
    kept = [line for k, line in enumerate(lines[begin:end], begin) if k not in skipped]
    where = file.resolve().relative_to(PACKAGE).as_posix() if file.resolve().is_relative_to(PACKAGE) else file.name
    return textwrap.dedent("".join(kept)).rstrip() + "\n", where, start + begin


def places(lines: list[str], piece: str, name: str, begin: int) -> list[int]:
    """The lines that hold `piece`, of which there must be one."""
    found = [k for k in range(begin, len(lines)) if piece in lines[k]]
    if not found:
        where = " behind the first that is quoted" if begin else ""
        raise LookupError(f"quote: no line of {name} has {piece!r}{where}")
    return found


def documentation(lines: list[str]) -> range:
    """The numbers of the lines that are the docstring."""
    node = ast.parse(textwrap.dedent("".join(lines))).body[0]
    if ast.get_docstring(node) is None:  # type: ignore[arg-type]
        return range(0)
    text = node.body[0]  # type: ignore[attr-defined]
    return range(text.lineno - 1, text.end_lineno)


def setup(app) -> None:
    from docutils import nodes
    from docutils.parsers.rst import directives
    from sphinx.util.docutils import SphinxDirective

    class Quote(SphinxDirective):
        required_arguments = 1
        option_spec = {"from": directives.unchanged, "to": directives.unchanged, "without-docstring": directives.flag}  # noqa: RUF012

        def run(self) -> list[nodes.Node]:
            first, last = [self.options.get(key, "").strip().strip('"') for key in ("from", "to")]
            try:
                text, file, line = source(self.arguments[0], first, last, "without-docstring" not in self.options)
            except LookupError as wrong:
                raise self.error(str(wrong)) from None
            self.env.note_dependency(str(PACKAGE / file))
            block = nodes.literal_block(text, text, language="python")
            caption = nodes.caption("", "", nodes.literal("", file), nodes.Text(f", line {line}"))
            holder = nodes.container("", caption, block, literal_block=True, classes=["literal-block-wrapper", "quote"])
            return [holder]

    app.add_directive("quote", Quote)
