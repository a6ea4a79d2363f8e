"""Pictures of computation graphs: node list -> collapsed graph -> DOT -> SVG, PNG or PDF; gradient flow; states."""

from .draw import draw
from .drawing import Drawing
from .flow import GradientFlow, LayerFlow, gradient_flow
from .state_plot import StatePlot, plot_states

__all__ = ["Drawing", "GradientFlow", "LayerFlow", "StatePlot", "draw", "gradient_flow", "plot_states"]
