"""Notifications: mails about failures, written with the failure and sent after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.model import Severity
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES


@dataclass(frozen=True)
class NewNotification:
    """A mail to be. `now` is the moment from which it is tried, and after a day given up.

    At `place` 0 it tells of the step run itself, at others it is one that the step writes.
    """

    execution_id: UUID
    sequence: int
    severity: Severity
    recipient: str
    subject: str
    body: str
    now: datetime
    place: int = 0


async def insert_notification(connection: Connection, new: NewNotification) -> None:
    """Does nothing where there is one at its place already."""
    await QUERIES.insert_notification(
        connection, id=new_id(), execution_id=new.execution_id, sequence=new.sequence, place=new.place,
        severity=new.severity, recipient=new.recipient, subject=new.subject, body=new.body, now=new.now,
    )  # fmt: skip


async def insert_notification_of_switch(
    connection: Connection, switch_id: UUID, severity: Severity, recipient: str, subject: str, body: str, now: datetime
) -> None:
    """One of each switch."""
    await QUERIES.insert_notification_of_switch(
        connection, id=new_id(), kill_switch_id=switch_id, severity=severity, recipient=recipient, subject=subject, body=body,
        now=now,
    )  # fmt: skip


async def take_due(connection: Connection, now: datetime, size: int) -> list[Any]:
    """Those to send now, with the `workflow_id` of their execution if they tell of one.

    Nobody else takes it until it is due again: a minute later, and twice as late with every further attempt, up to an hour.
    """
    return [row async for row in QUERIES.take_due_notifications(connection, now=now, size=size)]


async def mark_sent(connection: Connection, notification_id: UUID, now: datetime) -> None:
    await QUERIES.mark_notification_sent(connection, id=notification_id, now=now)


async def mark_failed(
    connection: Connection, notification_id: UUID, error: str, now: datetime, *, for_good: bool = False
) -> datetime | None:
    """When it is tried again; None if it is given up, for good or because it is a day old."""
    row = await QUERIES.mark_notification_failed(connection, id=notification_id, error=error, for_good=for_good, now=now)
    return None if row is None or row["given_up_at"] else row["next_attempt_at"]


async def list_notifications(connection: Connection, execution_id: UUID) -> list[Any]:
    """In the order of the steps they tell of."""
    return [row async for row in QUERIES.list_notifications(connection, id=execution_id)]
