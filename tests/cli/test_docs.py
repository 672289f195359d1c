"""docs/cli.md tells of every command, and of no other."""

import re
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App

from cli.app import app, read_all

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
_TABLE_ROW = re.compile(r"^\| (`everstep .*?`) \|", re.MULTILINE)
_WORD = re.compile(r"[a-z][a-z-]*")


def commands(app: App, *before: str) -> Iterator[tuple[str, ...]]:
    """Each that does something, by its words."""
    for name in app:
        if not name.startswith("-"):
            below = app[name]
            if list(filter(lambda each: not each.startswith("-"), below)):
                yield from commands(below, *before, name)
            else:
                yield (*before, name)


def told() -> Iterator[tuple[str, ...]]:
    """`everstep a b`, `c` tells of a b and a c."""
    for row in _TABLE_ROW.findall(DOCS):
        first, *others = [_words(quoted) for quoted in re.findall(r"`([^`]*)`", row)]
        yield first[1:]
        yield from ((*first[1:-1], *other[:1]) for other in others if other)


def _words(quoted: str) -> tuple[str, ...]:
    """Up to the first argument."""
    words = quoted.split()
    end = next((place for place, word in enumerate(words) if not _WORD.fullmatch(word)), len(words))
    return tuple(words[:end])


def test_every_command_is_told_of() -> None:
    read_all()
    assert set(told()) == set(commands(app))


def test_every_command_says_what_it_does() -> None:
    for words in commands(app):
        found = app
        for word in words:
            found = found[word]
        assert found.help, words
