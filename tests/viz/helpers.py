"""What the drawing tests share: reading DOT text, and small networks."""

from __future__ import annotations

import re

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import Value

TAP = re.compile(r"shape=point")


def clusters(source: str, pattern: str = r"cluster_t\d+") -> list[str]:
    """Names of the subgraphs."""
    return re.findall(rf'subgraph "?({pattern})"? {{', source)


def step_labels(source: str) -> list[str]:
    return re.findall(r'subgraph cluster_t\d+ \{\n.*?\blabel="([^"]*)"', source)


def nodes(source: str) -> dict[str, str]:
    """Node -> its attributes, without the taps of rails."""
    found = re.findall(r"^\t*(n\d+) \[(.*)\]$", source, re.MULTILINE)
    return dict(found)


def edges(source: str) -> list[tuple[str, str]]:
    return re.findall(r"^\t*(\w+) -> (\w+)", source, re.MULTILINE)


def texts(node: str) -> list[str]:
    """The words in a node's label."""
    label = re.search(r"label=<(.*?)> ", node + " ")
    return [word for word in re.split(r"<[^>]*>|\u200a", label.group(1) if label else "") if word.strip()]


def titled(source: str, title: str) -> list[str]:
    return [name for name, node in nodes(source).items() if texts(node)[:1] == [title]]


def members(source: str, cluster: str) -> set[str]:
    """The nodes inside a cluster, nested clusters included."""
    lines = source[source.index(f"subgraph {cluster} {{") :].splitlines()
    depth, found = 0, set()
    for line in lines:
        depth += line.rstrip().endswith("{")
        depth -= line.strip() == "}"
        if match := re.match(r"\t*(n\d+) \[", line):
            found.add(match.group(1))
        if depth == 0:
            return found
    raise AssertionError("the cluster does not end")


def lstm_output(T: int = 5, layers: int = 2, **options):
    tg.manual_seed(0)
    lstm = tg.nn.LSTM(3, 4, num_layers=layers, **options)
    return lstm(tg.randn(T, 2, 3))[0]


def loop(T: int = 4):
    """h = tanh(x W^T + h U^T) in a user's own loop with explicit steps."""
    rng = np.random.default_rng(0)
    w = tg.tensor(rng.normal(size=(4, 3)), requires_grad=True)
    u = tg.tensor(rng.normal(size=(4, 4)), requires_grad=True)
    h = tg.zeros(2, 4, dtype=tg.float64)
    for t in range(T):
        with tg.step(t):
            x = tg.tensor(rng.normal(size=(2, 3)))
            h = tg.tanh(tg.nn.functional.linear(x, w) + tg.nn.functional.linear(h, u))
    return h, w, u


def value_loop(T: int = 4) -> Value:
    h, w = Value(0.0), Value(0.5)
    for t in range(T):
        with tg.step(t):
            h = w * h + Value(float(t))
    return h
