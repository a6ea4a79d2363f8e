"""The core tests of the engine in one process, some 14 seconds: what `mutants.py` runs on each mutant.

    python -m tests.trust.core

Every operation by generated samples, which have its reference and derivatives, every call of the tables of PyTorch's
names that are made of operations, with what PyTorch gave for it, and the other tests of `autograd/` and `ops/` that are
quick. Those of the samples and tables are called one after the other, for a test runner takes longer than most of them.
Ends with the first that fails.
"""

from __future__ import annotations

import sys
import warnings

import pytest

from tests.ops import test_registry as registry
from tests.parity import test_parity as parity

from .checking import check
from .drawing import FAMILIES
from .generated import DIFFERENTIABLE, OPERATIONS, hold
from .refusing import history, misuse

ELSEWHERE = {  # tables of what is not in autograd/ or ops/
    "data", "devices", "distributions", "functional_call", "lr_schedules", "networks", "nn_containers", "nn_init",
    "nn_utils", "optimizer_use", "optimizers", "printing", "settings",
}  # fmt: skip
ON_SAMPLES = (
    (registry.test_a_leaf_has_its_gradient_for_itself, registry.SMOOTH),
    (registry.test_nothing_is_kept_that_the_rule_does_not_name, registry.SMOOTH),
    (registry.test_a_fused_operation_is_its_body, [s for s in registry.SMOOTH if registry.registry[s.op].body]),
)
ON_GENERATED = (check, FAMILIES, 4), (misuse, OPERATIONS, 1), (history, DIFFERENTIABLE, 1)
OTHERS = [
    "tests/autograd", *[f"tests/ops/test_{family}_edges.py" for family in ("array", "loss", "math")],
    "tests/test_value.py", "tests/nn/test_channels.py", "tests/nn/test_distance.py", "tests/nn/test_losses.py",
    "tests/trust/test_behaviour.py", "tests/trust/test_kinks.py", "tests/trust/test_numbers.py",
]  # fmt: skip
SLOW = (
    "deep or does_not_grow or (torch and not autograd) or stub or test_refused[within] or four_ways or 100_000 or "
    "200_000 or the_share"
)


def main() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for test, samples in ON_SAMPLES:
            for sample in samples:
                test(sample)
        for promise, names, examples in ON_GENERATED:
            for name in names:
                hold(promise, name, examples)
        for parameters in parity.ALL:
            table, _, _, call, dtype = parameters.values
            if table not in ELSEWHERE and dtype == call.dtypes[0]:
                parity.test_as_torch(*parameters.values)
    quiet = "-q", "-x", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-W", "ignore:Module already imported"
    return pytest.main([*quiet, *OTHERS, "-k", f"not ({SLOW})"])


if __name__ == "__main__":
    sys.exit(main())
