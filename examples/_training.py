"""What the examples that train share: the command line, a training loop, and saving a picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim

RIGHT, WRONG = "#009e73", "#d55e00"  # apart for colour-blind readers too


def whole(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def options_of(doc: str, **defaults: Any) -> argparse.ArgumentParser:
    """The options of every example that trains; the picture goes where the command in its docstring says.

    One that is not given is its default, or None.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--updates", type=whole, help="at most so many")
    parser.add_argument("--hidden", type=whole, help="units")
    parser.add_argument("--batch", type=whole, help="sequences in an update")
    parser.add_argument("--lr", type=float, help="learning rate of Adam")
    parser.add_argument("--clip", type=float, help="largest norm of the gradient")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=whole, default=1, help="more do not help networks as small as these")
    parser.add_argument("-o", "--out", type=Path, default=Path(doc.split("-o ")[1].split()[0]))
    parser.set_defaults(**defaults)
    return parser


def command(doc: str, *, updates: int, quick: int, hidden: int = 64, lr: float = 0.003) -> argparse.ArgumentParser:
    """The options of an example of sequence tasks, whose rate falls linearly to 0; `quick` updates with --quick."""
    parser = options_of(doc, updates=updates, hidden=hidden, batch=64, lr=lr, clip=1.0)
    quickly = f"{quick} updates, to see that all works"
    parser.add_argument("--quick", dest="updates", action="store_const", const=quick, help=quickly)
    return parser


def fit(name: str, net: nn.Module, loss_of: Callable[[], tg.Tensor], options: argparse.Namespace) -> None:
    """Improve `net` by as many updates as the options say; `loss_of()` is its loss on a new batch. Tells ten times."""
    tg.set_num_threads(options.threads)
    optimizer = optim.Adam(net.parameters(), lr=options.lr)
    schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda update: 1 - update / options.updates)
    every, began, total = max(1, options.updates // 10), perf_counter(), 0.0
    for update in range(1, options.updates + 1):
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), options.clip, error_if_nonfinite=True)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if update % every == 0:
            print(f"{name}: update {update:5d}, loss {total / every:.4f}, {perf_counter() - began:.0f} s", flush=True)
            total = 0.0


def parameters(net: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(p.numel() for p in net.parameters())


def save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    print(f"picture: {path}")
