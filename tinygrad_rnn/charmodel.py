"""The character model: what it is, how well it predicts, what it writes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from . import nn, ops
from .autograd.graph import Tensor
from .autograd.scope import no_grad
from .nn import functional as F
from .random import Generator, source
from .text import Vocabulary, batches

__all__ = ["CELLS", "CharModel", "bits_per_character", "in_use", "sample"]

CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}


class CharModel(nn.Module):
    """Predicts the next character: Embedding -> LSTM, GRU or RNN -> Linear.

    Args:
        vocabulary: how many characters there are, V.
        cell: "lstm", "gru" or "rnn".
        embedding, hidden, layers: sizes.
        dropout: after the embedding, between layers and before the output; 0 for none.

    Raises:
        ValueError: another cell.
    """

    def __init__(
        self,
        vocabulary: int,
        cell: str = "lstm",
        embedding: int = 64,
        hidden: int = 256,
        layers: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"CharModel: expected cell to be one of {', '.join(CELLS)}, got {cell!r}")
        self.embedding = nn.Embedding(vocabulary, embedding)
        between = dropout if layers > 1 else 0.0
        self.rnn = getattr(nn, CELLS[cell])(embedding, hidden, layers, dropout=between)
        self.output = nn.Linear(hidden, vocabulary)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, state=None):
        """Scores of the next character after each one.

        Args:
            ids: int64 [T, N].
            state: of the recurrent layers, from the call before; None for zeros.

        Returns:
            float [T, N, V], and the state after the last step.
        """
        h, state = self.rnn(self.dropout(self.embedding(ids)), state)
        return self.output(self.dropout(h)), state

    def loss(self, inputs: np.ndarray, targets: np.ndarray, state=None):
        """Mean cross entropy in nats (0-d) of int64 [T, N] targets, and the state after the last step."""
        scores, state = self(Tensor(inputs), state)
        return F.cross_entropy(scores.reshape(targets.size, -1), Tensor(targets.reshape(-1))), state


def detached(state):
    """The same state without its past: truncated backpropagation through time stops here."""
    return tuple([h.detach() for h in state]) if isinstance(state, tuple) else state.detach()


@contextmanager
def in_use(model: nn.Module) -> Iterator[None]:
    """Inside, the model is as when it is in use: no dropout and no graph. Its mode is then as it was before."""
    training = model.training
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        model.train(training)


def bits_per_character(model: CharModel, ids: np.ndarray, n: int = 32, t: int = 256) -> float:
    """How many bits the model needs for each character of a text: its mean cross entropy to base 2.

    The text is read as `n` parallel streams, each from a state of zeros which is then carried to its end.

    Args:
        ids: int64 [length]; at least two characters. A short text is read in fewer streams.

    Raises:
        TextError: where there are fewer.
    """
    nats, count, state = 0.0, 0, None
    with in_use(model):
        for inputs, targets in batches(ids, max(1, min(n, (len(ids) - 1) // 16)), t, rest=True):
            loss, state = model.loss(inputs, targets, state)
            nats += loss.item() * targets.size
            count += targets.size
    return nats / count / math.log(2)


def sample(
    model: nn.Module,
    vocabulary: Vocabulary,
    prompt: str = "\n",
    length: int = 500,
    temperature: float = 1.0,
    generator: Generator | None = None,
) -> str:
    """Let the model write: each character is drawn from its prediction and fed back.

    Args:
        model: a CharModel, or another one that is called like it.
        prompt: what it continues; at least one character.
        length: how many characters to write.
        temperature: below 1 it is more careful, above 1 more daring; 0 takes the most probable character.
        generator: where chance comes from; None for the default one.

    Returns:
        What it wrote, without the prompt.

    Raises:
        TextError: where the prompt has characters the model does not know.
        ValueError: an empty prompt, a negative length or temperature.
    """
    if not prompt:
        raise ValueError("sample: the prompt must have at least one character")
    if not temperature >= 0:
        raise ValueError(f"sample: temperature must not be negative, got {temperature}")
    if length < 0:
        raise ValueError(f"sample: length must not be negative, got {length}")
    ids, state = vocabulary.encode(prompt), None
    written: list[int] = []
    with in_use(model):
        for _ in range(length):
            scores, state = model(Tensor(ids[:, None]), state)
            written.append(choose(scores[-1, 0], temperature, generator))
            ids = np.array(written[-1:])
    return vocabulary.decode(written)


def choose(scores: Tensor, temperature: float, generator: Generator | None = None) -> int:
    """Draw a class from its scores [V]; the probability of each is softmax(scores / temperature)."""
    if temperature < 1e-6:  # dividing by less would overflow
        return int(scores.array.argmax())
    probabilities = ops.softmax(scores.array / temperature, -1).astype(np.float64)
    return int(source(generator).choice(len(probabilities), p=probabilities / probabilities.sum()))
