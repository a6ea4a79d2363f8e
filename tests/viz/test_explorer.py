"""The explorer without a browser: what the file holds, its policy, and the numbers of its backward pass."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.cli import program
from tinygrad_rnn.viz import explorer, layout
from tinygrad_rnn.viz.facts import rule_source

from .helpers import loop, lstm_output, value_loop
from .test_drawing import HOSTILE

BREAKING_OUT = ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "\u2028", "${data}", "$policy"]


class Page(HTMLParser):
    """What a browser would see in the file: elements with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[tuple[str, dict, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.texts.append((tag, dict(attrs), ""))

    def handle_data(self, data):
        if self.texts and self.elements[-1][0] in ("script", "style"):
            tag, attrs, text = self.texts[-1]
            self.texts[-1] = tag, attrs, text + data

    def handle_endtag(self, tag):
        self.elements.append((f"/{tag}", {}))

    @property
    def data(self):
        (text,) = [text for tag, attrs, text in self.texts if attrs.get("type") == "application/json"]
        return json.loads(text)


def page_of(x, **options) -> str:
    return draw(x, **options).render("html").decode()


def data_of(x, **options) -> dict:
    return Page(page_of(x, **options)).data


def gradients(data: dict) -> dict[str, list]:
    """Name of a leaf -> [norm, numbers] when the backward pass is over."""
    found = {}
    for step in data["steps"]:
        for to, _, _, total, _ in step["sends"]:
            if data["items"][to].get("leaf"):
                found[data["items"][to]["name"]] = total
    return found


# --- the file -----------------------------------------------------------------------------------------------------


def test_the_policy_allows_this_code_and_nothing_else():
    page = Page(page_of(lstm_output(2)))
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'none'"]
    code = [text for tag, attrs, text in page.texts if attrs.get("type") != "application/json" and tag == "script"]
    style = [text for tag, _, text in page.texts if tag == "style"]
    for texts, allowed in ((code, rules["script-src"]), (style, rules["style-src"])):
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert allowed == [f"'sha256-{each}'" for each in hashes]


def test_nothing_is_loaded_and_nothing_is_inline():
    text = page_of(lstm_output(2))
    for _, attrs in Page(text).elements:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "src", "href")]
    scripts = "".join([code for tag, attrs, code in Page(text).texts if not attrs])
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|fetch\(", scripts)
    assert set(re.findall(r"https?://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}, "a name space, no address"


@pytest.mark.parametrize("name", [*HOSTILE, *BREAKING_OUT])
def test_names_are_data(name):
    h, w, _ = loop(2)
    text = page_of(h, level="op", params={name: w})
    page = Page(text)
    titles = [box["title"] for box in page.data["scenes"]["op"]["unrolled"]["boxes"]]
    assert name in titles
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in Page(page_of(loop(2)[0])).elements]
    assert "<" not in re.search(r'id="data">(.*?)</script>', text, re.DOTALL).group(1)


def test_half_a_character_and_control_characters_are_written_as_utf_8():
    w = tg.randn(3, requires_grad=True)
    assert draw(loop(2)[0], params={"\ud800\x00\x1b": w}).render("html").decode("utf-8")


@pytest.mark.parametrize("view", ["unrolled", "folded", "rolled"])
def test_same_graph_same_bytes(view):
    assert page_of(lstm_output(4), view=view) == page_of(lstm_output(4), view=view)


def test_an_existing_file_is_never_left_half_written(tmp_path, monkeypatch):
    path = tmp_path / "x.html"
    path.write_text("old")
    drawing = draw(lstm_output(2))
    monkeypatch.setattr(explorer, "page", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        drawing.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    assert drawing.save(path) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_no_layout_engine_is_needed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    assert "op" in data_of(lstm_output(2))["scenes"]
    assert len(data_of(Value(1.0) * 2.0)["scenes"]["op"]["unrolled"]["boxes"]) >= 2
    mlp = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Tanh(), tg.nn.Linear(3, 1))
    assert len(data_of(mlp(tg.randn(4, 2)))["steps"]) == 3


def test_dot_text_alone_cannot_be_explored(tmp_path):
    with pytest.raises(ValueError, match="no graph behind"):
        tg.viz.Drawing("digraph { a }").save(tmp_path / "x.html")
    with pytest.raises(ValueError, match="explore: there is no graph behind"):
        tg.viz.Drawing("digraph { a }").explore()


def test_a_notebook_shows_it_in_a_frame_that_holds_the_whole_page():
    drawing = tg.draw({'a "quoted" & <odd> name': lstm_output(2)})
    shown = drawing.explore(height=400)
    (tag,) = re.findall(r"<iframe ([^>]*)></iframe>", shown._repr_html_())
    held = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
    assert unescape(held["srcdoc"]) == drawing.render("html").decode()
    assert held["sandbox"] == "allow-scripts"
    assert "height: 400px" in held["style"]
    assert "HTML" in repr(shown)


def test_the_command_line_writes_it(tmp_path):
    path = tmp_path / "gru.html"
    done = CliRunner().invoke(program, ["draw", "--cell", "gru", "--level", "op", "--view", "rolled", "-o", str(path)])
    assert done.exit_code == 0, done.output
    assert Page(path.read_text(encoding="utf-8")).data["start"] == ["op", "rolled"]


# --- scenes -------------------------------------------------------------------------------------------------------


def test_every_level_and_view_of_a_recurrent_network():
    data = data_of(lstm_output(5))
    assert list(data["scenes"]) == ["module", "layer", "step", "op"]
    assert list(data["scenes"]["step"]) == list(data["scenes"]["op"]) == ["unrolled", "folded", "rolled"]
    assert data["start"] == ["step", "unrolled"]
    assert data_of(lstm_output(5), level="op", view="rolled")["start"] == ["op", "rolled"]


def test_scenes_refer_to_what_there_is():
    data = data_of(lstm_output(5, bidirectional=True))
    drawn = set()
    for views in data["scenes"].values():
        for scene in views.values():
            vertices = len(scene["boxes"]) + len(scene["points"])
            for line in scene["lines"]:
                assert 0 <= line["from"] < vertices
                assert 0 <= line["to"] < vertices
                assert len(line["path"]) % 6 == 2, "x and y of 3n + 1 points"
            for box in scene["boxes"]:
                assert box["cell"] is None or box["cell"] < len(scene["cells"])
                assert all([item < len(data["items"]) for item in box["items"]])
                drawn.update(box["items"])
    assert {step["item"] for step in data["steps"]} <= drawn
    fine = data["scenes"]["op"]["unrolled"]["boxes"]
    lines_alone = {step["item"] for step in data["steps"]} - {item for box in fine for item in box["items"]}
    assert {data["items"][i]["name"] for i in lines_alone} <= {"stack", "unstack", "unbind", "cat"}


def opened(data: dict, level: str, title: str, view: str = "unrolled") -> list[tuple[dict, list]]:
    """(room, content) of each box with this title that can be opened."""
    boxes = [box for box in data["scenes"][level][view]["boxes"] if box["title"] == title and box["inside"] is not None]
    contents = [data["openings"][box["inside"]] for box in boxes]
    return [(data["rooms"][room], content) for room, content in contents]


def test_inside_a_box_is_what_it_stands_for():
    data = data_of(lstm_output(5))
    for level in ("layer", "step"):
        boxes = [box for box in data["scenes"][level]["unrolled"]["boxes"] if box["title"] == "LSTM"]
        for box, (room, content) in zip(boxes, opened(data, level, "LSTM"), strict=True):
            assert len(content) == len(room["boxes"])
            kinds = [each["kind"] for each in room["boxes"]]
            within = {item for kind, (items, _) in zip(kinds, content) if kind in ("op", "cell") for item in items}
            assert within <= set(box["items"])
            assert len(within) > 4
            for line in room["lines"]:
                assert max(line["from"], line["to"]) < len(room["boxes"]) + len(room["points"])
            pins = {i for i, kind in enumerate(kinds) if kind == "pin"}
            entering = pins & {line["from"] for line in room["lines"]}
            leaving = pins & {line["to"] for line in room["lines"]}
            assert entering
            assert entering | leaving == pins
            assert not entering & leaving


def test_like_boxes_share_one_room():
    data = data_of(lstm_output(12))
    steps = opened(data, "step", "LSTM")
    assert len(steps) == 24
    assert len({str(room) for room, _ in steps}) <= 8
    assert len({str(content) for _, content in steps}) == 24, "each has its own items"


def test_a_layer_opens_to_steps_that_open_to_operations():
    data = data_of(lstm_output(5))
    (room, content), _ = opened(data, "layer", "LSTM")
    assert [step["label"] for step in room["steps"]] == [f"t = {t}" for t in range(5)]
    cells = [inside for box, (_, inside) in zip(room["boxes"], content) if box["title"] == "LSTM"]
    assert len(cells) == 5
    at_step_level = [box["inside"] for box in data["scenes"]["step"]["unrolled"]["boxes"] if box["title"] == "LSTM"]
    assert set(cells) <= set(at_step_level)


def test_a_rolled_step_opens_with_pins_for_its_own_past():
    data = data_of(lstm_output(5, layers=1))
    ((room, _),) = opened(data, "step", "LSTM", "rolled")
    titles = [box["title"] for box in room["boxes"] if box["kind"] == "pin"]
    assert titles.count("h") == 2, "from the step before, to the next"
    assert titles.count("c") == 2


def test_cells_hold_their_boxes():
    scene = data_of(lstm_output(3))["scenes"]["op"]["unrolled"]
    assert len(scene["cells"]) == 6
    for box in scene["boxes"]:
        if box["cell"] is not None:
            cell = scene["cells"][box["cell"]]
            assert cell["x"] <= box["x"] - box["w"] / 2
            assert box["x"] + box["w"] / 2 <= cell["x"] + cell["w"]
            assert cell["y"] <= box["y"] - box["h"] / 2
            assert box["y"] + box["h"] / 2 <= cell["y"] + cell["h"]
            assert cell["step"] == box["step"]


def test_levels_that_look_alike_are_there_once():
    assert list(data_of(Value(2.0) * Value(3.0) + 1.0)["scenes"]) == ["op"]


# --- what is told of a box ------------------------------------------------------------------------------------------


def test_an_operation_is_told_with_formula_rule_and_value():
    x = tg.tensor([[0.0, 1.0]], requires_grad=True)
    data = data_of(tg.tanh(x * x * 2.0).exp())
    by_name = {item["name"]: item for item in data["items"]}
    tanh = by_name["tanh"]
    assert tanh["shape"] == "1 × 2"
    assert tanh["dtype"] == "float32"
    np.testing.assert_allclose(tanh["value"]["numbers"], np.tanh([0.0, 2.0]), rtol=1e-5)
    np.testing.assert_allclose(by_name["mul"]["value"]["numbers"], [0.0, 2.0])
    told = data["operations"][tanh["op"]]
    assert "dy" in told["rule"]
    assert told["doc"]
    assert "linear.vjp(" in _rule("linear", data_of(lstm_output(2))), "a lambda is shown with the call it stands in"


def _rule(name: str, data: dict) -> str:
    return next(each["rule"] for each in data["operations"] if each["name"] == name)


def test_a_large_array_has_a_histogram_and_no_numbers():
    x = tg.randn(50, 40, requires_grad=True)
    (item,) = [item for item in data_of(x * x)["items"] if item["name"] == "mul"]
    assert sum(item["value"]["bins"]) == 2000
    assert "numbers" not in item["value"]


def test_numbers_that_json_does_not_have():
    x = tg.tensor([0.0, -1.0, 1.0], requires_grad=True)
    data = data_of(x.log().sum())
    assert ["-Infinity", "NaN", 0.0] in [item.get("value", {}).get("numbers") for item in data["items"]]
    (found,) = gradients(data).values()
    assert found == ["Infinity", "Infinity", -1.0, 1.0]


# --- the backward pass ----------------------------------------------------------------------------------------------


def same(found: list, grad) -> None:
    norm, *numbers = found
    assert norm == pytest.approx(np.linalg.norm(grad), rel=1e-4)
    if grad.size <= 16:
        np.testing.assert_allclose(numbers, grad.ravel(), rtol=1e-4, atol=1e-7)
    else:
        assert numbers == []


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_gradients_are_those_of_backward(kind, granularity):
    tg.manual_seed(1)
    module = getattr(tg.nn, kind)(3, 4, num_layers=2, bidirectional=True)
    with tg.granularity(granularity):
        y = module(tg.randn(5, 2, 3))[0]
    found = gradients(data_of(y))
    assert [p.grad for p in module.parameters()] == [None] * len(found), "drawing leaves no gradient behind"
    y.sum().backward()
    assert sorted(found) == sorted([name for name, _ in module.named_parameters()])
    for name, parameter in module.named_parameters():
        same(found[name], parameter.grad.array)


def test_the_gradients_of_values():
    a, b = Value(2.0), Value(-3.0)
    y = (a * b + a).tanh() * a
    data = data_of(y, params={"a": a, "b": b})
    assert a.grad == 0
    y.backward()
    found = gradients(data)
    assert found["a"][1] == pytest.approx(a.grad, rel=1e-5)
    assert found["b"][1] == pytest.approx(b.grad, rel=1e-5)


def test_what_arrives_is_what_was_sent():
    """Each application is pulled back once, after all that uses it; what it gets is the last sum written down."""
    data = data_of(lstm_output(4))
    gathered: dict[int, list] = {}
    done = set()
    for step in data["steps"]:
        assert step["item"] not in done
        done.add(step["item"])
        if len(step["arrives"]) == 1 and step["item"] in gathered:
            assert step["arrives"][0][1] == gathered[step["item"]]
        for to, _, _, total, _ in step["sends"]:
            assert to not in done
            gathered[to] = total
    assert len(done) > 4 * 2 * 10


def test_a_broadcast_is_undone_and_a_square_sends_twice():
    x = tg.tensor([[1.0], [2.0]], requires_grad=True)
    b = tg.tensor([3.0, 4.0], requires_grad=True)
    data = data_of((x * x + b).sum(), params={"x": x, "b": b})
    found = gradients(data)
    assert found["x"][1:] == [4.0, 8.0]
    assert found["b"][1:] == [2.0, 2.0]
    sends = [step["sends"] for step in data["steps"] if data["items"][step["item"]]["name"] == "mul"]
    assert [[slot for _, slot, *_ in each] for each in sends] == [["da", "db"]]


def test_a_freed_graph_is_shown_without_numbers():
    y = lstm_output(3)
    y.sum().backward()
    data = data_of(y)
    assert data["steps"] == []
    assert "retain_graph=True" in data["problem"]
    assert {item["name"] for item in data["items"] if "value" in item} == {"stack"}, "the output itself is known"


def test_the_graph_can_be_used_afterwards():
    tg.manual_seed(0)
    gru = tg.nn.GRU(2, 3)
    x = tg.randn(4, 1, 2, requires_grad=True)
    y = gru(x)[0]
    before = y.array.copy()
    page_of(y)
    y.sum().backward()
    grad = x.grad.array.copy()
    x.grad = None
    gru(x)[0].sum().backward()
    np.testing.assert_array_equal(y.array, before)
    np.testing.assert_allclose(grad, x.grad.array)


def test_a_rule_that_fails_is_told():
    class Broken(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0

        @staticmethod
        def backward(ctx, dy):
            raise RuntimeError("<no>")

    x = tg.randn(3, requires_grad=True)
    data = data_of(Broken.apply(x).exp())
    assert data["problem"].endswith("<no>")
    assert len(data["steps"]) == 1


def test_many_steps_are_folded_and_their_gradients_still_add_up():
    y = lstm_output(60, layers=1)
    data = data_of(y, budget=120)
    assert len(data["items"]) < 200
    assert "steps are folded" in data["scenes"]["op"]["unrolled"]["folded"]
    found = gradients(data)
    assert set(found) == {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}
    whole = gradients(data_of(y))
    for name in found:
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-4)


def test_a_graph_without_modules():
    data = data_of(value_loop(3))
    assert data["start"] == ["op", "unrolled"]
    assert len(data["steps"]) == 6


def test_the_rule_of_one_of_several_outputs():
    h, _ = tg.nn.LSTMCell(2, 3)(tg.ones(1, 2))
    assert "def step_vjp(" in rule_source(h.node)
    assert rule_source(tg.ones(2, requires_grad=True).node) == ""
