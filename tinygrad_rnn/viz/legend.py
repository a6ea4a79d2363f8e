"""The words and colours below a picture that say how to read it."""

from __future__ import annotations

from . import style
from .measure import text_width
from .picture import Picture
from .scale import Scale

SWATCH = 'fixedsize="true" width="{}" height="9" bgcolor="{}"'


def legend(picture: Picture) -> str:
    """An HTML-like table. Nothing in it comes from the user."""
    rows = []
    if picture.scale is not None:
        rows.append(_row("norm of the gradient", [*_ramp(picture.scale), *_special(picture)]))
    if picture.strips:
        rows.append(_entries())
    words = [*picture.words, *filter(None, [picture.folded])]
    rows += [f'<tr><td align="left">{_small(each)}</td></tr>' for each in words]
    return f'<table border="0" cellborder="0" cellspacing="3" cellpadding="0">{"".join(rows)}</table>'


def _row(title: str, cells: list[str]) -> str:
    inner = "".join([f'<td align="left">{_small(title)}</td><td width="8"></td>', *cells])
    table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{inner}</tr></table>'
    return f'<tr><td align="left">{table}</td></tr>'


def _ramp(scale: Scale) -> list[str]:
    """Tick, colour, tick, colour, ..., tick."""
    ticks = [f"<td>{_small(f' 1e{exponent} ')}</td>" for exponent in scale.ticks]
    swatches = [f"<td {SWATCH.format(26, color)}></td>" for color in style.RAMP]
    return [part for pair in zip(ticks, swatches) for part in pair] + ticks[-1:]


def _special(picture: Picture) -> list[str]:
    """What is no number on the scale, if the picture has it."""
    seen = {item.tone for items in (picture.boxes, picture.edges) for item in items}
    words = {"not finite": ("▬ ▬", "not finite"), "zero": ("·····", "zero"), "none": ("──", "none flows")}
    return [
        f'<td>{_small("     ")}<font point-size="{style.SMALL}" color="{style.TONES[tone].line}">{line}</font>'
        f"{_small(f'  {text}')}</td>"
        for tone, (line, text) in words.items()
        if tone in seen
    ]


def _entries() -> str:
    """What the colours of a strip stand for. Tables of fixed size: a wider row would pull the cells apart."""
    low, high = "entries: −max ", " max, each strip its own"
    wide = 6 * len(style.STRIP_COLORS)
    swatches = "".join([f"<td {SWATCH.format(6, color)}></td>" for color in style.STRIP_COLORS])
    parts = _small(low), _fixed(wide, 9, swatches), _small(high)
    cells = "".join([f'<td align="left">{part}</td>' for part in parts])
    width = wide + sum([text_width(words, style.SMALL) for words in (low, high)])
    return f'<tr><td align="left">{_fixed(round(width), 12, cells)}</td></tr>'


def _fixed(width: int, height: int, cells: str) -> str:
    size = f'fixedsize="true" align="left" width="{width}" height="{height}"'
    return f'<table {size} border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{cells}</tr></table>'


def _small(words: str) -> str:
    return f'<font point-size="{style.SMALL}" color="{style.FAINT}">{words}</font>'
