"""Training a character model: truncated backpropagation through time, with checkpoints that resume exactly."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from .charmodel import CharModel, bits_per_character, detached
from .divergence import Diverged, backward
from .optim import Adam
from .random import default_generator, manual_seed
from .serialization import CheckpointError, load, save
from .text import TextError, Vocabulary, batches, split

__all__ = ["Config", "Diverged", "Trainer", "Update", "load_model"]

FILE = "checkpoint.safetensors"
KIND = "character model"
PARTS = {"config", "vocabulary", "text", "updates", "state", "generator", "model", "optimizer"}


@dataclass(frozen=True)
class Config:
    """Everything that decides how a training goes, apart from the text."""

    cell: str = "lstm"
    layers: int = 1
    hidden: int = 256
    embedding: int = 64
    dropout: float = 0.0
    steps: int = 64  # T, through which the gradient flows back
    batch: int = 32  # N, parallel streams of text
    lr: float = 3e-3
    clip: float = 1.0  # the largest norm of the gradient
    seed: int = 0


class Update(NamedTuple):
    """What one update tells."""

    number: int  # counted from 1 over all sessions
    bits: float  # training loss, bits per character
    norm: float  # of the gradient, before clipping
    characters: int  # read in this update


class Trainer:
    """A character model, its optimiser and its place in the text.

    Each update reads the next T steps of N streams; the recurrent state is carried from one to the next, cut
    off from its past, and is zero again where the text begins anew.

    Args:
        text: its last tenth is held out.
        config: sizes and rates. The seed decides the first parameters and the dropout masks.

    Raises:
        TextError: where the text is too short for one update, or its last tenth to measure anything with.
        ValueError: no such cell, no streams or no steps.

    Example:
        >>> trainer = Trainer("hello world, " * 50, Config(hidden=16, batch=4, steps=10))
        >>> for _ in range(20):
        ...     update = trainer.update()
        >>> update.bits < 4
        True
    """

    def __init__(self, text: str, config: Config | None = None) -> None:
        self.config = config = config or Config()
        self.fingerprint = fingerprint(text)
        learnt, heldout = split(text)
        self.vocabulary = Vocabulary(text)
        try:
            self.chunks = batches(self.vocabulary.encode(learnt), config.batch, config.steps)
        except TextError as error:
            raise TextError(f"{error} (the last {len(heldout):,} of {len(text):,} are held out)") from None
        self.heldout = self.vocabulary.encode(heldout)
        if len(heldout) < 2:
            raise TextError(
                f"the text is too short: of {len(text)} characters the last {len(heldout)} would be held out, and 2 "
                f"are needed to measure anything; give a longer text"
            )
        manual_seed(config.seed)
        self.model = build(self.vocabulary, config)
        self.optimizer = Adam(self.model.parameters(), lr=config.lr)
        self.updates = 0  # done so far; it also says where in the text the next chunk is
        self.state: Any = None

    def update(self) -> Update:
        """Read one chunk and improve the model by it.

        Raises:
            Diverged: where the loss or the gradient is not finite, naming the operation and step that made it; the
                parameters were not touched by this update.
        """
        position = self.updates % len(self.chunks)
        inputs, targets = self.chunks[position]
        before = self.state if position else None
        self.optimizer.zero_grad()
        loss, state = self.model.loss(inputs, targets, before)
        try:
            norm = backward(loss, self.model, self.config.clip, lambda: self.model.loss(inputs, targets, before)[0])
        except Diverged as error:
            advice = "try a smaller learning rate or a smaller clip"
            raise Diverged(f"{error}, in update {self.updates + 1}: {advice}") from None
        self.optimizer.step()
        self.state = detached(state)
        self.updates += 1
        return Update(self.updates, loss.item() / math.log(2), norm, targets.size)

    def heldout_bits(self) -> float:
        """Bits per character on the part of the text that was not learnt from."""
        return bits_per_character(self.model, self.heldout)

    def save(self, path: str | os.PathLike) -> Path:
        """Write everything that is needed to go on as if nothing had happened; the file it went to."""
        file = checkpoint_file(path)
        checkpoint = {
            "kind": KIND,
            "config": asdict(self.config),
            "vocabulary": self.vocabulary.characters,
            "text": self.fingerprint,
            "updates": self.updates,
            "state": self.state,
            "generator": default_generator.get_state(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        save(checkpoint, file)
        return file

    @classmethod
    def load(cls, path: str | os.PathLike, text: str, **changes: Any) -> Trainer:
        """Go on where `save` was called: the same updates, bit for bit, as without the interruption.

        Args:
            path: the folder or file given to `save`.
            text: the same text.
            changes: other values for `lr` or `clip`.

        Raises:
            CheckpointError: where it is not a checkpoint of a character model.
            TextError: where it was trained on another text.
        """
        checkpoint = read(path)
        if checkpoint["text"] != fingerprint(text):
            raise TextError(f"{path} was trained on another text: resume with the text it began with")
        with damaged(path):
            trainer = cls(text, replace(checkpoint["config"], **changes))
            trainer.model.load_state_dict(checkpoint["model"])
            trainer.optimizer.load_state_dict(checkpoint["optimizer"])
            for group in trainer.optimizer.param_groups:
                group["lr"] = trainer.config.lr
            trainer.updates, trainer.state = checkpoint["updates"], checkpoint["state"]
            default_generator.set_state(checkpoint["generator"])
        return trainer


def load_model(path: str | os.PathLike) -> tuple[CharModel, Vocabulary]:
    """The model of a checkpoint and the characters it knows, to let it write."""
    checkpoint = read(path)
    with damaged(path):
        vocabulary = Vocabulary(checkpoint["vocabulary"])
        model = build(vocabulary, checkpoint["config"])
        model.load_state_dict(checkpoint["model"])
    return model, vocabulary


def check_sizes(config: Config, V: int, weights: dict[str, Any]) -> None:
    """Before memory is taken for them: the sizes in a damaged checkpoint may be anything, its weights are there.

    Raises:
        ValueError: they are not those of the weights.
    """
    claimed = {
        "embedding.weight": (V, config.embedding),
        "output.weight": (V, config.hidden),
        f"rnn.bias_hh_l{config.layers - 1}": weights["rnn.bias_hh_l0"].shape,
    }
    for name, shape in claimed.items():
        if name not in weights or tuple(weights[name].shape) != shape:
            raise ValueError(f"its sizes {config.embedding}, {config.hidden}, {config.layers} do not fit {name}")


def fingerprint(text: str) -> str:
    """What tells one text from another."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def build(vocabulary: Vocabulary, config: Config) -> CharModel:
    """A fresh model of the sizes in `config`."""
    return CharModel(len(vocabulary), config.cell, config.embedding, config.hidden, config.layers, config.dropout)


def checkpoint_file(path: str | os.PathLike) -> Path:
    """The file a checkpoint is in: the path itself, or the usual name in a folder."""
    path = Path(path)
    return path if path.suffix == ".safetensors" else path / FILE


def read(path: str | os.PathLike) -> dict[str, Any]:
    """A checkpoint's parts, `config` as a Config."""
    found = load(checkpoint_file(path) if not Path(path).is_file() else path)
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise CheckpointError(f"{path} is not the checkpoint of a character model")
    if missing := PARTS - set(found):
        raise CheckpointError(f"{path}: the checkpoint has no {', '.join(sorted(missing))}")
    with damaged(path):
        found["config"] = Config(**found["config"])
        check_sizes(found["config"], len(found["vocabulary"]), found["model"])
    return found


@contextmanager
def damaged(path: str | os.PathLike) -> Iterator[None]:
    """Errors inside mean that a checkpoint's parts do not fit together."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        line = " ".join(str(error).split())
        raise CheckpointError(f"{path}: its parts do not fit together ({line:.200})") from error
