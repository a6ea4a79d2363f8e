"""PyTorch with our random numbers, so that both libraries start from the same weights and see the same data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

CREATE = ("randn", "rand", "randint", "randperm", "normal", "bernoulli", "multinomial", "randn_like", "rand_like",
          "randint_like")  # fmt: skip
METHODS = ("multinomial", "bernoulli")
FILL = ("uniform_", "normal_", "random_", "bernoulli_")
INIT = ("uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_",
        "orthogonal_")  # fmt: skip
DTYPES = ("float64", "float32", "int64", "int32", "int16", "int8", "uint8", "bool")


def lend(torch: Any, patches: pytest.MonkeyPatch) -> None:
    """Let every random number of PyTorch come from our generators, until the patches end."""
    dtypes = {getattr(torch, name): getattr(tg, name) for name in DTYPES}
    their_generator = torch.Generator

    def ours(x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            return tg.from_numpy(x.detach().numpy().copy())
        if isinstance(x, their_generator):  # the default one
            return None
        if isinstance(x, torch.device):
            return str(x)
        return dtypes.get(x, x) if isinstance(x, torch.dtype) else x

    def drawing(ours_draw: Any) -> Any:
        def draw(*args, **options):
            requires_grad = options.pop("requires_grad", False)
            drawn = ours_draw(*map(ours, args), **{key: ours(value) for key, value in options.items()})
            return torch.from_numpy(np.array(drawn.detach().numpy())).requires_grad_(requires_grad)

        return draw

    def filling(ours_fill: Any) -> Any:
        def fill(x, *args, **options):
            filled = ours_fill(tg.zeros(tuple(x.shape), dtype=ours(x.dtype)), *map(ours, args), **options)
            with torch.no_grad():
                return x.copy_(torch.from_numpy(np.array(filled.detach().numpy())))

        return fill

    def seed_of_loader(x, *args, generator=None, **options):
        if x.ndim or args or options:
            return filling(tg.Tensor.random_)(x, *args, generator=generator, **options)
        return x.fill_(int((generator or tg.default_generator).numpy.integers(2**62)))

    def default_dtype(dtype):
        their_default(dtype)
        tg.set_default_dtype(ours(dtype))

    their_default = torch.set_default_dtype
    patches.setattr(torch, "set_default_dtype", default_dtype)

    from torch.utils.data import dataset, sampler

    for name in CREATE:
        patches.setattr(torch, name, drawing(getattr(tg, name)))
    for name in METHODS:
        patches.setattr(torch.Tensor, name, drawing(getattr(tg, name)))
    for name in FILL:
        patches.setattr(torch.Tensor, name, filling(getattr(tg.Tensor, name)))
    for name in INIT:
        fill = filling(getattr(tg.nn.init, name))
        for place in (torch.nn.init, torch.nn.modules.activation):
            patches.setattr(place, name, fill, raising=False)
    patches.setattr(torch.Tensor, "random_", seed_of_loader)
    patches.setattr(torch, "manual_seed", tg.manual_seed)
    patches.setattr(torch, "Generator", tg.Generator)
    patches.setattr(dataset, "randperm", torch.randperm)
    patches.setattr(sampler.RandomSampler, "__iter__", ordered)


def ordered(self: Any) -> Any:
    """The order of our RandomSampler, for PyTorch's."""
    ours = tg.utils.data.RandomSampler(self.data_source, self.replacement, self._num_samples, self.generator)
    return iter(ours)
