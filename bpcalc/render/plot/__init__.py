"""outcome of a descent -> a picture of it: SVG, PNG or a page, by Matplotlib.

style.py    colours, sizes, fonts; the same whatever Matplotlib is set to
axes.py     numbers along an axis
loss.py     the panel of the loss over the steps, and that of the metric
scenery.py  the panel of the way: over contours, or on a curve
figure.py   the panels in one figure, and its bytes
thinned.py  paths of an SVG with fewer points
page.py     an HTML file around it, with the table
"""
