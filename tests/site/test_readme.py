"""README.md does what it says: its Python shows that, its picture is the one the code draws, its commands are two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from machinery import cells

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_shows_what_its_code_does() -> None:
    page = cells.run(README)
    assert page.problems == []
    text = re.compile(r">([^<>]+)</text>")
    drawn = page.files["unrolled.svg"].decode()
    assert text.findall(drawn) == text.findall((ROOT / "docs" / "unrolled.svg").read_text(encoding="utf-8"))


def test_the_first_two_blocks_are_the_commands() -> None:
    fences = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [language for language, _ in fences[:2]] == ["sh", "sh"]
    assert all(len(block.strip().splitlines()) == 1 for _, block in fences[:2])


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(target) -> None:
    assert (ROOT / target).exists()
