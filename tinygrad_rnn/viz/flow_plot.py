"""Gradient flow as curves: matplotlib draws them, where it is installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .plot import named, rendered, save_plot
from .style import GATES, LOOKS

if TYPE_CHECKING:
    from .flow import LayerFlow

# Okabe and Ito's colours, which colour-blind readers tell apart, and marks for print without colours
LINES = [
    ("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#e69f00", "v"), ("#56b4e9", "P"),
    ("#000000", "X"),
]  # fmt: skip
ACROSS = 3  # panels in a row


def save(layers: Sequence[LayerFlow], path: str | os.PathLike) -> Path:
    """Write the plot; see `GradientFlow.save`."""
    return save_plot(lambda: figure(layers), path)


def shown(layers: Sequence[LayerFlow]) -> bytes | None:
    """The plot as .png; None where matplotlib is not installed."""
    try:
        return rendered(lambda: figure(layers), ".png")
    except ImportError:
        return None


def figure(layers: Sequence[LayerFlow]) -> Any:
    """Three panels for all layers, h as lines and c dashed; below, the gates of each layer that has some."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    gated = [layer for layer in layers if layer.gates]
    rows = 1 + ceil(len(gated) / ACROSS)
    drawn = Figure(figsize=(11, 0.6 + 2.7 * rows), layout="constrained")
    grid = drawn.add_gridspec(rows, ACROSS)
    panels = [drawn.add_subplot(grid[0, k]) for k in range(ACROSS)]
    weights = dict.fromkeys([_weight(layer) for layer in layers])
    parts = ["‖∂L/∂h$_t$‖", "‖∂h$_T$/∂h$_t$‖", f"‖∂L/∂W$_{{{', '.join(weights)}}}$‖, part of step t"]
    if any([layer.dc is not None for layer in layers]):
        parts[0] += "   dashed: c$_t$"
        parts[1] += "   dashed: c$_t$"
    for axes, title in zip(panels, parts):
        axes.set_title(title)
        axes.set_yscale("log")
        _step_axis(axes)
    for k, layer in enumerate(layers):
        color, mark = LINES[k % len(LINES)]
        look = {"color": color, "marker": mark, "markersize": 4, "markevery": (k, max(1, layer.steps // 8))}
        for axes, solid, dashed in (
            (panels[0], layer.dh, layer.dc),
            (panels[1], layer.jacobian_h, layer.jacobian_c),
            (panels[2], layer.dw.get(f"weight_{_weight(layer)}"), None),
        ):
            _curve(axes, solid, look)
            _curve(axes, dashed, {**look, "linestyle": (0, (4, 2))})
    for k, layer in enumerate(gated):
        _gates(drawn.add_subplot(grid[1 + k // ACROSS, k % ACROSS]), layer)
    keys = [Line2D([], [], color=LINES[k % len(LINES)][0], marker=LINES[k % len(LINES)][1]) for k in range(len(layers))]
    legend = drawn.legend(keys, ["."] * len(keys), loc="outside upper center", ncols=min(4, len(keys)), frameon=False)
    for text, layer in zip(legend.get_texts(), layers):
        named(text, layer.name)
    return drawn


def _weight(layer: LayerFlow) -> str:
    """That of the state, where there is one."""
    return "ih" if layer.cell in ("mingru", "minlstm") else "hh"


def _curve(axes: Any, norms: np.ndarray | None, look: dict[str, Any]) -> None:
    """Where a norm is zero there is no logarithm, and the line has a gap."""
    if norms is not None:
        axes.plot(np.where(norms > 0, norms, np.nan), **look)


def _gates(axes: Any, layer: LayerFlow) -> None:
    """Median of each gate over the batch and the units, and the half of them that lies around it."""
    t, most = np.arange(layer.steps), 1.0
    for letter, what, look in GATES[layer.cell]:
        units = layer.gates[letter].reshape(layer.steps, -1)
        some = ~np.isnan(units).all(axis=1)
        low, middle, high = np.full((3, layer.steps), np.nan)
        low[some], middle[some], high[some] = np.nanquantile(units[some], [0.25, 0.5, 0.75], axis=1)
        most = max(most, *np.abs([low[some], high[some]]).ravel())  # a candidate without tanh has no bound
        axes.fill_between(t, low, high, color=LOOKS[look].line, alpha=0.15, linewidth=0)
        axes.plot(t, middle, color=LOOKS[look].line, label=f"{letter} {what}")
    named(axes.set_title("."), f"gates of {layer.name}")
    axes.set_ylim(-1.05 * most, 1.05 * most)
    _step_axis(axes)
    axes.legend(frameon=False, fontsize=8, ncols=2, handlelength=1.2)


def _step_axis(axes: Any) -> None:
    axes.set_xlabel("time step t")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(True)
