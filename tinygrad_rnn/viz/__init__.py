"""Pictures of computation graphs: node list -> collapsed graph -> DOT -> SVG, PNG or PDF."""

from .draw import draw
from .drawing import Drawing

__all__ = ["Drawing", "draw"]
