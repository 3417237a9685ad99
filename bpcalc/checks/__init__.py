"""Second opinions on a gradient, each independent of the engine."""
