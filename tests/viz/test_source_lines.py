"""Source lines in boxes: the right line at every level and view, in the explorer, and as data."""

from __future__ import annotations

import linecache
import re

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import draw
from tinygrad_rnn.autograd import record_source

from .helpers import nodes, texts, titled
from .test_drawing import words
from .test_explorer import BREAKING_OUT, data_of

PROGRAM = """\
import tinygrad_rnn as tg
class Tagger(tg.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = tg.nn.LSTM(3, 4, num_layers=2)
        self.head = tg.nn.Linear(4, 2)
    def forward(self, x):
        h, _ = self.rnn(x)
        scores = self.head(h)
        return scores.tanh()
tg.manual_seed(0)
y = Tagger()(tg.randn(5, 1, 3))
loss = y.exp().sum() + 0.5 * y.abs().mean() + y.sum()
"""


@pytest.fixture
def run(monkeypatch):
    """Run text as a file of that name, and give what it computed."""

    def run(text: str, name: str = "/home/me/tagger.py", record: bool = True) -> dict:
        monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(True), name))
        names: dict = {}
        with record_source(record):
            exec(compile(text, name, "exec"), names)
        return names

    return run


def lines(source: str) -> dict[str, set[tuple[str, ...]]]:
    """Title of a box -> the last two lines in it."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for node in nodes(source).values():
        title, *rest = texts(node) or [""]
        found.setdefault(title, set()).add(tuple(rest[-2:]))
    return found


SHORTENED = "loss = y.exp().sum() + 0.5 * y.abs(…"
RNN = ("tagger.py:8", "h, _ = self.rnn(x)")


@pytest.mark.parametrize("view", ["unrolled", "folded", "rolled"])
@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
def test_each_box_has_its_line(run, level, view):
    found = lines(draw(run(PROGRAM)["loss"], level, view, show="source").source)
    assert found["exp"] == {("tagger.py:13", SHORTENED)}
    if level == "op":
        assert {line for title in ("i  sigmoid", "g  tanh", "split") for line in found[title]} == {RNN}
        assert found["weight_hh_l0" if "weight_hh_l0" in found else "rnn.weight_hh_l0"] == {
            ("tagger.py:5", "self.rnn = tg.nn.LSTM(3, 4, num_lay…")
        }
        assert ("tagger.py:9", "scores = self.head(h)") in found["linear"]
    else:
        assert found["LSTM"] == {RNN}
        assert ("tagger.py:9", "scores = self.head(h)") in found["head"]
        assert ("tagger.py:6", "self.head = tg.nn.Linear(4, 2)") in found["head"], "its parameters"
    assert found["tanh"] >= {("tagger.py:10", "return scores.tanh()")}


def test_of_several_operations_the_first_is_named(run):
    text = PROGRAM + "class Deep(tg.nn.Module):\n  def forward(self, x):\n    x = x.exp()\n    return x.tanh()\n"
    names = run(text + "z = Deep()(y)\n")
    (box,) = [node for node in nodes(draw(names["z"], "module", show="source").source).values() if "Deep" in node]
    assert [word for word in texts(box) if word.startswith("tagger.py")] == ["tagger.py:16"]
    assert "x = x.exp()" in texts(box)


def test_values_and_their_leaves(run):
    found = lines(draw(run("from tinygrad_rnn import Value\na = Value(2.0)\nb = 3 * a\n")["b"], show="source").source)
    assert found["×"] == {("tagger.py:3", "b = 3 * a")}
    assert found["data 2.0000"] == {("tagger.py:2", "a = Value(2.0)")}


def test_drawing_within_record_source_names_no_line_of_the_drawing(run):
    y = run(PROGRAM)["y"]
    with record_source():
        inside = draw(y, "op", show="source").source
    assert inside == draw(y, "op", show="source").source


def test_beside_values_as_strips(run):
    source = draw(run(PROGRAM)["loss"], "op", show=["source", "value"]).source
    (box,) = titled(source, "abs")
    assert texts(nodes(source)[box])[-2:] == ["tagger.py:13", SHORTENED]
    assert "value" in texts(nodes(source)[box])


def test_a_pointer_sees_the_whole_line(run):
    source = draw(run(PROGRAM)["loss"], show="source").source
    assert "tagger.py:13  loss = y.exp().sum() + 0.5 * y.abs().mean() + y.sum()" in source
    long = f"from tinygrad_rnn import Value\ny = Value({'1' * 5} + {'0 + ' * 500} 0) * 2\n"
    assert len(draw(run(long)["y"], show="source").source) < 4_000


def test_nothing_changes_without_being_asked(run):
    assert draw(run(PROGRAM)["loss"]).source == draw(run(PROGRAM, record=False)["loss"]).source


@pytest.mark.parametrize("level", ["module", "op"])
def test_a_graph_without_lines_is_refused_with_the_way_out(run, level):
    with pytest.raises(ValueError, match=r"no source lines.*record_source\(\)"):
        draw(run(PROGRAM, record=False)["loss"], level, show=["value", "source"])


def test_a_graph_with_some_says_how_many_are_missing(run):
    y = run(PROGRAM)["y"]
    source = draw((y * 2).sum(), "module", show="source").source
    assert re.search(r"2 of \d+ operations have no source line: they were made without record_source\(\)", source)
    assert "no source line" not in draw(y, show="source").source


def test_rolled_shows_lines_and_nothing_else(run):
    with pytest.raises(ValueError, match="rolled"):
        draw(run(PROGRAM)["loss"], view="rolled", show=["source", "value"])


def test_a_gradient_stands_by_the_line_of_its_operation():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with record_source():
        y = x.tanh()
        (dx,) = tg.autograd.grad(y.sum(), [x], create_graph=True)
    found = lines(draw(dx, "op", show="source").source)
    assert {text for _, text in found["×"]} == {"y = x.tanh()"}


# --- hostile names --------------------------------------------------------------------------------------------------

HOSTILE = ["<b>x</b>.py", 'a"];evil[.py', "back\\.py", "\\N.py", "new\nline.py", "\udcff\x1b.py", "{a|b}:p", "\ud800"]


@pytest.mark.parametrize("name", [*HOSTILE, *BREAKING_OUT])
@pytest.mark.parametrize("steps", [True, False])
def test_names_and_lines_are_data(run, name, steps):
    """Shown as they are in a picture that lays out, and in the explorer."""
    name = name.replace("/", "|")
    line = f"{'with tg.step(0): ' * steps}y = tg.Value(2.0) * 3.0  # {name!r}"
    y = run(f"import tinygrad_rnn as tg\n{line}\n", f"/home/me/{name}")["y"]
    found = words(draw(y, show="source").render())
    assert all([part in found for part in visible(f"{name}:2").split("\n")])
    assert [f"{name}:2", line] in data_of(y)["sources"]


def visible(text: str) -> str:
    """Half characters and the one control character in the list, as pictures show them."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text).replace("\x1b", "␛")


# --- the explorer ---------------------------------------------------------------------------------------------------


def test_the_explorer_knows_the_line_of_every_item(run):
    data = data_of(run(PROGRAM)["loss"])
    known = {tuple(data["sources"][item["source"]]) for item in data["items"] if "source" in item}
    assert known == {tuple(each) for each in data["sources"]}
    assert {RNN, ("tagger.py:9", "scores = self.head(h)")} <= known
    for item in data["items"]:
        assert "source" in item or "op" not in item
        if "op" in item and item["where"].endswith("lstm_step"):
            assert tuple(data["sources"][item["source"]]) == RNN


def test_the_explorer_of_a_graph_without_lines(run):
    data = data_of(run(PROGRAM, record=False)["loss"])
    assert data["sources"] == []
    assert not any(["source" in item for item in data["items"]])
