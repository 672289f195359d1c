"""What a call was answered and cannot be kept: the call is made once all the same, and the step ends by rule."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.notifying import send_due
from activities.settings import Settings
from deploy.text_sink import ACCOUNT_SID
from store.database import Database
from store.team import put_employee
from tests.activities.test_notifying import make_due, written
from tests.builders import Json, variable
from tests.engine import Engine, until
from tests.raw_servers import RawHttp, RawSmtp, StallingHttp, http_answer, listening, mailing_by

NAME = {"variable": "name", "value": "$.name"}
JSON = b"Content-Type: application/json"


async def called(
    engine: Engine, answer: bytes, state: str = "completed", server: type[RawHttp] = RawHttp, **parts: Any
) -> tuple[Any, list[str]]:
    """The last step run of an execution that made one call, and what was asked."""
    async with listening(server(lambda _: answer)) as there:
        step = {"id": "call", "type": "http_request", "method": "POST", "url": there.url, "json": {}, **parts}
        await engine.save(variables=[variable("name", {"static": ""}, type="string")], steps=[step])
        execution = await engine.start()
        await until(lambda: stands(engine, execution, state, "retrying", "failed"))
        row = await engine.execution(execution)
        assert (row["state"], row["reason"]) == (state, row["reason"])
        return {**(await engine.steps(execution))[-1], "variables": row["variables"], "told": row["warning"]}, there.asked


async def stands(engine: Engine, execution: UUID, *states: str) -> bool:
    return (await engine.execution(execution))["state"] in states


@pytest.mark.parametrize(
    "charset", ["undefined", "idna", "unicode_escape", "utf-7", "base64", "rot13", "zip", "punycode", "x" * 5_000, '"', "utf-16"]
)
async def test_a_call_is_made_once_whatever_charset_its_answer_is_said_to_be_in(engine: Engine, charset: str) -> None:
    answer = http_answer(200, b"caf\xe9 \\ud800 +2AA- \0", f"Content-Type: text/plain; charset={charset}".encode())
    step, asked = await called(engine, answer)
    assert (step["status"], len(asked)) == ("completed", 1)


async def test_a_success_whose_body_never_ends_is_no_reason_to_call_again(engine: Engine) -> None:
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 999\r\n\r\n{"
    step, asked = await called(engine, answer, server=StallingHttp, timeout_seconds=1)
    assert (step["status"], len(asked)) == ("completed", 1)
    assert "did not come to an end in time" in step["told"]


async def test_nuls_halves_of_characters_and_endless_numbers_go_into_variables_cleaned(engine: Engine) -> None:
    answer = http_answer(201, b'{"name": "a\\u0000b", "big": 1e999}', JSON)
    step, asked = await called(engine, answer, into=[NAME])
    assert (step["variables"]["name"], len(asked)) == ("a\ufffdb", 1)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http_answer(200, b'{"name": 1e999}', JSON), None),
        (http_answer(200, b"[" * 100_000, JSON), "answer_not_json"),
        (http_answer(200, b'{"name": ' + b"9" * 6_000 + b"}", JSON), "answer_not_json"),
        (http_answer(200, gzip.compress(b'{"name": "Ada"}' * 99)[:-20], JSON, b"Content-Encoding: gzip"), "answer_not_json"),
        (http_answer(200, b"no gzip", JSON, b"Content-Encoding: gzip"), "answer_unreadable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", "answer_unreadable"),
        (http_answer(200, b"{}", b"X: " + b"x" * 1_000_000), "answer_unreadable"),
        (b"\x16\x03\x01 garbage\r\n\r\n", "answer_unreadable"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_reason_to_call_again(engine: Engine, answer: bytes, code: str | None) -> None:
    step, asked = await called(engine, answer, "paused" if code else "completed", into=[NAME])
    assert len(asked) == 1
    assert (step["error"] or {}).get("code") == code


async def test_a_step_that_needs_nothing_of_a_broken_body_completes_with_a_warning(engine: Engine) -> None:
    answer = http_answer(200, b"no gzip", b"Content-Encoding: gzip")
    step, asked = await called(engine, answer)
    assert (step["status"], step["output"]["status"], len(asked)) == ("completed", 200, 1)
    assert step["told"].startswith("The answer 200 of 127.0.0.1 could not be kept whole: ")


async def test_a_server_that_fails_with_a_broken_body_is_called_again_by_the_ladder(engine: Engine) -> None:
    await called(engine, http_answer(503, b"no gzip", b"Content-Encoding: gzip"), "retrying")


async def refuse(database: Database, table: str, column: str, sqlstate: str, times: int) -> None:
    """Postgres refuses what has `poison` in that column, so often."""
    async with database.connection() as connection:
        await connection.execute(
            f"""
            create sequence refused;
            create function refuse() returns trigger language plpgsql as $$
            begin
                if new.{column}::text like '%poison%' and nextval('refused') <= {times} then
                    raise exception 'refused' using errcode = '{sqlstate}';
                end if;
                return new;
            end $$;
            create trigger refuse before insert or update on {table} for each row execute function refuse()
            """
        )


POISON = http_answer(200, b'{"name": "poison"}', JSON)


async def test_an_output_that_postgres_refuses_is_left_out(engine: Engine) -> None:
    await refuse(engine.database, "step_runs", "output", "22000", 99)
    step, asked = await called(engine, POISON, into=[NAME])
    assert (step["status"], step["variables"], len(asked)) == ("completed", {"name": "poison"}, 1)
    assert step["output"] == {"not_kept": "What step call was answered could not be kept."} == {"not_kept": step["told"]}


async def test_a_variable_that_postgres_refuses_pauses_the_execution(engine: Engine) -> None:
    await refuse(engine.database, "executions", "variables", "22000", 99)
    step, asked = await called(engine, POISON, "paused", into=[NAME])
    assert (step["status"], step["error"]["code"], len(asked)) == ("failed", "result_not_kept", 1)


@pytest.mark.parametrize("sqlstate", ["57P01", "40P01", "53200"])
async def test_a_postgres_that_is_away_for_a_while_is_waited_for(engine: Engine, sqlstate: str) -> None:
    await refuse(engine.database, "step_runs", "output", sqlstate, 2)
    step, asked = await called(engine, POISON, into=[NAME])
    assert (step["variables"], step["attempt"], len(asked)) == ({"name": "poison"}, 1, 1)


LATIN = "550 Empfänger unbekannt: Müller".encode("latin-1") + b"\r\n"


@pytest.fixture
async def by_garbage(database: Database, temporal_client: Client, settings: Settings) -> AsyncIterator[tuple[Engine, RawSmtp]]:
    """A mail server that refuses in Latin-1 whoever is called gone."""
    server = RawSmtp(lambda line: LATIN if "gone" in line else b"250 fine\r\n")
    async with listening(server), Engine(database, temporal_client, mailing_by(server, settings)).working() as engine:
        yield engine, server


async def test_a_refusal_in_latin_1_is_a_refusal(by_garbage: tuple[Engine, RawSmtp]) -> None:
    engine, _ = by_garbage
    lead = await engine.lead(email="gone@example.com")
    await engine.save(object="lead", steps=[{"id": "mail", "type": "send_email", "subject": "Hello", "body": "Hello"}])
    execution = await engine.start(record=lead)
    await until(lambda: stands(engine, execution, "paused", "retrying", "failed"))
    step = (await engine.steps(execution))[-1]
    assert (step["attempt"], step["error"]["code"]) == (1, "mail_refused")
    assert "Empf\ufffdnger unbekannt" in step["error"]["sentence"]


async def test_one_notice_that_is_refused_in_latin_1_makes_no_other_go_out_again(by_garbage: tuple[Engine, RawSmtp]) -> None:
    engine, server = by_garbage
    wanted = ["ada@example.com", "gone@example.com", "bob@example.com"]
    for address in wanted:
        await written(engine.services, address)
    await send_due(engine.services)
    await make_due(engine.services)
    await send_due(engine.services)
    assert sorted(server.asked) == ["ada@example.com", "bob@example.com"]


async def test_one_notice_that_cannot_be_marked_makes_no_other_go_out_again(by_garbage: tuple[Engine, RawSmtp]) -> None:
    engine, server = by_garbage
    for address in ("poison@example.com", "ada@example.com", "bob@example.com"):
        await written(engine.services, address)
    async with engine.database.connection() as connection:
        await connection.execute(
            "alter table notifications add check (recipient <> 'poison@example.com' or (sent_at is null and error is null))"
        )
    for _ in range(2):
        await send_due(engine.services)
        await make_due(engine.services)
    assert [server.asked.count(f"{name}@example.com") for name in ("ada", "bob", "poison")] == [1, 1, 2]


async def test_a_text_whose_id_cannot_be_kept_is_sent_once(
    database: Database, temporal_client: Client, settings: Settings
) -> None:
    sid = json.dumps({"sid": "SM" + "".join(chr(0x4E00 + number) for number in range(5_000)), "status": "que\0ued"}).encode()
    async with listening(RawHttp(lambda _: http_answer(201, sid, JSON))) as twilio:
        own = settings.model_copy(update={"twilio_base_url": twilio.url})
        async with Engine(database, temporal_client, own).working() as engine:
            await engine.save(steps=[NOTIFY])
            async with database.connection() as connection:
                await put_employee(connection, "ada@example.com", name="Ada", roles=[], active=True, phone="+4915112345678")
            execution = await engine.start()
            await until(lambda: stands(engine, execution, "completed", "paused", "retrying"))
            assert [path.split(" ")[0] for path in twilio.asked] == [f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"]
            async with database.connection() as connection:
                assert await connection.fetchval("select state from messages") == "sent"


NOTIFY: Json = {"id": "text", "type": "notify_member_via_text", "to": {"employee": "ada@example.com"}, "body": "Hello"}
