"""How much is held against a reference, and how many errors came as they should: `python -m tests.trust.count`.

Runs the checks of `test_operations.py`; `TRUST_EXAMPLES=1000` makes that many samples of every operation.
"""

from __future__ import annotations

from tests.ops.sampling import all_samples

from .checking import CHECKED, check
from .drawing import FAMILIES
from .generated import DIFFERENTIABLE, OPERATIONS, hold
from .refusing import REFUSED, history, misuse


def main() -> None:
    for name in FAMILIES:
        hold(check, name)
    for name in OPERATIONS:
        hold(misuse, name, 3)
    for name in DIFFERENTIABLE:
        hold(history, name, 3)
    of_several = len(FAMILIES) - len(OPERATIONS)
    print(f"operations: {len(OPERATIONS)}, and {of_several} functions made of several")
    print(f"samples: {CHECKED.pop('samples')} generated, {len(all_samples())} chosen by hand (tests/ops)")
    print(f"  of the generated ones: {listed(CHECKED)}")
    print(f"error cases: {REFUSED.total()}")
    print(f"  {listed(REFUSED)}")


def listed(counted) -> str:
    return ", ".join([f"{kind} {times}" for kind, times in counted.items()])


if __name__ == "__main__":
    main()
