"""plot_states: which units it chooses, what it writes where, what it refuses."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.viz import plot_states

TEXT = 'a "b" $c$\n\tü<d>'
T, H = len(TEXT), 9
VALUES = np.random.default_rng(0).standard_normal((T, H))
QUOTED = np.array([TEXT[: t + 1].count('"') % 2 for t in range(T)])


def words(path) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_units_that_track_something_come_first():
    values = VALUES.copy()
    values[:, 4], values[:, 7], values[:, 2] = QUOTED * 0.1, 3 - QUOTED, 1.0
    plot = plot_states(values, TEXT, tracks=[bool(q) for q in QUOTED], units=3)
    assert plot.units[:2].tolist() == [4, 7]
    np.testing.assert_allclose(plot.correlation[:2], [1, -1], rtol=1e-12)
    every = plot_states(tg.tensor(values)[:, None], tracks=tg.tensor(QUOTED), units=range(H))
    expected = [0 if k == 2 else np.corrcoef(values[:, k], QUOTED)[0, 1] for k in range(H)]
    np.testing.assert_allclose(every.correlation, expected, atol=1e-12)
    np.testing.assert_array_equal(every.values, values)
    assert repr(plot).startswith("<15 steps of 3 units: 4 (r = +1.00), 7 (r = -1.00), ")


def test_else_those_that_vary_most():
    values = VALUES * np.arange(H)
    assert plot_states(values, units=3).units.tolist() == sorted(np.argsort(values.std(0))[-3:])
    assert plot_states(values).units.tolist() == [*range(H)]
    assert repr(plot_states(values, units=[5, 3])) == "<15 steps of 2 units: 5, 3>"


@pytest.mark.parametrize("units", [1, 4])
def test_the_text_is_written_as_it_is(tmp_path, units):
    pytest.importorskip("matplotlib")
    plot = plot_states(VALUES, TEXT, tracks=QUOTED, units=units, title="$5 <b>")
    found = words(plot.save(tmp_path / "x.svg"))
    assert [w for w in found if len(w) == 1 and not w.isdigit()] == [*'a·"b"·$c$↵⇥ü<d>']
    assert "$5 <b>" in found and sum([w.startswith("unit ") for w in found]) == units
    assert plot._repr_png_().startswith(b"\x89PNG")


def test_words_and_more_than_one_band(tmp_path):
    pytest.importorskip("matplotlib")
    values = np.tile(VALUES, (8, 1))
    text = [f"word{t}" for t in range(len(values))]
    found = words(plot_states(values, text, units=[2, 4]).save(tmp_path / "x.svg"))
    assert [w for w in found if w.startswith("word")] == text
    assert found.count("unit 4") == 3
    steps = [int(w) for w in found if w.isdigit() and len(w) > 1]
    assert steps == list(range(10, 120, 10))


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_plot_is_the_same_twice(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    plot = plot_states(VALUES, TEXT)
    first, second = (plot.save(tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert first == second


@pytest.mark.parametrize("values", [np.zeros((1, 1)), np.full((3, 2), np.nan), np.array([[0.0, np.inf], [1.0, 2.0]])])
def test_odd_values(tmp_path, values):
    pytest.importorskip("matplotlib")
    assert plot_states(values, "abc"[: len(values)]).save(tmp_path / "x.svg").exists()
    if len(values) > 1:
        assert plot_states(values, tracks=range(len(values))).save(tmp_path / "y.svg").exists()


@pytest.mark.parametrize(("arguments", "options", "says"), [
    ((np.zeros((3, 2, 4)),), {}, r"got shape \(3, 2, 4\); of a batch choose one"),
    ((np.zeros(3),), {}, r"expected \[T, H\]"),
    ((np.zeros((0, 3)),), {}, r"expected \[T, H\]"),
    ((VALUES, "abc"), {}, "15 steps, but the text has 3"),
    ((VALUES,), {"tracks": [1.0]}, r"15 numbers, not all of them equal, got shape \(1,\)"),
    ((VALUES,), {"tracks": np.ones(T)}, "a constant"),
    ((VALUES,), {"tracks": np.full(T, np.nan)}, "nan"),
    ((VALUES,), {"units": 0}, "how many, or numbers from 0 to 8, got 0"),
    ((VALUES,), {"units": [9]}, "from 0 to 8"),
    ((VALUES,), {"units": [0.5]}, "from 0 to 8"),
    ((VALUES,), {"units": []}, "from 0 to 8"),
])  # fmt: skip
def test_refused(arguments, options, says):
    with pytest.raises(ValueError, match=says):
        plot_states(*arguments, **options)


def test_a_picture_that_is_too_high(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="inches high: show a part"):
        plot_states(np.zeros((50_000, 200)), units=200).save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_a_picture_that_cannot_be(tmp_path, monkeypatch):
    plot = plot_states(VALUES, TEXT)
    with pytest.raises(ValueError, match="expected a name that ends in"):
        plot.save(tmp_path / "x.bmp")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for draw in (lambda: plot.save(tmp_path / "x.svg"), plot._repr_png_):
        with pytest.raises(RuntimeError, match="pip install matplotlib"):
            draw()
    assert not list(tmp_path.iterdir())
