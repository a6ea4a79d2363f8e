"""The pages of the site run, and show what they print and draw; the runner complains where they do not."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from machinery import cells, notebook

from .conftest import BESIDE_TORCH, DOCS, PAGES, needs, shows_what_its_code_does


@pytest.mark.parametrize("path", [path for path in PAGES if path not in BESIDE_TORCH], ids=lambda path: path.stem)
def test_the_page_shows_what_its_code_does(path):
    shows_what_its_code_does(path)


def test_pages_need_nothing_that_no_extra_has():
    extras = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = {re.split(r"\W", wanted)[0] for extra in extras["optional-dependencies"].values() for wanted in extra}
    assert {name for path in PAGES for name in needs(path)} <= known


def run(*pieces: str) -> cells.Page:
    return cells.run("\n\n".join(["# Title", *pieces]) + "\n")


def block(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def complaints(*pieces: str) -> str:
    return "\n".join(f"{line}: {sentence}" for line, sentence in run(*pieces).problems)


def test_blocks_share_one_namespace_and_show_what_a_notebook_shows():
    first = [block("a = 1\nprint('printed')\na + 1"), block("printed\n2", "output")]
    page = run(*first, block("a * 5"), block("5", "output"))
    assert page.problems == []
    assert [cell.output for cell in page.cells] == ["printed\n2\n", "5\n"]


def test_each_page_is_alone():
    assert not complaints(block("import tinygrad_rnn as tg\ntg.set_default_dtype(tg.float64)"))
    assert not complaints(block("import tinygrad_rnn as tg\nprint(tg.zeros(1).dtype)"), block("float32", "output"))


def test_three_dots_stand_for_anything():
    assert not complaints(block("print('it took 1.25 s')"), block("it took ... s", "output"))


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([block("1 / 0")], "3: this block raises:\n.*ZeroDivisionError"),
        ([block("def f(:")], "3: this block raises:\n.*SyntaxError"),
        ([block("raise SystemExit")], "3: this block raises:\n.*SystemExit"),
        ([block("1 / 0"), block("2")], "7: this block raises:\na block above raised"),
        ([block("import warnings\nwarnings.warn('old')")], "3: this block raises:\n.*UserWarning: old"),
        ([block("print(1)"), block("2", "output")], "3: this block shows:\n1\n\nbut the page says:\n2\n"),
        ([block("print(1)")], "3: this block shows:\n1\n\nbut the page says:\n.nothing."),
        ([block("x = 1"), block("1", "output")], "3: this block shows:\n.nothing.\nbut the page says:\n1"),
        ([block("x = 1"), "![A thing](a.svg)"], "7: a.svg: no block above generates this picture"),
        ([block("open('a.svg', 'w').write('<svg/>');x = 1"), "![](a.svg)"], "7: a.svg: say in the brackets"),
        ([block("import tinygrad_rnn as tg\ntg.draw(tg.Value(1.0).tanh())")], "3: this block draws a picture: put"),
        (["- A list:", "  ```python\n  1 / 0\n  ```"], "5: this block stands in a list and is not run"),
        ([block(":from: def", "{quote} tinygrad_rnn.draw"), block("1 / 0")], "7: this block raises"),
        ([block("tinygrad-rnn train none.txt", "sh"), block("", "output")], "3: .*shows:\n.*none.txt: No such file"),
        (["- A list:", "  ```sh\n  ls\n  ```\n\n  ```output\n  ```"], "5: this block stands in a list and is not run"),
        (["<!-- needs: absent -->", block("draw()"), "![A thing](a.svg)"], "9: a.svg: what generates it cannot run"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(pieces, said):
    assert re.search(said, complaints(*pieces), re.S)


def test_a_block_that_is_not_to_run_says_why():
    assert not complaints("<!-- not run: needs a GPU -->", block("import no_such_package"))
    assert complaints("<!-- not run: -->", block("import no_such_package"))


def test_commands_run_where_their_output_stands_below_them():
    folder = [block("x = open('a.txt', 'w').write('here')"), block("cat a.txt; echo; python -c 'print(2)'", "sh")]
    assert not complaints(*folder, block("here\n2", "output"), block("exit 1", "sh"))


def test_a_page_that_needs_what_is_not_there_is_believed():
    pieces = block("import absent\nprint(absent.f())"), block("3", "output")
    page = run("<!-- needs: json, absent -->", *pieces)
    assert page.problems == [] and [cell.output for cell in page.cells] == ["3\n"]
    assert "No module named 'absent'" in complaints("<!-- needs: json, re -->", *pieces)


def test_a_drawing_is_filed_under_the_name_of_the_image_below_it():
    page = run(block("import tinygrad_rnn as tg\ntg.draw(tg.Value(1.0).tanh())"), "![One operation](one.svg)")
    assert page.problems == []
    assert b"<svg" in page.files["one.svg"]


def test_outputs_are_written_into_the_page():
    text = "\n\n".join([block("print(1)"), block("print(2)"), block("old", "output"), "End.\n"])
    assert cells.written(text, cells.run(text)) == "\n\n".join(
        [block("print(1)"), block("1", "output"), block("print(2)"), block("2", "output"), "End.\n"]
    )


def test_a_page_is_a_notebook():
    text = "\n\n".join(["# Title", "Prose.", block("print(1)"), block("1", "output"), "More.\n"])
    found = notebook.notebook(text, cells.run(text))
    assert [cell["cell_type"] for cell in found["cells"]] == ["markdown", "code", "markdown"]
    assert "".join(found["cells"][0]["source"]) == "# Title\n\nProse."
    assert found["cells"][1]["outputs"] == [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]
    assert "".join(found["cells"][2]["source"]) == "More."
    commands = "\n\n".join([block("exit 1", "sh"), block("echo 1", "sh"), block("1", "output")])
    shown = notebook.notebook(commands, cells.run(commands))["cells"]
    assert ["".join(cell["source"]) for cell in shown] == [block("exit 1", "sh"), "%%sh\necho 1"]
    json.dumps(found)


class Shown(NamedTuple):
    """What `IPython.display` would show: a file of the page's folder."""

    kind: str
    file: str


