"""What a command prints: tables and colours for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli.exits import WrongUseError

_WIDE = 400
_COLOURS = {
    "active": "cyan", "running": "cyan", "collecting": "cyan", "paused": "yellow", "retrying": "yellow", "waiting": "yellow",
    "held": "yellow", "completed": "green", "started": "green", "asked": "green", "failed": "red", "refused": "red",
    "not_found": "red", "canceled": "magenta", "warning": "yellow", "error": "red",
}  # fmt: skip


class Output:
    """With `json` nothing but one JSON value goes to stdout; what is only for people is left out."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
        self.aside = Console(stderr=True, highlight=False, soft_wrap=True)

    def value(self, value: Any) -> None:
        """As JSON, for programs; indented for people."""
        print(to_json(_plain(value), indent=2 if self.console.is_terminal or not self.json else None).decode(), flush=True)

    def table(self, items: Iterable[Any], columns: Mapping[str, Any], *, empty: str = "None.") -> None:
        """A row for each item: `columns` name an attribute, or a function of the item."""
        found = list(items)
        if self.json:
            self.value(found)
            return
        if not found:
            self.console.print(empty, style="dim")
            return
        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for title in columns:
            table.add_column(title, overflow="fold", no_wrap=title in ("id", "automation"))
        for item in found:
            table.add_row(*(cell(_of(item, column)) for column in columns.values()))
        self.console.print(table)

    def details(self, item: Any, rows: Mapping[str, Any]) -> None:
        """One thing: a line for each of `rows` that is not blank."""
        if self.json:
            self.value(item)
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for title, column in rows.items():
            value = _of(item, column)
            if value not in (None, "", [], {}):
                table.add_row(title, cell(value))
        self.console.print(table)

    def say(self, sentence: str, style: str = "") -> None:
        """For people; markup is taken as it is."""
        if not self.json:
            self.console.print(sentence, style=style, soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Beside the result: on stderr."""
        if not self.json:
            self.aside.print(escape(sentence), style="dim")

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Raises WrongUseError where nobody can be asked."""
        if yes:
            return True
        if not sys.stdin.isatty() or self.json:
            raise WrongUseError(f"{question} Nobody can be asked here: say --yes.")
        self.aside.print(f"[bold]{escape(question)}[/] \\[y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else to_jsonable_python(value)


def _of(item: Any, column: Any) -> Any:
    if callable(column):
        return column(item)
    return item.get(column) if isinstance(item, Mapping) else getattr(item, column, None)


def cell(value: Any) -> Text:
    """A value as people read it; states are coloured."""
    text = words(value)
    return Text(text, style=_COLOURS.get(text, ""))


def words(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return moment(value)
        case Enum():
            return str(value.value)
        case str():
            return value
        case Mapping():
            return ", ".join(f"{name} {words(each)}" for name, each in value.items())
        case Sequence():
            return ", ".join(map(words, value))
        case _:
            return str(value)


def moment(at: datetime | None) -> str:
    """In UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S}Z" if at else ""
