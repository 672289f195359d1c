"""notify_member_via_email: who gets it, and which refusals are for good."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.mail import MailSink
from store.team import put_employee
from tests.builders import mail as telling
from tests.engine import Engine
from tests.mail_servers import PickySink


@asynccontextmanager
async def picky(engine: Engine, folder: Path) -> AsyncIterator[Engine]:
    """The engine on a mail server that refuses."""
    sink = PickySink(folder)
    await sink.start()
    settings = engine.settings.model_copy(
        update={"smtp_port": sink.port, "queue_prefix": f"{engine.settings.queue_prefix}-picky"}
    )
    async with Engine(engine.database, engine.client, settings).working() as working:
        yield working
    await sink.stop()


async def employ(engine: Engine, *names: str, **more: Any) -> list[str]:
    async with engine.database.transaction() as connection:
        rows = [await put_employee(connection, f"{name}@example.com", name=name.title(), **more) for name in names]
    return [str(row["id"]) for row in rows]


def addresses(mail: MailSink) -> list[str]:
    return [message["X-Rcpt-To"] for message in mail.messages()]


async def test_owner_employee_role_and_field_are_told(engine: Engine, mail: MailSink) -> None:
    _, owner, member = await employ(engine, "grace", "joan", "mary")
    await employ(engine, "left", roles=["sales"], active=False)
    await employ(engine, "ann", "bea", roles=["sales"])
    lead = await engine.lead(owner=owner, seats=40, team=[member])
    subject = "{{ record.name }} wants\n{{ record.seats }} seats ☀"
    ways = ["owner", {"employee": "Grace@Example.com"}, {"role": "sales"}, {"field": "team"}]
    steps = [telling(f"s{number}", to, subject, body="{{ record.owner.name }} knows.") for number, to in enumerate(ways)]
    await engine.save(object="lead", steps=steps)
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    wanted = ["joan@example.com", "grace@example.com", "ann@example.com, bea@example.com", "mary@example.com"]
    assert addresses(mail) == wanted
    first = mail.messages()[0]
    assert first["Subject"] == "Ada Lovelace wants 40 seats ☀"
    assert first.get_content().strip() == "Joan knows."
    assert first["Message-ID"] == f"<{execution}.1@everstep>"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("owner", "no_recipient"),
        ({"employee": "nobody@example.com"}, "unknown_employee"),
        ({"role": "nobody"}, "no_recipient"),
        ({"field": "team"}, "no_recipient"),
    ],
)
async def test_nobody_to_tell_is_an_expected_failure(engine: Engine, mail: MailSink, to: Any, code: str) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[telling("tell", to)])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    assert (await engine.steps(execution))[0]["error"]["code"] == code
    assert mail.messages() == []


async def test_a_mailbox_that_is_gone_is_an_expected_failure_and_a_busy_one_is_tried_again(
    engine: Engine, tmp_path: Path
) -> None:
    await employ(engine, "gone", "busy")
    async with picky(engine, tmp_path) as engine:
        await engine.save(steps=[telling("tell", {"employee": "gone@example.com"})])
        row = await engine.in_state(await engine.start(), "paused", reason="error")
        assert "no such mailbox" in row["reason"]
        await engine.save(steps=[telling("tell", {"employee": "busy@example.com"})])
        row = await engine.in_state(await engine.start(), "retrying")
        assert "try again later" in row["reason"]


async def test_one_mailbox_of_several_that_is_gone_does_not_tell_the_others_twice(engine: Engine, tmp_path: Path) -> None:
    await employ(engine, "ann", "gone", roles=["sales"])
    async with picky(engine, tmp_path) as engine:
        await engine.save(steps=[telling("tell", {"role": "sales"})])
        execution = await engine.start()
        await engine.ended(execution)
        [step] = await engine.steps(execution)
        assert step["output"]["refused"] == ["gone@example.com"]
        assert addresses(MailSink(tmp_path)) == ["ann@example.com"]


async def test_a_mail_server_that_is_away_is_an_unexpected_failure(engine: Engine, mail: MailSink) -> None:
    await employ(engine, "grace")
    await mail.stop()
    await engine.save(steps=[telling("tell", {"employee": "grace@example.com"})])
    execution = await engine.start()
    await engine.in_state(execution, "retrying")
    await mail.start()
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    assert addresses(mail) == ["grace@example.com"]


async def test_a_broken_template_is_an_expected_failure(engine: Engine, mail: MailSink) -> None:
    await employ(engine, "grace")
    await engine.save(steps=[telling("tell", {"employee": "grace@example.com"}, "{{ record.name.first }}")])
    await engine.in_state(await engine.start(), "paused", reason="error")
    assert mail.messages() == []
