"""What the examples of text share: the command line, and refusing in words what cannot be read."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _training import whole

from tinygrad_rnn.atomic import check_writable
from tinygrad_rnn.text import load_text, stdlib_text
from tinygrad_rnn.viz.plot import check_plot


def command(doc: str, *, updates: int, quick: int) -> argparse.ArgumentParser:
    """The options that these examples have; `quick` updates are made with --quick."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="text; without any, Python's help texts")
    parser.add_argument("--updates", type=whole, default=updates)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=whole, default=1)
    quickly = f"{quick} updates, to see that all works"
    parser.add_argument("--quick", dest="updates", action="store_const", const=quick, help=quickly)
    parser.add_argument("-o", "--out", type=Path, default=Path(doc.split("-o ")[1].split()[0]))
    return parser


def text_of(files: list[Path]) -> str:
    """The text of the files, or what every Python has."""
    return load_text(files) if files else stdlib_text()


def check_picture(path: Path) -> None:
    """If it cannot be written, better now than after the training."""
    check_writable(check_plot(path).parent)


@contextmanager
def refusing(parser: argparse.ArgumentParser) -> Iterator[None]:
    """What cannot be read, trained on or written is told of in a line, as wrong arguments are."""
    try:
        yield
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    except (ValueError, RuntimeError) as error:
        parser.error(str(error))
