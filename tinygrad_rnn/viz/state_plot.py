"""Which unit tracks what: units of a recurrent layer over time, as colours, with the text that was read below them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from .plot import check_matplotlib, named, rendered, save_plot
from .style import ACROSS_ZERO, INK, ODD_CELL

Array = np.ndarray

COLUMNS = 200, 80, 40  # steps of a band, at most: without text, with letters, with words
MARKS = {"\n": "↵", "\t": "⇥", " ": "·", "\r": "←"}  # for what would not be seen
UNIT, ALONE, LETTER, HEAD, WIDTH = 0.14, 0.22, 0.2, 0.3, 11.0  # inches: of a unit, a single one, text, a title, all
HIGHEST = 400.0  # inches: a .png can hold no more
LEFT = 0.12  # of the width, for the units' names


@dataclass(frozen=True, eq=False, repr=False)
class StatePlot:
    """Some units of a layer over time. In a notebook it shows itself.

    Attributes:
        values: [T, U], their values.
        units: [U], their numbers in the layer, in the order from top to bottom.
        correlation: [U], of each with `tracks`; None if it was not given.
        text: what was read at each step, T pieces, or None.
        tracks: [T], what the units are compared with, or None.
        title: above the picture.
    """

    values: Array
    units: Array
    correlation: Array | None
    text: Sequence[str] | None
    tracks: Array | None
    title: str

    def save(self, path: str | os.PathLike) -> Path:
        """Write it as .svg, .png or .pdf; needs matplotlib. A file that exists is replaced all at once or not touched.

        Raises:
            ValueError: another suffix, or the picture would be too high.
            OSError: the folder is missing or cannot be written to.
            RuntimeError: matplotlib is not installed.
        """
        return save_plot(lambda: figure(self), path)

    def _repr_png_(self) -> bytes:
        check_matplotlib()
        return rendered(lambda: figure(self), ".png")

    def __repr__(self) -> str:
        r = [""] * len(self.units) if self.correlation is None else [f" (r = {r:+.2f})" for r in self.correlation]
        shown = ", ".join([f"{unit}{how}" for unit, how in zip(self.units[:4], r)])
        return f"<{len(self.values)} steps of {len(self.units)} units: {shown}{', ...' if len(self.units) > 4 else ''}>"


def plot_states(
    values: Any,
    text: str | Sequence[str] | None = None,
    *,
    tracks: Any = None,
    units: int | Sequence[int] = 16,
    title: str = "",
) -> StatePlot:
    """Show the units of a recurrent layer over time as colours, a row each, with the text that was read below.

    The colour in a column says what a unit holds after it has read what stands there. A single unit has the text in
    it. Zero is white, and one scale holds for all units: of cell states tanh(c), what h shows, may be clearer than c.

    Args:
        values: [T, H], or [T, 1, H] of a batch of one, a tensor or an array: h, c or a gate of what
            `return_states=True` returns (of more sequences, one: `states[0].c[:, n]`).
        text: what was read, a string of T characters or T words. Spaces and line ends are shown as marks.
        tracks: [T] numbers or bools, such as whether a step is inside quotes: the units that correlate with it most,
            one way or the other, are shown, in that order.
        units: how many, or which. Without `tracks` those that vary most.
        title: above the picture.

    Returns:
        A StatePlot; `.save("cells.png")` draws it, `.units` and `.correlation` say what it found.

    Raises:
        ValueError: shapes or lengths do not fit; no such unit; there is nothing that could be tracked.

    Source: Karpathy, Johnson & Fei-Fei 2015, "Visualizing and Understanding Recurrent Networks".

    Example:
        >>> import tinygrad_rnn as tg
        >>> text = "to be or not to be"
        >>> lstm = tg.nn.LSTM(4, 8)
        >>> _, _, (states,) = lstm(tg.randn(18, 1, 4), return_states=True)
        >>> plot = tg.viz.plot_states(states.c, text, tracks=[letter == " " for letter in text], units=3)
        >>> plot.values.shape
        (18, 3)
    """
    found = _two_dimensional(values)
    T, H = found.shape
    if text is not None and len(text) != T:
        raise ValueError(f"plot_states: there are {T} steps, but the text has {len(text)} characters or words")
    if tracks is not None:
        tracks = np.asarray(getattr(tracks, "array", tracks), np.float64)
        if tracks.shape != (T,) or not np.ptp(tracks) > 0:
            what = "a constant or nan" if tracks.shape == (T,) else f"shape {tracks.shape}"
            raise ValueError(f"plot_states: expected tracks to be {T} numbers, not all of them equal, got {what}")
    with np.errstate(invalid="ignore"):  # nan and inf are shown as such
        r = None if tracks is None else correlation(found, tracks)
        order = np.argsort(-(found.std(0) if r is None else abs(r)), kind="stable")
    if isinstance(units, (int, np.integer)):
        chosen = np.sort(order[:units]) if r is None else order[:units]
    else:
        chosen = np.asarray(units)
    if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu" or not set(chosen) <= set(range(H)):
        raise ValueError(f"plot_states: expected units to be how many, or numbers from 0 to {H - 1}, got {units!r:.60}")
    return StatePlot(found[:, chosen], chosen, None if r is None else r[chosen], text, tracks, title)


def _two_dimensional(values: Any) -> Array:
    found = np.asarray(getattr(values, "array", values))
    given = found.shape
    if found.ndim == 3 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 2 or not found.size:
        raise ValueError(
            f"plot_states: expected [T, H], or [T, 1, H], got shape {tuple(given)}; of a batch choose one sequence, "
            f"as in states[0].c[:, n]"
        )
    return found.astype(np.float64)


def correlation(values: Array, tracks: Array) -> Array:
    """Pearson's r of every unit with what it may track, [H]; 0 for a unit that never moves."""
    x, y = values - values.mean(0), tracks - tracks.mean()
    size = np.sqrt((x * x).sum(0) * (y * y).sum())
    return np.divide(y @ x, size, out=np.zeros(len(size)), where=size > 0)


