"""What an apply would change, thing by thing, and how it is shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.text import Text

from automations.writing import write_yaml
from cli.apply.files import Part
from cli.output import Output
from client import Mistake

Action = Literal["create", "update", "unchanged", "conflict", "delete", "upsert"]
_MARKS: dict[Action, tuple[str, str]] = {
    "create": ("+", "green"), "update": ("~", "yellow"), "unchanged": ("=", "dim"), "conflict": ("!", "red bold"),
    "delete": ("-", "red"), "upsert": ("~", "yellow"),
}  # fmt: skip
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True)
class Change:
    """`before` is what the gateway has, `after` what it would have; `seen` what was there at the last apply, in a conflict."""

    kind: str
    name: str
    action: Action
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    revision: int | None = None
    seen: dict[str, Any] | None = None
    part: Part | None = None
    warnings: Sequence[Mistake] = field(default=())

    @property
    def is_change(self) -> bool:
        return self.action != "unchanged"

    def told(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind, "name": self.name, "action": self.action, "revision": self.revision, "diff": list(self.diff()),
            "warnings": [vars(each) for each in self.warnings],
        }  # fmt: skip

    def diff(self) -> Iterator[str]:
        """Unified, of the YAML of both. In a conflict: what was edited there since."""
        old, new = (self.seen, self.before) if self.action == "conflict" else (self.before, self.after)
        if self.action in ("unchanged", "upsert"):
            return iter(())
        says = ("last applied", "there now") if self.action == "conflict" else ("there now", "your file")
        lines = difflib.unified_diff(
            _lines(old), _lines(new), f"{self.name} ({says[0]})", f"{self.name} ({says[1]})", lineterm=""
        )
        return iter(list(lines))


def _lines(value: dict[str, Any] | None) -> list[str]:
    return write_yaml(value).splitlines() if value is not None else []


def show_plan(changes: Sequence[Change], output: Output, *, diffs: bool = True) -> None:
    """A line for each thing, with its diff below; unchanged ones are only counted."""
    if output.json:
        output.value([change.told() for change in changes])
        return
    for change in changes:
        if change.is_change:
            _show(change, output, diffs)
    counted = {action: sum(change.action == action for change in changes) for action in _MARKS}
    said = ", ".join(
        f"{count} to {action}" for action, count in counted.items() if count and action not in ("unchanged", "conflict")
    )
    several = f"{counted['conflict']} edited there since" if counted["conflict"] else ""
    same = f"{counted['unchanged']} unchanged"
    output.say(f"Plan: {', '.join(filter(None, (said, several, same)))}.", "bold")


def _show(change: Change, output: Output, diffs: bool) -> None:
    mark, style = _MARKS[change.action]
    note = "  edited there since the last apply:" if change.action == "conflict" else ""
    revision = f"  (revision {change.revision})" if change.revision else ""
    output.console.print(Text(f"{mark} {change.action:<9} {change.kind} {change.name}{revision}{note}", style=style))
    if diffs and change.action != "create":
        for line in change.diff():
            output.console.print(Text(f"    {line}", style=_COLOURS.get(line[:1], "")), soft_wrap=True)
    for each in change.warnings:
        output.console.print(Text(f"    {each.path}: {each.sentence} ({each.code})", style="yellow"), soft_wrap=True)
