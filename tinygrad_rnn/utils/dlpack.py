"""DLPack, under the name that `torch.utils.dlpack` gives it."""

from ..absent import name_the_nearest
from ..interchange import DLDeviceType, from_dlpack, to_dlpack

__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]

name_the_nearest(__name__)
