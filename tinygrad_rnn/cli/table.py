"""Two columns: a table on a terminal, `name: value` lines elsewhere."""

from __future__ import annotations

import sys

import click


def table(rows: list[tuple[str, str]]) -> None:
    """Print pairs of a name and what it is."""
    if not sys.stdout.isatty():
        for name, value in rows:
            click.echo(f"{name}: {value}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(show_header=False)
    for name, value in rows:
        grid.add_row(name, Text(value))  # Text: a path may look like markup
    Console().print(grid)
