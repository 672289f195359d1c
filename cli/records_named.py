"""Records as people name them on the command line: by id, or by a field, as in `email=ada@example.com`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from automations.reading import read_yaml
from cli.exits import RefusedError, WrongUseError
from client import Client


def value_of(text: str) -> Any:
    """As YAML reads it: `5` is a number, `[a, b]` a list, `"5"` text."""
    return read_yaml(text) if text else ""


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """`name=value`, several of them. Raises WrongUseError."""
    found: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise WrongUseError(f"--{option} takes name=value, not {each!r}.")
        found[name] = value_of(value)
    return found


def record_id(client: Client, object: str | None, named: str) -> UUID:
    """Raises RefusedError where none or several are meant, WrongUseError where it cannot be known of which object it is."""
    try:
        return UUID(named)
    except ValueError:
        pass
    field, sign, value = named.partition("=")
    if not sign:
        raise WrongUseError(f"{named!r} is no record: give its id, or a field of it as in email=ada@example.com.")
    if object is None:
        raise WrongUseError("Say of which object the record is: --object, or give its id.")
    found = client.search_for_records(object, {"filter": {"field": field, "op": "=", "value": value_of(value)}, "size": 2}).items
    if len(found) != 1:
        said = "There is no" if not found else "There are several records:"
        raise RefusedError("record_not_found" if not found else "several_records", f"{said} {object} with {field} {value}.")
    return found[0].id
