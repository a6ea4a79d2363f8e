"""Linear algebra under the names of `torch.linalg`."""

from .absent import name_the_nearest
from .ops.linalg import matmul
from .ops.matrix import LinAlgError, det, matrix_norm, solve, vector_norm
from .ops.matrix import inverse as inv
from .ops.matrix import matrix_or_vector_norm as norm

__all__ = ["LinAlgError", "det", "inv", "matmul", "matrix_norm", "norm", "solve", "vector_norm"]

name_the_nearest(__name__)
