"""Gradient descent: formula + start values + data -> learnt values.

methods.py    how a step is taken from a gradient
schedules.py  how the rate changes
starts.py     random values to start from
data.py       tables and arrays -> the data variables; labels.py, whether labels are classes
batches.py    data -> mini-batches, shuffled
floats.py     values, gradients and steps of a formula of numbers, without NumPy
arrays.py     the same of arrays and data
training.py   the loop
state.py      where a run stands: saved, and gone on from
history.py    a line per step
outcome.py    what came of it, and the JSON of it
trail.py      the way through one or two numbers; region.py, landscape.py and scene.py, what a
              picture shows of it
"""
