"""What may come in at all: bodies of a limited size, and text that Postgres can keep."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemDetails, answer, problem

WEBHOOKS = "/webhooks/"
"""Where anything may come in, also what is no text at all."""


class BodyGuard:
    """Reads the whole body before the application does, which then gets it in one piece.

    `limits` are bytes by the beginning of a path; the longest that fits counts, "" fits all.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limits = dict(sorted(limits.items(), key=lambda entry: -len(entry[0])))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next(limit for start, limit in self._limits.items() if scope["path"].startswith(start))
        body = await _read(Headers(scope=scope), receive, limit)
        refused = _too_large(limit) if body is None else _text_problem(scope, body)
        if refused is not None:
            await answer(refused, {"Connection": "close"} if body is None else None)(scope, receive, send)
        else:
            await self._app(scope, _replayed(body or b"", receive), send)


async def _read(headers: Headers, receive: Receive, limit: int) -> bytes | None:
    """None as soon as it is known to be too large."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return None
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once, then whatever comes after it: the client going away."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


def _too_large(limit: int) -> ProblemDetails:
    return problem(413, "body_too_large", f"The body is larger than {limit:,} bytes.")


_NUL_IN_ADDRESS = problem(422, "invalid_text", "The address holds a NUL character.")


def _text_problem(scope: Scope, body: bytes) -> ProblemDetails | None:
    if "\0" in scope["path"]:
        return _NUL_IN_ADDRESS
    if scope["path"].startswith(WEBHOOKS):
        return None
    if b"%00" in scope["query_string"]:
        return _NUL_IN_ADDRESS
    if not body:
        return None
    if b"\0" in body:
        return problem(422, "invalid_text", "The body holds a NUL character.")
    return _json_problem(body) if "json" in Headers(scope=scope).get("content-type", "") else None


def _json_problem(body: bytes) -> ProblemDetails | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return problem(400, "invalid_json", "The body is not JSON in UTF-8.")
    # Only an escape can smuggle in what UTF-8 cannot hold.
    if "\\u" not in text or all(_can_be_kept(part) for part in _texts(text)):
        return None
    return problem(422, "invalid_text", "The body holds a NUL character or half of a surrogate pair.")


def _texts(text: str) -> Iterator[str]:
    """All keys and texts of a JSON document; none if it is no JSON, which is told elsewhere."""
    try:
        left: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            left += cast(list[Any], value)
        elif isinstance(value, dict):
            left += cast(dict[str, Any], value).keys()
            left += cast(dict[str, Any], value).values()


def _can_be_kept(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
