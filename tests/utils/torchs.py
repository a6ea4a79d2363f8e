"""What torch says."""

from __future__ import annotations

import pytest


def data():
    """torch.utils.data, where it is installed."""
    return pytest.importorskip("torch.utils.data")


def error_of(call) -> type[Exception]:
    """The type of the error that a call raises."""
    try:
        call()
    except Exception as error:
        return type(error)
    raise AssertionError("expected an error")
