"""Failures are mailed: once for each step run that failed, and never for an attempt that is followed by another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from activities import chores
from activities.notifying import send_due
from deploy.mail import MailSink
from store.notifications import list_notifications
from store.team import put_employee
from tests.builders import Json, change, condition, request, stop
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.skipping import over_the_waits

WRONG = change("set", seats="many")
AFTER = change("after", status="gone on")
BROKEN = condition("big", **{"if": {"field": "gone", "op": "is", "value": "x"}}, on_error="continue_silently")
TO_OPS = {"to": "ops@example.com"}


@pytest.fixture
async def sending(engine: Engine) -> AsyncIterator[None]:
    """A worker's own sending, with no time between its looks."""
    task = asyncio.create_task(*chores.sending(engine.services, timedelta(milliseconds=50)))
    yield
    task.cancel()


async def started(engine: Engine, *steps: Json, to: Any = TO_OPS, owner: str | None = None) -> UUID:
    lead = await engine.lead(owner=owner, seats=0)
    await engine.save(object="lead", steps=list(steps), error_notification=to)
    return await engine.start(record=lead)


async def told(engine: Engine, execution: UUID) -> list[tuple[int, str]]:
    """Sequence and subject of each mail that was written."""
    async with engine.database.connection() as connection:
        rows = await list_notifications(connection, execution)
    return [(row["sequence"], row["subject"].removeprefix("[error] subject: ")) for row in rows]


def subjects(mail: MailSink) -> list[str]:
    return [message["Subject"] for message in mail.messages()]


@pytest.mark.usefixtures("sending")
async def test_a_failure_is_mailed_with_the_pause_it_leads_to(engine: Engine, mail: MailSink) -> None:
    execution = await started(engine, WRONG, AFTER)
    await engine.in_state(execution, "paused", reason="error")

    async def arrived() -> bool:
        return subjects(mail) == ["[error] subject: step set failed"]

    await until(arrived)
    text = mail.messages()[0].get_content()
    assert "Record: Ada Lovelace (lead)" in text
    assert "Code: invalid_field_value" in text
    assert "is paused on this step" in text


@pytest.mark.parametrize(("on_error", "mails"), [("continue", [(1, "step set failed")]), ("continue_silently", [])])
async def test_a_step_that_may_fail_is_told_of_unless_it_is_to_be_silent(engine: Engine, on_error: str, mails: Any) -> None:
    execution = await started(engine, {**WRONG, "on_error": on_error}, AFTER)
    await engine.ended(execution)
    assert await told(engine, execution) == mails


async def test_nobody_is_told_where_nobody_is_named(engine: Engine) -> None:
    execution = await started(engine, WRONG, to=None)
    await engine.in_state(execution, "paused", reason="error")
    assert await told(engine, execution) == []


async def test_a_step_that_fails_again_after_resume_is_told_of_again(engine: Engine) -> None:
    execution = await started(engine, WRONG)
    await engine.in_state(execution, "paused", reason="error")
    await engine.ask(execution, "resume")

    async def twice() -> bool:
        return await told(engine, execution) == [(1, "step set failed"), (2, "step set failed")]

    await until(twice)


async def test_a_condition_that_cannot_be_decided_is_told_of_even_if_silent(engine: Engine) -> None:
    execution = await started(engine, BROKEN)
    await engine.in_state(execution, "paused", reason="condition_error")
    assert await told(engine, execution) == [(1, "step big failed")]


async def test_a_condition_that_fails_unexpectedly_is_told_of_once(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    whole = condition("big", **{"if": {"field": "seats", "op": ">=", "value": 1}})
    await engine.save(object="lead", steps=[whole], error_notification=TO_OPS)
    async with engine.database.connection() as connection:
        await connection.execute(
            "alter table step_runs add constraint none check (step_type <> 'condition' or status = 'failed')"
        )
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="condition_error")
    assert await told(engine, execution) == [(1, "step big failed")]


