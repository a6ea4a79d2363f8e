"""The core tests of the engine in one process, a few seconds: what `mutants.py` runs on each mutant.

    python -m tests.trust.core

Every operation by its reference, its slopes and its second derivatives, every call of the tables of PyTorch's names
that are made of operations, with what PyTorch gave for it, and the other tests of `autograd/` and `ops/` that are
quick. Those of the samples and tables are called one after the other, for a test runner takes longer than most of them.
Ends with the first that fails.
"""

from __future__ import annotations

import sys
import warnings

import pytest

from tests.ops import test_registry as registry
from tests.parity import test_parity as parity

ELSEWHERE = {  # tables of what is not in autograd/ or ops/
    "data", "devices", "distributions", "functional_call", "lr_schedules", "networks", "nn_containers", "nn_init",
    "nn_utils", "optimizer_use", "optimizers", "printing", "settings",
}  # fmt: skip
ON_SAMPLES = (
    (registry.test_value, registry.SAMPLES),
    (registry.test_first_derivatives_are_slopes, registry.SMOOTH),
    (registry.test_a_leaf_has_its_gradient_for_itself, registry.SMOOTH),
    (registry.test_nothing_is_kept_that_the_rule_does_not_name, registry.SMOOTH),
    (registry.test_a_fused_operation_is_its_body, [s for s in registry.SMOOTH if registry.registry[s.op].body]),
    (registry.test_second_derivatives_are_slopes_of_the_first, [s for s in registry.TWICE if "sequence" not in s.op]),
)
OTHERS = [
    "tests/autograd", *[f"tests/ops/test_{family}_edges.py" for family in ("array", "loss", "math")],
    "tests/test_value.py", "tests/nn/test_channels.py", "tests/nn/test_distance.py", "tests/nn/test_losses.py",
]  # fmt: skip
SLOW = "deep or does_not_grow or torch or stub or hypothesis or refused[within] or 100_000 or the_share"


def main() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for test, samples in ON_SAMPLES:
            for sample in samples:
                test(sample)
        for parameters in parity.ALL:
            table, _, _, call, dtype = parameters.values
            if table not in ELSEWHERE and dtype == call.dtypes[0]:
                parity.test_as_torch(*parameters.values)
    return pytest.main(["-q", "-x", "-p", "no:cacheprovider", *OTHERS, "-k", f"not ({SLOW})"])


if __name__ == "__main__":
    sys.exit(main())
