"""The machinery of the site is no package of its own: it is found where Sphinx finds it, in docs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from machinery import cells  # noqa: E402

PAGES = sorted(
    path for folder in (".", "course", "howto") for path in DOCS.glob(f"{folder}/*.md") if path.stem.islower()
)


def needs(path: Path) -> list[str]:
    return cells.needed(path.read_text(encoding="utf-8"))


BESIDE_TORCH = [path for path in PAGES if "torch" in needs(path)]


def shows_what_its_code_does(path: Path) -> None:
    """Run a page, or skip the test where what it needs is not there."""
    text = path.read_text(encoding="utf-8")
    if absent := cells.missing(text):
        pytest.skip(f"the page needs {', '.join(absent)}")
    page = cells.run(text)
    assert page.problems == []
    assert cells.written(text, page) == text
