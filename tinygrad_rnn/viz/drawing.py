"""A Drawing: DOT text that can lay itself out, show itself and save itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from html import escape
from pathlib import Path

from ..atomic import replacing
from .centered import centered
from .dark import adaptive
from .layout import render
from .style import FAINT

FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".dot": "dot", ".gv": "dot", ".html": "html"}


class Drawing:
    """A picture of a graph.

    Attributes:
        source: the DOT text; the same graph gives the same bytes.
        engine: which Graphviz engine places it, "dot", or "nop2" where the text holds the places.
        timeout: seconds that the layout may take.

    Args:
        page: makes the explorer as HTML, when it is asked for; None where there is no graph to explore.
    """

    def __init__(
        self, source: str, engine: str = "dot", timeout: float = 60.0, page: Callable[[], str] | None = None
    ) -> None:
        self.source, self.engine, self.timeout = source, engine, timeout
        self._page = page  # makes the explorer, when it is asked for

    def render(self, format: str = "svg") -> bytes:
        """The picture as "svg", which turns dark where the reader prefers that, "png" or "pdf"; "html" is the explorer.

        Raises:
            ValueError: "html" of a drawing that was made from DOT text alone.
            RuntimeError: no Graphviz is installed, or the layout failed or took longer than `timeout` seconds.
        """
        if format == "html":
            return self._explorer("render").encode()
        picture = render(self.source, self.engine, format, self.timeout)
        return adaptive(centered(picture.decode()).encode()) if format == "svg" else picture

    def explore(self, height: int = 600) -> Explorer:
        """The explorer, which a notebook shows below the cell; it needs no file and no server.

        Args:
            height: of its frame, in pixels.

        Raises:
            ValueError: the drawing was made from DOT text alone.
        """
        return Explorer(self._explorer("explore"), height)

    def _explorer(self, method: str) -> str:
        if self._page is None:
            raise ValueError(f"{method}: there is no graph behind this DOT text to explore; use tinygrad_rnn.draw")
        return self._page()

    def save(self, path: str | os.PathLike) -> Path:
        """Write .svg, .png, .pdf, .dot, .gv or .html (the explorer); an existing file is replaced whole or kept.

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


class Explorer:
    """The page of the explorer in a frame of its own, from which its scripts do not reach the notebook around it."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        look = f"width: 100%; height: {self.height}px; border: 1px solid {FAINT}"
        title = "Explorer of a computation graph"
        return f'<iframe srcdoc="{escape(self.page)}" sandbox="allow-scripts" title="{title}" style="{look}"></iframe>'

    def __repr__(self) -> str:
        return f"<Explorer: {len(self.page):,} characters of HTML, shown by a notebook>"
