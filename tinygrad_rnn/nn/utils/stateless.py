"""A module as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tensor import Tensor
from ..module import Module


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs), computed with other parameters and buffers; afterwards it has its own again.

    Args:
        module: what is called.
        parameter_and_buffer_dicts: tensors by dotted name, as in `named_parameters()`; those not named stay, and
            what a module does not have is left out. Or several such dicts.
        args: the positional arguments, or the only one.
        kwargs: the others.
        tie_weights: give what has several names all of them, also if only one is named.
        strict: every parameter and buffer must be named, and nothing else.

    Raises:
        AttributeError: there is no module of such a name.
        TypeError: something is not a tensor.
        ValueError: a name in several dicts, or two tensors for one that is tied.
        RuntimeError: `strict`, and the names do not match.

    Source: `torch.func.functional_call`.

    Example:
        >>> import tinygrad_rnn as tg
        >>> model = tg.nn.Linear(2, 1)
        >>> x = tg.ones(3, 2)
        >>> def loss(parameters):
        ...     return tg.func.functional_call(model, parameters, x).pow(2).mean()
        >>> slope = tg.func.grad(loss)(dict(model.named_parameters()))
        >>> slope["weight"].shape
        Size([1, 2])
    """
    named = _merged(parameter_and_buffer_dicts)
    own = {}  # dotted name: (where it stands, under which name, what it is)
    for path, owner in module.named_modules(remove_duplicate=False):
        for store in (owner._parameters, owner._buffers):
            own.update({f"{path}.{n}".lstrip("."): (store, n, x) for n, x in store.items() if x is not None})
    _check_names(module, named, own, strict)
    given = {name: x for name, x in named.items() if name in own}
    replaced = {id(own[name][2]): x for name, x in given.items()} if tie_weights else {}
    for name, x in given.items():
        if tie_weights and replaced[id(own[name][2])] is not x:
            raise ValueError(f"functional_call: {name!r} is tied to another name that was given another tensor")
    places = {name: place for name, place in own.items() if name in given or id(place[2]) in replaced}
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    try:
        for name, (store, key, x) in places.items():
            store[key] = given[name] if name in given else replaced[id(x)]
        return module(*arguments, **(kwargs or {}))
    finally:
        for store, key, x in places.values():
            store[key] = x


def _merged(dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    listed = [dicts] if isinstance(dicts, Mapping) else dicts
    if not isinstance(listed, (list, tuple)) or not all([isinstance(part, Mapping) for part in listed]):
        raise ValueError(f"functional_call: expected a dict of tensors or several, got {type(dicts).__name__}")
    merged: dict[str, Tensor] = {}
    for part in listed:
        if twice := sorted(merged.keys() & part.keys()):
            raise ValueError(f"functional_call: {twice} stand in more than one dict")
        merged.update(part)
    return merged


def _check_names(module: Module, given: dict, own: dict, strict: bool) -> None:
    missing, unexpected = sorted(own.keys() - given.keys()), sorted(given.keys() - own.keys())
    if strict and (missing or unexpected):
        raise RuntimeError(f"functional_call of {type(module).__name__}: missing {missing}, unexpected {unexpected}")
    for name in unexpected:
        module.get_submodule(name.rpartition(".")[0])
    for name, x in given.items():
        if not isinstance(x, Tensor):
            raise TypeError(f"functional_call: {name!r} must be a tensor, got {type(x).__name__}")
