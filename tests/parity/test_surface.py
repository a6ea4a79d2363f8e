"""Every name that this package shares with PyTorch is tested, and docs/pytorch.md says how."""

from __future__ import annotations

import pytest

from .golden import HERE
from .remarks import DIFFERENCES, ELSEWHERE
from .surface import PAGE, compared, full, names, page, shared

ALL = [full(place, name) for place, found in names().items() for name in found]
ROOT = HERE.parent.parent


def test_every_name_is_tested():
    assert not sorted(set(ALL) - set(compared()) - set(ELSEWHERE))


def test_remarks_are_about_names_that_are_there():
    assert not sorted((set(ELSEWHERE) | set(DIFFERENCES)) - set(ALL))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_elsewhere_is_there(name):
    assert name.rpartition(".")[2] in (ROOT / ELSEWHERE[name]).read_text(encoding="utf-8")


def test_names_that_scripts_use_are_there():
    from .surface import used

    assert not sorted(set(used()) - set(ALL))


def test_names_are_up_to_date():
    torch = pytest.importorskip("torch")
    found = [full(place, name) for place, each in shared(torch).items() for name in each]
    assert not sorted(set(found) ^ set(ALL)), "run python -m tests.parity.surface"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.parity.surface"
