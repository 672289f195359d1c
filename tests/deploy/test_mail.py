from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.mail import MailSink


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncGenerator[MailSink]:
    server = MailSink(tmp_path / "mail")
    await server.start()
    yield server
    await server.stop()


async def send(sink: MailSink, subject: str, *, to: str = "ada@example.com", copy: str | None = None) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "everstep@example.com", to, subject
    message.set_content(f"About {subject}.\n.\nGrüße")
    recipients = [to, copy] if copy else [to]
    await aiosmtplib.send(message, hostname=sink.host, port=sink.port, recipients=recipients)


async def test_messages_come_out_parsed_and_in_order(sink: MailSink) -> None:
    for number in range(12):
        await send(sink, f"größer {number}", copy="blind@example.com")
    messages = sink.messages()
    assert [message["Subject"] for message in messages] == [f"größer {number}" for number in range(12)]
    assert messages[0].get_content() == "About größer 0.\n.\nGrüße\n"
    assert messages[0]["X-Rcpt-To"] == "ada@example.com, blind@example.com"
    assert messages[0]["X-Mail-From"] == "everstep@example.com"


async def test_messages_are_kept_over_restart_on_the_same_port(sink: MailSink) -> None:
    port = sink.port
    await send(sink, "one")
    await sink.restart()
    await send(sink, "two")
    assert sink.port == port
    assert [message["Subject"] for message in sink.messages()] == ["one", "two"]
    sink.clear()
    assert sink.messages() == []


async def test_messages_sent_at_once_are_all_kept(sink: MailSink) -> None:
    await asyncio.gather(*(send(sink, str(number)) for number in range(20)))
    assert sorted(int(message["Subject"]) for message in sink.messages()) == list(range(20))


async def test_a_stopped_sink_takes_nothing(sink: MailSink) -> None:
    connected = aiosmtplib.SMTP(hostname=sink.host, port=sink.port)
    await connected.connect()
    await sink.stop()
    assert not await sink.is_healthy()
    with pytest.raises(aiosmtplib.SMTPException):
        await connected.noop()
    with pytest.raises(aiosmtplib.SMTPException):
        await send(sink, "late")


async def test_a_taken_port_is_replaced_and_said(tmp_path: Path) -> None:
    said = list[str]()
    with socket.create_server(("127.0.0.1", 0)) as other:
        sink = MailSink(tmp_path, port=other.getsockname()[1], say=said.append)
        await sink.start()
    assert len(said) == 1
    await send(sink, "through")
    await sink.stop()
