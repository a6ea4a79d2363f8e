"""Words stand in the middle of their boxes in whatever font the reader has."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw

from .helpers import lstm_output

SVG = "{http://www.w3.org/2000/svg}"


def drawn_nodes(svg: bytes) -> list[tuple[float, list[ElementTree.Element]]]:
    """(middle, texts) of each node with a shape."""
    found = []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        shapes = [each for each in group.iter() if each.tag in (f"{SVG}path", f"{SVG}polygon")]
        if group.get("class") == "node" and shapes:
            points = (shapes[0].get("d") or shapes[0].get("points")).replace("M", "").replace("C", " ").split()
            xs = [float(point.split(",")[0]) for point in points]
            found.append(((min(xs) + max(xs)) / 2, [*group.iter(f"{SVG}text")]))
    return found


@pytest.mark.parametrize(
    "drawing",
    [
        lambda: draw(lstm_output(2)),
        lambda: draw(lstm_output(2), level="op", view="folded"),
        lambda: draw(lstm_output(3, layers=1), view="rolled"),
        lambda: draw(Value(1.0) * Value(2.0)),
    ],
    ids=["steps", "operations", "rolled", "values"],
)
def test_every_line_is_anchored_in_the_middle(drawing):
    for middle, texts in drawn_nodes(drawing().render()):
        for text in texts:
            assert text.get("text-anchor") == "middle"
            assert float(text.get("x")) == pytest.approx(middle, abs=0.02)


def test_a_subscript_goes_with_its_letter():
    texts = [text for _, texts in drawn_nodes(draw(lstm_output(2)).render()) for text in texts]
    found = ["".join(text.itertext()) for text in texts if text.find(f"{SVG}tspan") is not None]
    assert sorted(found) == ["x0", "x1", "y0", "y1"]


def test_captions_and_words_of_a_strip_keep_their_places():
    y, _ = tg.nn.RNN(2, 6)(tg.randn(1, 1, 2))
    drawing = draw(y.sum(), show="value")
    texts = [text for _, texts in drawn_nodes(drawing.render()) for text in texts]
    anchors = {"".join(text.itertext()): text.get("text-anchor") for text in texts}
    assert anchors["RNN"] == anchors["1 × 6"] == "middle"
    assert anchors["value"] == "start"


@pytest.mark.parametrize("name", ['text-anchor="start" x="1"', "</text>", "<g id=", "\u200a", "a\nb", "日本"])
def test_names_are_data(name):
    w = tg.randn(3, requires_grad=True)
    svg = draw(w * w, params={name: w}).render()
    words = [part for text in ElementTree.fromstring(svg).iter(f"{SVG}text") for part in text.itertext()]
    assert set(name.split("\n")) - {"\u200a"} <= set(words)
