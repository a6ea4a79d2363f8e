"""A picture within a page keeps its ids to itself, says what it is, and leaves its colours to the page's sheet."""

from __future__ import annotations

import re

from machinery import pictures

import tinygrad_rnn as tg

SVG = tg.draw(tg.Value(1.0).tanh()).render().decode()


def test_inline():
    found = pictures.inline(SVG, "one", 'y = "tanh" & more')
    assert found.startswith('<div class="picture"')
    assert 'role="img" aria-label="y = &quot;tanh&quot; &amp; more"' in found
    assert "<?xml" not in found and "<!DOCTYPE" not in found and "<style" not in found
    assert all(name.startswith("one-") for name in re.findall(r'\bid="([^"]*)"', found))
    assert re.search(r'style="--width: \d+px"', found) and " width=" not in found.partition(">")[2].partition(">")[0]


def test_references_within_the_picture_follow_its_ids():
    svg = '<svg width="72pt" height="72pt"><path id="p"/><use href="#p"/><g clip-path="url(#p)"/></svg>'
    found = pictures.inline(svg, "two", "x")
    assert '<path id="two-p"/><use href="#two-p"/><g clip-path="url(#two-p)"/>' in found
    assert "--width: 96px" in found


def test_the_sheet_has_what_the_picture_had():
    dark = dict(re.findall(r'\.tinygrad-rnn \[fill="([^"]+)"\] \{ fill: (\S+) \}', SVG))
    for light, colour in dark.items():
        rule = f'.tinygrad-rnn [fill="{light}"] {{ fill: {colour} }}'
        assert f'body[data-theme="dark"] {rule}' in pictures.sheet()
        assert f'body[data-theme="auto"] {rule}' in pictures.sheet()
    assert len(dark) > 3
