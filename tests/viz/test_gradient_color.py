"""Boxes and edges coloured by the norm of the gradient: the right norms, a scale in words, light and dark."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.viz import style
from tinygrad_rnn.viz.annotate import norm
from tinygrad_rnn.viz.scale import CLASSES, Scale

from .helpers import edges, lstm_output, nodes, texts, titled
from .test_drawing import SVG, words

T, H = 8, 5


def rnn(gain: float, x_size: int = 3):
    """(module, input, the gradients of the last output's sum by hand: of every h_t and of every W_hh h_{t-1})."""
    rng = np.random.default_rng(0)
    module = tg.nn.RNN(x_size, H, dtype=tg.float64, nonlinearity="tanh" if gain < 1.5 else "relu")
    w = np.abs(rng.normal(size=(H, H)))
    module.weight_hh_l0.array[:] = gain * w / np.linalg.norm(w, 2)
    module.weight_ih_l0.array[:] = np.abs(rng.normal(size=(H, x_size)))
    module.bias_ih_l0.array[:] = module.bias_hh_l0.array[:] = 0.0
    x = np.abs(rng.normal(size=(T, 1, x_size)))
    f, slope = (np.tanh, lambda h: 1 - h**2) if gain < 1.5 else (lambda z: np.maximum(z, 0), lambda h: h > 0)
    h = [np.zeros((1, H))]
    for x_t in x:
        h.append(f(x_t @ module.weight_ih_l0.array.T + h[-1] @ module.weight_hh_l0.array.T))
    dh, dhs, dws = np.ones((1, H)), [], []
    for t in reversed(range(T)):
        dz = dh * slope(h[t + 1])
        dhs.insert(0, np.linalg.norm(dh))
        dws.insert(0, np.linalg.norm(dz.T @ h[t]))
        dh = dz @ module.weight_hh_l0.array
    return module, tg.tensor(x), dhs, dws


def loss_of(gain: float):
    module, x, *norms = rnn(gain)
    return module(x)[0][-1].sum(), norms


def tip_norm(attributes: str) -> float | None:
    found = re.search(r"norm of the gradient ([\d.e+-]+|inf|nan)", attributes)
    return float(found.group(1)) if found else None


def edge_lines(source: str) -> dict[tuple[str, str], str]:
    return {(a, b): rest for a, b, rest in re.findall(r"^\t*(\w+) -> (\w+) \[(.*)\]$", source, re.MULTILINE)}


def cells(source: str) -> list[str]:
    """The boxes of the cells, by time."""
    return [name for name, node in nodes(source).items() if "penwidth=1.5" in node and "t=" in node]


# --- which number ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [0.5, 3.0])
@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
def test_states_carry_what_flows_back_through_them(gain, granularity):
    with tg.granularity(granularity):
        loss, (dhs, _) = loss_of(gain)
    source = draw(loss, "step", color="gradient").source
    lines, boxes = edge_lines(source), cells(source)
    assert len(boxes) == T
    for t, (a, b) in enumerate(pairwise(boxes)):
        assert tip_norm(lines[a, b]) == pytest.approx(dhs[t], rel=1e-2), "three digits are written"
    for name, dh in zip(boxes, dhs):
        assert tip_norm(nodes(source)[name]) == pytest.approx(dh, rel=1e-2)


def test_taps_tell_what_each_step_contributes_to_a_shared_weight():
    loss, (_, dws) = loss_of(0.5)
    source = draw(loss, "op", color="gradient").source
    (weight,) = titled(source, "weight_hh_l0")
    lines = edge_lines(source)
    taps = sorted([a for a, b in lines if a.startswith(f"r{weight[1:]}_") and b.startswith("n")], key=by_column)
    found = [tip_norm(lines[next((a, b) for a, b in lines if a == tap and b.startswith("n"))]) for tap in taps]
    assert found == pytest.approx(dws, rel=1e-2)
    rails = [line for (a, b), line in lines.items() if b.startswith(f"r{weight[1:]}_")]
    assert all(style.TONES["rail"].line in line and "tooltip" not in line for line in rails), "shared: no tone"


def by_column(tap: str) -> int:
    return int(tap.rpartition("_")[2])


def test_only_the_last_step_feeds_the_loss():
    """y[-1] is what the last step gives; opened, the sequence is stacked first and the other steps get zeros."""
    loss, _ = loss_of(0.5)
    source = draw(loss, "step", color="gradient").source
    lines, boxes = edge_lines(source), cells(source)
    (up,) = [pair for pair in lines if pair[0] in boxes and pair[1] not in boxes]
    assert up[0] == boxes[-1]
    assert tip_norm(lines[up]) == pytest.approx(math.sqrt(H), rel=1e-2)
    source = draw(loss, "op", color="gradient").source
    up = [line for (_, b), line in edge_lines(source).items() if b.startswith("g") and "tooltip" in line]
    assert [tip_norm(line) for line in up] == [0.0] * (T - 1) + [pytest.approx(math.sqrt(H), rel=1e-2)]
    assert ["dotted" in line for line in up] == [True] * (T - 1) + [False]


def test_vanishing_fades_and_exploding_darkens():
    for gain, sign in ((0.3, 1), (3.0, -1)):
        loss, (dhs, _) = loss_of(gain)
        source = draw(loss, "step", color="gradient").source
        lines, boxes = edge_lines(source), cells(source)
        ranks = [rank(lines[pair]) for pair in pairwise(boxes)]
        assert ranks == sorted(ranks, reverse=sign < 0)
        assert len(set(ranks)) > 2


def rank(line: str) -> int:
    return style.RAMP.index(re.search(r'\bcolor="(#\w+)"', line).group(1))


def test_a_preserved_gradient_keeps_one_tone():
    """A scale stretched over little would show differences where there are none."""
    x = tg.ones(4, requires_grad=True)
    h = x
    for _ in range(6):
        h = h + 0.5
    source = draw(h.sum(), color="gradient").source
    assert len({rank(line) for line in edge_lines(source).values() if tip_norm(line)}) == 1


def test_one_result_read_twice_flows_back_as_one_sum():
    """x -> x * x at one box: two edges at level op, each its own part."""
    x = Value(3.0)
    source = draw(x * x, color="gradient").source
    assert [tip_norm(line) for line in re.findall(r"-> \w+ \[(.*)\]", source)] == [3.0, 3.0]
    assert [tip_norm(node) for node in nodes(source).values()] == [1.0, 6.0]


def test_what_needs_no_gradient_says_so():
    source = draw(lstm_output(2).sum(), color="gradient").source
    x = titled(source, "x")
    assert x
    assert all("no gradient flows here" in nodes(source)[name] for name in x)


def test_a_gradient_that_is_not_finite():
    x = tg.tensor([0.0, 1.0], requires_grad=True)
    source = draw(x.sqrt().sum(), color="gradient", params={"x": x}).source
    node = nodes(source)[titled(source, "x")[0]]
    assert "fillcolor=black" in node
    assert "gradient not finite" in texts(node)
    assert any("dashed" in line for line in edge_lines(source).values())


# --- the scale ------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(min_value=0) | st.just(math.nan), max_size=6))
@example([5e-324, 1.7e308])
@example([])
@example([1.0, 10.0, 0.1])
def test_every_norm_has_its_tone_and_the_order_is_kept(norms):
    scale = Scale.over(norms)
    known = sorted([n for n in norms if 0 < n < math.inf])
    tones = [int(scale.tone(n)) for n in known]
    assert tones == sorted(tones)
    assert all(0 <= tone < CLASSES for tone in tones)
    for n, tone in zip(known, tones):
        low, high = scale.ticks[tone : tone + 2]
        assert low <= math.floor(math.log10(n)) < high
    if known:
        assert tones[-1] == CLASSES - 1
    assert (scale.tone(0.0), scale.tone(math.nan), scale.tone(math.inf)) == ("zero", "not finite", "not finite")
    assert scale.tone(None) == "none"


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_a_norm_neither_overflows_nor_vanishes(size):
    assert norm(np.array([3.0, -4.0]) * size) == pytest.approx(5.0 * size)
    assert norm(np.array([3.0, -4.0], np.float32)) == 5.0
    assert math.isnan(norm(np.array([1.0, np.nan])))
    assert norm(np.zeros((0, 2))) == 0.0


@pytest.mark.parametrize("steps", [True, False])
def test_the_legend_is_in_the_picture(steps):
    drawing = draw(lstm_output(3).sum() if steps else Value(2.0) * Value(3.0), show="gradient", color="gradient")
    shown = words(drawing.render())
    assert "norm of the gradient" in shown
    assert "1e1" in [word.strip() for word in shown]
    assert drawing.engine == ("nop2" if steps else "dot")


def test_the_legend_keeps_what_was_folded_in_words():
    shown = words(draw(lstm_output(12).sum(), view="folded", color="gradient").render())
    assert any("steps are folded" in word for word in shown)


# --- light and dark ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [True, False])
@pytest.mark.parametrize("options", [{}, {"show": ["value", "gradient"]}, {"color": "gradient"}])
def test_an_svg_has_a_dark_side(steps, options):
    drawing = draw(lstm_output(3).sum() if steps else Value(2.0) * Value(3.0), **options)
    svg = drawing.render()
    assert svg == drawing.render()
    root = ElementTree.fromstring(svg)
    (sheet,) = root.findall(f"{SVG}style")
    assert "prefers-color-scheme: dark" in sheet.text
    assert root.get("class") == "tinygrad-rnn"
    rules = re.findall(r'\.tinygrad-rnn \[(fill|stroke)="(.*?)"\] \{ \1: (#\w{6}) \}', sheet.text)
    assert len(rules) == sheet.text.count("{") - 2
    changed = {(what, light) for what, light, _ in rules}
    used = {(what, each.get(what)) for each in root.iter() for what in ("fill", "stroke") if each.get(what)}
    kept = {"none", "transparent", *style.STRIP_COLORS, style.ODD_CELL}
    kept |= {look.line for look in style.LOOKS.values()} | {color for color, _ in style.EDGES.values()}
    assert {(what, color) for what, color in used if color not in kept} == {
        (what, color) for what, color in changed if color not in kept
    }


def test_other_formats_are_light(tmp_path):
    drawing = draw(Value(2.0) * Value(3.0))
    assert b"prefers-color-scheme" not in drawing.render("pdf")
    assert "prefers-color-scheme" not in drawing.source


def test_a_name_cannot_reach_the_style_sheet():
    x = tg.randn(3, requires_grad=True)
    name = '</style><svg fill="white"'
    svg = draw(x * x, params={name: x}, color="kind").render()
    assert name in words(svg)
    assert len(ElementTree.fromstring(svg).findall(f"{SVG}style")) == 1


# --- off --------------------------------------------------------------------------------------------------------------


def test_nothing_is_added_when_nothing_is_asked_for():
    source = draw(lstm_output(3).sum()).source
    assert "norm of the gradient" not in source
    assert "<table" not in source
    assert not any("tooltip" in line for line in edge_lines(source).values())
    assert len(edges(source)) == len(edges(draw(lstm_output(3).sum(), color="gradient").source))
