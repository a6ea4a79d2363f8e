"""The reference: before the build reads its pages, one page for each part of the package, written from docstrings.

A function or class stands where its first name is; its other names are in a table below. Names of one file stand
together under what the first line of the file says.
"""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any

from . import arguments, docstrings, names, saved

FOLDER = Path(__file__).parent.parent / "reference"
OPERATIONS, APART = "tinygrad_rnn.ops", ("tensor", "operations")
PAGES = {  # page -> title, places
    "tinygrad_rnn": ("tinygrad_rnn", [""]),
    "tensor": ("Tensor", [""]),
    "operations": ("Operations", [""]),
    "nn": ("tinygrad_rnn.nn", ["nn"]),
    "functional": ("tinygrad_rnn.nn.functional", ["nn.functional"]),
    "init": ("tinygrad_rnn.nn.init", ["nn.init"]),
    "nn-utils": ("tinygrad_rnn.nn.utils", ["nn.utils", "nn.utils.rnn"]),
    "optim": ("tinygrad_rnn.optim", ["optim"]),
    "schedulers": ("tinygrad_rnn.optim.lr_scheduler", ["optim.lr_scheduler"]),
    "autograd": ("tinygrad_rnn.autograd", ["autograd", "autograd.functional", "autograd.forward_ad", "func"]),
    "viz": ("tinygrad_rnn.viz", ["viz"]),
    "data": ("tinygrad_rnn.utils", ["utils", "utils.data", "utils.checkpoint", "utils.dlpack"]),
    "files": ("tinygrad_rnn.serialization and onnx", ["serialization", "onnx"]),
    "distributions": ("tinygrad_rnn.distributions and linalg", ["distributions", "linalg"]),
    "tasks": ("tinygrad_rnn.tasks", ["tasks"]),
    "devices": ("tinygrad_rnn.cuda and backends", ["cuda", "backends"]),
}


def setup(app) -> None:
    app.connect("config-inited", lambda app, config: write())
    app.connect("builder-inited", lambda app: complain())


def complain() -> None:
    """What a docstring lacks, or says that is not so, fails the build."""
    from sphinx.util import logging

    log = logging.getLogger(__name__)
    for name in names.undocumented():
        log.warning(f"{name} has no docstring")
    for argument in names.stale():
        log.warning(f"{argument}: the docstring lists an argument that there is not")
    for argument in names.unexplained():
        log.warning(f"{argument}: the docstring does not mention this argument")


def write() -> None:
    """All pages; one that did not change keeps its time, so that it is not read again."""
    FOLDER.mkdir(exist_ok=True)
    pages = {f"{page}.rst": text for page, text in Reference().pages().items()}
    pages["arguments.rst"] = shared()
    pages["index.rst"] = index()
    for old in FOLDER.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for file, text in pages.items():
        path = FOLDER / file
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def index() -> str:
    listed = "".join(f"\n   {page}" for page in [*PAGES, "arguments"])
    return "\n".join([*heading("Reference", "="), ".. toctree::", "   :maxdepth: 1", listed, ""])


def shared() -> str:
    """The page of the arguments that a docstring need not explain."""
    lines = heading(arguments.TITLE, "=")
    for every, text in arguments.EVERYWHERE.items():
        lines += ["``, ``".join(every.split(", ")).join(["``", "``"]), f"   {' '.join(text.split())}", ""]
    return "\n".join(lines)


def pointer(found: list[names.Name]) -> list[str]:
    """Where a reader of these functions and classes finds the arguments that they take and do not explain."""
    left = {p for name in found if name.callable for p in names.unmentioned(name.thing)}
    used = [f"``{name}``" for every in arguments.EVERYWHERE for name in every.split(", ") if name in left]
    if not used:
        return []
    return [f":doc:`{arguments.TITLE} <arguments>` are explained once: {', '.join(used)}.", ""]


