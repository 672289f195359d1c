"""Keeps for each date trigger and each record when it is due next, and fires it then.

Three work at it, and any number of workers: the relay, event by event; a scan of all records, where the trigger or the business
changed; and the sweep, which fires what is due by an event that is told to the trigger alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from activities.due_plans import DuePlans, Look, look_at, unreadable
from activities.services import Services
from automations.event_triggers import Event
from store.business import Business
from store.database import Connection
from store.due import (
    DueKey,
    Planned,
    TriggerKey,
    end_scan,
    find_dated_triggers,
    has_due,
    has_scans,
    hold_business,
    list_records_to_scan,
    lock_due,
    move_scan,
    rescan_triggers,
    take_due,
    take_scan,
    take_turn_with_plans,
)

_LOG = structlog.get_logger("everstep.planning")
_RECORDS = 500
_ROWS = 500


async def plan_due(connection: Connection, pairs: Sequence[tuple[Any, Any]], services: Services, now: datetime) -> None:
    """What events mean for the triggers that they may move: pairs of an event and a row of `find_listeners`, in their order.

    What counts is the record as each event left it, and the time of the event: it makes no difference how late this is. Triggers
    that cannot be read here, and events that were set aside while others of their record went on, are planned anew by a scan.
    Call it in the transaction in which the events are evaluated.
    """
    concerned = [(event, TriggerKey(row["automation_id"], row["trigger_id"])) for event, row in pairs if event["record_id"]]
    if not concerned:
        return
    unread = unreadable(row for _, row in pairs)
    for automation_id, trigger_id in unread:
        _LOG.warning("trigger_unreadable", automation_id=str(automation_id), trigger=trigger_id)
    late = [(event, key) for event, key in concerned if key in unread or event["tries"]]
    concerned = [(event, key) for event, key in concerned if key not in unread and not event["tries"]]
    # The listeners are asked again in our turn: they may be of before a save whose scan is over by now.
    await take_turn_with_plans(connection)
    business = await hold_business(connection)
    if late:
        await rescan_triggers(connection, [(key, event["event_at"]) for event, key in late])
    wanted = {(key, event["record_id"]) for event, key in concerned}
    rows = await lock_due(connection, wanted)
    look = await look_at(connection, services, business, {key for key, _ in wanted}, {record_id for _, record_id in wanted})
    plans = DuePlans(look, rows)
    for event, key in concerned:
        plans.follow(key, event["record_id"], Event(event["kind"], event["payload"]), event["event_at"])
    await plans.write(connection, now)


async def scan_once(services: Services, now: datetime | None = None) -> int:
    """Plans a trigger anew for a page of records and says for how many; 0 where there is nothing to scan.

    A change of a record beside it is an event that is looked at after it.
    """
    async with services.database.connection() as connection:
        if not await has_scans(connection):
            return 0
    async with services.database.transaction() as connection:
        await take_turn_with_plans(connection)
        return await _scan_page(connection, services, now or datetime.now(UTC))


async def _scan_page(connection: Connection, services: Services, now: datetime) -> int:
    business = await hold_business(connection)
    scan = await _take_readable_scan(connection)
    if scan is None:
        return 0
    key = TriggerKey(scan["automation_id"], scan["trigger_id"])
    ids = await list_records_to_scan(connection, key.automation_id, scan["cursor"], _RECORDS)
    rows = await lock_due(connection, [(key, record_id) for record_id in ids])
    look = await look_at(connection, services, business, [key], ids)
    if key in look.triggers:
        plans = DuePlans(look, rows)
        for record_id in ids:
            plans.plan_anew(key, record_id, scan["since"])
        await plans.write(connection, now)
    if len(ids) < _RECORDS or key not in look.triggers:
        await end_scan(connection, key)
    else:
        await move_scan(connection, key, ids[-1])
    return max(len(ids), 1)


async def _take_readable_scan(connection: Connection) -> Any | None:
    left: set[TriggerKey] = set()
    while (scan := await take_scan(connection, left)) is not None:
        found = await find_dated_triggers(connection, [TriggerKey(scan["automation_id"], scan["trigger_id"])])
        unread = unreadable(found)
        if not unread:
            break
        left |= unread
    return scan


async def fire_due_once(services: Services, now: datetime | None = None) -> int:
    """Fires a batch of what is due by now, and says how many. What comes round every year is planned for the next time.

    What is fired late, as after days without a worker, is fired once, as of the time for which it was planned.
    """
    now = now or datetime.now(UTC)
    async with services.database.connection() as connection:
        if not await has_due(connection, now):
            return 0
    async with services.database.transaction() as connection:
        business = await hold_business(connection)
        rows, look = await _take_readable_due(connection, services, business, now)
        plans = DuePlans(look, rows)
        for key in rows:
            plans.plan_next(key, now)
        await plans.write(connection, now)
    return len(rows)


async def _take_readable_due(
    connection: Connection, services: Services, business: Business, now: datetime
) -> tuple[dict[DueKey, Planned], Look]:
    left: set[TriggerKey] = set()
    while True:
        rows = await take_due(connection, now, _ROWS, left)
        keys, record_ids = {key.trigger for key in rows}, {key.record_id for key in rows}
        look = await look_at(connection, services, business, keys, record_ids)
        if not look.unreadable:
            return rows, look
        left |= set(look.unreadable)
