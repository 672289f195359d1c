"""The one translation of errors into answers: `application/problem+json` (RFC 9457) with a `code` that never changes."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match
from temporalio.service import RPCError, RPCStatusCode

from api.errors import RefusedError
from api.middleware.media_types import is_json
from api.sentences import sentence_of
from automations.errors import EverstepError, FieldValueError, RecordValueErrors, UnknownFieldError
from automations.fields import RECORD_ATTRIBUTES
from store.database import UNAVAILABLE

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "2"
_LOG = structlog.get_logger("everstep.api")


class ProblemItem(BaseModel):
    """One of several mistakes: where it is, as in `steps[2].if.all[0].field`, and what it is."""

    path: str
    code: str
    sentence: str


class ProblemDetails(BaseModel):
    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemItem] = []


class NotFoundError(EverstepError):
    """`code` is object_not_found, record_not_found and so on."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"There is no {kind} {key}.")
        self.code = f"{kind}_not_found"


class InvalidCursorError(EverstepError):
    code = "invalid_cursor"


STATUSES = {
    "invalid_cursor": 400,
    "invalid_json": 400,
    "no_encryption_key": 409,
    "activity_closed": 409,
    "idempotency_key_in_use": 409,
    "field_type_in_use": 409,
    "record_archived": 409,
    "several_records": 409,
    "record_busy": 409,
    "record_changed": 412,
    "database_newer": 503,
    "database_unavailable": 503,
    "temporal_unavailable": 503,
}
"""By code, where it is neither 404 (`…_not_found`) nor 422."""

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED}


def problem(status: int, code: str, detail: str, errors: Sequence[ProblemItem] = ()) -> ProblemDetails:
    return ProblemDetails(
        type=f"urn:everstep:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
    )


def answer(found: ProblemDetails, headers: dict[str, str] | None = None) -> JSONResponse:
    later = {"Retry-After": RETRY_AFTER_SECONDS} if found.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse(found.model_dump(), status_code=found.status, media_type=MEDIA_TYPE, headers={**later, **(headers or {})})


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(EverstepError, _everstep)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RPCError, _temporal)
    for away in UNAVAILABLE:
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(Exception, unexpected)


async def _everstep(request: Request, error: Any) -> JSONResponse:
    later = {"Retry-After": "1"} if error.code == "idempotency_key_in_use" else None
    return answer(everstep_problem(error), later)


def everstep_problem(error: EverstepError) -> ProblemDetails:
    """Also for those who answer item by item."""
    if isinstance(error, RefusedError):
        return problem(error.status, error.code, error.sentence, [ProblemItem(**item) for item in error.errors])
    status = STATUSES.get(error.code, 404 if error.code.endswith("_not_found") else 422)
    return problem(status, error.code, error.sentence, _items(error))


def _items(error: EverstepError) -> list[ProblemItem]:
    several = error.errors if isinstance(error, RecordValueErrors) else (error,)
    return [
        ProblemItem(path=_path(one), code=one.code, sentence=one.sentence) for one in several if isinstance(one, FieldValueError)
    ]


def _path(error: FieldValueError) -> str:
    is_attribute = error.field in RECORD_ATTRIBUTES and not isinstance(error, UnknownFieldError)
    return error.field if is_attribute else f"values.{error.field}"


async def _invalid_request(request: Request, error: Any) -> JSONResponse:
    mistakes = error.errors()
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        return answer(problem(400, "invalid_json", "The body is not JSON."))
    if any(tuple(mistake["loc"]) == ("body",) for mistake in mistakes) and not is_json(request.headers.get("content-type")):
        return answer(unsupported(request.headers.get("content-type")))
    items = [
        ProblemItem(path=path_of(mistake["loc"]), code=mistake["type"], sentence=sentence_of(mistake)) for mistake in mistakes
    ]
    return answer(problem(422, "invalid_request", " ".join(f"{item.path}: {item.sentence}" for item in items[:5]), items))


def path_of(location: Sequence[int | str]) -> str:
    """`body.steps.2.if` as people write it: `steps[2].if`."""
    parts = location[1:] if location and location[0] in ("body", "path", "query", "header") else location
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.removeprefix(".") or str(location[0] if location else "body")


async def _http(request: Request, error: Any) -> JSONResponse:
    if error.status_code == HTTPStatus.BAD_REQUEST and "parsing the body" in str(error.detail):
        return answer(problem(400, "invalid_json", "The body is not JSON that can be read."))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return answer(problem(404, "not_found", f"There is nothing at {request.url.path[:200]}."))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _wrong_method(request)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_").replace("'", "")
    return answer(problem(error.status_code, code, str(error.detail or phrase)), dict(error.headers or {}))


def _wrong_method(request: Request) -> JSONResponse:
    allowed = [method for method in _METHODS if _leads_somewhere(request, method)]
    sentence = f"{request.method} is not possible at {request.url.path[:200]}, but {' and '.join(allowed)}."
    return answer(problem(405, "method_not_allowed", sentence), {"Allow": ", ".join(allowed)})


def _leads_somewhere(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(dict(scope))[0] is Match.FULL for route in request.app.routes)


async def _temporal(request: Request, error: Any) -> JSONResponse:
    if error.status not in _AWAY:
        return await unexpected(request, error)
    return answer(problem(503, "temporal_unavailable", "Temporal cannot be reached at the moment: try again shortly."))


async def _database_away(request: Request, error: Any) -> JSONResponse:
    return answer(away_problem(error))


def away_problem(error: BaseException) -> ProblemDetails:
    """For one of UNAVAILABLE."""
    _LOG.warning("service_away", service="database", why=str(error) or type(error).__name__)
    return problem(503, "database_unavailable", "Database cannot be reached at the moment: try again shortly.")


async def unexpected(request: Request, error: Any) -> JSONResponse:
    """For a mistake of ours."""
    _LOG.error("internal_error", method=request.method, path=request.url.path, exc_info=error)
    request_id = getattr(request.state, "request_id", None)
    said = f" as request {request_id}" if request_id else ""
    return answer(problem(500, "internal_error", f"Something went wrong here; it has been logged{said}."))


def unsupported(content_type: str | None, taken: str = "JSON (application/json)") -> ProblemDetails:
    said = f"not {content_type[:100]}" if content_type else "and the Content-Type has to say so"
    return problem(415, "unsupported_media_type", f"The body has to be {taken}, {said}.")