def figure(plot: StatePlot) -> Any:
    """Bands of so many steps below each other; in each what is tracked, the units and the text."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    (T, U), longest = plot.values.shape, max([len(piece) for piece in plot.text or ()], default=0)
    bands = ceil(T / COLUMNS[min(longest, 2)])
    columns = ceil(T / bands)
    unit = max(UNIT, ALONE / U)
    strip = 0.0 if plot.tracks is None else 1.5 * UNIT
    below = 0.0 if _written_inside(plot) else min(longest, 1) * LETTER + max(longest - 1, 0) * 0.07
    band = HEAD + strip + U * unit + below
    if HEAD + band * bands > HIGHEST:
        raise ValueError(f"a picture of {T} steps of {U} units would be {band * bands:.0f} inches high: show a part")
    drawn = Figure(figsize=(WIDTH, HEAD + band * bands + 0.1))
    colors = LinearSegmentedColormap.from_list("across zero", ACROSS_ZERO).with_extremes(bad=ODD_CELL)
    size = np.max(abs(plot.values), initial=1e-30, where=np.isfinite(plot.values))
    for k, first in enumerate(range(0, T, columns)):
        top, steps = HEAD + k * band + HEAD, slice(first, first + columns)
        if plot.tracks is not None:
            axes = _axes(drawn, top, UNIT, steps)
            least, most = plot.tracks.min(), plot.tracks.max()
            _show(axes, plot.tracks[None, steps], first, cmap="Greys", vmin=least, vmax=2 * most - least)
            axes.set_yticks([0], ["tracked"])
        axes = _axes(drawn, top + strip, U * unit, steps)
        image = _show(axes, plot.values[steps].T, first, cmap=colors, vmin=-size, vmax=size)
        axes.set_yticks(range(U), [_name(plot, k) for k in range(U)])
        axes.tick_params(labeltop=plot.tracks is None)
        for t, piece in enumerate((plot.text or ())[steps], first):
            text = _write(axes, t, piece, plot)
            if _written_inside(plot) and abs(plot.values[t, 0]) > 0.7 * size:
                text.set_color("white")
    scale = _axes(drawn, 0.12, 0.1, slice(0, 1), left=0.75, width=0.2)
    drawn.colorbar(image, cax=scale, orientation="horizontal", ticks=[-size, 0, size], format="%.2g")
    scale.tick_params(length=0, labelsize=7, pad=1)
    named(drawn.text(LEFT, 1 - 0.2 / drawn.get_figheight(), "."), plot.title)
    return drawn


def _axes(drawn: Any, top: float, height: float, steps: slice, left: float = LEFT, width: float = 0.99 - LEFT) -> Any:
    """Axes that begin so many inches from the top."""
    whole = drawn.get_figheight()
    axes = drawn.add_axes((left, 1 - (top + height) / whole, width, height / whole))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8, labeltop=True, labelbottom=False)
    axes.set_xlim(steps.start - 0.5, steps.stop - 0.5)
    return axes


def _show(axes: Any, values: Array, first: int, **colors: Any) -> Any:
    """Rows as colours, their columns numbered from `first` on."""
    limits, (U, T) = axes.get_xlim(), values.shape
    extent = first - 0.5, first + T - 0.5, U - 0.5, -0.5
    image = axes.imshow(values, aspect="auto", interpolation="nearest", extent=extent, **colors)
    axes.set_xlim(limits)
    axes.set_xticks([t for t in range(first, first + T) if t % 10 == 0])
    return image


def _write(axes: Any, t: int, piece: str, plot: StatePlot) -> Any:
    """What was read at step t, below the units, or within a single one."""
    inside = _written_inside(plot)
    y = 0.0 if inside else len(plot.units) - 0.4
    text = axes.text(t, y, ".", ha="center", va="center" if inside else "top", fontsize=8, color=INK)
    text.set_family("monospace")
    named(text, "".join([MARKS.get(letter, letter) for letter in piece]))
    text.set_rotation(90 if len(piece) > 1 else 0)
    return text


def _written_inside(plot: StatePlot) -> bool:
    return len(plot.units) == 1 and all([len(piece) == 1 for piece in plot.text or ()])


def _name(plot: StatePlot, k: int) -> str:
    """Of a unit, with its correlation."""
    r = "" if plot.correlation is None else f"   r = {plot.correlation[k]:+.2f}".replace("-", "−")
    return f"unit {plot.units[k]}{r}"
