"""The computation graph, and its nodes as formula text and LaTeX."""

from bpcalc.graph.graph import Building, Graph, Leaf, Node

__all__ = ["Building", "Graph", "Leaf", "Node"]
