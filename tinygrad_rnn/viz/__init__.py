"""Pictures of computation graphs: node list -> collapsed graph -> DOT -> SVG, PNG or PDF; and gradient flow."""

from .draw import draw
from .drawing import Drawing
from .flow import GradientFlow, LayerFlow, gradient_flow

__all__ = ["Drawing", "GradientFlow", "LayerFlow", "draw", "gradient_flow"]
