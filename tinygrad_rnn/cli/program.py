"""The command itself: its subcommands, and how every error becomes one line."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from .. import __version__
from ..serialization import CheckpointError
from ..text import TextError
from ..trainer import Diverged

NAME = "tinygrad-rnn"
SUBCOMMANDS = ("demo", "train", "sample", "draw", "flow", "bench", "env")
WRONG_INPUT, INTERRUPTED = 2, 130


class Program(click.Group):
    """A group of lazily imported subcommands whose errors are one line on standard error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in SUBCOMMANDS:
            return None
        return getattr(import_module(f".{name}", __package__), name)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a text may hold what the terminal cannot show
        try:
            kwargs["standalone_mode"] = False
            sys.exit(super().main(*args, **kwargs))
        except (click.Abort, KeyboardInterrupt):
            fail("interrupted", INTERRUPTED)
        except BrokenPipeError:  # `tinygrad-rnn sample ... | head`
            sys.stdout = None  # else Python complains once more when it flushes
            sys.exit(1)
        except click.ClickException as error:
            fail(error.format_message())
        except (TextError, CheckpointError) as error:
            fail(str(error))
        except Diverged as error:
            fail(str(error), 1)
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def fail(message: str, code: int = WRONG_INPUT) -> NoReturn:
    """One line on standard error, and the end."""
    kind = "" if code == INTERRUPTED else "error: "
    click.echo(f"{NAME}: {kind}{' '.join(message.split())}", err=True)
    sys.exit(code)


@click.command(cls=Program, name=NAME, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=NAME)
def program() -> None:
    """Recurrent networks on a small engine of their own: train them, let them write, see them unrolled."""


def main() -> None:
    """The entry point of the package."""
    program(prog_name=NAME)
