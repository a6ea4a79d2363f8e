"""A Drawing: DOT text that can lay itself out, show itself and save itself."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from ..atomic import replacing
from .layout import render

FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".dot": "dot", ".gv": "dot"}


class Drawing:
    """A picture of a graph.

    Attributes:
        source: the DOT text; the same graph gives the same bytes.
        engine: which Graphviz engine places it, "dot", or "nop2" where the text holds the places.
    """

    def __init__(self, source: str, engine: str = "dot", timeout: float = 60.0) -> None:
        self.source, self.engine, self.timeout = source, engine, timeout

    def render(self, format: str = "svg") -> bytes:
        """The picture as "svg", "png" or "pdf".

        Raises:
            RuntimeError: no Graphviz is installed, or the layout failed or took longer than `timeout` seconds.
        """
        return render(self.source, self.engine, format, self.timeout)

    def save(self, path: str | os.PathLike) -> Path:
        """Write .svg, .png, .pdf, .dot or .gv; a file that exists is replaced all at once or not touched.

        Raises:
            ValueError: another suffix.
            OSError: the folder is missing or cannot be written to.
            RuntimeError: as for `render`.
        """
        path = Path(path)
        if (format := FORMATS.get(path.suffix.lower())) is None:
            raise ValueError(f"save: expected a name that ends in {', '.join(FORMATS)}, got {path.name!r}")
        content = self.source.encode() if format == "dot" else self.render(format)
        with replacing(path) as file:
            file.write(content)
        return path

    @cached_property
    def _svg(self) -> str:
        return self.render("svg").decode()

    def _repr_svg_(self) -> str:
        """How a notebook shows it."""
        return self._svg

    def __repr__(self) -> str:
        return f"<Drawing: {len(self.source):,} characters of DOT, engine {self.engine}>"
