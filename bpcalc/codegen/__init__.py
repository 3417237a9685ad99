"""graph -> a program of its value and gradient -> code that runs it: on floats, on columns."""
