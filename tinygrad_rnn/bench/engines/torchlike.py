"""This library and PyTorch: one code for both, because the names are the same."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

from ..work import Layer, Product, Work, normal, weights
from .scalars import chain, scalar_chain


class Torchlike:
    """Work written in PyTorch's names.

    Args:
        threads: how many the library may use.
    """

    module: ClassVar[str]

    def __init__(self, threads: int) -> None:
        self.package: Any = import_module(self.module)
        if hasattr(self.package, "set_num_threads"):
            self.package.set_num_threads(threads)

    def layer(self, *sizes) -> Work:
        """Forward and backward, or forward alone, of a recurrent layer on a sequence."""
        layer = Layer(*sizes)
        library = self.package
        module, x = self._ready(layer)
        if not layer.training:

            def infer():
                with library.inference_mode():
                    return module(x)[0]

            return Work(infer, lambda y: {"y": y.numpy()})
        dy = library.from_numpy(normal((layer.T, layer.N, layer.H), layer.dtype, seed=2))

        def train():
            module.zero_grad()
            y, _ = module(x)
            y.backward(dy)
            return y

        return Work(train, lambda y: results(y, module))

    def cell(self, *sizes) -> Work:
        """A loop over time in the caller's own hands, as in a decoder: forward, and backward from the last state."""
        layer = Layer(*sizes)
        module, x = self._ready(layer)
        dy = self.package.from_numpy(normal((layer.N, layer.H), layer.dtype, seed=2))
        steps = x.unbind(0)

        def train():
            module.zero_grad()
            state = None
            for x_t in steps:
                state = module(x_t, state)
            y = state[0] if isinstance(state, tuple) else state
            y.backward(dy)
            return y

        return Work(train, lambda y: results(y, module))

    def _ready(self, layer: Layer):
        """The module with its weights, and its input."""
        name = f"{layer.cell}Cell" if layer.loop else layer.cell
        sizes = (layer.I, layer.H) if layer.loop else (layer.I, layer.H, layer.layers)
        module = getattr(self.package.nn, name)(*sizes, dtype=getattr(self.package, layer.dtype))
        self._load(module, weights(layer.shapes, layer.H, layer.dtype))
        return module, self.package.from_numpy(normal((layer.T, layer.N, layer.I), layer.dtype, seed=1))

    def _load(self, module, arrays) -> None:
        module.load_state_dict({name: self.package.from_numpy(array) for name, array in arrays.items()})

    def characters(self, hidden: int, embedding: int, T: int, N: int, lr: float, clip: float) -> Work:
        """Updates of a character model on the text that every Python has, the state carried from one to the next."""
        from ...text import Vocabulary, batches, split, stdlib_text

        library, nn = self.package, self.package.nn
        text = stdlib_text()
        vocabulary = Vocabulary(text)
        chunks = batches(vocabulary.encode(split(text)[0]), N, T)
        V = len(vocabulary)
        embed, rnn, head = nn.Embedding(V, embedding), nn.LSTM(embedding, hidden), nn.Linear(hidden, V)
        model = nn.ModuleList([embed, rnn, head])
        shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
        self._load(model, weights(shapes, hidden, "float32"))
        optimizer = import_module(f"{self.module}.optim").Adam(model.parameters(), lr=lr)
        state, position = None, 0

        def update() -> float:
            nonlocal state, position
            inputs, targets = map(library.from_numpy, chunks[position])
            optimizer.zero_grad()
            h, last = rnn(embed(inputs), state)
            loss = nn.functional.cross_entropy(head(h).reshape(T * N, V), targets.reshape(T * N))
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            position = (position + 1) % len(chunks)
            state = tuple([part.detach() for part in last]) if position else None
            return loss.item()

        return Work(update, lambda loss: {"loss": loss})

    def chain(self, shape, pairs: int) -> Work:
        """Alternating products and sums on small tensors, forward and backward."""
        library = self.package
        dy = library.ones(shape)

        def leaves():
            return library.ones(shape, requires_grad=True), library.full(shape, 0.5)

        return Work(chain(leaves, lambda y: y.backward(dy), pairs), lambda x: {"dx": x.grad.numpy()})


class Ours(Torchlike):
    module = "tinygrad_rnn"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        import_module("numba")  # what it takes is a row of its own under "import"

    def scalar(self, pairs: int) -> Work:
        """The same chain on Value."""
        return scalar_chain(self.package.Value, pairs)

    def product(self, *sizes) -> Work:
        """The products of a layer's time steps, without the rest."""
        from .tiles import product

        return product(Product(*sizes))

    def bits(self, sizes: Sequence, threads: Sequence[int]) -> dict[str, int]:
        """How many results of a layer's training there are, and how many differ from those of one thread."""
        work, before = self.layer(*sizes), self.package.get_num_threads()
        found: dict[int, dict[str, bytes]] = {}
        try:
            for count in (1, *threads):
                self.package.set_num_threads(count)
                found[count] = {name: array.tobytes() for name, array in work.arrays(work.call()).items()}
        finally:
            self.package.set_num_threads(before)
        alone = found[1]
        differing = {f"{count} threads": sum(found[count][name] != alone[name] for name in alone) for count in threads}
        return {"arrays": len(alone)} | differing


class Torch(Torchlike):
    module = "torch"


def results(y, module) -> dict:
    """The output and every parameter's gradient, as arrays."""
    gradients = {f"d{name}": parameter.grad.numpy() for name, parameter in module.named_parameters()}
    return {"y": y.detach().numpy()} | gradients