@pytest.mark.parametrize(("action", "mails"), [("pause_with_error", 1), ("fail", 1), ("pause", 0), ("cancel", 0)])
async def test_a_step_that_stops_with_an_error_is_told_of(engine: Engine, action: str, mails: int) -> None:
    execution = await started(engine, stop("end", action, reason="enough"))
    state = {"pause_with_error": "paused", "pause": "paused", "fail": "failed", "cancel": "canceled"}[action]
    await engine.in_state(execution, state)
    assert await told(engine, execution) == [(1, "step end stopped the execution")] * mails


async def test_retries_that_are_used_up_are_told_of_once(skipping_engine: Engine, http: HttpServer) -> None:
    http.answers = [500]
    execution = await started(skipping_engine, request("call", http.url, on_error="continue_silently"))
    await skipping_engine.in_state(execution, "retrying")
    assert await told(skipping_engine, execution) == []
    await over_the_waits(skipping_engine, execution, "failed")
    assert len(http.asked) == 5
    assert await told(skipping_engine, execution) == [(1, "step call failed")]


async def test_a_step_that_works_again_is_not_told_of(skipping_engine: Engine, http: HttpServer) -> None:
    http.answers = [500, 200]
    execution = await started(skipping_engine, request("call", http.url))
    await skipping_engine.in_state(execution, "retrying")
    await over_the_waits(skipping_engine, execution)
    assert await told(skipping_engine, execution) == []


async def test_an_execution_canceled_between_two_attempts_is_not_told_of(engine: Engine, http: HttpServer) -> None:
    http.answers = [500]
    execution = await started(engine, request("call", http.url))
    await engine.in_state(execution, "retrying")
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled")
    assert await told(engine, execution) == []


async def test_an_expected_failure_of_a_step_that_leaves_the_house_is_told_of(engine: Engine, http: HttpServer) -> None:
    http.answers = [404]
    execution = await started(engine, request("call", http.url))
    await engine.in_state(execution, "paused", reason="error")
    assert await told(engine, execution) == [(1, "step call failed")]


async def test_changes_of_which_some_fail_are_not_told_of(engine: Engine) -> None:
    execution = await started(engine, change("set", seats="many", status="set"))
    await engine.ended(execution)
    assert await told(engine, execution) == []


async def test_a_failure_in_a_lane_names_the_lane(engine: Engine) -> None:
    lanes: Json = {"id": "fork", "type": "branch", "lanes": [{"name": "sales", "steps": [WRONG]}, {"steps": [AFTER]}]}
    execution = await started(engine, lanes)
    await engine.in_state(execution, "paused", reason="error")
    async with engine.database.connection() as connection:
        [row] = await list_notifications(connection, execution)
    assert "Lane: fork:sales" in row["body"]


async def test_the_owner_of_the_record_is_told(engine: Engine, mail: MailSink) -> None:
    async with engine.database.transaction() as connection:
        owner = await put_employee(connection, "grace@example.com", name="Grace")
    execution = await started(engine, WRONG, to={"to": "owner"}, owner=str(owner["id"]))
    await engine.in_state(execution, "paused", reason="error")
    await send_due(engine.services)
    assert [message["X-Rcpt-To"] for message in mail.messages()] == ["grace@example.com"]


async def test_the_newest_document_says_whom_to_tell(engine: Engine, http: HttpServer) -> None:
    http.answers = [500]
    execution = await started(engine, request("call", http.url), to=None)
    await engine.in_state(execution, "retrying")
    await engine.save(object="lead", steps=[request("call", http.url, severity="warning")], error_notification=TO_OPS)
    http.answers = [404]
    await engine.ask(execution, "retry")
    await engine.in_state(execution, "paused", reason="error")
    assert await told(engine, execution) == [(1, "[warning] subject: step call failed")]


async def test_a_mail_server_that_is_away_pauses_as_ever_and_the_mail_comes_when_it_is_back(
    engine: Engine, mail: MailSink
) -> None:
    await mail.stop()
    execution = await started(engine, WRONG)
    await engine.in_state(execution, "paused", reason="error")
    assert await send_due(engine.services) == 0
    await mail.start()
    async with engine.database.connection() as connection:
        await connection.execute("update notifications set next_attempt_at = created_at")
    assert await send_due(engine.services) == 1
    assert subjects(mail) == ["[error] subject: step set failed"]
