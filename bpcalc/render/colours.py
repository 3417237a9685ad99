"""The colours of the two passes: told apart by the colour-blind, and dark enough for print.

Blue and vermilion after Okabe and Ito, "Color Universal Design" (2008), darkened until both have
a contrast above 5:1 on white; the second of each pair is for a dark background.
"""

FORWARD = "#005a9c", "#7cc4ff"
BACKWARD = "#b34700", "#ffab6b"
