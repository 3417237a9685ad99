"""Results as text, one file per format; nothing is computed here."""
