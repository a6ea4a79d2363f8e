"""Files, formats, layout engines, hostile names, large graphs, bad input."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.viz import layout

from .helpers import edges, loop, lstm_output, nodes, step_labels, value_loop

GOLDEN = Path(__file__).with_name("golden")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<b>x</b>", 'a"];evil[', "back\\", "\\N", "\\\\n", "node:port", "日本 é", "<", "&amp;", "{a|b}", "<>", "%s",
    "a;b}", "'",
]  # fmt: skip


def words(svg: bytes) -> list[str]:
    """The text of an SVG, a string for each line of a label."""
    return [(text.text or "").replace("\xa0", " ") for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")]
)
@pytest.mark.parametrize("steps", [True, False])
def test_formats(tmp_path, suffix, magic, steps):
    drawing = draw(value_loop(3) if steps else Value(2.0) * Value(3.0))
    assert drawing.save(tmp_path / f"x.{suffix}").read_bytes().startswith(magic)


@pytest.mark.parametrize("suffix", ["dot", "gv"])
def test_dot_is_the_source(tmp_path, suffix):
    drawing = draw(value_loop(3))
    assert drawing.save(str(tmp_path / f"x.{suffix}")).read_text(encoding="utf-8") == drawing.source


def test_svg_has_text_and_a_notebook_shows_it():
    svg = draw(lstm_output(4))._repr_svg_()
    assert {"t = 0", "t = 3", "LSTM", "layer 1"} <= set(words(svg.encode()))


def test_unknown_suffix(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.gv"):
        draw(value_loop()).save(tmp_path / "x.bmp")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        draw(value_loop()).save(tmp_path / "nowhere" / "x.dot")


def test_a_failed_layout_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.svg"
    path.write_text("old")
    monkeypatch.setattr(layout, "_command", lambda engine, format: [sys.executable, "-c", "import os; os.abort()"])
    with pytest.raises(RuntimeError, match="signal"):
        draw(value_loop()).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# --- engines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["dot", "nop2"])
def test_without_dot_on_the_path(monkeypatch, tmp_path, engine):
    pytest.importorskip("pygraphviz", minversion="2.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    drawing = draw(value_loop(3)) if engine == "nop2" else draw(Value(1.0) + 1.0)
    assert drawing.engine == engine
    assert drawing.render("svg").rstrip().endswith(b"</svg>")


def test_dot_on_the_path_is_used(monkeypatch, tmp_path):
    fake = tmp_path / "dot"
    fake.write_text('#!/bin/sh\ncat > /dev/null\necho "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert draw(value_loop(3)).render("pdf") == b"-Knop2 -Tpdf\n"


def test_no_engine_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    drawing = draw(value_loop(3))
    with pytest.raises(RuntimeError, match="pip install pygraphviz"):
        drawing.save(tmp_path / "x.svg")
    assert drawing.save(tmp_path / "x.dot").exists()


def test_the_layout_can_be_timed_out(monkeypatch):
    monkeypatch.setattr(
        layout, "_command", lambda engine, format: [sys.executable, "-c", "input(); import time; time.sleep(60)"]
    )
    with pytest.raises(RuntimeError, match=r"longer than 0\.2 seconds.*budget"):
        draw(value_loop(3), timeout=0.2).render()


def test_importing_the_package_imports_no_graphviz():
    code = "import sys, tinygrad_rnn; print([m for m in sys.modules if 'graphviz' in m])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert found.stdout.strip() == "[]"


# --- what is in it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("steps", [True, False])
def test_names_are_data(name, steps):
    if steps:
        h, w, _ = loop(2)
        drawing = draw(h, level="op", params={name: w})
    else:
        w = tg.randn(3, requires_grad=True)
        drawing = draw(w * w, params={name: w})
    assert name in words(drawing.render())


def test_a_name_of_two_lines_and_control_characters():
    w = tg.randn(3, requires_grad=True)
    shown = words(draw(w * w, params={"one\ntwo\x00\ud800": w}).render())
    assert "one" in shown
    assert "two\u2400\ufffd" in shown


@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
@pytest.mark.parametrize("view", ["unrolled", "folded", "rolled"])
def test_same_graph_same_bytes(level, view):
    assert draw(lstm_output(4), level, view).source == draw(lstm_output(4), level, view).source


@pytest.mark.parametrize("level", ["step", "op"])
@pytest.mark.parametrize("view", ["unrolled", "folded", "rolled"])
def test_nothing_overlaps(level, view):
    source = draw(lstm_output(5, bidirectional=True), level, view).source
    boxes = []
    for node in nodes(source).values():
        x, y = map(float, re.search(r'\bpos="(.*?)"', node).group(1).split(","))
        width, height = [72 * float(re.search(rf" {side}=([\d.]+)", node).group(1)) for side in ("width", "height")]
        boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    at = np.array(boxes)
    apart = (at[:, None, 0] >= at[None, :, 2]) | (at[:, None, 1] >= at[None, :, 3])
    apart |= apart.T
    assert len(at) > 8
    assert apart[~np.eye(len(at), dtype=bool)].all()


def test_drawing_changes_nothing():
    x = tg.randn(3, 1, 2, requires_grad=True)
    gru = tg.nn.GRU(2, 3)
    y = gru(x)[0]
    before = y.array.copy()
    draw(y, level="op")
    (plain,) = tg.autograd.grad(gru(x)[0].sum(), [x])
    y.sum().backward()
    np.testing.assert_array_equal(y.array, before)
    np.testing.assert_array_equal(x.grad.array, plain.array)


@pytest.mark.parametrize("name", ["lstm-step.dot", "lstm-op-folded.dot", "values.dot"])
def test_golden(name):
    made = {
        "lstm-step.dot": lambda: draw(lstm_output(2)),
        "lstm-op-folded.dot": lambda: draw(lstm_output(6, layers=1), level="op", view="folded"),
        "values.dot": lambda: draw(Value(2.0) * Value(-3.0) + 1.0),
    }[name]()
    assert made.source == (GOLDEN / name).read_text(encoding="utf-8"), (
        "looked at and intended? then write the file anew"
    )


# --- large ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [3, 10, 500])
def test_a_long_chain_is_folded_in_the_middle(budget):
    y = one = Value(1.0)
    for _ in range(5000):
        y = y + one
    source = draw(y, budget=budget).source
    assert len(nodes(source)) <= budget + 2
    (fold,) = [name for name, node in nodes(source).items() if "⋯" in node]
    assert any(b == fold for _, b in edges(source))
    assert any(a == fold for a, _ in edges(source))
    assert "of 5,000 operations are folded" in source


@pytest.mark.parametrize("leaf", [Value(1.0), tg.ones((), requires_grad=True)], ids=["Value", "Tensor"])
def test_what_thousands_of_operations_share_leaves_by_a_rail(leaf):
    """Direct edges from one box to many take the layout minutes; here it must end within the default limit."""
    y = leaf
    for _ in range(3000):
        y = y + leaf
    drawing = draw(y)
    assert len(re.findall(r"shape=point", drawing.source)) > 1000
    assert "3,000 operations" in "".join(words(drawing.render()))


def test_hundreds_of_thousands_of_values():
    y = one = Value(1.0)
    for _ in range(300_000):
        y = y + one
    drawing = draw(y, view="folded")
    assert len(nodes(drawing.source)) < 60
    assert any("operations" in word for word in words(drawing.render()))


def test_many_steps_are_folded_to_the_budget():
    source = draw(lstm_output(200), budget=60).source
    assert len(nodes(source)) < 150
    assert "of 200 steps are folded" in source
    assert step_labels(source)[0] == "t = 0"
    assert step_labels(source)[-1] == "t = 199"


def test_a_thousand_steps_are_not_folded():
    assert len(step_labels(draw(lstm_output(1000)).source)) == 1000


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (lambda: value_loop(), {"level": "gate"}, "module, layer, step, op"),
        (lambda: value_loop(), {"view": "curly"}, "unrolled, folded, rolled"),
        (lambda: tg.zeros(3), {}, "requires grad"),
        (lambda: tg.zeros(3, requires_grad=True), {}, "leaf"),
        (lambda: (), {}, "no tensor"),
    ],
)
def test_what_cannot_be_drawn(x, options, message):
    with pytest.raises(ValueError, match=message):
        draw(x(), **options)


def test_something_else_than_a_tensor():
    with pytest.raises(TypeError, match="expected a Tensor, a Value or a nest of them, got int"):
        draw([value_loop(), 3])


def test_a_nest_of_outputs():
    y, (h, c) = tg.nn.LSTM(2, 3)(tg.randn(3, 1, 2))
    source = draw({"out": y, "state": [h, c]}).source
    assert "<b>out</b>" in source
    assert "state[0]" in source
    assert "state[1]" in source
