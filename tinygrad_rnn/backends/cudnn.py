"""torch.backends.cudnn where there is no cuDNN. What scripts set here is kept and changes nothing."""

from __future__ import annotations

enabled = True
deterministic = False
benchmark = False
allow_tf32 = True


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None: there is no cuDNN."""
    return None
