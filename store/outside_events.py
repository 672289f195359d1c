"""Events that others tell of, and all events with what became of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from automations.fields import ObjectDefinition
from automations.outside_events import RecordKey
from store.database import Connection
from store.ids import new_id
from store.places import Reached
from store.sql import QUERIES

_SHOWN_BYTES = 8 * 1024
"""Of a payload, as Postgres keeps it, in a list."""


@dataclass(frozen=True)
class HeldRecord:
    """The record that a key means, held until the end of the transaction; or why there is none."""

    id: UUID | None
    why_not: Literal["unknown_object", "unknown_record", "record_archived"] | None = None


async def hold_records(connection: Connection, keys: Sequence[RecordKey]) -> list[HeldRecord]:
    """In the order of the keys. Nobody changes or archives a record that is held."""
    rows = QUERIES.list_told_objects(connection, api_names=list({key.object for key in keys}))
    objects = {row["api_name"]: row async for row in rows}
    found = await _find(
        connection, [(place, key, objects[key.object]) for place, key in enumerate(keys) if key.object in objects]
    )
    held = {row["id"] async for row in QUERIES.hold_told_records(connection, ids=list(set(found.values())))}
    return [_held(key.object in objects, found.get(place), held) for place, key in enumerate(keys)]


def _held(is_object: bool, record_id: UUID | None, held: set[UUID]) -> HeldRecord:
    if not is_object:
        return HeldRecord(None, "unknown_object")
    if record_id is None:
        return HeldRecord(None, "unknown_record")
    return HeldRecord(record_id) if record_id in held else HeldRecord(None, "record_archived")


async def _find(connection: Connection, keys: Sequence[tuple[int, RecordKey, Any]]) -> dict[int, UUID]:
    """Record ids by the place of their key."""
    wanted = [
        (place, object["id"], UUID(key.id) if key.id else None, key.name, held)
        for place, key, object in keys
        for held in _values_held(key, object)
    ]
    places, object_ids, ids, names, held = map(list, zip(*wanted, strict=True)) if wanted else ([], [], [], [], [])
    rows = QUERIES.find_told_records(connection, places=places, object_ids=object_ids, ids=ids, names=names, held=held)
    return {row["place"]: row["id"] async for row in rows}


def _values_held(key: RecordKey, object: Any) -> list[dict[str, str] | None]:
    """What the record would hold, for each of the fields that can hold an address; one of nothing for the other ways."""
    if key.email is None:
        return [None]
    fields = ObjectDefinition.model_validate(object["definition"]).fields
    return [{field.name: key.email} for field in fields if field.type == "email"]


@dataclass(frozen=True)
class ToldEvent:
    """An event of a record that is held. The same `key` twice is one event; `told_hash` is of all that its sender said.

    `earlier_key`: what a release before this one kept it by. `reported_at`: the sender said when it had happened,
    and told of it then. None: it is told of as it happens.
    """

    kind: str
    record_id: UUID
    event_at: datetime
    payload: dict[str, Any]
    key: str | None = None
    earlier_key: str | None = None
    told_hash: bytes | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True)
class KeptEvent:
    """`is_duplicate`: it was told of before, and was written then; `is_other`: that one said something else."""

    id: UUID
    is_duplicate: bool
    is_other: bool = False


async def insert_events(connection: Connection, events: Sequence[ToldEvent]) -> list[KeptEvent]:
    """In the order given. To be called in the transaction that holds their records."""
    ids = [new_id() for _ in events]
    rows = QUERIES.insert_told_events(
        connection, ids=ids, kinds=[event.kind for event in events], record_ids=[event.record_id for event in events],
        event_ats=[event.event_at for event in events], payloads=[event.payload for event in events],
        keys=[event.key for event in events], earlier_keys=[event.earlier_key for event in events],
        told_hashes=[event.told_hash for event in events], reported_ats=[event.reported_at for event in events],
    )  # fmt: skip
    inserted = {row["id"] async for row in rows}
    told_before = [event for id, event in zip(ids, events, strict=True) if id not in inserted]
    keys = [key for event in told_before for key in (event.key, event.earlier_key) if key]
    rows = QUERIES.list_events_by_key(connection, keys=keys)
    known = {row["key"]: row async for row in rows} if keys else {}
    return [
        KeptEvent(id, False) if id in inserted else _duplicate(known.get(event.key) or known[event.earlier_key], event)
        for id, event in zip(ids, events, strict=True)
    ]


def _duplicate(first: Any, event: ToldEvent) -> KeptEvent:
    return KeptEvent(first["id"], True, is_other=first["told_hash"] not in (None, event.told_hash))


Shown = tuple[Any, list[Any]]
"""The row of an event, and those of its evaluations."""


async def list_events(
    connection: Connection,
    *,
    record_id: UUID | None = None,
    kind: str | None = None,
    reached: Reached | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Shown]:
    """Newest first; only those that are `reached`. A payload that is large is None."""
    objects, automations = (reached.objects, reached.automations) if reached else (None, None)
    rows = QUERIES.list_events(
        connection, record_id=record_id, kind=kind, objects=objects, automations=automations, cursor=cursor, size=size,
        payload_bytes=_SHOWN_BYTES,
    )  # fmt: skip
    return await _shown(connection, [row async for row in rows])


async def show_event(connection: Connection, event_id: UUID) -> Shown | None:
    row = await QUERIES.show_event(connection, id=event_id)
    return (await _shown(connection, [row]))[0] if row else None


async def _shown(connection: Connection, events: Sequence[Any]) -> list[Shown]:
    became: dict[UUID, list[Any]] = defaultdict(list)
    async for row in QUERIES.list_evaluations_of(connection, event_ids=[event["id"] for event in events]):
        became[row["event_id"]].append(row)
    return [(event, became[event["id"]]) for event in events]
