"""Tells of failures by mail: an outbox that is written with the failure and sent after it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from activities.after_calls import written
from activities.definitions import Definitions, Plan
from activities.failures import sentence_of
from activities.mailing import Mail, build
from activities.plain_words import raw
from activities.services import Services
from automations.executions import web_ui_link
from automations.failures import ExpectedFailure
from automations.messages import StepFailure, StepRequest
from automations.notifications import (
    OWNER,
    STOPPED,
    Failure,
    Left,
    Notification,
    is_told,
    left_by,
    notification_for,
    stops_with_error,
    with_link,
)
from automations.outcomes import End, Hold, Outcome, StepRef
from automations.steps.base import StepBase
from store.database import Connection
from store.notifications import NewNotification, insert_notification, mark_failed, mark_sent, take_due
from store.step_runs import load_step
from store.team import list_employees_by_ids

_LOG = structlog.get_logger("everstep.notifications")

_TOGETHER = 10
"""Mails on their way at the same time."""

_SENDING = timedelta(seconds=45)
"""For one mail: with its marking less than the minute after which another worker takes it for lost."""

_MARKING = timedelta(seconds=10)
"""With a Postgres that is away."""


@dataclass(frozen=True)
class Notice:
    """A notification and the one it is for: an address, or the `owner`, who is looked up when it is written."""

    execution_id: UUID
    sequence: int
    to: str
    owner_id: UUID | None
    notification: Notification


def notice(
    step: StepBase, row: Any, plan: Plan, error: Mapping[str, Any] | None, outcome: Outcome, request: StepRequest | StepFailure
) -> Notice | None:
    """What is to be told of a step run, if anything is and the automation says to whom.

    `row` is that of `load_step`, `plan` the newest document, `error` what a step failed of: None if it did not fail.
    """
    left = left_by(outcome)
    happened = _happened(step, error, outcome, left)
    if plan.error_notification is None or happened is None:
        return None
    code, sentence = happened
    failure = Failure(
        automation=row["api_name"], automation_name=plan.name, execution=str(request.execution_id), record=row["record_name"],
        object=plan.object, step=step, lane=request.lane, code=code, sentence=sentence,
        at=request.now.astimezone(ZoneInfo(row["timezone"])), left=left,
    )  # fmt: skip
    notification = notification_for(failure, step.severity or plan.error_notification.severity)
    return Notice(request.execution_id, request.sequence, plan.error_notification.to, row["owner_id"], notification)


def _happened(step: StepBase, error: Mapping[str, Any] | None, outcome: Outcome, left: Left) -> tuple[str, str] | None:
    """Code and sentence; None where there is nothing to tell."""
    if error is not None:
        return (error["code"], error["sentence"]) if is_told(step, left) else None
    return (STOPPED, _said(outcome)) if stops_with_error(step, left) else None


def _said(outcome: Outcome) -> str:
    return outcome.says if isinstance(outcome, Hold) else getattr(outcome, "reason", "")


async def notice_of_failure(connection: Connection, definitions: Definitions, failure: StepFailure) -> Notice | None:
    """Of an attempt that failed unexpectedly, once that is written; None as long as another attempt follows."""
    row = await load_step(connection, failure.execution_id, failure.sequence)
    if failure.follows == "retry" or row is None or row["run_status"] != "failed":
        return None
    newest = await definitions.plan(connection, row["automation_id"], row["revision"])
    ran_from = await definitions.plan(connection, row["automation_id"], row["ran_from"])
    plan = next((plan for plan in (newest, ran_from) if failure.step in plan.positions), None)
    if plan is None:
        return None
    step = plan.positions.step(failure.step)
    error = {"code": failure.code, "sentence": failure.sentence}
    return notice(step, row, newest, error, _outcome_of(failure, step), failure)


def _outcome_of(failure: StepFailure, step: StepBase) -> Outcome:
    if failure.follows == "hold":
        return Hold(reason="condition_error", says=failure.sentence, step=StepRef.to(step))
    return End(state="failed", reason=failure.sentence)


async def write_notice(connection: Connection, notice: Notice) -> None:
    """Into the outbox, in the transaction of the failure. Without an active owner there is a line in the log instead."""
    recipient = await _recipient(connection, notice)
    if recipient is None:
        _LOG.warning(
            "nobody_to_notify", execution_id=str(notice.execution_id), sequence=notice.sequence,
            subject=notice.notification.subject, why="the record has no active owner",
        )  # fmt: skip
        return
    told = notice.notification
    new = NewNotification(
        notice.execution_id, notice.sequence, told.severity, recipient, told.subject, told.body, datetime.now(UTC)
    )
    await insert_notification(connection, new)


async def _recipient(connection: Connection, notice: Notice) -> str | None:
    if notice.to != OWNER:
        return notice.to
    owners = await list_employees_by_ids(connection, [notice.owner_id]) if notice.owner_id else []
    return next((owner["email"] for owner in owners if owner["active"]), None)


async def send_due(services: Services) -> int:
    """Sends what is due, and answers how many mails went out. What cannot be sent now is tried again later, up to a day."""
    sent = 0
    while True:
        async with services.database.connection() as connection:
            due = await take_due(connection, datetime.now(UTC), _TOGETHER)
        if not due:
            return sent
        sent += sum(await asyncio.gather(*(_send(row, services) for row in due)))


async def _send(row: Any, services: Services) -> bool:
    """Marked as soon as it is sent, and by itself: one that cannot be marked lets no other go out again."""
    error = await _error_of_sending(row, services)

    async def marked() -> None:
        async with services.database.connection() as connection:
            await _mark(connection, row, error)

    try:
        await written(marked, _MARKING)
    except Exception as unmarked:
        _LOG.error("notification_not_marked", notification=str(row["id"]), why=str(unmarked) or type(unmarked).__name__)
    return error is None


async def _error_of_sending(row: Any, services: Services) -> Exception | None:
    """Whatever is wrong with one mail stands in the way of no other."""
    settings = services.settings
    is_of_step = row["place"] == 0 and row["workflow_id"] is not None
    link = web_ui_link(settings.web_ui_url, settings.temporal_namespace, row["workflow_id"]) if is_of_step else None
    try:
        mail = Mail(
            settings.mail_from, [row["recipient"]], row["subject"], str(row["id"]), datetime.now(UTC),
            body=with_link(row["body"], link),
        )  # fmt: skip
        async with asyncio.timeout(_SENDING.total_seconds()):
            await services.send_mail(build(mail, settings), settings)
    except Exception as error:
        return error
    return None


async def _mark(connection: Connection, row: Any, error: Exception | None) -> None:
    now = datetime.now(UTC)
    if error is None:
        await mark_sent(connection, row["id"], now)
        return
    why = error.sentence if isinstance(error, ExpectedFailure) else sentence_of(error)
    retried_at = await mark_failed(connection, row["id"], why, now, for_good=isinstance(error, ExpectedFailure))
    _LOG.warning(
        "notification_not_sent", notification=str(row["id"]), execution_id=str(row["execution_id"] or ""),
        attempt=row["attempts"], why=raw(error), retried_at=retried_at.isoformat() if retried_at else None,
    )  # fmt: skip