@pytest.fixture
def ipython(monkeypatch):
    """As much of IPython as the cells of a notebook ask for: what was shown."""
    shown = []
    display = {kind: lambda file, *size, kind=kind: Shown(kind, file) for kind in ("IFrame", "SVG", "Image")}
    display["display"] = lambda *what: shown.extend(what)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(**display))
    return shown


@pytest.mark.parametrize("last", ["", "\ntg.draw(y * 2)"])
def test_a_notebook_shows_what_it_saves(ipython, tmp_path, monkeypatch, last):
    monkeypatch.chdir(tmp_path)
    lines = [
        "import tinygrad_rnn as tg",
        "y = tg.Value(1.0).tanh()",
        *[f"tg.draw(y).save('y.{end}')" for end in ("svg", "html")],
    ]
    saving = "\n".join(lines)
    images = "\n\n".join(["![One box](y.svg)", "![The explorer](y.html)", *["![Again](again.svg)"] * bool(last)])
    page = run(block(saving + last), images)
    assert page.problems == []
    (cell,) = [cell for cell in notebook.notebook(block(saving + last), page)["cells"] if cell["cell_type"] == "code"]
    code = "".join(cell["source"])
    exec(code, {})
    assert ipython == [Shown("SVG", "y.svg"), Shown("IFrame", "y.html")]
    assert all([Path(shown.file).exists() for shown in ipython])
    assert code.endswith(last or 'display(SVG("y.svg"), IFrame("y.html", "100%", 600))')  # the drawing shows itself
    assert [list(output["data"]) for output in cell["outputs"]] == [["image/svg+xml"]] * (1 + bool(last))


def test_prose_of_a_notebook_says_nothing_that_only_the_site_understands():
    text = (
        "See [next](02-tensors.md#a-part), [all](index.md), [why](../performance.md), {py:obj}`~tinygrad_rnn.nn.LSTM`."
    )
    shown = notebook.prose(text, {})["source"]
    assert shown == ["See [next](02-tensors.ipynb#a-part), [all](index.html), [why](../performance.html), `LSTM`."]


def test_notebooks_are_as_the_format_wants_them():
    """What the schema of nbformat 4.5 asks for."""
    drawing = block("import tinygrad_rnn as tg\ntg.draw(tg.Value(1.0).tanh())")
    text = "\n\n".join(["# Title", block("print(1)"), block("1", "output"), drawing, "![One](one.svg)"])
    found = notebook.notebook(text, cells.run(text))
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
    for cell in found["cells"]:
        assert re.fullmatch(r"[\w-]{1,64}", cell["id"])
        assert set(cell) - {"execution_count", "outputs"} == {"id", "cell_type", "metadata", "source"}
        assert (cell["cell_type"] == "code") == ("outputs" in cell) == ("execution_count" in cell)
        for output in cell.get("outputs", []):
            wanted = {"stream": {"name", "text"}, "display_data": {"data", "metadata"}}[output["output_type"]]
            assert set(output) == wanted | {"output_type"}


@pytest.mark.parametrize("margin", ["", "  "])
def test_quotes_stand_in_the_notebook(margin):
    line = "i, f, g, o = chunk"
    lines = ["```{quote} tinygrad_rnn.ops.lstm.lstm_step", f":from: {line}", f":to: {line}", "```"]
    quote = "\n".join(margin + line for line in lines)
    text = "\n\n".join(["# Title", "- An item", quote, block("print(1)"), block("1", "output")]) + "\n"
    shown = "".join(notebook.notebook(text, cells.run(text))["cells"][0]["source"])
    assert f"{margin}```python\n{margin}i, f, g, o = chunk(" in shown
    assert "{quote}" not in shown
