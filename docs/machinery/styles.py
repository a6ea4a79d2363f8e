"""The style sheet of the pictures, written by the build from the colours that the drawings use."""

from __future__ import annotations

from pathlib import Path

from . import pictures


def setup(app) -> None:
    app.add_css_file("pictures.css")
    app.connect("build-finished", write)


def write(app, exception) -> None:
    folder = Path(app.outdir, "_static")
    if exception is None and folder.is_dir():
        (folder / "pictures.css").write_text(pictures.sheet(), encoding="utf-8")
