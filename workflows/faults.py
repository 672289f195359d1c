"""What an execution ends of where the interpreter finds what cannot be."""

FAULT = "interpreter_fault"
"""Begins the reason of such an end, and never changes."""


class ImpossibleError(Exception):
    """An answer that fits nothing. Anything else that is raised fails the workflow task instead, until a release mends it."""
