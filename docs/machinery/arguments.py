"""The arguments that mean the same wherever they stand, which the reference explains once, on a page of its own."""

from __future__ import annotations

TITLE = "Arguments that mean the same everywhere"

EVERYWHERE = {
    "input, x, self": """The tensor that the operation is applied to. By keyword it is ``input``, also where the
        signature and the equation call it x; of an operation of two tensors a and b the keywords are ``input`` and
        ``other``. So it is in PyTorch. Most operations also take a NumPy array, and then return one.""",
    "dim": """The dimension along which the operation works: 0 is the first, -1 the last. Most reductions, such as
        ``sum``, also take a tuple of dimensions, and reduce all of them by default. NumPy's ``axis`` is the same.""",
    "keepdim": """Whether a dimension that is reduced stays, with length 1, so that the result broadcasts against the
        input; False by default. NumPy's ``keepdims`` is the same.""",
    "dtype": """Of a function that makes a tensor: the dtype of its numbers. Of a module: the dtype of its parameters.
        By default it is that of the data, or of the other tensor, that the function is given, and where there is none
        ``get_default_dtype()``: float32, unless it was changed. Of a reduction, a norm or a softmax: the dtype to which
        the input is converted first; by default it is not.""",
    "device": """Where the tensor shall be: None, "cpu" or ``device("cpu")``, which are the same. To ask for another
        place is an error that says that there is none. ``cuda.memory_allocated`` and ``cuda.set_rng_state`` take any,
        and do not look at it.""",
    "requires_grad": """Whether gradients shall reach the new tensor: it is then a leaf, and ``backward()`` adds to its
        ``.grad``. False by default. A RuntimeError where the tensor is not of floating point.""",
    "generator": """The ``Generator`` that the random numbers are drawn from; by default the one that ``manual_seed``
        seeds.""",
    "inplace": """Whether the result is written over the input, which is then returned; False by default. Gradients are
        those of the operation. For a leaf that requires grad it is a RuntimeError, but within ``no_grad()``.""",
    "training": """Whether the network is being trained. If not, nothing is random: a dropout returns its input. A
        module has no such argument, but goes by its ``train()`` and ``eval()``.""",
    "reduction": """What becomes of the losses of single elements or examples: "mean" (the default), "sum", or "none",
        which returns them all. A loss whose mean is a weighted one says so. Anything else is a ValueError.""",
    "size_average, reduce": """What ``reduction`` was in early versions of PyTorch. If one of them is not None, then
        ``reduce=False`` means "none", ``size_average=False`` means "sum", and anything else "mean".""",
    "foreach, fused": """In PyTorch a choice among implementations of the same update. Here there is one, and they
        change nothing. An optimizer keeps them with its other hyperparameters; both True is then a RuntimeError.""",
    "capturable, differentiable": """In PyTorch other kinds of steps. Here there are none: an optimizer takes True, but
        refuses to ``step()``, with the errors of PyTorch on a CPU.""",
}  # names -> what they mean, in reStructuredText

SHARED = frozenset(name for names in EVERYWHERE for name in names.split(", "))
