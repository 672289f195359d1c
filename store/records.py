"""Records: every write checks all values at once, raises the revision, and writes the events that tell of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from automations import scalars
from store.database import Connection
from store.errors import RecordArchivedError, RecordChangedError
from store.events import BY_HAND, Origin, insert_event
from store.ids import new_id
from store.objects import StoredObject, hold_object, read_object_by_id
from store.record_checks import checked
from store.requests import end_executions_of_record
from store.sql import QUERIES


class Attributes(TypedDict, total=False):
    """What a record has beside its fields. What is left out stays as it is; `owner` is an id or an address."""

    name: str | None
    stage: str | None
    owner: UUID | str | None


@dataclass(frozen=True)
class _Content:
    """What people write of a record."""

    name: str
    stage: str | None
    owner_id: UUID | None
    values: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """As the events tell of it; stages have events of their own."""
        return {**self.values, "name": self.name, "owner": str(self.owner_id) if self.owner_id else None}


_NOTHING = _Content("", None, None, {})
_NO_VALUES: Mapping[str, object] = {}


async def create_record(
    connection: Connection,
    stored: StoredObject,
    *,
    name: str | None,
    values: Mapping[str, object],
    stage: str | None = None,
    owner: UUID | str | None = None,
    now: datetime,
    origin: Origin = BY_HAND,
) -> Any:
    """The new row. Raises RecordValueErrors with every problem."""
    async with connection.transaction():
        definition = (await hold_object(connection, stored.id)).definition
        attributes = Attributes(name=name, stage=stage, owner=owner)
        made = _merged(_NOTHING, await checked(connection, definition, values, attributes, complete=True))
        record_id = new_id()
        await QUERIES.insert_record(
            connection, id=record_id, object_id=stored.id, name=made.name, field_values=made.values, stage=made.stage,
            owner_id=made.owner_id, now=now, event_id=new_id(), event={"new": {**made.told(), "stage": made.stage}},
            root_id=origin.root_id, depth=origin.depth, priority=origin.priority,
        )  # fmt: skip
        return await read_record(connection, record_id)


async def change_record(
    connection: Connection,
    record_id: UUID,
    *,
    values: Mapping[str, object] = _NO_VALUES,
    now: datetime,
    revision: int | None = None,
    origin: Origin = BY_HAND,
    **attributes: Unpack[Attributes],
) -> Any | None:
    """The row after the change; what is not given stays, null clears a field. None if there is no such record.

    Raises RecordValueErrors, RecordArchivedError, and RecordChangedError if it is not at the given `revision`.
    """
    async with connection.transaction():
        row = await lock_record(connection, record_id)
        if row is None:
            return None
        _refuse_unfit(row, revision)
        definition = (await hold_object(connection, row["object_id"])).definition
        old = _Content(row["name"], row["stage"], row["owner_id"], row["field_values"])
        new = _merged(old, await checked(connection, definition, values, attributes))
        if new != old:
            await _write_change(connection, record_id, old, new, now, origin)
        return await read_record(connection, record_id)


async def lock_record(connection: Connection, record_id: UUID) -> Any | None:
    """Archived or not; None if there is none."""
    return await QUERIES.lock_record(connection, id=record_id)


def refuse_changed(row: Any, revision: int | None) -> None:
    """Raises RecordChangedError."""
    if revision is not None and revision != row["revision"]:
        raise RecordChangedError(row["id"], revision, row["revision"])


def _refuse_unfit(row: Any, revision: int | None) -> None:
    refuse_changed(row, revision)
    if row["archived_at"] is not None:
        raise RecordArchivedError(row["id"])


def _merged(old: _Content, given: dict[str, Any]) -> _Content:
    values = {name: value for name, value in {**old.values, **given["values"]}.items() if value is not None}
    return _Content(given.get("name", old.name), given.get("stage", old.stage), given.get("owner_id", old.owner_id), values)


async def _write_change(
    connection: Connection, record_id: UUID, old: _Content, new: _Content, now: datetime, origin: Origin
) -> None:
    await QUERIES.update_record(
        connection, id=record_id, name=new.name, field_values=new.values, stage=new.stage, owner_id=new.owner_id, now=now
    )
    chain = origin.root_id, origin.depth
    if payload := _difference(old.told(), new.told()):
        await insert_event(connection, "field_updated", record_id, now, payload, *chain, priority=origin.priority)
    if old.stage != new.stage:
        told = {"old": old.stage, "new": new.stage}
        await insert_event(connection, "stage_updated", record_id, now, told, *chain, priority=origin.priority)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Only what changed, before and after; null where there was or is nothing."""
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    if not changed:
        return {}
    return {"old": {name: old.get(name) for name in changed}, "new": {name: new.get(name) for name in changed}}


