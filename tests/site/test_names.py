"""Every public name says what it is, and what a docstring lists is there."""

from __future__ import annotations

from enum import Enum

from machinery import arguments, docstrings, names, reference


def test_no_public_name_is_undocumented():
    assert names.undocumented() == []


def test_arguments_that_docstrings_list_exist():
    assert names.stale() == []


def test_every_argument_is_explained():
    assert names.unexplained() == []


def test_what_needs_no_explanation_is_an_argument():
    taken = [names.parameters(name.thing) or set() for name in names.canonical().values()]
    assert set().union(*taken) >= arguments.SHARED


def test_what_a_section_lists():
    doc = (
        "Do.\n\nArgs:\n    a, b: two,\n        and more: no name.\n    *rest (int): others.\n\nRaises:\n    Error: so."
    )
    assert docstrings.entries(doc, "Args") == ["a", "b", "rest"]
    assert docstrings.entries(doc, "Raises") == ["Error"]
    assert docstrings.entries(doc, "Attributes") is None


class Thing:
    """A thing.

    Args:
        x: there.
        y: not there.

    Attributes:
        said: in words.
    """

    said = property(lambda self: 1)
    silent = property(lambda self: 1)

    def __init__(self, x, quiet, dtype=None):
        pass

    def method(self):
        pass


def test_silence_and_what_is_not_so_are_found(monkeypatch):
    monkeypatch.setattr(Thing, "__module__", "tinygrad_rnn.nn")
    monkeypatch.setattr(names, "of", lambda place: [names.Name("nn", "Thing", Thing)] if place == "nn" else [])
    assert names.undocumented() == ["tinygrad_rnn.nn.Thing.method", "tinygrad_rnn.nn.Thing.silent"]
    assert names.stale() == ["tinygrad_rnn.nn.Thing(y)"]
    assert names.unexplained() == ["tinygrad_rnn.nn.Thing(quiet)"]


def explained(one, *others, **options):
    """The arguments are `one` and any number of `others`; as `options` those of `list`."""


def like(one, two):
    """Other arguments as for `explained`."""


def like_in_two_steps(one, two):
    """Arguments as for `like`; `two` is another."""


def unlike(one, two):
    """Nearly `explained`. Source: one of a kind.

    Example:
        >>> unlike(one=1, two=2)
    """


class Kind(Enum):
    """One of some."""

    ONE = 1


def test_where_an_argument_may_be_explained():
    assert names.unmentioned(explained) == names.unmentioned(like_in_two_steps) == names.unmentioned(Kind) == []
    assert names.unmentioned(like) == ["two"]
    assert names.unmentioned(unlike) == ["one", "two"]


def test_every_place_has_a_page():
    shown = {place for _, places in reference.PAGES.values() for place in places}
    assert shown == set(names.PLACES)


def test_a_page_has_every_name_of_its_places():
    pages = reference.Reference().pages()
    for page, (_, places) in reference.PAGES.items():
        for name in [name for place in places for name in names.of(place) if reference.belongs(page, name)]:
            assert name.full in pages[page]
