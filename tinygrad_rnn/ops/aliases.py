"""The second names that PyTorch has for some functions."""

from .arithmetic import mul as multiply
from .arithmetic import neg as negative
from .arithmetic import sub_scaled as subtract
from .comparison import ge as greater_equal
from .comparison import gt as greater
from .comparison import le as less_equal
from .comparison import lt as less
from .comparison import ne as not_equal
from .rounding import div_rounded as divide
from .rounding import div_rounded as true_divide
from .rounding import trunc as fix
from .selection import abs as absolute
from .trigonometric import acos as arccos
from .trigonometric import asin as arcsin
from .trigonometric import atan as arctan
from .trigonometric import atan2 as arctan2

__all__ = [
    "absolute", "arccos", "arcsin", "arctan", "arctan2", "divide", "fix", "greater", "greater_equal", "less",
    "less_equal", "multiply", "negative", "not_equal", "subtract", "true_divide",
]  # fmt: skip
