"""graph -> source text in other languages: a function that returns value and gradient.

In reading order: language.py (what a language is to the writer), statements.py (a program as
named statements, each an expression as a person would write it), names.py and comments.py (what
of the formula's text gets into the source, and how), a file per language, targets.py (the table).
"""
