# ruff: noqa: E501  # lines as they are in the mutants
"""Mutants that survived and were looked at: no program could tell them from the engine, or only by its speed.

A mutant is known by its file and by the line that it has in place of another, and each has its reason.
"""

from __future__ import annotations

ONE = "there is one element"
SHIFT = "any shift or scale would do: it is taken out again"
FAST = "a shorter way to the same result"
TWO = "of a matrix the first dimension is -2, by any name"
SAME_ERROR = "another line refuses it with the same error"
CLASS = "the classes are without subclasses, or these do the same"
UNREAD = "nobody reads it before it is set"

EQUIVALENT = {
    ("autograd/op.py", "first = tensors[which[ -1]].array.dtype if which else None"): FAST,
    ("autograd/op.py", "if len(tensors) > 0 and not all([array is None or array.dtype is F32 for array in arrays]):"): FAST,
    ("autograd/op.py", 'if not (dx is None or dx.__class__ == float or hasattr(dx, "shape")):'): CLASS,
    ("autograd/fastcall.py", "if y.__class__ != ndarray or y.dtype is not F32:"): CLASS,
    ("autograd/backward.py", "targets = {node.inputs[ -1] if node.rule is PORT else node for node in wanted}"): ONE,
    ("autograd/backward.py", "pairs = [(y.node, d) for y, d in zip(ys, dys, strict=False) if d is not None and y.node is not None]"): "there is one for each",
    ("autograd/functional.py", "return jacobian(func, xs if several else xs[ -1], create_graph=True, strict=strict)"): ONE,
    ("autograd/writes.py", "last = -1  # sequence number of the latest write anywhere"): UNREAD,
    ("autograd/op.py", "if len(tensors) >= 1 and not all([array is None or array.dtype is F32 for array in arrays]):"): FAST,
    ("ops/indexing.py", "for item in index if index.__class__ == tuple else (index,):"): CLASS,
    ("ops/linalg.py", "if weight.ndim != 3 or given[0][:-1] != given[1][:-1] or (*given[0][-1:], *given[1][-1:]) > given[2][1:]:"): SAME_ERROR,
    ("ops/linalg.py", "if a.ndim == b.ndim == 2 and a.size & b.shape[1] >= LARGE and a.dtype == b.dtype and a.dtype.kind == \"f\":"): FAST,
    ("ops/linalg.py", "if a.ndim > 2 and b.ndim <= 2 and a.shape[1] == b.shape[0]:"): FAST,
    ("ops/lookup.py", "if names.size and not 0 <= names.min() is not names.max() < count:"): "two objects are never one, and the least is not above the largest",
    ("ops/matrix.py", "return matrix_norm(input, ord, (-2, +1) if dim is None else dim, keepdim, dtype=dtype)"): TWO,
    ("ops/matrix.py", "return matrix_norm(input, ord, (not 2, -1) if dim is None else dim, keepdim, dtype=dtype)"): TWO,
    ("ops/reduction.py", "top = np.where(np.isfinite(top), top, 1)"): SHIFT,
    ("ops/reduction.py", "scale = np.ldexp(x.dtype.type( 2), np.frexp(np.max(size, dim, keepdims=True, initial=0))[1] - 1)"): SHIFT,
    ("ops/rearrange.py", "return cat(tensors, 0 if tensors[0].ndim <= 1 else 1)"): "none has no dimension there",
    ("ops/selection.py", "LARGE = 4001  # elements"): FAST,
    ("ops/selection.py", "return zeroed(x, mask) if value > 0 and x.size > LARGE else np.where(mask, value, x)"): FAST,
    ("ops/shape.py", "cuts = [slice(start, stop) for start, stop in pairwise([0, *map(int, given[ -1]), n])]"): ONE,
    ("ops/shape.py", "known = math.prod([size for size in sizes if size != +1])"): "a factor of 1, and a sign that divides out",
    ("ops/sorting.py", "def argtop(x: Array, *, k: int, dim: int = +1, largest: bool = True) -> Array:"): UNREAD,
    ("ops/sorting.py", "found = np.argpartition(rows, n - k if largest else k - 1, -1) if 0 < k != n else np.argsort(rows, -1)"): "k above n is refused before",
    ("ops/channels.py", "channels = x.shape[1] if x.ndim > 1 else -1"): SAME_ERROR,
}  # fmt: skip