async def archive_record(
    connection: Connection, record_id: UUID, *, now: datetime, revision: int | None = None, origin: Origin = BY_HAND
) -> Any | None:
    """The row; None if there is no such record. An archived one stays as it is.

    Its open executions are asked to end in the same transaction; whoever archives hands that over, see `list_being_canceled`.
    Raises RecordChangedError.
    """
    event_id = new_id()
    by = f"execution {origin.root_id}" if origin.root_id else ""
    async with connection.transaction():
        await end_executions_of_record(connection, record_id, f"archive-{event_id}", now, by)
        return await _set_archived(connection, record_id, True, revision, now, origin, event_id)


async def unarchive_record(
    connection: Connection, record_id: UUID, *, now: datetime, revision: int | None = None, origin: Origin = BY_HAND
) -> Any | None:
    """The row; None if there is no such record. Raises RecordChangedError."""
    async with connection.transaction():
        return await _set_archived(connection, record_id, False, revision, now, origin, new_id())


async def _set_archived(
    connection: Connection,
    record_id: UUID,
    archived: bool,
    revision: int | None,
    now: datetime,
    origin: Origin,
    event_id: UUID,
) -> Any | None:
    if revision is not None and (row := await lock_record(connection, record_id)):
        refuse_changed(row, revision)
    await QUERIES.set_archived(
        connection, id=record_id, archived=archived, now=now, event_id=event_id, root_id=origin.root_id, depth=origin.depth,
        priority=origin.priority,
    )  # fmt: skip
    return await read_record(connection, record_id)


async def read_record(connection: Connection, record_id: UUID, *, deleted: bool = False) -> Any | None:
    """All columns, and `object` and `object_revision`. Archived records too; with `deleted` also what is left of one that is."""
    row = await QUERIES.read_record(connection, id=record_id)
    return None if row is None or (row["deleted_at"] is not None and not deleted) else row


async def list_records_by_ids(connection: Connection, ids: Iterable[UUID]) -> list[Any]:
    """Those that exist, as `read_record` reads them. Deleted ones are archived and hold nothing."""
    return [row async for row in QUERIES.list_records_by_ids(connection, ids=list(ids))]


async def list_records(
    connection: Connection, object_id: UUID, *, archived: bool = False, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """The oldest first; with `archived`, those as well."""
    rows = QUERIES.list_records(connection, object_id=object_id, archived=archived, cursor=cursor, size=size)
    return [row async for row in rows]


async def find_record(
    connection: Connection,
    object_id: UUID,
    *,
    id: UUID | None = None,
    email: str | None = None,
    name: str | None = None,
) -> Any | None:
    """The one record of this id, of this address in any of its email fields, or of this name; never an archived one.

    The oldest, if several share an address or a name. Text that is no address finds nothing.
    """
    if id is not None:
        return await QUERIES.find_record_by_id(connection, id=id, object_id=object_id)
    if email is not None:
        held = await _emails_held(connection, object_id, email)
        return await QUERIES.find_record_by_values(connection, object_id=object_id, held=held) if held else None
    return await QUERIES.find_record_by_name(connection, object_id=object_id, name=(name or "").strip())


async def _emails_held(connection: Connection, object_id: UUID, email: str) -> list[dict[str, str]]:
    """What the record would hold, for each of the fields that can hold an address."""
    stored = await read_object_by_id(connection, object_id)
    try:
        address = scalars.email(email)
    except scalars.UnfitError:
        return []
    return [{field.name: address} for field in stored.definition.fields if field.type == "email"] if stored else []
