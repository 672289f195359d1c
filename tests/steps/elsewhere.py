"""Modules of tests outside this package that also show options of steps, one a line."""

ELSEWHERE: tuple[str, ...] = ()
