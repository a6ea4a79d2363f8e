"""Sphinx: runs each page named by `executed`, complains of what is wrong with it, and puts its pictures in place."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from . import cells, notebook, pictures

log = logging.getLogger(__name__)


def setup(app) -> None:
    app.add_config_value("executed", [], "env")
    app.add_transform(Run)
    app.connect("source-read", lead_outside)
    app.connect("doctree-read", load_late)


def lead_outside(app, name: str, text: list[str]) -> None:
    """A link to a page beside docs, such as README.md, leads to the file, because the site has no page of it."""
    folder = Path(app.srcdir, name).parent

    def target(match: re.Match) -> str:
        path = (folder / match[1]).resolve()
        inside = path.is_relative_to(Path(app.srcdir).resolve())
        return match[0] if inside or not path.exists() else f"](path:{match[1]})"

    text[0] = re.sub(r"\]\((\.\./[^)#]+\.md)(?:#[^)]*)?\)", target, text[0])


def load_late(app, doctree: nodes.document) -> None:
    """Pictures in files of their own are loaded when the reader comes near them: the gallery has a megabyte."""
    for image in doctree.findall(nodes.image):
        image["loading"] = "lazy"


class Run(SphinxTransform):
    default_priority = 200

    def apply(self) -> None:
        name = self.env.current_document.docname
        if not any(fnmatch(name, pattern) for pattern in self.config.executed):
            return
        text = Path(self.env.doc2path(name)).read_text(encoding="utf-8")
        page = cells.run(text)
        for line, sentence in page.problems:
            log.warning(sentence, location=(name, line), type="cells")
        for image in list(self.document.findall(nodes.image)):
            if (content := page.files.get(image["uri"])) is not None:
                alone = isinstance(image.parent, nodes.paragraph) and len(image.parent) == 1
                place = image.parent if alone else image  # a paragraph holds no block
                place.replace_self(nodes.raw("", self.shown(name, image, content), format="html"))
        if any(cell.run for cell in page.cells):
            notebook.write(Path(self.env.app.outdir, f"{name}.ipynb"), text, page)
            link = f'<p class="notebook"><a href="{Path(name).name}.ipynb" download>Open as a notebook</a></p>'
            title = next(self.document.findall(nodes.title))
            title.parent.insert(title.parent.index(title) + 1, nodes.raw("", link, format="html"))

    def shown(self, name: str, image: nodes.image, content: bytes) -> str:
        file, alt = image["uri"], image.get("alt", "")
        if file.endswith(".svg"):
            return pictures.inline(content.decode(), file.removesuffix(".svg"), alt)
        beside = Path(self.env.app.outdir, name).parent / file
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        label = escape(alt, quote=True)
        if file.endswith(".html"):
            return f'<iframe class="explorer" src="{file}" title="{label}" loading="lazy"></iframe>'
        return f'<img src="{file}" alt="{label}">'
