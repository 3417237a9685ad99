"""Values and gradients: one forward pass, one backward pass, generic in what they compute with."""

from bpcalc.engine.backward import Contribution, backward, gradients
from bpcalc.engine.forward import forward

__all__ = ["Contribution", "backward", "forward", "gradients"]
