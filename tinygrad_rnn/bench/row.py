"""One line of what was found: figures, ratios, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .engines import PEERS
from .measure import Spread, quotients, spread

BETTER = "the better"  # in each row, the peer that comes closer to ours


@dataclass(frozen=True)
class Row:
    """One measurement of ours and its peers.

    Args:
        section, group: where it belongs; a group has one table and one geometric mean for each thread count.
        name: what was measured.
        unit: of the figures, of which less is better.
        figures: of every library that took part.
        ratios: peer / ours, round by round; also to ours itself on one thread.
        threads: None where it does not matter.
        more: other numbers that follow from the figures.
        sizes: T, N, I, H, layers of a layer, as far as they are known.
        busy: whether the machine is known to have been busy with other things.
    """

    section: str
    group: str
    name: str
    unit: str
    figures: Mapping[str, Spread]
    ratios: Mapping[str, Spread]
    threads: int | None = None
    more: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    busy: bool = False


def rivals(ratios: Mapping[str, Spread]) -> dict[str, float]:
    """The ratios to other libraries, without those to ours itself."""
    return {name: ratio.median for name, ratio in ratios.items() if name in PEERS}


def limit(ratio: float, share: float) -> float:
    """The ratio that would be found if ours ran at the processor's ceiling, not at a share of it."""
    return ratio / share


def compare(
    found: Mapping[str, Sequence[float]], scale: float = 1.0
) -> tuple[dict[str, Spread], dict[str, Spread]]:
    """Figures and ratios of what every library took in each round.

    Args:
        found: "ours" among them, or there is no ratio.
        scale: from what was measured to the unit of the figures.
    """
    figures = {name: spread([scale * value for value in values]) for name, values in found.items()}
    ratios = {}
    if "ours" in found:
        ratios = {
            name: spread(quotients(values, found["ours"])) for name, values in found.items() if name != "ours"
        }
    return figures, ratios
