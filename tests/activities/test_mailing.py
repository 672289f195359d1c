"""Mails as they are built, and the connections over which they go."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from activities import smtp_pool
from activities.failures import NotSentError, unexpected
from activities.mail_addresses import InvalidMailboxError
from activities.mailing import Attachment, Mail, MailServer, build, send
from activities.settings import Settings
from automations.failures import ExpectedFailure
from tests.engine import until
from tests.mail_servers import Server, certificate, reaching, running
from tests.store.building import NOW

SETTINGS = Settings(database_url="none", mail_from="Everstep <us@example.com>")
MAIL = Mail("Everstep <us@example.com>", ["ada@example.com"], "Hello ☀", "a:1", NOW, body="Hello, Ada")
PICTURE = Attachment("plan.png", "image/png", bytes(range(256)))


def reread(mail: Mail) -> EmailMessage:
    """As it is after the way through a mail server."""
    return email.message_from_bytes(build(mail, SETTINGS).as_bytes(policy=SMTP), EmailMessage, policy=SMTP)  # pyright: ignore[reportReturnType]


def text_in(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    return part.get_content().replace("\r\n", "\n").strip()


def test_a_mail_has_a_text_an_html_part_and_what_is_attached() -> None:
    html = "<h1>Hello</h1><p>The <a href='https://plan.example'>plan</a> für Ada &amp; co.</p>"
    message = reread(
        replace(MAIL, html=html, cc=["c@example.com", "d@example.com"], attachments=[PICTURE], reply_to="R <r@e.com>")
    )
    assert message.get_content_type() == "multipart/mixed"
    assert (text_in(message, "plain"), text_in(message, "html")) == ("Hello, Ada", html)
    [attached] = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("plan.png", "image/png")
    assert attached.get_content() == PICTURE.content
    names = ("From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "Date", "Sender", "List-Unsubscribe")
    assert {name: message[name] for name in names} == {
        "From": "Everstep <us@example.com>", "To": "ada@example.com", "Cc": "c@example.com, d@example.com",
        "Reply-To": "R <r@e.com>", "Subject": "Hello ☀", "Message-ID": "<a.1@everstep>",
        "Date": "Sun, 01 Mar 2026 09:00:00 +0000", "Sender": None, "List-Unsubscribe": None,
    }  # fmt: skip


def test_a_mail_of_text_alone_has_no_html_and_one_of_html_alone_has_a_text_made_from_it() -> None:
    assert reread(MAIL).get_content_type() == "text/plain"
    message = reread(replace(MAIL, body="", html="<style>p{}</style><p>Hello,<br>Ada</p><ul><li>one<li>two</ul>"))
    assert text_in(message, "plain") == "Hello,\nAda\n\n- one\n- two"
    assert message.get_content_type() == "multipart/alternative"


def test_one_who_sends_for_another_says_so_and_the_way_to_get_no_more_is_one_click() -> None:
    url = f"https://crm.customers.example.com/everstep/unsubscribe/{'t' * 43}"
    message = reread(replace(MAIL, sender="Joan <joan@example.com>", unsubscribe_url=url))
    assert (message["From"], message["Sender"]) == ("Joan <joan@example.com>", "Everstep <us@example.com>")
    assert f"\r\nList-Unsubscribe: <{url}>\r\n" in build(replace(MAIL, unsubscribe_url=url), SETTINGS).as_string(policy=SMTP)
    assert (message["List-Unsubscribe"], message["List-Unsubscribe-Post"]) == (f"<{url}>", "List-Unsubscribe=One-Click")


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\x0b\x85\u2028Bcc: eve@example.com\0"]
)
def test_no_text_makes_a_header_of_its_own(evil: str) -> None:
    attachment = replace(PICTURE, name=f"{evil}.png")
    message = reread(replace(MAIL, subject=evil, sender=f"{evil.splitlines()[0]} <us@example.com>", attachments=[attachment]))
    assert message["Bcc"] is None
    assert message["Subject"].split() == ["x", "Bcc:", "eve@example.com"]
    for parts in ({"sender": f"{evil} <us@example.com>"}, {"recipients": [evil]}, {"cc": [evil]}, {"reply_to": evil}):
        with pytest.raises(InvalidMailboxError):
            build(replace(MAIL, **parts), SETTINGS)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(Server(tmp_path / "mail")) as server:
        yield server


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with aclosing(MailServer()) as post:
        yield post


async def posted(post: MailServer, settings: Settings, **parts: Any) -> list[str]:
    return await post.send(build(replace(MAIL, **parts), settings), settings)


@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_mails_go_over_tls_to_a_server_whose_certificate_is_known_and_to_no_other(
    tmp_path: Path, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who speaks plainly to a server that waits for TLS hears nothing.
    monkeypatch.setattr("activities.smtp_pool._TIMEOUT", 2)
    known = certificate(tmp_path)
    async with running(Server(tmp_path / "mail", known, kind)) as server:
        settings = reaching(server, SETTINGS, smtp_tls=kind, smtp_ca_file=known.certificate, mail_bounces_to="b@example.com")
        assert await send(build(MAIL, settings), settings) == []
        [found] = server.messages()
        assert (found["X-Mail-From"], found["X-Rcpt-To"], found.get_content().strip()) == (
            "b@example.com", "ada@example.com", "Hello, Ada",
        )  # fmt: skip
        for wrong in ({"smtp_ca_file": None}, {"smtp_tls": "none" if kind == "tls" else "tls"}):
            with pytest.raises(NotSentError) as failure:
                await send(build(MAIL, settings), reaching(server, settings, **wrong))
            assert unexpected(failure.value).type == "mail_unavailable"
        assert len(server.messages()) == 1


async def test_connections_are_kept_and_no_more_are_made_than_allowed(server: Server, post: MailServer) -> None:
    settings = reaching(server, SETTINGS, smtp_connections=2)
    await asyncio.gather(*(posted(post, settings) for _ in range(10)))
    for _ in range(5):
        await posted(post, settings)
    assert (len(server.messages()), server.connections, post.pool.idle) == (15, 2, 2)


async def test_a_connection_that_the_server_has_closed_is_replaced(server: Server, post: MailServer) -> None:
    settings = reaching(server, SETTINGS)
    await posted(post, settings)
    await server.restart()
    await posted(post, settings)
    server.hang_up()
    await posted(post, settings)
    assert (len(server.messages()), server.connections) == (3, 3)
    await server.stop()
    with pytest.raises(NotSentError) as failure:
        await posted(post, settings)
    assert unexpected(failure.value).type == "mail_unavailable"


async def test_an_unused_connection_is_closed_after_a_while(
    server: Server, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_pool, "IDLE", smtp_pool.IDLE / 200)
    await posted(post, reaching(server, SETTINGS))

    async def is_closed() -> bool:
        return post.pool.idle == 0

    await until(is_closed)


async def test_what_was_certainly_not_sent_is_told_from_what_may_have_been(server: Server, post: MailServer) -> None:
    settings = reaching(server, SETTINGS)
    server.next = ["hang up after"]
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await posted(post, settings)
    assert len(server.messages()) == 1
    server.next = ["be busy"]
    with pytest.raises(NotSentError, match="try again later"):
        await posted(post, settings)
    with pytest.raises(NotSentError, match="try again later"):
        await posted(post, settings, recipients=["busy@example.com"])
    with pytest.raises(ExpectedFailure, match="no such mailbox"):
        await posted(post, settings, recipients=["gone@example.com"])
    assert await posted(post, settings, cc=["gone@example.com"]) == ["gone@example.com"]
    assert server.connections == 2
