"""How a call reaches the gateway: with the key, again where it is told to come later, and never done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx2
from httpx2 import ServerSentEvent
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from client.errors import ProblemError, UnexpectedAnswerError, UnreachableError, problem_of

__all__ = ["Json", "ServerSentEvent", "Transport", "segment"]

Json = Mapping[str, Any]
_ANY: TypeAdapter[Any] = TypeAdapter(Any)
_LONGEST_WAIT = 30.0
_LATER = frozenset({429, 503})
_UNDER_WAY = "idempotency_key_in_use"


def segment(value: object) -> str:
    """A value as one part of a path."""
    return quote(str(value), safe="")


class Transport:
    """`timeout` in seconds is that of one try; `retries`: how often a call is sent again when the gateway says that it may be."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        timeout: float = 30,
        retries: int = 4,
        http: httpx2.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = http or httpx2.Client(timeout=timeout)
        self._timeout, self._retries, self._sleep = timeout, retries, sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _call(
        self,
        method: str,
        path: str,
        answer: Any,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: BaseModel | Json | str | bytes | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """What is answered, as an `answer`. A POST or PATCH carries a key, so that it may be sent again."""
        request = self._request(method, path, query, headers, body)
        if method in ("POST", "PATCH"):
            request.headers["Idempotency-Key"] = idempotency_key or str(uuid4())
        return _read(self._sent(request), answer)

    def _stream(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, headers: Mapping[str, Any] | None = None
    ) -> Iterator[ServerSentEvent]:
        """Events as they come, until the gateway ends the stream or the caller closes the iterator."""
        request = self._request(method, path, query, {"Accept": "text/event-stream", **(headers or {})}, None)
        request.extensions["timeout"] = {**request.extensions.get("timeout", {}), "read": None}
        response = self._sent(request, stream=True)
        try:
            yield from httpx2.EventSource(response)
        except httpx2.TransportError as error:
            raise UnreachableError(self.url, _why(error)) from error
        finally:
            response.close()

    def _request(
        self, method: str, path: str, query: Mapping[str, Any] | None, headers: Mapping[str, Any] | None, body: Any
    ) -> httpx2.Request:
        given = {name: _text(value) for name, value in (headers or {}).items() if value is not None}
        content, kind = _content(body)
        return self._http.build_request(
            method, f"{self.url}{path}", params=_query(query or {}), content=content,
            headers=self._headers | kind | given, timeout=self._timeout + _waits(query),
        )  # fmt: skip

    def _sent(self, request: httpx2.Request, *, stream: bool = False) -> httpx2.Response:
        """Raises ClientError. What the gateway refuses for now is sent again after the time that it names."""
        for left in range(self._retries, -1, -1):
            response = self._once(request, stream)
            if response.status_code < 400:
                return response
            response.read()
            problem = problem_of(response)
            if not left or not _comes_later(problem):
                raise problem
            self._sleep(min(problem.retry_after or 1.0, _LONGEST_WAIT))
        raise AssertionError("unreachable")

    def _once(self, request: httpx2.Request, stream: bool) -> httpx2.Response:
        try:
            return self._http.send(request, stream=stream)
        except (httpx2.TransportError, OSError) as error:
            raise UnreachableError(self.url, _why(error)) from error


def _comes_later(problem: ProblemError) -> bool:
    return problem.retry_after is not None and (problem.status in _LATER or problem.code == _UNDER_WAY)


def _why(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _waits(query: Mapping[str, Any] | None) -> float:
    """An answer that may be waited for comes later by that much."""
    wait = (query or {}).get("wait")
    return float(wait) if wait is not None else 0.0


def _content(body: Any) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, bytes):
        return body, {"Content-Type": "application/octet-stream"}
    if isinstance(body, str):
        return body.encode(), {"Content-Type": "application/yaml"}
    content = body.model_dump_json(exclude_unset=True).encode() if isinstance(body, BaseModel) else to_json(body)
    return content, {"Content-Type": "application/json"}


def _query(query: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """A list is a parameter given several times."""
    given = {name: value for name, value in query.items() if value is not None}
    return {name: list(map(_text, value)) if isinstance(value, list | tuple) else _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _read(response: httpx2.Response, answer: Any) -> Any:
    if answer is None:
        return None
    if answer is str:
        return response.text
    if answer is bytes:
        return response.content
    try:
        return (TypeAdapter(answer) if answer is not Any else _ANY).validate_json(response.content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        said = f"{response.request.url} answered what this client cannot read{f' (at {where})' if where else ''}"
        raise UnexpectedAnswerError(f"{said}: is it an Everstep gateway of this release?") from error
