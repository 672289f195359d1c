"""What people read of failures says what stood in the way and what to do; the log has the rest."""

import re
import socket
import ssl
from typing import Any

import aiosmtplib
import asyncpg
import httpx2
import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from activities.failures import ServerError, sentence_of
from activities.handlers import HANDLERS
from activities.plain_words import BROKEN, mail_failure, raw, unreachable
from activities.registry import Runner
from activities.settings import Settings
from deploy.ports import free_port
from store.database import Database
from store.team import put_employee
from tests.builders import Json, mail, request, stop
from tests.engine import Engine

_RAW = re.compile(r"Errno|errno|Error\b|Exception|Traceback|\[SSL|object at 0x")


def caused(by: BaseException, error: BaseException) -> BaseException:
    error.__cause__ = by
    return error


def group(*inside: Exception) -> BaseException:
    return caused(ExceptionGroup("all", list(inside)), OSError("All connection attempts failed"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "refused the connection"),
        (group(ConnectionRefusedError(111, "Connection refused")), "refused the connection"),
        (caused(socket.gaierror(-2, "Name or service not known"), httpx2.ConnectError("x")), "has no address"),
        (ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]"), "certificate that is not trusted"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "did not agree on an encryption"),
        (httpx2.ReadTimeout(""), "did not answer in time"),
        (aiosmtplib.SMTPConnectTimeoutError("x"), "did not answer in time"),
        (ConnectionResetError(104, "Connection reset by peer"), "broke off the connection"),
        (httpx2.RemoteProtocolError("Server disconnected"), "broke off the connection"),
        (OSError(113, "No route to host"), "cannot be reached from here"),
        (httpx2.ConnectError(""), "cannot be reached"),
    ],
)
def test_who_cannot_be_reached_is_named_with_why_and_what_to_check(error: BaseException, said: str) -> None:
    sentence = unreachable("example.com:443", error)
    assert sentence.startswith("example.com:443 ")
    assert said in sentence
    assert "Check" in sentence
    assert not _RAW.search(sentence)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (aiosmtplib.SMTPAuthenticationError(535, "5.7.8 bad\ncredentials"), "answered 535: 5.7.8 bad credentials."),
        (
            aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(450, "later", "a@example.com")]),
            "refused every recipient: a@example.com: 450 later.",
        ),
        (aiosmtplib.SMTPServerDisconnected("Connection lost"), "broke off the connection"),
    ],
)
def test_what_a_mail_server_says_is_told_in_its_words(error: Exception, said: str) -> None:
    sentence = mail_failure(error, "mail.example.com:25")
    assert sentence.startswith(f"The mail server mail.example.com:25 {said}")
    assert not _RAW.search(sentence)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("password=hunter2"), KeyError("x"), asyncpg.DeadlockDetectedError("deadlock detected"), OSError(9, "Bad"),
        asyncpg.UniqueViolationError('duplicate key value violates "records_pkey"'), asyncpg.InterfaceError("pool is closed"),
        httpx2.ReadError(""), aiosmtplib.SMTPException("x"), TimeoutError(),
    ],
)  # fmt: skip
def test_no_sentence_shows_what_was_raised(error: Exception) -> None:
    sentence = sentence_of(error)
    assert not _RAW.search(sentence)
    assert str(error) not in sentence or not str(error)
    assert type(error).__name__ in raw(error)


def test_what_our_own_words_say_stays() -> None:
    assert sentence_of(ServerError("GET example.com answered 500")) == "GET example.com answered 500"


@pytest.mark.parametrize("kind", ["http", "mail"])
async def test_a_step_that_reaches_nobody_says_whom_and_why(
    database: Database, temporal_client: Client, settings: Settings, kind: str
) -> None:
    port = free_port()
    step: Json = request("call", f"http://127.0.0.1:{port}") if kind == "http" else mail("call", {"employee": "ada@example.com"})
    settings = settings.model_copy(update={"smtp_port": port})
    who = f"127.0.0.1:{port}" if kind == "http" else f"The mail server {settings.smtp_host}:{port}"
    with capture_logs() as logs:
        async with Engine(database, temporal_client, settings).working() as engine:
            async with database.connection() as connection:
                await put_employee(connection, "ada@example.com", name="Ada")
            await engine.save(steps=[step])
            row = await engine.in_state(await engine.start(), "retrying")
    assert row["reason"] == f"{who} refused the connection. Check that it runs and listens there."
    assert any("Connection" in each["why"] for each in logs if each["event"] == "attempt_broke")


async def test_a_step_that_breaks_says_so_and_the_log_says_how(
    database: Database, temporal_client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("nobody thought of that")

    monkeypatch.setitem(HANDLERS, "stop_execution", Runner(runs=broken))
    with capture_logs() as logs:
        async with Engine(database, temporal_client, settings).working(relaying=False) as engine:
            await engine.save(steps=[stop("end")])
            row = await engine.in_state(await engine.start(), "retrying")
    assert row["reason"] == BROKEN
    [told] = [each["why"] for each in logs if each["event"] == "attempt_broke"]
    assert told == "RuntimeError: nobody thought of that"