class Reference:
    """What every page needs to know: where each thing is documented, for links."""

    def __init__(self) -> None:
        self.home = names.canonical()
        self.known: dict[str, str] = {}  # as a docstring may call it -> its full name
        for kept in self.home.values():
            self.known.setdefault(kept.name, kept.full)
            self.known[kept.full] = self.known[kept.full.removeprefix(f"{names.ROOT}.")] = kept.full

    def link(self, name: str) -> str | None:
        """What a name in a docstring refers to: no plain word such as `step`, which may be a method or an argument."""
        if re.fullmatch("[a-z]+", name):
            return None
        return self.known.get(name.removeprefix("tg.").removesuffix("()"))

    def pages(self) -> dict[str, str]:
        return {page: self.page(page, title, places) for page, (title, places) in PAGES.items()}

    def page(self, page: str, title: str, places: list[str]) -> str:
        found = {place: [name for name in names.of(place) if belongs(page, name)] for place in places}
        lines = [*heading(title, "="), *pointer([name for each in found.values() for name in each])]
        for place in places:
            module = f"{names.ROOT}.{place}".rstrip(".")
            if len(places) > 1:
                lines += heading(module, "-")
            if page not in APART:
                lines += docstrings.rest(names.documentation(import_module(module)).splitlines(), self.link)
            lines += self.listing(found[place], "~" if len(places) > 1 else "-")
        return "\n".join(lines) + "\n"

    def listing(self, found: list[names.Name], mark: str) -> list[str]:
        here = [name for name in found if name.callable and self.home[id(name.thing)] == name]
        others = [name for name in found if name.callable and self.home[id(name.thing)] != name]
        values = [name for name in found if not name.callable]
        groups: dict[str, list[names.Name]] = defaultdict(list)
        for name in here:
            groups[name.module].append(name)
        lines: list[str] = []
        for module, group in sorted(groups.items(), key=lambda item: first_line(item[0]).lower()):
            lines += heading(first_line(module), mark) if len(groups) > 1 else []
            for name in group:
                lines += self.entry(name)
        lines += table("Values", mark, [(name.full, docstrings.escaped(repr(name.thing))) for name in values])
        same = [(name.full, f":py:obj:`{self.home[id(name.thing)].full}`") for name in others]
        return lines + table("Other names of the same", mark, same)

    def entry(self, name: names.Name) -> list[str]:
        if not name.module.startswith(names.ROOT):
            return [f".. py:data:: {name.full}", "", f"   :py:obj:`{name.module}.{name.thing.__name__}`", ""]
        body = self.text(names.documentation(name.thing))
        if isinstance(name.thing, type):
            kind = "exception" if issubclass(name.thing, BaseException) else "class"
            for member, thing in names.members(name.thing):
                body += self.member(name.full, member, thing)
        else:
            kind = "function"
            body += saved.lines(name.name, name.thing)
        return [f".. py:{kind}:: {name.full}{signature(name.thing)}", "", *indented(body), ""]

    def member(self, owner: str, member: str, thing: Any) -> list[str]:
        text = names.documentation(thing)
        home = self.home.get(id(getattr(thing, "__func__", thing)))
        if not text or (home is not None and owner != "tinygrad_rnn.Tensor"):
            return []
        lines = self.text(text) if home is None else [f"The method of :py:obj:`{home.full}`.", ""]
        if isinstance(thing, names.ATTRIBUTES):
            return [f".. py:attribute:: {owner}.{member}", "", *indented(lines), ""]
        kind = {classmethod: ["   :classmethod:"], staticmethod: ["   :staticmethod:"]}.get(type(thing), [])
        called = signature(getattr(thing, "__func__", thing), method=not isinstance(thing, staticmethod))
        return [f".. py:method:: {owner}.{member}{called}", *kind, "", *indented(lines), ""]

    def text(self, doc: str) -> list[str]:
        return docstrings.rest(doc.splitlines(), self.link)


def belongs(page: str, name: names.Name) -> bool:
    """Of the names at the top, Tensor and the operations have pages of their own."""
    if name.place:
        return True
    apart = "tensor" if name.name == "Tensor" else "operations" if is_operation(name) else "tinygrad_rnn"
    return page == apart


def is_operation(name: names.Name) -> bool:
    return name.callable and name.module.startswith(OPERATIONS)


def first_line(module: str) -> str:
    """What the file says it is, up to the first stop."""
    text = (import_module(module).__doc__ or module).strip().splitlines()[0]
    return re.split(r"[.:;](?:\s|$)", text)[0].replace("`", "")


def heading(text: str, mark: str) -> list[str]:
    text = docstrings.escaped(text)
    return ["", text, mark * max(len(text), 4), ""]


def indented(lines: list[str]) -> list[str]:
    return [f"   {line}" if line else "" for line in lines]


def table(title: str, mark: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    lines = [*heading(title, mark), ".. list-table::", ""]
    for name, what in rows:
        lines += [f"   * - ``{name}``", f"     - {what}"]
    return [*lines, ""]


def signature(thing: Any, method: bool = False) -> str:
    """Parameters with defaults; annotations are left to type checkers, since docstrings say shapes and dtypes."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(...)"
    parameters = list(found.parameters.values())[1 if method else 0 :]
    shown = [p.replace(annotation=p.empty, default=default(p)) for p in parameters]
    return str(found.replace(parameters=shown, return_annotation=found.empty))


def default(parameter: inspect.Parameter) -> Any:
    return parameter.empty if parameter.default is parameter.empty else Shown(parameter.default)


class Shown:
    """A default value as it can be read."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        text = repr(self.value)
        return getattr(self.value, "__name__", "...") if text.startswith("<") else text
