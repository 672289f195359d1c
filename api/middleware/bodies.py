"""What may come in at all: bodies of a limited size, in the form that is asked for, and text that Postgres can keep."""

from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RefusedError
from api.middleware.json_bodies import check_json
from api.middleware.media_types import is_json, is_yaml, media_type
from api.problems import ProblemDetails, answer, everstep_problem, problem, unsupported

WEBHOOKS = "/webhooks/"
"""Where anything may come in, also what is no text at all."""

FILES = "/files"
"""Where files come in, of any kind."""

UNSUBSCRIBING = "/unsubscribe/"
"""Where mail programs and browsers send forms, or nothing."""

_JSON = "JSON (application/json)"
_DOCUMENTS = "/automations"
"""Where YAML may come in too."""

_FORMS = ("/codec/sign-", "/texts/twilio/")
"""What browsers send of a page of ours, and what providers send."""


_LOG = structlog.get_logger("everstep.api")


class BodyGuard:
    """Reads the whole body before the application does, which then gets it in one piece, or not at all.

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
        body = await _read(scope, receive, limit)
        refused = _text_problem(scope, body) if isinstance(body, bytes) else body
        if refused is not None:
            await answer(refused, None if isinstance(body, bytes) else {"Connection": "close"})(scope, receive, send)
        elif isinstance(body, bytes):
            await self._app(scope, replayed(body, receive), send)


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | ProblemDetails:
    """The whole body, or why it is not taken; that it is too large as soon as it is known."""
    announced = Headers(scope=scope).get("content-length", "")
    length = int(announced) if announced.isdecimal() else None
    if length is not None and length > limit:
        return _too_large(limit)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return _broken_off(scope, len(body), length)
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return _too_large(limit)
    return bytes(body) if length in (None, len(body)) else _broken_off(scope, len(body), length)


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body once, then whatever comes after it: the client going away."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


def _too_large(limit: int) -> ProblemDetails:
    return problem(413, "body_too_large", f"The body is larger than {limit:,} bytes.")


def _broken_off(scope: Scope, received: int, announced: int | None) -> ProblemDetails:
    """Nobody may be there to read the answer."""
    _LOG.warning("body_broken_off", method=scope["method"], path=scope["path"], received=received, announced=announced)
    sentence = "The body broke off before its end, and nothing was done with it: send the request again."
    return problem(400, "body_broken_off", sentence)


_NUL_IN_ADDRESS = problem(422, "invalid_text", "The address holds a NUL character.")


def _text_problem(scope: Scope, body: bytes) -> ProblemDetails | None:
    if "\0" in scope["path"]:
        return _NUL_IN_ADDRESS
    if scope["path"].startswith((WEBHOOKS, *_FORMS, UNSUBSCRIBING)):
        return None
    if b"%00" in scope["query_string"]:
        return _NUL_IN_ADDRESS
    if scope["path"] == FILES:
        return None
    return _body_problem(body, Headers(scope=scope).get("content-type"), scope["path"]) if body else None


def _body_problem(body: bytes, content_type: str | None, path: str) -> ProblemDetails | None:
    takes_yaml = path.startswith(_DOCUMENTS)
    if not is_json(content_type) and not (takes_yaml and (is_yaml(content_type) or not media_type(content_type))):
        return unsupported(content_type, "JSON or YAML (application/json, application/yaml)" if takes_yaml else _JSON)
    if b"\0" in body:
        return problem(422, "invalid_text", "The body holds a NUL character.")
    return _json_problem(body) if is_json(content_type) else None


def _json_problem(body: bytes) -> ProblemDetails | None:
    try:
        check_json(body)
    except RefusedError as error:
        return everstep_problem(error)
    return None
