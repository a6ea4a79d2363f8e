"""Options that several subcommands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..charmodel import CELLS
from ..trainer import Config

POSITIVE = click.IntRange(min=1)
ABOVE_ZERO = click.FloatRange(min=0, min_open=True)
FOLDER = click.Path(path_type=Path, file_okay=False)

option = partial(click.option, show_default=True)


def setting(name: str, kind: click.ParamType, text: str) -> Callable:
    """The option for a field of Config, with the default it has there."""
    return option(f"--{name}", type=kind, default=getattr(Config, name), help=text)


CELL = setting("cell", click.Choice(list(CELLS)), "Kind of cell.")
LAYERS = setting("layers", POSITIVE, "Recurrent layers.")
SEED = setting("seed", click.IntRange(0, 2**63 - 1), "Where chance begins.")


def chosen(ctx: click.Context) -> dict[str, Any]:
    """The options that were given on the command line, without the defaults."""
    return {
        name: value
        for name, value in ctx.params.items()
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
