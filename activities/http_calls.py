"""A call to another system by HTTP: redirects followed as far as is asked for, the answer read no further than its limit."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message

import httpx2

from activities.failures import UnreachableError
from activities.plain_words import unreachable
from activities.redaction import Redactor
from activities.results import Result
from activities.situation import Situation
from activities.switching import checked_hosts
from automations.charsets import decoded
from automations.failures import ExpectedFailure
from automations.retries import http_date, retry_after
from automations.steps.integration import HttpRequest
from automations.storable import storable_text

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_A_BODY = ("Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location", "Transfer-Encoding")
_OF_ONE_ORIGIN = ("Authorization", "Proxy-Authorization", "Cookie", "Host")


@dataclass(frozen=True)
class HttpAnswer:
    """`body` is cut where it is not `whole`, and ends where it has a `flaw`; `url` is the one that answered."""

    url: httpx2.URL
    status: int
    headers: httpx2.Headers
    body: bytes
    whole: bool
    flaw: str | None = None

    @property
    def wait(self) -> timedelta | None:
        """What Retry-After asks for. A date counts from the answer's own: another clock may differ from ours."""
        answered_at = http_date(self.headers.get("Date", "")) or datetime.now(UTC)
        return retry_after(self.headers.get("Retry-After"), answered_at)

    @property
    def text(self) -> str:
        """The body in the charset that the answer names, or UTF-8."""
        return storable_text(decoded(self.body, _charset(self.headers)))


def _charset(headers: httpx2.Headers) -> str | None:
    header = Message()
    header["Content-Type"] = headers.get("Content-Type", "")
    return header.get_content_charset()


async def call(
    step: HttpRequest, request: httpx2.Request, situation: Situation, client: httpx2.AsyncClient
) -> HttpAnswer | Result:
    """A Result where a kill switch stands in the way of one of the hosts. Raises what `activities/failures.py` knows."""
    end = asyncio.get_running_loop().time() + step.timeout_seconds
    try:
        return await _answer_in_the_end(step, request, situation, client, end)
    except (TimeoutError, httpx2.TimeoutException) as error:
        said = f"{step.method} {request.url.host} did not answer within {step.timeout_seconds} s"
        raise httpx2.ReadTimeout(said) from error


async def _answer_in_the_end(
    step: HttpRequest, request: httpx2.Request, situation: Situation, client: httpx2.AsyncClient, end: float
) -> HttpAnswer | Result:
    """By `end`, which the event loop's clock says: the body may be cut off there, its status stands all the same."""
    for _ in range(step.redirects + 1):
        stopped = checked_hosts(situation.row, request.url.host, request.url.raw_host.decode())
        if stopped:
            return stopped
        answer = await _answer(request, step.max_bytes, client, end)
        if not (step.redirects and answer.status in _REDIRECTS and "Location" in answer.headers):
            return answer
        request = _redirected(request, answer, situation.secrets.redactor, client)
    sentence = f"{step.method} {request.url.host} was redirected more than {step.redirects} times."
    raise ExpectedFailure("too_many_redirects", sentence)


async def _answer(request: httpx2.Request, limit: int, client: httpx2.AsyncClient, end: float) -> HttpAnswer:
    try:
        async with asyncio.timeout_at(end):
            response = await client.send(request, stream=True)
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError) as error:
        raise ExpectedFailure("invalid_request", f"The request cannot be made: {error}.") from error
    except httpx2.RemoteProtocolError as error:
        if not _is_no_http(error):
            raise
        raise ExpectedFailure("answer_unreadable", f"The answer of {request.url.host} cannot be read: {error}.") from error
    except httpx2.ConnectError as error:
        port = request.url.port or {"https": 443}.get(request.url.scheme, 80)
        raise UnreachableError(unreachable(f"{request.url.host}:{port}", error)) from error
    body, flaw = await _body(response, limit, end)
    whole = len(body) <= limit
    return HttpAnswer(request.url, response.status_code, response.headers, body[:limit], whole, flaw)


async def _body(response: httpx2.Response, limit: int, end: float) -> tuple[bytes, str | None]:
    """As far as it came, up to a little more than the limit, and what was wrong with the rest."""
    body, flaw = bytearray(), None
    try:
        async with asyncio.timeout_at(end):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    break
    except (TimeoutError, httpx2.TimeoutException):
        flaw = "its body did not come to an end in time"
    except (httpx2.DecodingError, httpx2.RemoteProtocolError, httpx2.ReadError) as error:
        flaw = str(error) or "the connection was lost"
    finally:
        await response.aclose()
    return bytes(body), flaw


def _is_no_http(error: httpx2.RemoteProtocolError) -> bool:
    """Whether something was answered, in place of the connection being closed."""
    return not str(error).startswith("Server disconnected")


def _redirected(request: httpx2.Request, answer: HttpAnswer, redactor: Redactor, client: httpx2.AsyncClient) -> httpx2.Request:
    """The next request: 303, and 301 and 302 of a POST, become a GET without the body; another origin is told no secret."""
    url, method, content = _target(request.url, answer.headers["Location"]), request.method, request.content
    headers = httpx2.Headers(request.headers)
    if (answer.status == 303 and method != "HEAD") or (answer.status in (301, 302) and method == "POST"):
        method, content = "GET", b""
        headers = _without(headers, *_OF_A_BODY)
    if url.origin != request.url.origin:
        if redactor.text(content.decode(errors="replace")) != content.decode(errors="replace"):
            sentence = f"{request.url.host} redirects to {url.host}, which is not told the secret in the body."
            raise ExpectedFailure("redirect_refused", sentence)
        secret = [name for name, value in headers.items() if redactor.text(value) != value]
        headers = _without(headers, *_OF_ONE_ORIGIN, *secret)
    try:
        return client.build_request(method, url, headers=headers, content=content or None, extensions=request.extensions)
    except (ValueError, TypeError) as error:
        raise ExpectedFailure("invalid_request", f"The request cannot be made: {error}.") from error


def _target(base: httpx2.URL, location: str) -> httpx2.URL:
    try:
        url = base.join(location)
    except httpx2.InvalidURL as error:
        raise ExpectedFailure("redirect_refused", f"{base.host} redirects to what is no address: {error}.") from error
    return url if url.fragment else url.copy_with(fragment=base.fragment or None)


def _without(headers: httpx2.Headers, *names: str) -> httpx2.Headers:
    dropped = {name.lower() for name in names}
    return httpx2.Headers([(name, value) for name, value in headers.raw if name.decode("latin-1").lower() not in dropped])
