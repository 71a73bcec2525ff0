"""Texts as vectors: close in meaning, close in angle.

Nothing is imported here: a process that serves reads the settings and loads the rest, numpy
included, with the first question that needs it.
"""
