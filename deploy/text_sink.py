"""A stand-in for Twilio that keeps the texts it gets as files: the demo's phones, and the tests'."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

import httpx2

from deploy.ports import announced_port, is_answering
from deploy.progress import Say, say

ACCOUNT_SID = f"AC{'0' * 32}"
AUTH_TOKEN = "the-token-of-a-stand-in"
NUMBER = "+15005550006"

REFUSED: Mapping[str, tuple[int, int, str]] = {
    "5550001": (400, 21211, "The 'To' number is not a valid phone number."),
    "5550002": (400, 21612, "The 'To' number cannot be reached from this 'From' number."),
    "5550004": (400, 21610, "The owner of the 'To' number has stopped messages."),
    "5550429": (429, 20429, "Too many requests."),
    "5550503": (503, 20503, "The service is not available."),
}
"""By the last digits of the number that a text goes to: status, code, message. All other numbers are fine."""


@dataclass(frozen=True)
class KeptText:
    """A text as it was handed over; `idempotency_key` is that of the request."""

    sid: str
    to: str
    sender: str
    body: str
    status_url: str | None
    idempotency_key: str | None


@dataclass(frozen=True)
class _Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class TextSink:
    """Listens in this event loop. A text is on disk, in order, before its sender hears that it was taken.

    It calls back as Twilio does, signed with the same token: `report` says what became of a text, `receive` brings one in.
    """

    def __init__(self, folder: Path, *, port: int = 0, say: Say = say) -> None:
        self.folder, self._port, self._say = folder, port, say
        self.client: httpx2.AsyncClient | None = None
        """Makes its calls, where it is to be another one than its own."""

        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._may_answer = asyncio.Event()
        self._may_answer.set()

    @property
    def address(self) -> str:
        """Final once started."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes a worker and a gateway send and take texts here."""
        return {
            "EVERSTEP_TEXT_PROVIDER": "twilio",
            "EVERSTEP_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "EVERSTEP_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "EVERSTEP_TWILIO_FROM": NUMBER,
            "EVERSTEP_TWILIO_BASE_URL": self.address,
        }

    async def start(self) -> None:
        if self._server is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._port = announced_port(self._port, "Texts", self._say)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Hangs up on whoever is connected."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)
        self._server = None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def is_healthy(self) -> bool:
        return self._server is not None and await is_answering("127.0.0.1", self._port)

    def texts(self) -> list[KeptText]:
        """All texts in the folder, oldest first."""
        return [KeptText(**json.loads(file.read_text(encoding="utf-8"))) for file in self._files()]

    def clear(self) -> None:
        """Throws all texts away."""
        for file in self._files():
            file.unlink()

    def hold(self) -> None:
        """Keeps what comes, and answers nothing before `let_go`."""
        self._may_answer.clear()

    def let_go(self) -> None:
        self._may_answer.set()

    async def report(self, text: KeptText, status: str, *, error_code: int | None = None) -> int:
        """Tells the sender what became of a text; answers the HTTP status of the answer."""
        assert text.status_url, "the sender named no address to call"
        error = {"ErrorCode": str(error_code)} if error_code else {}
        form = {"MessageSid": text.sid, "MessageStatus": status, "To": text.to, "From": text.sender, **error}
        return (await self.call(text.status_url, form)).status_code

    async def receive(self, url: str, sender: str, body: str, *, sid: str | None = None, to: str = NUMBER) -> httpx2.Response:
        """A text that somebody sends to the number, brought to this address."""
        form = {"MessageSid": sid or _sid(), "From": sender, "To": to, "Body": body, "NumMedia": "0"}
        return await self.call(url, form)

    async def call(self, url: str, form: Mapping[str, str], *, token: str = AUTH_TOKEN) -> httpx2.Response:
        form = {"AccountSid": ACCOUNT_SID, **form}
        headers = {"X-Twilio-Signature": signed(url, form, token)}
        if self.client is not None:
            return await self.client.post(url, data=form, headers=headers)
        async with httpx2.AsyncClient(trust_env=False) as client:
            return await client.post(url, data=form, headers=headers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            status, said = self._answer(await _asked(reader))
            await self._may_answer.wait()
            writer.write(_response(status, said))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, asked: _Asked) -> tuple[int, dict[str, Any]]:
        if asked.headers.get("authorization") != _basic(ACCOUNT_SID, AUTH_TOKEN):
            return _refusal(401, 20003, "Authenticate")
        if (asked.method, unquote(asked.path)) != ("POST", f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"):
            return _refusal(404, 20404, "The requested resource was not found.")
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        refused = _refused(form)
        return _refusal(*refused) if refused else (201, self._kept(form, asked.headers))

    def _kept(self, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        sender = form.get("From") or form["MessagingServiceSid"]
        text = KeptText(_sid(), form["To"], sender, form["Body"], form.get("StatusCallback"), headers.get("idempotency-key"))
        self._keep(text)
        return {"sid": text.sid, "status": "queued", "to": text.to, "from": form.get("From"), "body": text.body}

    def _keep(self, text: KeptText) -> None:
        """Written under another name first, so that no reader sees half a text."""
        files = self._files()
        number = int(files[-1].stem) + 1 if files else 1
        unfinished = self.folder / f"{number:06}.part"
        unfinished.write_text(json.dumps(vars(text), ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(unfinished, self.folder / f"{number:06}.json")

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))


def signed(url: str, form: Mapping[str, str], token: str) -> str:
    """What Twilio puts into X-Twilio-Signature."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def _refused(form: Mapping[str, str]) -> tuple[int, int, str] | None:
    to, body = form.get("To", ""), form.get("Body", "")
    if not to:
        return 400, 21604, "A 'To' phone number is required."
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return 400, 21603, "A 'From' phone number is required."
    if not body:
        return 400, 21602, "Message body is required."
    if len(body) > 1600:
        return 400, 21617, "A message body has 1600 characters at most."
    return next((refusal for digits, refusal in REFUSED.items() if to.endswith(digits)), None)


def _refusal(status: int, code: int, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"status": status, "code": code, "message": message}


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _sid() -> str:
    return f"SM{uuid4().hex}"


async def _asked(reader: asyncio.StreamReader) -> _Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    return _Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def _response(status: int, said: Mapping[str, Any]) -> bytes:
    content = json.dumps(said).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + content
