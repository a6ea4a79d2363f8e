"""torch.backends.cuda where there is no CUDA. What scripts set here is kept and changes nothing."""

from __future__ import annotations

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False)


def is_built() -> bool:
    """False."""
    return False
