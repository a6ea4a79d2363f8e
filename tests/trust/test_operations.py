"""Every operation there is, on generated shapes, options, numbers and layouts: held against a reference, and misused.

`TRUST_EXAMPLES=1000 pytest tests/trust/test_operations.py` looks harder; `python -m tests.trust.count` says how much
was looked at.
"""

from __future__ import annotations

import pytest

from .checking import check
from .drawing import FAMILIES
from .generated import DIFFERENTIABLE, OPERATIONS, hold
from .refusing import history, misuse


def test_every_operation_has_a_generator():
    assert [name for name in OPERATIONS if name not in FAMILIES] == []


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_agrees_with_its_reference(name):
    hold(check, name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_misuse_is_an_error_that_names_the_operation(name):
    hold(misuse, name, 3)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_freed_and_overwritten_graphs_are_refused_or_right(name):
    hold(history, name, 3)
