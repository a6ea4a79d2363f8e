"""The gallery shows what its code draws: each graph is drawn anew and compared with the picture that is committed."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from xml.etree import ElementTree

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "gallery"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")

spec = spec_from_file_location("gallery", FOLDER / "make.py")
make = module_from_spec(spec)
spec.loader.exec_module(make)
ENTRIES = make.entries()


@pytest.mark.parametrize("name", ENTRIES)
def test_the_picture_is_what_the_code_draws(name):
    picture = (FOLDER / name).read_text(encoding="utf-8")
    assert picture.endswith(f"{make.fingerprint(make.drawn(ENTRIES[name]))}\n"), (
        f"looked at and intended? then run: python docs/gallery/make.py {name}"
    )
    ElementTree.fromstring(picture)


def test_every_piece_of_code_is_followed_by_its_picture():
    assert sorted(ENTRIES) == sorted([path.name for path in FOLDER.glob("*.svg")])
    assert re.findall(r"^!\[.+\]\((.+)\)$", PAGE, re.MULTILINE) == [*ENTRIES]
    for section in PAGE.split("\n## ")[1:-1]:  # the last is about the explorer
        (code,) = make.BLOCK.findall(section)
        assert make.SAVED.findall(code) == re.findall(r"^!\[.+\]\((.+)\)$", section, re.MULTILINE)


def test_the_gallery_is_small():
    sizes = {path.name: path.stat().st_size for path in FOLDER.iterdir() if path.is_file()}
    assert sum(sizes.values()) < 1_000_000
    assert max(sizes.values()) < 250_000
