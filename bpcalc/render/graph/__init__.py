"""The computation graph as a picture, one file per format; nothing is computed here."""
