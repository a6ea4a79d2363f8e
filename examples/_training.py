"""What the examples of sequence tasks share: the command line, the training loop, and saving a picture."""

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


def command(doc: str, *, updates: int, quick: int, hidden: int = 64, lr: float = 0.003) -> argparse.ArgumentParser:
    """The options that all of these examples have; `quick` updates are made with --quick."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--updates", type=whole, default=updates)
    parser.add_argument("--hidden", type=whole, default=hidden, help="units")
    parser.add_argument("--batch", type=whole, default=64, help="sequences in an update")
    parser.add_argument("--lr", type=float, default=lr, help="learning rate of Adam, which falls linearly to 0")
    parser.add_argument("--clip", type=float, default=1.0, help="largest norm of the gradient")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=whole, default=1, help="more do not help networks as small as these")
    quickly = f"{quick} updates, to see that all works"
    parser.add_argument("--quick", dest="updates", action="store_const", const=quick, help=quickly)
    parser.add_argument("-o", "--out", type=Path, default=Path(doc.split("-o ")[1].split()[0]))
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
