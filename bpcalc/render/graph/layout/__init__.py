"""Where boxes and arrows stand: layered.py puts together ranks, order, columns and heights."""

from bpcalc.render.graph.layout.layered import TIP, Layout, Rectangle, Route, Run, layout

__all__ = ["TIP", "Layout", "Rectangle", "Route", "Run", "layout"]
