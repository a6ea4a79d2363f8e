"""Learning-rate schedules: each sets the learning rate of every parameter group once an epoch (or batch).

Most are chainable, as in PyTorch: they go on from the rate that stands in the group, so several schedules on
one optimiser multiply.
"""

from ...absent import name_the_nearest
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cycle import CyclicLR, OneCycleLR
from .factors import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler
from .several import ChainedScheduler, SequentialLR

_LRScheduler = LRScheduler  # the older spelling, which schedules of one's own are often derived from

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

name_the_nearest(__name__)
