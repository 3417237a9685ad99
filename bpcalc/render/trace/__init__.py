"""The calculation told step by step, one file per format; nothing is computed here."""
