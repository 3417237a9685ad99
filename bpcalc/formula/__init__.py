"""From text to graph: tokens, then a tree, then the graph."""

from bpcalc.formula.builder import parse

__all__ = ["parse"]
