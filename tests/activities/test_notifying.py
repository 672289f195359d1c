"""Mails about failures: written with the failure, sent after it, once, whatever becomes of the mail server and the workers."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from activities.chores import sending as chore_of_sending
from activities.definitions import Plan
from activities.notifying import Notice, notice, send_due, write_notice
from activities.services import Services
from automations.document import AutomationDocument
from automations.messages import StepRequest
from automations.notifications import Notification
from automations.outcomes import End, Hold, Next, Outcome, StepRef
from deploy.mail import MailSink
from store.ids import new_id
from store.notifications import list_notifications
from store.team import put_employee
from tests.activities.test_team import PickySink
from tests.builders import Json, change, condition, document, stop
from tests.engine import until
from tests.store.test_notifications import an_execution

NOW = datetime(2026, 1, 2, 8, tzinfo=UTC)
ERROR = {"code": "unknown_field", "sentence": "Lead has no field seats (any more)."}
ROW = {"api_name": "demo", "record_name": "Ada Lovelace", "timezone": "Europe/Vienna", "owner_id": None}


def on(services: Services, **settings: Any) -> Services:
    """The same services with other settings."""
    changed = services.settings.model_copy(update=settings)
    return Services(changed, services.database, services.temporal, services.http, services.definitions)


def noticed(step: Json, outcome: Outcome, error: Json | None = ERROR, **parts: Any) -> Notice | None:
    plan = Plan(AutomationDocument.model_validate(document(object="lead", steps=[step], **parts)))
    request = StepRequest(execution_id=new_id(), sequence=3, step=step["id"], attempt=1, now=NOW)
    return notice(plan.positions.step(step["id"]), ROW, plan, error, outcome, request)


TO_OPS = {"error_notification": {"to": "ops@example.com"}}
REF = StepRef(id="s", type="change_field_value")
PAUSED = Hold(reason="error", says="…", step=REF)


def test_without_a_recipient_nobody_is_told() -> None:
    assert noticed(change("s", seats=1), PAUSED) is None
    assert noticed(change("s", seats=1), PAUSED, **TO_OPS) is not None


@pytest.mark.parametrize(
    ("on_error", "outcome", "told"),
    [
        ("pause", PAUSED, True),
        ("continue", Next(step=REF), True),
        ("continue_silently", Next(step=REF), False),
        ("continue_silently", End(state="failed"), True),
    ],
)
def test_an_expected_failure_is_told_of_as_the_step_says(on_error: str, outcome: Outcome, told: bool) -> None:
    assert (noticed({**change("s", seats=1), "on_error": on_error}, outcome, **TO_OPS) is not None) is told


def test_a_step_that_did_not_fail_is_not_told_of() -> None:
    assert noticed(change("s", seats=1), Next(step=REF), error=None, **TO_OPS) is None


def test_a_condition_is_told_of_with_its_code_in_the_timezone_of_the_business() -> None:
    asked = noticed(condition("s"), Hold(reason="condition_error", says="…", step=REF), **TO_OPS)
    assert asked is not None
    assert "Code: unknown_field" in asked.notification.body
    assert "2026-01-02 09:00:00 CET" in asked.notification.body
    assert "Record: Ada Lovelace (lead)" in asked.notification.body


def test_the_severity_is_that_of_the_step_or_else_of_the_automation() -> None:
    mild = {"error_notification": {"to": "ops@example.com", "severity": "info"}}
    plain, grave = change("s", seats=1), {**change("s", seats=1), "severity": "error"}
    found = [noticed(step, PAUSED, **parts) for step, parts in [(plain, TO_OPS), (plain, mild), (grave, mild)]]
    assert [each and each.notification.severity for each in found] == ["error", "info", "error"]


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("pause_with_error", Hold(reason="error", says="Enough.", step=REF, resume="after")),
        ("fail", End(state="failed", reason="Enough.")),
    ],
)
def test_a_stop_with_an_error_is_told_of_with_its_reason(action: str, outcome: Outcome) -> None:
    told = noticed(stop("s", action), outcome, error=None, **TO_OPS)
    assert told is not None
    assert told.notification.subject == "[error] demo: step s stopped the execution"
    assert "Enough." in told.notification.body


async def written(services: Services, to: str = "ops@example.com", owner: UUID | None = None, *, sequence: int = 1) -> UUID:
    """The execution of which a notice was written."""
    async with services.database.transaction() as connection:
        execution = await an_execution(connection)
        told = Notification("error", "[error] demo: step s failed", "It failed.\n")
        await write_notice(connection, Notice(execution, sequence, to, owner, told))
    return execution


async def outbox(services: Services, execution: UUID) -> list[Any]:
    async with services.database.connection() as connection:
        return await list_notifications(connection, execution)


async def make_due(services: Services) -> None:
    async with services.database.connection() as connection:
        await connection.execute("update notifications set next_attempt_at = created_at")


def told_to(mail: MailSink) -> list[str]:
    return [message["X-Rcpt-To"] for message in mail.messages()]


async def test_a_mail_goes_out_once_with_an_id_of_its_own_and_a_link(services: Services, mail: MailSink) -> None:
    execution = await written(services)
    assert await send_due(on(services, web_ui_url="http://ui")) == 1
    assert await send_due(services) == 0
    [message], [row] = mail.messages(), await outbox(services, execution)
    assert (message["To"], message["Subject"]) == ("ops@example.com", "[error] demo: step s failed")
    assert message["Message-ID"] == f"<{row['id']}@everstep>"
    assert f"http://ui/namespaces/default/workflows/{execution}" in message.get_content()
    assert row["sent_at"] is not None


async def test_a_repeat_has_the_same_message_id(services: Services, mail: MailSink) -> None:
    await written(services)
    await send_due(services)
    async with services.database.connection() as connection:  # as a worker leaves it that dies before it can write
        await connection.execute("update notifications set sent_at = null, next_attempt_at = created_at")
    await send_due(services)
    first, second = mail.messages()
    assert first["Message-ID"] == second["Message-ID"]


async def test_the_owner_is_told_if_active_and_else_the_log_says_why_nobody_is(services: Services, mail: MailSink) -> None:
    async with services.database.transaction() as connection:
        there = await put_employee(connection, "grace@example.com", name="Grace")
        gone = await put_employee(connection, "gone@example.com", name="Gone", active=False)
    await written(services, "owner", there["id"])
    with capture_logs() as logs:
        assert await outbox(services, await written(services, "owner", gone["id"])) == []
        assert await outbox(services, await written(services, "owner")) == []
    assert [line["event"] for line in logs] == ["nobody_to_notify"] * 2
    await send_due(services)
    assert told_to(mail) == ["grace@example.com"]


async def test_a_failure_that_is_rolled_back_is_not_told_of(services: Services, mail: MailSink) -> None:
    async with services.database.connection() as connection:
        execution = await an_execution(connection)
        transaction = connection.transaction()
        await transaction.start()
        await write_notice(connection, Notice(execution, 1, "ops@example.com", None, Notification("error", "x", "y")))
        await transaction.rollback()
    assert (await send_due(services), mail.messages()) == (0, [])


async def test_a_mail_server_that_is_away_is_asked_again_later(services: Services, mail: MailSink) -> None:
    execution = await written(services)
    await mail.stop()
    assert await send_due(services) == 0
    [row] = await outbox(services, execution)
    assert (row["attempts"], row["sent_at"], row["given_up_at"]) == (1, None, None)
    assert row["error"]
    assert row["next_attempt_at"] > datetime.now(UTC) + timedelta(seconds=30)
    await mail.start()
    assert await send_due(services) == 0
    await make_due(services)
    assert await send_due(services) == 1
    [row] = await outbox(services, execution)
    assert (row["attempts"], row["error"]) == (2, None)


async def test_a_refused_mail_is_given_up_and_holds_up_no_other(services: Services, tmp_path: Path) -> None:
    sink = PickySink(tmp_path)
    await sink.start()
    refused, busy, _ = [await written(services, f"{name}@example.com") for name in ("gone", "busy", "ann")]
    assert await send_due(on(services, smtp_port=sink.port)) == 1
    await sink.stop()
    [row] = await outbox(services, refused)
    assert row["given_up_at"] is not None
    assert "no such mailbox" in row["error"]
    [row] = await outbox(services, busy)
    assert row["given_up_at"] is None
    assert "try again later" in row["error"]
    assert told_to(sink) == ["ann@example.com"]


async def test_what_cannot_be_made_a_mail_holds_up_no_other(services: Services, mail: MailSink) -> None:
    wrong = await written(services, "ann@example.com\nBcc: eve@example.com")
    await written(services)
    assert await send_due(services) == 1
    [row] = await outbox(services, wrong)
    assert row["error"]
    assert told_to(mail) == ["ops@example.com"]


async def test_several_workers_send_each_mail_once(services: Services, mail: MailSink) -> None:
    for number in range(30):
        await written(services, f"a{number}@example.com")
    counts = await asyncio.gather(*(send_due(services) for _ in range(4)))
    assert sum(counts) == 30
    assert sorted(told_to(mail)) == sorted(f"a{number}@example.com" for number in range(30))


async def test_a_worker_keeps_sending(services: Services, mail: MailSink) -> None:
    sending = asyncio.create_task(*chore_of_sending(services, timedelta(milliseconds=20)))
    for count in (1, 2):
        await written(services)

        async def arrived(wanted: int = count) -> bool:
            return len(mail.messages()) == wanted

        await until(arrived)
    sending.cancel()
