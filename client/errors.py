"""What goes wrong between a client and the gateway.

ClientError
├── ProblemError            the gateway refuses, and says why
├── UnreachableError        nobody answers at the address
└── UnexpectedAnswerError   what answers is not the gateway that this client was made for
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Mistake:
    """One of several: where it is, as in `steps[2].if.all[0].field`, and what it is."""

    path: str
    code: str
    sentence: str


class ClientError(Exception):
    """`code` never changes, `detail` is a sentence."""

    code: str = "client_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ProblemError(ClientError):
    """`status` is that of HTTP; `errors` name each mistake; `retry_after` is in seconds, where the gateway says so."""

    def __init__(
        self, status: int, code: str, detail: str, errors: tuple[Mistake, ...] = (), retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.errors, self.retry_after = status, code, errors, retry_after


class UnreachableError(ClientError):
    code = "unreachable"

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"No gateway answers at {url}: {why}.")
        self.url = url


class UnexpectedAnswerError(ClientError):
    code = "unexpected_answer"


def problem_of(response: httpx2.Response) -> ProblemError:
    """Of an answer with a status of 400 or more, also where something in between has answered it."""
    told = _told(response)
    errors = tuple(Mistake(each["path"], each["code"], each["sentence"]) for each in told.get("errors", []))
    detail = told.get("detail") or f"{response.request.url} answered {response.status_code} {response.reason_phrase}."
    return ProblemError(response.status_code, told.get("code", "unknown"), detail, errors, _retry_after(response))


def _told(response: httpx2.Response) -> dict[str, Any]:
    try:
        told = response.json() if "json" in response.headers.get("content-type", "") else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _retry_after(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
