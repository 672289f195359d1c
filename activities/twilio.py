"""Text messages by Twilio's HTTP API.

Twilio knows no idempotency key: the header goes along for what stands in between, and for a provider that speaks the same API
and knows one. A text whose answer was lost may so arrive twice.
"""

import base64
import hmac
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext
from typing import Any, cast

import httpx2
from pydantic import SecretStr
from pydantic_core import from_json

from activities.failures import NotSentError, TextUnavailableError
from activities.plain_words import unreachable
from activities.settings import Settings
from activities.texting import SentText, StoppedError, Text
from automations.failures import ExpectedFailure

STATUS_PATH = "/texts/twilio/status"
"""Of the gateway, where Twilio says what became of a text."""

_STOPPED = 21610
_BUSY = frozenset({httpx2.codes.TOO_MANY_REQUESTS, httpx2.codes.SERVICE_UNAVAILABLE})
"""It took nothing."""

_PATIENCE = httpx2.Timeout(30, connect=10)
_NEEDED = ("twilio_account_sid", "twilio_auth_token", "twilio_from")


@dataclass(frozen=True)
class Twilio:
    """An account; `sender` is one of its numbers, or a messaging service (`MG…`) that picks one."""

    account_sid: str
    auth_token: SecretStr
    sender: str
    base_url: str
    status_url: str | None

    async def send(self, text: Text) -> SentText:
        """Raises NotSentError where it certainly did not take the text, TextUnavailableError where nobody knows."""
        try:
            answer = await self._post(text)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            cause = TextUnavailableError(f"Twilio cannot be reached: {unreachable(self._host, error)}")
            raise NotSentError(str(cause)) from cause
        except httpx2.HTTPError as error:
            raise TextUnavailableError(f"Twilio did not answer: {unreachable(self._host, error)}") from error
        return _heard(answer, text.to)

    @property
    def _host(self) -> str:
        return httpx2.URL(self.base_url).host

    async def _post(self, text: Text) -> httpx2.Response:
        url = f"{self.base_url.rstrip('/')}/2010-04-01/Accounts/{self.account_sid}/Messages.json"
        auth = httpx2.BasicAuth(self.account_sid, self.auth_token.get_secret_value())
        key = {"Idempotency-Key": text.key}
        async with (
            httpx2.AsyncClient(verify=_tls(), auth=auth, timeout=_PATIENCE, trust_env=False) as client,
            client.stream("POST", url, data=self._form(text), headers=key) as answer,
        ):
            return httpx2.Response(answer.status_code, content=await _body(answer))

    def _form(self, text: Text) -> dict[str, str]:
        sender = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        status = {"StatusCallback": self.status_url} if self.status_url else {}
        return {"To": text.to, sender: self.sender, "Body": text.body, **status}


async def _body(answer: httpx2.Response) -> bytes:
    """As far as it can be read: the status says what became of the text."""
    body = bytearray()
    with suppress(httpx2.HTTPError):
        async for chunk in answer.aiter_bytes():
            body += chunk
    return bytes(body)


@cache
def _tls() -> SSLContext:
    return httpx2.create_ssl_context()


def twilio_of(settings: Settings) -> Twilio:
    """Raises ExpectedFailure `text_not_configured`."""
    missing = [f"EVERSTEP_{name.upper()}" for name in _NEEDED if not getattr(settings, name)]
    if missing or settings.twilio_account_sid is None or settings.twilio_auth_token is None or settings.twilio_from is None:
        raise ExpectedFailure("text_not_configured", f"Texts cannot be sent by Twilio without {', '.join(missing)}.")
    status_url = f"{settings.public_url.rstrip('/')}{STATUS_PATH}" if settings.public_url else None
    return Twilio(
        settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_from, settings.twilio_base_url, status_url
    )


def _heard(answer: httpx2.Response, number: str) -> SentText:
    if answer.status_code in _BUSY or answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
        cause = TextUnavailableError(f"Twilio answered {answer.status_code}")
        if answer.status_code in _BUSY:
            raise NotSentError(str(cause)) from cause
        raise cause
    return _sent(answer) if answer.is_success else _refuse(answer, number)


def _sent(answer: httpx2.Response) -> SentText:
    """An answer that cannot be read is no reason to send the text again."""
    said = _said(answer)
    if not isinstance(said.get("sid"), str):
        raise ExpectedFailure("text_refused", f"Twilio answered {answer.status_code} without the id of a message.")
    return SentText(said["sid"], str(said.get("status") or "queued"))


def _refuse(answer: httpx2.Response, number: str) -> SentText:
    said = _said(answer)
    if said.get("code") == _STOPPED:
        raise StoppedError(number)
    why = " ".join(str(said.get("message") or f"HTTP {answer.status_code}").split()).rstrip(".")
    code = f" ({said['code']})" if said.get("code") else ""
    raise ExpectedFailure("text_refused", f"Twilio refuses the text to {number}: {why[:300]}{code}.")


def _said(answer: httpx2.Response) -> dict[str, Any]:
    try:
        said: object = from_json(answer.content)
    except ValueError:
        return {}
    return cast(dict[str, Any], said) if isinstance(said, dict) else {}


def signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """What Twilio puts into X-Twilio-Signature where it calls this address with this form."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
