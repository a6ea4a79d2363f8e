"""A strategy of samples for every operation there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ops.sampling import Sample
from tests.ops.test_registry import ours
from tinygrad_rnn.autograd.op import registry

from . import elementwise, learning, moving, reducing  # noqa: F401  # they declare the families
from .drawing import FAMILIES, Draw

OPERATIONS = sorted(name for name, op in registry.items() if ours(op))
DIFFERENTIABLE = [name for name in OPERATIONS if registry[name].differentiable and name != "dead_end"]
EXAMPLES = os.environ.get("TRUST_EXAMPLES")


@st.composite
def sample_of(draw, name: str) -> Sample:
    """A call of this operation, its inputs anyhow in memory."""
    d = Draw(draw)
    sample = FAMILIES[name](d, name)
    return replace(sample, inputs=tuple([d.laid(x) for x in sample.inputs]))


def hold(check: Callable[[Sample], None], name: str, examples: int = 25) -> None:
    """Check so many samples of an operation, always the same; of `TRUST_EXAMPLES` others where that is set.

    The same, because a change that has nothing to do with an operation must not fail by chance.
    """
    often = settings(
        max_examples=int(EXAMPLES or examples),
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    often(given(sample_of(name))(check))()
