"""`everstep records`: the records that automations work on."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from cli.exits import RefusedError
from cli.parameters import Flag, Limit, Values, Yes
from cli.records_named import pairs, record_id
from cli.session import Session, SessionParameter
from client import each
from client.models import RecordView

group = App(name="records", help="Look at records, create and change them.")
_COLUMNS = {"id": "id", "name": "name", "stage": "stage", "values": "values", "changed": "updated_at"}
_ROWS = {**_COLUMNS, "object": "object", "owner": "owner_id", "revision": "revision", "archived": "archived_at"}
Object = Annotated[str | None, Parameter(help="The record's object, where it is named by a field")]


@group.command(name="list")
def list_records(
    object: str, /, *, archived: Flag = False, name: str | None = None, stage: str | None = None,
    sort: str | None = None, limit: Limit = 50, session: SessionParameter,
) -> None:  # fmt: skip
    """List the records of an object.

    Parameters
    ----------
    archived
        Archived ones too.
    name
        Only those with this text in their name.
    stage
        Only those in this stage.
    sort
        By these fields, as in -updated_at,name: from the end with a minus.
    """
    found = each(session.client.get_records, object, archived=archived or None, name=name, stage=stage, sort=sort, limit=limit)
    session.output.table(found, _COLUMNS, empty="No records.")


@group.command
def show(record: str, /, *, object: Object = None, session: SessionParameter) -> None:
    """Show a record, by its id or with --object by a field, as in `email=ada@example.com`."""
    session.output.details(session.client.get_record(record_id(session.client, object, record)), _ROWS)


@group.command
def create(
    object: str, /, *, name: str | None = None, value: Values = None, stage: str | None = None, owner: str | None = None,
    session: SessionParameter,
) -> None:  # fmt: skip
    """Create a record.

    Example: `everstep records create lead --name "Ada Lovelace" -v email=ada@analytical.example -v seats=12`
    """
    _show(session, session.client.create_record(object, _body(name, value, stage, owner)))


@group.command
def update(
    record: str, /, *, object: Object = None, name: str | None = None, value: Values = None, stage: str | None = None,
    owner: str | None = None, session: SessionParameter,
) -> None:  # fmt: skip
    """Change a record; what is not said stays as it is, and `field=null` clears a field."""
    found = record_id(session.client, object, record)
    _show(session, session.client.change_record(found, _body(name, value, stage, owner)))


@group.command
def upsert(
    object: str, match: str, /, *, name: str | None = None, value: Values = None, stage: str | None = None,
    owner: str | None = None, session: SessionParameter,
) -> None:  # fmt: skip
    """Change the one record that `match` names, or create it.

    Example: `everstep records upsert lead email=ada@analytical.example --name "Ada Lovelace" -v seats=14`
    """
    body = _body(name, value, stage, owner) | {"match": pairs([match], "match")}
    _show(session, session.client.put_record(object, body))


@group.command
def delete(
    record: str, /, *, object: Object = None, yes: Yes = False,
    session: SessionParameter,
) -> None:  # fmt: skip
    """Delete a record for good, with all that it held. Its open executions are canceled."""
    found = record_id(session.client, object, record)
    if not session.output.confirm(f"Delete the record {found} for good?", yes=yes):
        raise RefusedError("not_confirmed", "Nothing was deleted.")
    gone = session.client.remove_record(found)
    if session.output.json:
        session.output.value(gone)
    session.output.say(f"Deleted {found}; {gone.canceled} open executions were asked to end.")


def _body(name: str | None, value: list[str] | None, stage: str | None, owner: str | None) -> dict[str, Any]:
    said = {"name": name, "stage": stage, "owner": owner}
    return {"values": pairs(value or [], "value")} | {key: each for key, each in said.items() if each is not None}


def _show(session: Session, view: RecordView) -> None:
    session.output.details(view, _ROWS)
