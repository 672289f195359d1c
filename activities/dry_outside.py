"""What stands outside the house in a dry run: it notes what reaches it, and answers as it was told to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal

import aiosmtplib
import httpx2
from pydantic_core import to_json

from activities.failures import TextUnavailableError
from activities.redaction import Redactor
from activities.settings import Settings
from activities.texting import SentText, Text
from automations.dry_runs import Answer

_SHOWN = 4_000
"""Characters of what a request or a mail says."""

WouldKind = Literal["http_request", "mail", "text", "start", "request", "error_notification"]


@dataclass(frozen=True)
class Would:
    """Something that a true execution does outside: in a sentence, and what that is made of."""

    step_id: str
    kind: WouldKind
    says: str
    details: Mapping[str, Any]


class Outside(httpx2.AsyncBaseTransport):
    """Every other system, the mail server and who carries texts.

    `would` is what reached it, `assumed` are the steps without an answer.
    """

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.would: list[Would] = []
        self.assumed: set[str] = set()
        self._answers = answers
        self._step = ""
        self._clean = Redactor({})
        self._hosts: list[str] = []

    @contextmanager
    def reached_by(self, step_id: str, redactor: Redactor) -> Iterator[list[str]]:
        """The step that reaches out in this block, without its secrets; and the hosts that it calls."""
        self._step, self._clean, self._hosts = step_id, redactor, []
        yield self._hosts

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = self._text((await request.aread()).decode(errors="replace"))
        url, headers = self._text(str(request.url)), self._clean.inside(_headers(request))
        details = {"method": request.method, "url": url, "headers": headers, "body": body or None}
        self._note("http_request", f"{request.method} {url}{f' with body {body[:200]}' if body else ''}", details)
        self._hosts.append(request.url.host)
        answer = self._answer()
        if answer.fails:
            raise httpx2.ConnectError(answer.fails, request=request)
        return httpx2.Response(answer.status, content=_content(answer), request=request)

    async def send_mail(self, message: EmailMessage, settings: Settings) -> list[str]:
        """In the place of a mail server's."""
        subject = self._text(str(message["Subject"]))
        self._note("mail", f"mail to {message['To']}: {subject}", {**_told(message), "subject": subject, **self._parts(message)})
        answer = self._answer()
        if answer.fails:
            raise aiosmtplib.SMTPException(answer.fails)
        return []

    def _parts(self, message: EmailMessage) -> dict[str, Any]:
        """The plain text, HTML where there is some, and the names of what is attached."""
        plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
        attached = [part.get_filename() for part in message.iter_attachments()]
        found = {"html": self._text(html.get_content()) if html else None, "attachments": attached}
        return {
            "body": self._text(plain.get_content() if plain else ""),
            **{name: value for name, value in found.items() if value},
        }

    async def send_text(self, text: Text, settings: Settings) -> SentText:
        """In the place of `activities.text_providers.send`."""
        body = self._text(text.body)
        self._note("text", f"text to {text.to}: {body[:200]}", {"to": text.to, "body": body})
        answer = self._answer()
        if answer.fails:
            raise TextUnavailableError(answer.fails)
        return SentText("dry-run", "queued")

    def _text(self, said: str) -> str:
        return self._clean.text(said)[:_SHOWN]

    def _note(self, kind: WouldKind, says: str, details: Mapping[str, Any]) -> None:
        self.would.append(Would(self._step, kind, says, details))

    def _answer(self) -> Answer:
        if self._step not in self._answers:
            self.assumed.add(self._step)
        return self._answers.get(self._step) or Answer()


def _told(message: EmailMessage) -> dict[str, list[str]]:
    """To whom it goes."""
    headers = {"to": message["To"], "cc": message["Cc"]}
    return {name: [address.addr_spec for address in header.addresses] for name, header in headers.items() if header}


def _headers(request: httpx2.Request) -> dict[str, str]:
    """Those of the step, and not what every request of the client carries."""
    common = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
    return {name: value for name, value in request.headers.items() if name.lower() not in common}


def _content(answer: Answer) -> bytes:
    if isinstance(answer.body, str):
        return answer.body.encode()
    return to_json({} if answer.body is None else answer.body)
