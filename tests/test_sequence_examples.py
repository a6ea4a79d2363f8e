"""The parts of the examples of sequence tasks that are right or wrong, whatever is learnt."""

from __future__ import annotations

import importlib
from datetime import date, timedelta
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


# --- dates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "form", "expected"),
    [
        (date(1984, 3, 21), 0, "the twenty first of march nineteen hundred and eighty four"),
        (date(2000, 11, 30), 1, "november the thirtieth , two thousand"),
        (date(2003, 2, 12), 2, "wednesday , the twelfth of february two thousand and three"),
        (date(1700, 1, 8), 3, "on the eighth of january , a friday , in the year seventeen hundred"),
        (date(1110, 5, 20), 4, "in the year eleven hundred and ten , on friday , may the twentieth"),
    ],
)
def test_dates_are_spelled(example, day, form, expected) -> None:
    dates = example("translate_dates")
    assert dates.spelled(day, dates.FORMS[form]) == expected


def test_all_days_are_spelled_differently_and_in_known_words(example) -> None:
    dates = example("translate_dates")
    days = [dates.FIRST + timedelta(n) for n in range(0, dates.DAYS, 37)]
    texts = [dates.spelled(day, dates.FORMS[n % len(dates.FORMS)]) for n, day in enumerate(days)]
    assert len(set(texts)) == len(days)
    assert {word for text in texts for word in text.split()} <= set(dates.WORDS)


def test_held_out_days_are_not_learnt_from(example) -> None:
    dates = example("translate_dates")
    for held_out in (False, True):
        for signs in (dates.pair(np.random.default_rng(n), 3, held_out).signs for n in range(30)):
            for iso in signs.removesuffix(".").split():
                assert ((date.fromisoformat(iso) - dates.FIRST).days % dates.HELD_OUT == 0) == held_out


@pytest.mark.parametrize("attention", [False, True])
def test_a_translation_does_not_depend_on_its_batch(example, attention) -> None:
    """Padding is neither read nor looked at."""
    dates = example("translate_dates")
    tg.manual_seed(0)
    net, random = dates.Translator(8, attention), np.random.default_rng(0)
    pairs = [dates.pair(random, count, False) for count in (1, 3, 2)]
    words, lengths, signs = dates.encoded(pairs)
    with tg.no_grad():
        together, looks = net(words, lengths, len(signs), signs)
        for n, one in enumerate(pairs):
            w, count, s = dates.encoded([one])
            alone, _ = net(w, count, len(s), s)
            np.testing.assert_allclose(together[: len(s), n].numpy(), alone[:, 0].numpy(), rtol=1e-4, atol=1e-5)
    for weights in looks:
        np.testing.assert_allclose(weights.sum(1).numpy(), 1, rtol=1e-5)
        assert not weights.numpy()[np.arange(len(words)) >= lengths[:, None]].any()


def test_what_was_written_is_what_teacher_forcing_on_it_finds_likeliest(example) -> None:
    dates = example("translate_dates")
    tg.manual_seed(0)
    net = dates.Translator(8, True)
    words, lengths, _ = dates.encoded([dates.pair(np.random.default_rng(0), 1, False)])
    with tg.no_grad():
        written = net(words, lengths, 11)[0].argmax(2)
        again = net(words, lengths, 11, written)[0].argmax(2)
    assert (written == again).all()


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
