"""When date triggers are due: the next moment of each for each record, and which are to be worked out anew for all records.

Everybody locks first the business, then scans, then what is due, each in the order of their keys; or passes over what is locked.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from store.business import Business
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

_TURN = 0x64756574696D65  # "duetime"


class TriggerKey(NamedTuple):
    automation_id: UUID
    trigger_id: str


class DueKey(NamedTuple):
    """`subject` is the id of the crm activity that is waited for, or empty."""

    automation_id: UUID
    trigger_id: str
    record_id: UUID
    subject: str = ""

    @property
    def trigger(self) -> TriggerKey:
        return TriggerKey(self.automation_id, self.trigger_id)


class Planned(NamedTuple):
    """When it is due, and what the event is going to tell."""

    due_at: datetime
    told: dict[str, Any]


@dataclass(frozen=True)
class Fired:
    """One whose time has come; `kind` is that of the event."""

    key: DueKey
    planned: Planned
    kind: str

    @property
    def idempotency_key(self) -> str:
        return f"due/{'/'.join(map(str, self.key))}/{self.planned.due_at.astimezone(UTC).isoformat()}"


async def rescan_automation(connection: Connection, automation_id: UUID, now: datetime) -> None:
    """To be called when an automation was written at `now`, after its listeners: what is planned goes with its trigger. What has
    come by then, and nobody has fired yet, stays.

    Triggers that are new, say something else or listen again are planned for all records.
    """
    triggers = [row async for row in QUERIES.list_dated_triggers(connection, automation_id=automation_id, now=now)]
    kept = [row["trigger_id"] for row in triggers if not row["is_new"]]
    await QUERIES.drop_scans_of_automation(connection, automation_id=automation_id, kept=kept)
    anew = [row["trigger_id"] for row in triggers if row["is_new"] or row["is_moved"]]
    if anew:
        await QUERIES.put_scans(connection, automation_id=automation_id, trigger_ids=anew, now=now)
    await QUERIES.drop_due_of_automation(connection, automation_id=automation_id, kept=kept, now=now)


async def rescan_all(connection: Connection, now: datetime) -> None:
    """Where the business got another timezone or calendar at that moment."""
    await QUERIES.put_all_scans(connection, now=now)


async def rescan_triggers(connection: Connection, since: Collection[tuple[TriggerKey, datetime]]) -> None:
    """Plans these anew for all records, from the earliest of these moments on."""
    await QUERIES.put_scans_of_triggers(
        connection, automation_ids=[key.automation_id for key, _ in since], trigger_ids=[key.trigger_id for key, _ in since],
        sinces=[moment for _, moment in since],
    )  # fmt: skip


async def take_turn_with_plans(connection: Connection) -> None:
    """Waits for it. Holds until the end of the transaction, which must not stand idle."""
    await QUERIES.take_turn_with_plans(connection, turn=_TURN)


async def hold_business(connection: Connection) -> Business:
    """As it is until the end of the transaction."""
    return Business.model_validate(dict(await QUERIES.hold_business(connection)))


async def find_dated_triggers(connection: Connection, keys: Collection[TriggerKey]) -> list[Any]:
    """Those that are not skipped, as listeners say them now. `until`: nothing from then on counts; null for an active one."""
    distinct = sorted(set(keys))
    rows = QUERIES.find_dated_triggers(
        connection, automation_ids=[key.automation_id for key in distinct], trigger_ids=[key.trigger_id for key in distinct]
    )
    return [row async for row in rows]


async def list_open_activities(connection: Connection, record_ids: Iterable[UUID]) -> list[Any]:
    return [row async for row in QUERIES.list_open_activities(connection, record_ids=list(record_ids))]


async def lock_due(connection: Connection, wanted: Iterable[tuple[TriggerKey, UUID]]) -> dict[DueKey, Planned]:
    """What these triggers wait for on these records."""
    distinct = sorted(set(wanted))
    rows = QUERIES.lock_due(
        connection, automation_ids=[trigger.automation_id for trigger, _ in distinct],
        trigger_ids=[trigger.trigger_id for trigger, _ in distinct], record_ids=[record_id for _, record_id in distinct],
    )  # fmt: skip
    return {_key(row): Planned(row["due_at"], row["told"]) async for row in rows}


async def has_due(connection: Connection, now: datetime) -> bool:
    return await QUERIES.has_due(connection, now=now)


async def take_due(connection: Connection, now: datetime, size: int, left: Collection[TriggerKey] = ()) -> dict[DueKey, Planned]:
    """What is due by now and no other worker has, but for triggers that are left to others.

    Not yet what a change that nobody has looked at may have moved.
    """
    rows = QUERIES.take_due(connection, now=now, size=size, **_left(left))
    return {_key(row): Planned(row["due_at"], row["told"]) async for row in rows}


def _key(row: Any) -> DueKey:
    return DueKey(row["automation_id"], row["trigger_id"], row["record_id"], row["subject"])


async def put_due(connection: Connection, planned: Mapping[DueKey, Planned]) -> None:
    await QUERIES.put_due(
        connection, **_columns(planned), subjects=[key.subject for key in planned],
        due_ats=[each.due_at for each in planned.values()], tolds=[each.told for each in planned.values()],
    )  # fmt: skip


async def drop_due(connection: Connection, keys: Collection[DueKey]) -> None:
    await QUERIES.drop_due(connection, **_columns(keys), subjects=[key.subject for key in keys])


async def insert_due_events(connection: Connection, fired: Collection[Fired]) -> None:
    """Told to the triggers alone, as of when they were due."""
    planned = [each.planned for each in fired]
    await QUERIES.insert_due_events(
        connection, **_columns([each.key for each in fired]), ids=[new_id() for _ in fired], kinds=[each.kind for each in fired],
        due_ats=[each.due_at for each in planned], tolds=[each.told for each in planned],
        keys=[each.idempotency_key for each in fired],
    )  # fmt: skip


def _columns(keys: Collection[DueKey]) -> dict[str, list[Any]]:
    return {
        "automation_ids": [key.automation_id for key in keys],
        "trigger_ids": [key.trigger_id for key in keys],
        "record_ids": [key.record_id for key in keys],
    }


async def has_scans(connection: Connection) -> bool:
    return await QUERIES.has_scans(connection)


async def take_scan(connection: Connection, left: Collection[TriggerKey] = ()) -> Any | None:
    """A row of due_scans: `since` is the moment from which it counts, `cursor` the last record that is planned.

    None of a trigger that is left to others.
    """
    return await QUERIES.take_scan(connection, **_left(left))


def _left(triggers: Collection[TriggerKey]) -> dict[str, list[Any]]:
    ids = [key.automation_id for key in triggers], [key.trigger_id for key in triggers]
    return dict(zip(("left_automations", "left_triggers"), ids, strict=True))


async def move_scan(connection: Connection, scan: TriggerKey, cursor: UUID) -> None:
    await QUERIES.move_scan(connection, **scan._asdict(), cursor=cursor)


async def list_records_to_scan(connection: Connection, automation_id: UUID, after: UUID, size: int) -> list[UUID]:
    """Of the automation's object, not archived, by id."""
    rows = QUERIES.list_records_to_scan(connection, automation_id=automation_id, after=after, size=size)
    return [row["id"] async for row in rows]


async def end_scan(connection: Connection, scan: TriggerKey) -> None:
    await QUERIES.end_scan(connection, **scan._asdict())


class DueCursor(NamedTuple):
    due_at: datetime
    record_id: UUID
    subject: str


async def list_due(
    connection: Connection, trigger: TriggerKey, *, record_id: UUID | None = None, cursor: DueCursor | None = None, size: int = 50
) -> list[Any]:
    """What is due next first: record_id, the record's name, subject, due_at, told."""
    after, after_record, after_subject = cursor or (None, None, None)
    rows = QUERIES.list_due(
        connection, **trigger._asdict(), record_id=record_id, after=after, after_record=after_record,
        after_subject=after_subject, size=size,
    )  # fmt: skip
    return [row async for row in rows]
