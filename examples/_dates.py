"""Translation of dates: how much is right, by the length of the text; and the picture of it in docs/tasks.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import translate_dates
from _claims import Claim, Found
from _record import Results
from _training import RIGHT, WRONG, save

CASE, WITH, WITHOUT = "date translation", "with attention", "without attention"
PICTURE = "dates-by-length.svg"
LINES = {WITH: (RIGHT, "o"), WITHOUT: (WRONG, "s")}
Curve = list[tuple[float, float]]  # words in a text, the share of such texts that is right


def translation(by: str, outcome: str, holds: Callable[[float, Curve], bool]) -> Claim:
    """The share of held-out texts that is translated exactly, and its curve by length."""

    def test(seed: int, quick: bool) -> Found:
        few = ["--updates", "2", "--texts", "50"] if quick else []
        options = translate_dates.arguments(["--seed", str(seed), *few])
        net = translate_dates.trained(by, by == WITH, options)
        pairs = translate_dates.held_out_texts(options)
        right = translate_dates.exact(translate_dates.translate(net, pairs)[0], pairs)
        curve = list(zip(*translate_dates.by_length(right, pairs, 5), strict=True))
        return Found(holds(right.mean(), curve), float(right.mean()), options.updates, {"by length": curve})

    return Claim(CASE, by, outcome, test)


def draw(results: Results, folder: Path) -> None:
    """The curves of all seeds, as an SVG that is the same whenever it is drawn again."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": PICTURE}):
        figure = Figure(figsize=(6.4, 3), layout="constrained")
        axes = figure.subplots()
        for name, (color, mark) in LINES.items():
            for number, run in enumerate(results.get(f"{CASE}, {name}", {}).values()):
                words, share = zip(*run["by length"])
                style = {"color": color, "marker": mark, "markersize": 4, "linewidth": 1}
                axes.plot(words, share, **style, label="_" * (number > 0) + name)  # one name for all seeds
        axes.set(xlabel="words in the text", ylabel="translated exactly", ylim=(-0.03, 1.03))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        save(figure, folder / PICTURE)
