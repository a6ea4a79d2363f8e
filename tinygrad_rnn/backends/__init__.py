"""torch.backends as in PyTorch's CPU-only build: which libraries for accelerators there are, namely none."""

from ..absent import name_the_nearest
from . import cuda, cudnn, mps

name_the_nearest(__name__)
