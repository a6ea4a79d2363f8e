"""The `tinygrad-rnn` command: one file a subcommand, and nothing heavy imported before one runs."""

from .program import main, program

__all__ = ["main", "program"]
