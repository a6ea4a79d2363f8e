"""The parts of the examples of sequence tasks that are right or wrong, whatever is learnt."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(monkeypatch):
    """Imports one by its name."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module


# --- code, names and texts ----------------------------------------------------------------------------------


def test_letters_of_code_are_labelled(example) -> None:
    tags = example("tag_code")
    code = "def f(x):\n    return g('a', 12) # no\n"
    short = "kkk conoo     kkkkkk cossso nno # ##"
    _, labels = tags.labelled(code)
    assert "".join(["#" if tags.LABELS[k] == "comment" else (tags.LABELS[k] or " ")[0] for k in labels]) == f"{short} "


def test_classes_of_names_do_not_depend_on_the_batch(example) -> None:
    classes = example("classify_names")
    tg.manual_seed(0)
    net = classes.Classifier(8)
    some = [classes.Named(name, 0) for name in ("OX", "GREEK SMALL LETTER ALPHA", "COMMA")]
    with tg.no_grad():
        together = net(*classes.encoded(some)[:2]).numpy()
        for n, one in enumerate(some):
            letters, lengths, _ = classes.encoded([one])
            np.testing.assert_allclose(together[n], net(letters, lengths)[0].numpy(), rtol=1e-4, atol=1e-6)
            last = net.at_each(letters)[-1, 0].numpy()
            np.testing.assert_allclose(net(letters, lengths).softmax(1)[0].numpy(), last, rtol=1e-4)


def test_every_description_has_a_picture_of_its_own(example) -> None:
    drawing = example("draw_text")
    pictures = {description.image().tobytes() for description in drawing.ALL}
    texts = {description.text(order) for description in drawing.ALL for order in range(drawing.ORDERS)}
    assert len(pictures) == len(drawing.ALL) == 180
    assert len(texts) == drawing.ORDERS * len(drawing.ALL)


# --- series -------------------------------------------------------------------------------------------------


def test_going_on_reads_what_was_foretold(example) -> None:
    forecast = example("forecast")
    tg.manual_seed(0)
    net, x = forecast.Forecaster(8), tg.randn(5, 2, 1)
    found = net.go_on(x, 4)
    for k in range(1, 5):
        again = net(tg.cat([x, found[: k - 1]]))[0][-1]
        np.testing.assert_allclose(found[k - 1].numpy(), again.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_the_series_is_that_of_its_seed(example) -> None:
    forecast = example("forecast")
    one, same, other = (forecast.mackey_glass(300, seed) for seed in (0, 0, 1))
    assert (one == same).all()
    assert not np.allclose(one, other)
    assert one.mean() == pytest.approx(0, abs=1e-5)
    assert one.std() == pytest.approx(1, abs=1e-5)
