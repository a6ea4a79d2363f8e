"""Equations as MathML, which docutils makes of LaTeX: no script and no font to load."""

from __future__ import annotations

from html import escape

from docutils import nodes
from docutils.utils.math.latex2mathml import MathError, tex2mathml
from sphinx.util import logging

log = logging.getLogger(__name__)


def setup(app) -> None:
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))


def inline(writer, node) -> None:
    write(writer, node, as_block=False)


def block(writer, node) -> None:
    write(writer, node, as_block=True)


def write(writer, node, as_block: bool) -> None:
    try:
        written = tex2mathml(node.astext(), as_block=as_block)
    except MathError as error:
        log.warning(f"this equation cannot be set: {error} {node.astext()}", location=node)
        written = escape(node.astext())
    writer.body.append(f'<div class="equation">{written}</div>' if as_block else written)
    raise nodes.SkipNode
